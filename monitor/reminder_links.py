"""The links in reminders: made when a message leaves, each for one end of one subject."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from monitor.core.expiry_rules import subject_name
from monitor.core.messages import Message
from monitor.core.receivers import Notice
from monitor.shell import store_expiry_links as links
from monitor.shell.clock import Clock
from monitor.shell.sign_in import digest
from monitor.shell.store import Store
from monitor.shell.watch import Watch

_LINE = {
    "ru": "Знаю, больше не напоминать ({subject}): {link}",
    "en": "I know, no more reminders ({subject}): {link}",
}


async def with_links(
    message: Message, notices: Sequence[Notice], watch: Watch, language: str, *, store: Store, clock: Clock
) -> Message:
    """The message with a link for each subject that it reminds of; without pages there is nothing to link to."""
    if not watch.policy.pages:
        return message
    lines = []
    for subject in dict.fromkeys(notice.expiry for notice in notices if notice.expiry):
        reminder = watch.state.reminders.get(subject)
        if reminder is None or reminder.acknowledged:
            continue
        key, portal = secrets.token_urlsafe(32), watch.policy.portal
        link = links.ExpiryLink(portal=portal, subject=subject, until=reminder.until)
        keep = partial(links.keep, digest=digest(key), link=link, now=clock.real_now())
        await store.transaction(keep, portal)
        address = f"{watch.policy.pages.rstrip('/')}/e/{key}"
        lines.append(_LINE[language].format(subject=subject_name(subject, language), link=address))
    return replace(message, text="\n".join([message.text, *lines])) if lines else message
