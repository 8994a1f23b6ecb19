"""Where a portal's REST lives: the config's address, or the one its tokens name since the portal was renamed."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog

from monitor.core.model import Failure
from monitor.shell.credentials import Webhook
from monitor.shell.wire import host_of, is_loopback

log = structlog.get_logger()


class Endpoint:
    """A renamed portal answers the old address with a redirect, which no POST survives (bitrix24-api.md 0)."""

    def __init__(self, portal: str, url: str) -> None:
        self._portal, self._url = portal, url.rstrip("/")
        self._left = ""
        self._moved_to = ""

    @staticmethod
    def by_webhook(webhook: Webhook | None) -> str:
        return f"{webhook.url.reveal().rstrip('/')}/batch" if webhook else ""

    def of(self, told: str) -> str:
        """`told` is the tokens' client_endpoint: followed unless it leaves TLS, or the portal has left it."""
        mine, theirs = host_of(self._url), host_of(told)
        if told == self._left or not _may_follow(self._url, told):
            return f"{self._url}/rest/batch"
        if theirs not in {mine, self._moved_to}:
            self._moved_to = theirs
            log.warning("portal.moved", portal=self._portal, configured=mine, now_at=theirs)
        return f"{told.rstrip('/')}/batch"

    def failed(self, told: str, failure: Failure) -> None:
        """A redirect from an address that old tokens name: the config's may be newer."""
        if is_redirect(failure):
            self._left = told


def is_redirect(failure: Failure) -> bool:
    return failure.code.startswith("http_3")


def _may_follow(mine: str, theirs: str) -> bool:
    """Loopback stays on loopback; the rest goes to https only and never to loopback."""
    host = host_of(theirs)
    if not host or is_loopback(host) != is_loopback(host_of(mine)):
        return False
    return urlsplit(theirs).scheme in ({"http", "https"} if is_loopback(host) else {"https"})
