"""A bot is on no list of the staff: its dialogs tell its name, and people are told that it is one."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.core.assessment import Scene
from monitor.core.furniture import furnish
from monitor.core.memory import PortalState
from monitor.core.model import Manager, Person, Session
from monitor.core.policy import Policy
from monitor.core.reading import HistorySeen
from monitor.core.words import names_of, person

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", pages="")


def seen(*people: Person) -> HistorySeen:
    session = Session(id=1, chat=1, line=1, connector="max", customer=8, created=AT)
    return HistorySeen(session=session, messages=(), people=people)


def heard(state: PortalState, *people: Person) -> PortalState:
    return furnish(state, [seen(*people)], AT).state


ANNA = Person(id=12, name="Анна")
KNOWN = PortalState(portal="acme", managers={12: Manager(id=12, name="Анна Петрова")})


def test_a_bot_is_told_as_one_by_its_name_and_an_employee_by_his() -> None:
    state = heard(KNOWN, ANNA, Person(id=90, name="Марта", bot=True), Person(id=91, name="", bot=True))
    scene = Scene(state, POLICY, AT)
    assert [person(user, scene, "ru") for user in (12, 90, 91, 92)] == [
        "Анна Петрова",
        "бот Марта",
        "бот 91",
        "сотрудник 92",
    ]
    assert names_of(state, "en") == {12: "Анна Петрова", 90: "bot Марта", 91: "bot 91"}


def test_a_bot_that_is_known_changes_nothing_until_it_is_renamed() -> None:
    state = heard(KNOWN, Person(id=90, name="Марта", bot=True))
    assert heard(state, Person(id=90, name="Марта", bot=True), ANNA) is state
    assert heard(state, Person(id=90, name="Мира", bot=True)).memory.bots == ((90, "Мира"),)
