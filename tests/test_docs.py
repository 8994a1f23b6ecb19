"""The documents: in both languages where an integrator needs them, with links that lead somewhere, true to the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.build import FOLDERS, WORDS, reference, runbooks
from docs.sizing import BEGIN, END, Measured, measured, needs, put
from monitor.core.channel_rules import STATE_KINDS
from monitor.core.incident import IncidentKind
from monitor.core.signals import METRICS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BILINGUAL = (
    "architecture",
    "first-portal",
    "install",
    "numbers",
    "operations",
    "pages",
    "providers",
    "reference",
    "reliability",
    "replies",
    "reviews",
    "runbooks",
    "scaling",
    "security",
)
PAIRS = [(ROOT / "README.md", ROOT / "README.ru.md")]
PAIRS += [(DOCS / f"{name}.md", DOCS / "ru" / f"{name}.md") for name in BILINGUAL]
PAGES = sorted({*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "monitor" / "runbooks").rglob("*.md")})
SAME_BLOCKS = [PAIRS[0], *(pair for pair in PAIRS if pair[0].stem in {"architecture", "first-portal", "install"})]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def slugs(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize(("english", "russian"), PAIRS, ids=lambda path: path.name)
def test_a_page_stands_in_both_languages_and_each_leads_to_the_other(english: Path, russian: Path) -> None:
    said, told = english.read_text(), russian.read_text()
    letters = [len(re.findall(alphabet, told)) for alphabet in ("[а-яё]", "[a-z]")]
    assert letters[0] > letters[1] / 3, "this is not Russian"
    for text, here, there in ((said, english, russian), (told, russian, english)):
        linked = {(here.parent / link).resolve() for link in re.findall(r"\]\((?!http)([^)#]+)\)", text)}
        assert there in linked, f"{named(here)} does not link {named(there)}"


def test_every_russian_page_is_asked_for_here() -> None:
    assert {path.stem for path in (DOCS / "ru").glob("*.md")} == set(BILINGUAL)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_to_a_file_and_its_heading(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{named(page)}: {link}"
        assert not anchor or anchor in slugs(target), f"{named(page)}: {link}"


@pytest.mark.parametrize(("english", "russian"), SAME_BLOCKS, ids=lambda path: path.name)
def test_what_is_to_be_typed_is_the_same_in_both_languages(english: Path, russian: Path) -> None:
    blocks = [re.findall(r"^```.*?^```", path.read_text(), re.MULTILINE | re.DOTALL) for path in (english, russian)]
    assert blocks[0]
    assert blocks[0] == blocks[1]


def test_both_readmes_name_the_same_commands_metrics_and_alerts() -> None:
    texts = [path.read_text() for path in PAIRS[0]]
    for what in (r"`messenger-monitor [^`]+`", r"`messenger_\w+[^`]*`", r"`[A-Z][a-z]+[A-Z]\w+`", r"^\| `[^`]+`"):
        said, told = (re.findall(what, text, re.MULTILINE) for text in texts)
        assert said
        assert said == told


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_reference_is_what_the_code_says(language: str) -> None:
    again = "run python -m docs.build"
    assert (FOLDERS[language] / "reference.md").read_text() == reference(language), again
    assert (FOLDERS[language] / "runbooks.md").read_text() == runbooks(language), again


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_100_000_portals_need_follows_from_the_last_table_of_figures(language: str) -> None:
    page = (FOLDERS[language] / "scaling.md").read_text()
    assert page.count(BEGIN) == page.count(END) == 1
    assert page == put(page, language), "run python -m docs.build"


def test_what_100_000_portals_need_is_reckoned_right() -> None:
    one = Measured(poll_ms=3.0, portal_kb=50, written_ms=3.6)
    told = needs(one)
    assert (round(told.polls), round(told.calm_writes)) == (1667, 333)
    assert round(told.requests) == 1700
    assert (round(told.cores, 2), round(told.share, 2), round(told.tls_cores, 2)) == (5.0, 0.5, 3.17)
    assert round(told.memory, 2) == 6.0
    assert (round(told.database_calm, 2), round(told.database_most, 2)) == (1.2, 6.0)
    assert (told.series_millions, told.scrape_series, told.turns_millions) == (7.0, 700_000, 200.0)
    assert (told.shard, told.takeover, told.takeover_of_three) == (390, 26, 85)


def test_a_table_without_a_figure_that_is_needed_is_noticed() -> None:
    with pytest.raises(ValueError, match="there is no row `10,000 portals / 60 s: CPU of one core`"):
        measured("| 10,000 portals / 60 s: memory a portal | 49 kB |\n")


def test_the_reference_has_words_for_every_metric_and_incident_and_for_nothing_else() -> None:
    assert set(WORDS["metrics_ru"]) == {metric.name for metric in METRICS}
    assert set(WORDS["incidents"]) == {kind.value for kind in IncidentKind}
    assert {kind.value: WORDS["incidents"][kind.value]["tells"][0] for kind in STATE_KINDS} == {
        kind.value: severity.value for kind, severity in STATE_KINDS.items()
    }
