"""What REST may tell that cannot be: parsed and judged as the daemon does it, counted by kind and shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.core.desk import Context, judge
from monitor.core.history import parse
from monitor.core.memory import PortalState
from monitor.core.model import Line
from monitor.core.policy import Policy
from monitor.core.reading import Reading
from monitor.core.samples import samples_of
from monitor.core.turn import Verdict
from monitor.shell.explain import explain_portal

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", pages="http://127.0.0.1:9460")
USERS = {"12": {"id": "12", "name": "Анна"}, "844": {"id": "844", "name": "Клиент", "connector": True}}


def row(number: int, who: int, minutes: float) -> dict[str, Any]:
    at = (NOW - timedelta(hours=2) + timedelta(minutes=minutes)).isoformat()
    return {"id": str(number), "senderid": str(who), "date": at, "text": "Здравствуйте"}


def portal_after(*rows: dict[str, Any], users: Any = None, again: list[dict[str, Any]] | None = None) -> PortalState:
    """One dialog read, and read again with other rows where `again` says so."""
    state = PortalState(portal="acme", lines={1: Line(id=1, name="Продажи")})
    for told in [list(rows)] if again is None else [list(rows), again]:
        answer = {
            "sessionId": 7,
            "chatId": 1,
            "chat": {"1": {"entityId": "max|1|77|844", "owner": "12"}},
            "users": USERS if users is None else users,
            "message": told,
        }
        reading = Reading(probe="dialogs", source="bitrix24", at=NOW, findings=(parse(answer),))
        state = judge(state, [reading], POLICY, Context(), now=NOW, real_now=NOW).state
    return state


BEGUN = row(4, 0, -1) | {"params": {"CLASS": "bx-messenger-content-item-ol-start"}}
ASKED, ANSWERED = row(5, 844, 0), row(6, 12, 5)


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([row(6, 844, 0), row(5, 12, 5)], "replies.unordered"),
        ([ASKED, ANSWERED, ASKED, ANSWERED], "replies.duplicates"),
        ([ASKED, ANSWERED, row(7, 844, 60 * 24 * 400)], "replies.future"),
        ([row(3, 844, -60 * 24 * 400), BEGUN, ASKED, ANSWERED], "replies.imported"),
        ([ASKED, row(6, 77, 2), row(7, 12, 5)], "replies.unknown_author"),
    ],
)
def test_odd_data_spoils_no_turn_beside_it_is_counted_and_shown(rows: list[dict[str, Any]], kind: str) -> None:
    state = portal_after(*rows)
    assert dict(state.memory.problems) == {kind: 1}
    samples = {(one.name, one.labels): one.value for one in samples_of(state, POLICY, {}, NOW)}
    assert samples["messenger_odd_data_total", ("acme", kind)] == 1
    assert explain_portal(state, POLICY, NOW)["odd_data"] == {kind: 1}
    (turn,) = state.turns.values()
    assert (turn.kind, turn.verdict, turn.responder, turn.working) == ("first", Verdict.MET, 12, timedelta(minutes=5))


def test_a_history_without_any_users_opens_nothing_and_says_whose_names_are_missing() -> None:
    state = portal_after(ASKED, ANSWERED, users=[])
    assert state.turns == {}
    assert dict(state.memory.problems) == {"replies.unknown_author": 2}


def test_a_history_that_comes_back_empty_takes_nothing_back_and_is_counted() -> None:
    state = portal_after(ASKED, ANSWERED, again=[])
    (turn,) = state.turns.values()
    assert (turn.verdict, dict(state.memory.problems)) == (Verdict.MET, {"replies.empty": 1})


def test_a_dialog_of_twenty_thousand_messages_is_parsed_and_judged_without_a_problem() -> None:
    rows = [row(5 + n, 12 if n % 2 else 844, n / 1000) for n in range(20_000)]
    state = portal_after(*rows)
    assert (len(state.turns), state.memory.problems) == (10_000, ())


def test_ordinary_data_shows_no_count_of_odd_data() -> None:
    state = portal_after(ASKED, ANSWERED)
    assert not [one for one in samples_of(state, POLICY, {}, NOW) if one.name == "messenger_odd_data_total"]
