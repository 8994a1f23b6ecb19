"""The review as a page that prints, as PDF and as Markdown: the same sentences."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.review_page import Told


class NoPango(Exception):
    """This machine cannot print."""

    def __init__(self) -> None:
        super().__init__("PDF needs Pango: apt install libpango-1.0-0 libpangoft2-1.0-0, or choose .html or .md")


_TEMPLATES: dict[str, Any] = {
    "loader": PackageLoader("monitor", "templates"),
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
}
# What Markdown takes for more than a letter; an entity where a careless renderer lets HTML through.
_MEANT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {mark: f"\\{mark}" for mark in "\\[]`*_~|"})
_OPENS = re.compile(r"^(\s?)([#+=-]|\d+(?=[.)](?:\s|$)))")  # a heading, an item, a rule, where a line begins so


class _Address(str):
    """Stands between < and >, where nothing is escaped: what could end it is percent-encoded instead."""

    __slots__ = ()


def as_html(told: Told) -> str:
    page = Environment(**_TEMPLATES, autoescape=True)
    return page.get_template("review.html").render(told.facts)


def as_markdown(told: Told) -> str:
    """Names of strangers are text in it, as they are in the page, and never end their line."""
    plain = Environment(**_TEMPLATES, finalize=_as_text, autoescape=False)  # noqa: S701 - HTML's, _as_text escapes
    plain.filters["address"] = _address
    return plain.get_template("review.md").render(told.facts)


def as_pdf(page: str) -> bytes:
    """WeasyPrint needs Pango on the machine: Debian's libpango-1.0-0 and libpangoft2-1.0-0."""
    try:
        from weasyprint import HTML
    except OSError:
        raise NoPango from None
    return bytes(HTML(string=page).write_pdf() or b"")


def _as_text(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, _Address):
        return value
    seen = "".join(char for char in value if char.isprintable() or char.isspace())
    line = re.sub(r"\s+", " ", seen).translate(_MEANT)
    return _OPENS.sub(lambda found: found[1] + (f"\\{found[2]}" if not found[2].isdigit() else f"{found[2]}\\"), line)


def _address(link: str) -> _Address:
    return _Address(re.sub(r"[^\w.:/?=&#%|~+-]", lambda char: quote(char[0], safe=""), link))
