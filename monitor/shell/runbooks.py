"""What to do about each alert, for who is woken by it: pages that come with the daemon and need no internet.

They tell nothing of any portal, so nobody has to sign in at night to read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from aiohttp import web
from markdown_it import MarkdownIt
from markupsafe import Markup

from monitor.core.incident import IncidentKind
from monitor.shell.web_view import language_of, page

_BY_ALERT = {kind.alertname: kind.value for kind in IncidentKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """`text` is Markdown."""

    name: str
    title: str
    text: str

    @property
    def body(self) -> str:
        """Without its title, which a page shows as its own."""
        return self.text.partition("\n")[2]


@lru_cache
def names() -> tuple[str, ...]:
    """Every incident kind, then every Prometheus rule."""
    found = {path.name.removesuffix(".md") for path in (files("monitor") / "runbooks" / "en").iterdir()}
    kinds = [kind.value for kind in IncidentKind if kind.value in found]
    return (*kinds, *sorted(found - set(kinds)))


def runbook(name: str, language: str) -> Runbook | None:
    """By an incident's kind, its alert's name or a rule's name. Only known names are looked up."""
    known = _BY_ALERT.get(name, name)
    return _read(known, language) if known in names() else None


@lru_cache(maxsize=128)
def _read(name: str, language: str) -> Runbook:
    text = (files("monitor") / "runbooks" / language / f"{name}.md").read_text(encoding="utf-8")
    return Runbook(name=name, title=text.partition("\n")[0].removeprefix("# "), text=text)


async def runbook_page(request: web.Request) -> web.Response:
    found = runbook(request.match_info["name"], language_of(request))
    if found is None:
        raise web.HTTPNotFound
    told = MarkdownIt("commonmark", {"html": False}).render(found.body)
    # Our own text of the package, with raw HTML switched off.
    return page(request, "runbook.html", runbook=found, told=Markup(told))  # noqa: S704


async def runbook_list(request: web.Request) -> web.Response:
    language = language_of(request)
    return page(request, "runbooks.html", runbooks=[_read(name, language) for name in names()])
