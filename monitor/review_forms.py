"""The review as a page that prints, as PDF and as Markdown: the same sentences."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.review_page import Told


class NoPango(Exception):
    """This machine cannot print."""

    def __init__(self) -> None:
        super().__init__("PDF needs Pango: apt install libpango-1.0-0 libpangoft2-1.0-0, or choose .html or .md")


def as_html(told: Told) -> str:
    return _environment(escaping=True).get_template("review.html").render(told.facts)


def as_markdown(told: Told) -> str:
    return _environment(escaping=False).get_template("review.md").render(told.facts)


def as_pdf(page: str) -> bytes:
    """WeasyPrint needs Pango on the machine: Debian's libpango-1.0-0 and libpangoft2-1.0-0."""
    try:
        from weasyprint import HTML
    except OSError:
        raise NoPango from None
    return bytes(HTML(string=page).write_pdf() or b"")


def _environment(*, escaping: bool) -> Environment:
    return Environment(
        loader=PackageLoader("monitor", "templates"),
        autoescape=escaping,  # noqa: S701 - off for Markdown alone
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
