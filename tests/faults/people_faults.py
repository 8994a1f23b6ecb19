"""What may become of the ways to people: the portal's notifications and a mail server, told once of a lost QR code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fault_list import Act, Fault, nothing
from stage import Killed, Stage

from monitor import receivers
from monitor.receivers import apprise
from monitor.sandbox.faults import Fault as SandboxFault
from tests.mail_server import MailServer

HEAD = 5
AREA = "people"
NOTIFY = "im.notify.system.add"


class Post(MailServer):
    """`says` is its answer to a letter, None = it takes it, "" = it never answers; `letters`: how many it took."""

    def __init__(self) -> None:
        super().__init__(self)
        self.says: str | None = None
        self.letters = 0

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's word
        del envelope
        if self.says == "":
            await asyncio.sleep(60)
        if self.says is not None:
            return self.says
        self.letters += 1
        return "250 OK"


@contextmanager
def post_office() -> Iterator[Post]:
    """The mail server is up; a mail client has less patience than usual."""
    post, patience = Post(), apprise.PATIENCE
    apprise.PATIENCE = 3.0
    post.up()
    try:
        yield post
    finally:
        apprise.PATIENCE = patience
        post.down()


def addressed(post: Post, folder: Any) -> list[dict[str, Any]]:
    (folder / "mail").write_text(post.address)
    (folder / "mail").chmod(0o600)
    told = {"audience": "integrator", "kinds": ["qr_rescan_required"], "hours": "always"}
    return [
        {"name": "note", "type": "bitrix24", "as": "notify", "to": HEAD, **told},
        {"name": "mail", "type": "apprise", "url_file": str(folder / "mail"), **told},
    ]


def letters(one: Stage) -> dict[str, int]:
    """How often each of the two was told."""
    notes = [row["arrived"] for row in one.sandbox.methods.letters.rows() if row["kind"] == "notify"]
    return {"notification": len(notes), "letter": one.post.letters if one.post is not None else 0}


def portal(kind: str, method: str | None = NOTIFY, times: int | None = None) -> Act:
    async def begin(one: Stage) -> None:
        one.sandbox.inject(SandboxFault(kind=kind, method=method, times=times))

    return begin


async def healed(one: Stage) -> None:
    one.sandbox.heal()


def post(change: Callable[[Post], None]) -> Act:
    async def act(one: Stage) -> None:
        assert one.post is not None
        await asyncio.to_thread(change, one.post)

    return act


def mail_says(answer: str | None) -> Act:
    def change(office: Post) -> None:
        office.says = answer

    return post(change)


def cut_off(type_: str) -> Act:
    """kill -9 just after one of the two was told, before that is settled; once."""

    async def begin(one: Stage) -> None:
        known = receivers.receiver_types()
        real = known[type_].deliver

        async def deliver(parcel: Any) -> Any:
            restore()
            await real(parcel)
            raise Killed

        def restore() -> None:
            object.__setattr__(known[type_], "deliver", real)

        object.__setattr__(known[type_], "deliver", deliver)

    return begin


async def head_dismissed(one: Stage) -> None:
    """He is nobody's user any more."""
    del one.sandbox.world.users[HEAD]


def people_faults() -> list[Fault]:
    def at(name: str, begin: Act, end: Act = nothing, *seen: str, **more: Any) -> Fault:
        return Fault(area=AREA, name=name, begin=begin, end=end, seen=seen, **more)

    retried = "log: notice.retried"
    return [
        at("the portal fails at notifications", portal("INTERNAL_SERVER_ERROR"), healed, retried),
        at("the portal denies notifications", portal("insufficient_scope"), healed, "give the application the scopes"),
        at("a notification's answer is lost", portal("lost", times=1)),
        at("kill -9 after a notification, before it is settled", cut_off("bitrix24")),
        at("the one who is notified is no user any more", head_dismissed, nothing, retried, allows=("notification",),
           because="there is nobody to take it", hand="correct `to` or `head`"),
        at("the mail server is down", post(Post.down), post(Post.up), retried),
        at("the mail server hangs", mail_says(""), mail_says(None), retried),
        at("the mail server asks to come again later, 451", mail_says("451 greylisted"), mail_says(None), retried),
        at("the mail server refuses, 550", mail_says("550 no such user"), nothing, retried, allows=("letter",),
           because="there is nobody to take it", hand="correct the address"),
        at("kill -9 after a letter, before it is settled", cut_off("apprise"), nothing, allows=("letter",),
           because="a mail server does not tell whether it has a letter; both bear the same number"),
    ]  # fmt: skip
