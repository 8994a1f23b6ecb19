"""Logging: one event per fact, as JSON or for a terminal; whatever slips in, no secret gets out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

from monitor.secret import Secret

# Every address, with or without a query: a text of addresses alone is read once, not once from each of them.
_ADDRESS = re.compile(r"(https?://[^\s\"'?]++)(\?[^\s\"']*+)?")
_HOOK = re.compile(r"/rest/\d+/[A-Za-z0-9]+")
SHORTEST = 6  # shorter texts would be found everywhere


class Redaction:
    """The last resort: every known secret's value, webhook paths and queries of addresses are struck out."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        values = sorted({one.reveal() for one in secrets if len(one.reveal()) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, values))) if values else None

    def __call__(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: self.clean(value) for key, value in event.items()}

    def clean(self, value: Any) -> Any:
        if isinstance(value, str):
            text = self._known.sub("***", value) if self._known else value
            return _HOOK.sub("/rest/***", _ADDRESS.sub(_without_query, text))
        if isinstance(value, dict):
            return {key: self.clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(inner) for inner in value]
        return value


def _without_query(address: re.Match[str]) -> str:
    return f"{address[1]}?***" if address[2] else address[0]


def configure(style: str, level: str, secrets: Iterable[Secret]) -> None:
    """Route structlog and the standard library's loggers through one chain to standard error."""
    redaction = Redaction(secrets)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redaction,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False) if style == "json" else _console()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove, redaction, renderer])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiohttp.access", "alembic", "sqlalchemy.engine", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _console() -> Any:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
