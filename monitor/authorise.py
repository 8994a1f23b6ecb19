"""`messenger-monitor auth`: asks the operator, gets a portal's first tokens, puts them where the daemon finds them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from monitor.auth import Applicant, AuthFailed, Authorised, by_code, by_install, by_refresh_token
from monitor.config_values import Config, PortalConfig
from monitor.secret import Secret
from monitor.shell.http import session
from monitor.shell.oauth import OAuthKeys
from monitor.shell.store import Store, StoreError
from monitor.shell.wire import trust

EXIT_FAILED, EXIT_USAGE = 1, 64


async def authorise(config: Config, portal: str, *, listen: str | None = None, file: Path | None = None) -> int:
    """The exit code: 0 tokens are stored, 1 they could not be had, 64 the question was wrong. Prints one sentence."""
    wish = next((one for one in config.portals if one.name == portal), None)
    problem = _problem(config, wish, portal, listen)
    if wish is None or problem:
        return _say(problem, EXIT_USAGE)
    try:
        told = await _authorised(config.store_url, wish, listen, file)
    except (AuthFailed, StoreError, OSError) as error:
        return _say(str(error), EXIT_FAILED)
    return _say(_praise(portal, told), 0)


def _problem(config: Config, wish: PortalConfig | None, name: str, listen: str | None) -> str:
    if wish is None:
        return f"there is no portal {name}: expected one of {', '.join(one.name for one in config.portals)}"
    if not isinstance(wish.credentials, OAuthKeys):
        return f"portal {name} uses a webhook, which needs no tokens: give it client_id and client_secret_file first"
    if listen is not None and not listen.rpartition(":")[2].isdigit():
        return f"--listen: expected HOST:PORT such as 127.0.0.1:8090, got {listen}"
    return ""


async def _authorised(store_url: str, wish: PortalConfig, listen: str | None, file: Path | None) -> Authorised:
    assert isinstance(wish.credentials, OAuthKeys)  # noqa: S101 - asked in _problem
    trusted = trust(wish.ca_file)
    store = await Store.open(store_url, shared=True)
    try:
        async with session() as http:
            applicant = Applicant(
                portal=wish.name,
                url=wish.url,
                keys=wish.credentials,
                http=http,
                vault=store,
                timeout=wish.timeout,
                trusted=trusted,
            )
            return await _by_what_was_given(applicant, listen, file)
    finally:
        await store.close()


async def _by_what_was_given(applicant: Applicant, listen: str | None, file: Path | None) -> Authorised:
    if file is not None:
        return await by_refresh_token(applicant, Secret(_token_in(file)))
    if listen is not None:
        host, _, port = listen.rpartition(":")
        return await by_install(applicant, host.strip("[]") or "127.0.0.1", int(port), _tell)
    return await by_code(applicant, _paste)


def _token_in(file: Path) -> str:
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds more than a token"
        raise AuthFailed(f"cannot read {file}: {reason}") from None
    if not token or not token.isprintable() or " " in token:
        raise AuthFailed(f"{file} holds no refresh token: expected it alone, on one line")
    return token


async def _paste(url: str) -> str:
    _tell(f"open this address in a browser, with an account that may use the application:\n\n    {url}\n")
    _tell("then paste the address you were sent to, or its code, within 30 seconds:")
    return await asyncio.to_thread(sys.stdin.readline)


def _praise(portal: str, told: Authorised) -> str:
    lacking = f"; missing permissions: {', '.join(told.missing_scopes)}" if told.missing_scopes else ""
    return f"portal {portal} ({told.host}) is authorised, its tokens are stored{lacking}"


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _say(text: str, code: int) -> int:
    stream = sys.stderr if code else sys.stdout
    stream.write(f"{text}\n")
    return code
