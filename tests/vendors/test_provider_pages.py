"""The pages about providers name every type, every key and every word that the probes know, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from monitor.config_providers import is_secret, provider_probes
from probes import evolution, green_api, pact, waha, wazzup, whatsapp_cloud

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "providers.md", DOCS / "ru" / "providers.md"]
TABLES = {
    "wazzup": wazzup.WORDS,
    "green_api": green_api.WORDS,
    "whatsapp_cloud": whatsapp_cloud.WORDS,
    "waha": waha.WORDS,
    "pact": pact.WORDS,
}


def part(page: Path, type_: str) -> str:
    """The chapter of one provider."""
    return page.read_text(encoding="utf-8").partition(f"(`{type_}`)\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("page", PAGES, ids=["en", "ru"])
@pytest.mark.parametrize("type_", sorted(provider_probes()))
def test_a_page_gives_an_entry_that_the_configuration_would_take(page: Path, type_: str) -> None:
    probe = provider_probes()[type_]
    found = re.search(r"```yaml\n(.*?)```", part(page, type_), re.DOTALL)
    assert found
    (entry,) = yaml.safe_load(found[1])
    keys = {key.removesuffix("_file") for key in entry if key not in {"name", "type", "url", "ca_file"}}
    assert entry["type"] == type_
    assert set(probe.required) <= keys <= {*probe.required, *probe.optional}
    assert all(f"{key}_file" in entry for key in probe.required if is_secret(key))


@pytest.mark.parametrize("page", PAGES, ids=["en", "ru"])
@pytest.mark.parametrize("type_", sorted(TABLES))
def test_a_page_tells_the_state_of_every_word_in_its_row(page: Path, type_: str) -> None:
    rows = [line for line in part(page, type_).splitlines() if line.startswith("|")]
    for word, meant in TABLES[type_].items():
        assert any(f"`{word}`" in row and meant.state.value in row for row in rows), word


@pytest.mark.parametrize("page", PAGES, ids=["en", "ru"])
def test_a_page_tells_the_codes_of_a_closed_connection(page: Path) -> None:
    rows = [line for line in part(page, "evolution").splitlines() if "`close`" in line]
    for code, meant in evolution.CLOSED.items():
        assert any(code in row and meant.state.value in row for row in rows), code
