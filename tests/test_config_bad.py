"""Broken configurations and the exact words that each is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import ConfigProblems, load

BAD = Path(__file__).parent / "configs" / "bad"
ENV = {
    "SHORT": "sparrow-of-15-c",
    "CLIENT_SECRET": "sparrow-secret",
    "WEBHOOK": "https://acme.bitrix24.ru/rest/1/sparrow-hook/",
    "PLAIN_WEBHOOK": "http://beta.bitrix24.ru/rest/1/sparrow-hook/",
}


def problems_of(path: Path) -> str:
    with pytest.raises(ConfigProblems) as caught:
        load(path, ENV)
    return "\n".join(caught.value.problems).replace(f"{path.parent}/", "").replace(f"{path.parent.parent}/", "") + "\n"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_broken_file_is_answered_with_every_problem_in_these_words(path: Path) -> None:
    assert problems_of(path) == path.with_suffix(".txt").read_text()


def test_there_are_more_than_fifteen_broken_files_each_with_its_words() -> None:
    assert len(list(BAD.glob("*.yaml"))) > 15
    assert {path.stem for path in BAD.glob("*.yaml")} == {path.stem for path in BAD.glob("*.txt")}


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_secret_is_shown_in_a_problem(path: Path) -> None:
    with pytest.raises(ConfigProblems) as caught:
        load(path, ENV)
    assert not any(word in str(caught.value) + repr(caught.value) for word in ("sparrow", "hunter"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path / "absent.yaml", {})
    assert caught.value.problems == (
        f"{tmp_path}/absent.yaml: expected a readable file, got: No such file or directory",
    )


def test_a_file_of_many_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"# " + b"x" * (9 * 2**20))
    with pytest.raises(ConfigProblems) as caught:
        load(path, {})
    assert caught.value.problems == (f"{path}: expected at most 8 MiB, got a larger file",)


def test_brackets_without_end_are_refused_before_anything_recurses(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text("[" * 200_000)
    with pytest.raises(ConfigProblems) as caught:
        load(path, {})
    assert caught.value.problems == (f"{path}: line 1: expected at most 30 levels, got deeper nesting",)
