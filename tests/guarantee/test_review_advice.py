"""What a review advises and names: whose delays, which dates by the one calendar, what was bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from guarantee_parts import DAY, GUARANTEE, make_policy

from monitor.core.desk import Context
from monitor.core.incident import Audience, Incident, IncidentKind, Severity
from monitor.core.memory import Audit, ChannelMemory, Cursor, Diagnosis, PortalMemory, PortalState, Reminder
from monitor.core.model import Certainty, Channel, ChannelKey, Line, Manager, Messenger, State
from monitor.core.parity import Parity
from monitor.core.policy import Expiry
from monitor.core.reading import AuditSeen, ProviderSeen
from monitor.core.replies import Figures, Spread, Waited
from monitor.core.review import Advice, Review
from monitor.core.turn import Held, Turn, Verdict
from monitor.review_forms import as_html, as_markdown
from monitor.review_making import Subject, draft
from monitor.review_page import tell

MINUTE = timedelta(minutes=1)
SINCE, UNTIL = GUARANTEE.start, GUARANTEE.start + 14 * DAY
KEY = ChannelKey(1, "wz")
STATE = PortalState(
    portal="acme",
    lines={1: Line(id=1, name="Продажи")},
    managers={13: Manager(id=13, name="Борис Сидоров")},
    cursor=Cursor(first_sight=SINCE),
    memory=PortalMemory(last_success=UNTIL),
)


def reviewed(state: PortalState = STATE, turns: tuple[Turn, ...] = (), incidents=(), **wishes: object) -> Review:
    subject = Subject(state=state, policy=make_policy(**wishes), context=Context())
    return draft(subject, turns, (), incidents, SINCE, UNTIL, UNTIL)


def said(told: Review, language: str = "ru", state: PortalState = STATE, **wishes: object) -> str:
    return as_markdown(tell(told, state, make_policy(**wishes), language, UNTIL))


def turn(number: int, **more: object) -> Turn:
    opened = SINCE + DAY
    base = Turn(
        chat=number,
        message=number,
        session=number,
        line=1,
        connector="wz",
        messenger=Messenger.WHATSAPP,
        kind="first",
        opened=opened,
        working_from=opened,
        target=15 * MINUTE,
        deadline=opened + 15 * MINUTE,
        no_reply_at=opened + 45 * MINUTE,
        holder=13,
        responder=13,
        verdict=Verdict.MET,
        ended=opened + 9 * MINUTE,
        ended_by=number,
        working=9 * MINUTE,
        calendar=9 * MINUTE,
    )
    return replace(base, **more)  # type: ignore[arg-type]  # the facts are named by the tests


MET = tuple(turn(number) for number in range(1, 9))
LATE = {"verdict": Verdict.LATE, "working": 40 * MINUTE, "calendar": 40 * MINUTE}
HELD = (Held(0, SINCE, 38 * MINUTE), Held(13, SINCE, 2 * MINUTE))
QUEUED = tuple(turn(number, held=HELD, blame="routing", **LATE) for number in range(20, 24))
SLOW = tuple(turn(number, blame="manager", culprit=13, **LATE) for number in range(20, 24))


def test_for_what_waited_in_the_queue_nobody_is_talked_to_but_somebody_put_on_duty() -> None:
    told = reviewed(turns=MET + QUEUED)
    assert told.advice == (Advice(what="nobody_takes", count=4),)
    assert "Назначить дежурного: 4 раза клиент ждал слишком долго, потому что диалог никто не брал." in said(told)


def test_who_has_the_dialog_and_does_not_answer_is_talked_to() -> None:
    told = reviewed(turns=MET + SLOW)
    assert told.advice == (Advice(what="slow_manager", user=13, count=4),)
    assert "Поговорить с сотрудником: Борис Сидоров. Диалог уже взят, а ответа вовремя нет: 4 раза из 12." in said(told)
    assert "Talk to Борис Сидоров: the dialog was taken and not answered in time, 4 times of 12." in said(told, "en")


def with_provider(**reminders: Reminder) -> PortalState:
    diagnosis = Diagnosis(state=State.CONNECTED, certainty=Certainty.CERTAIN, cause="x")
    channel = Channel(line=1, connector="wz", messenger=Messenger.WHATSAPP, provider="wappi-1")
    word = ProviderSeen(provider="wappi-1", account="p1", state=State.CONNECTED, raw="ok", valid_until=UNTIL + 9 * DAY)
    memory = ChannelMemory(channel=channel, diagnosis=diagnosis, since=SINCE, provider=word)
    return replace(STATE, channels={KEY: memory}, reminders=reminders)


def test_dates_are_those_of_the_one_calendar_also_where_only_the_provider_tells_them() -> None:
    told = reviewed(with_provider())
    assert told.expiries == (("wappi-1", UNTIL + 9 * DAY),)
    assert told.advice == (Advice(what="expiring", subject="wappi-1"),)
    dated = reviewed(with_provider(), expiries=(Expiry(subject="wappi-1-licence", at=UNTIL + 7 * DAY),))
    assert dated.expiries == (("wappi-1-licence", UNTIL + 9 * DAY),), "the provider knows better than the file"


def test_what_was_acknowledged_is_not_advised_any_more() -> None:
    gone = {"licence": Reminder(until=UNTIL - 9 * DAY, acknowledged=True)}
    state = replace(STATE, reminders=gone)
    told = reviewed(state, expiries=(Expiry(subject="licence", at=UNTIL - 9 * DAY),))
    assert (told.expiries, told.advice) == ((), (Advice(what="all_well"),))


@pytest.mark.parametrize(("language", "words"), [("ru", "срок вышел 05.02.2026"), ("en", "ended on 05.02.2026")])
def test_what_is_over_has_ended_and_is_not_valid_until_then(language: str, words: str) -> None:
    told = reviewed(expiries=(Expiry(subject="licence", at=UNTIL - 9 * DAY),))
    page = said(told, language)
    assert f"- licence: {words}" in page
    assert f"licence, {words if language == 'ru' else 'it ' + words}." in page


def test_a_review_names_what_was_bought_and_until_when_in_every_form() -> None:
    told = reviewed()
    line = "По гарантии: мессенджеры на открытых линиях, с 31.01.2026 по 31.01.2027."
    assert line in said(told)
    assert line in as_html(tell(told, STATE, make_policy(), "ru", UNTIL))
    assert "Under guarantee: messengers on open lines, 31.01.2026 to 31.01.2027." in said(told, "en")
    assert "По гарантии" not in said(reviewed(guarantee=None), guarantee=None)


def test_only_what_the_option_promises_stands_under_what_is_promised() -> None:
    audits = {
        f"{check}/{line}": Audit(seen=AuditSeen(check=check, line=line, holds=True), since=SINCE, read_at=SINCE)
        for check, line in (("queue_staffed", 1), ("document_numbers", 0))
    }
    state = replace(STATE, audits=audits)
    for option, check in (("messengers", "queue_staffed"), ("documents", "document_numbers")):
        told = reviewed(state, guarantee=replace(GUARANTEE, option=option))
        assert [one.seen.check for one in told.audits] == [check]


def alarm(kind: IncidentKind, subject: str) -> Incident:
    return Incident(
        id=f"{kind.value}{subject}",
        kind=kind,
        subject=subject,
        severity=Severity.WARNING,
        audience=Audience.HEAD,
        guaranteed=False,
        labels=(),
        opened=SINCE + DAY,
        starts_at=SINCE + DAY,
        updated=SINCE + DAY,
        evidence=("x",),
        words={},
    )


def test_a_customer_who_waited_and_was_closed_without_a_word_is_one_alarm() -> None:
    kinds = (IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY, IncidentKind.CLOSED_WITHOUT_ANSWER)
    told = reviewed(incidents=[alarm(kind, "7/70") for kind in kinds] + [alarm(kinds[0], "8/80")])
    assert told.reply_alarms == 2


def test_a_period_is_told_by_its_last_day_so_that_no_day_stands_in_two() -> None:
    assert "acme, с 31.01.2026 по 14.02.2026" in said(reviewed()), "it ends at 09:00 of that day"
    midnight = replace(reviewed(), since=SINCE - 9 * MINUTE * 60, until=UNTIL - 9 * MINUTE * 60)
    assert "acme, с 31.01.2026 по 13.02.2026" in said(midnight)


@pytest.mark.parametrize(
    ("language", "sentence", "cell"),
    [
        (
            "ru",
            "Половина клиентов ждала ответа не дольше 9 минут, каждый десятый дольше 41 минуты рабочего времени.",
            "дольше 41 минуты",
        ),
        (
            "en",
            "Half of the customers waited no longer than 9 minutes, one in ten longer than 41 minutes of working time.",
            "over 41 minutes",
        ),
    ],
)
def test_who_was_never_answered_waited_longer_than_is_known(language: str, sentence: str, cell: str) -> None:
    spread = Spread(n=10, p50=Waited(9 * MINUTE), p90=Waited(41 * MINUTE, at_least=True))
    figures = Figures(turns=10, met=9, missed=1, team=spread)
    told = replace(reviewed(), team=figures, managers={13: figures}, parity=Parity())
    page = said(told, language)
    assert sentence in page
    assert f"| {cell} |" in page
    assert "≥" not in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", "Здесь обращений 9, а в отчёте 8: Битрикс24 считает и те, которые у нас не в счёт"),
        ("en", "Of 9 requests here the review counts 8: Bitrix24 also counts those that we leave out"),
    ],
)
def test_that_bitrix24_counts_more_requests_than_the_review_is_said(language: str, words: str) -> None:
    assert words in said(reviewed(turns=(*MET, turn(99, verdict=Verdict.EXCUSED, cause="channel"))), language)
    assert "Здесь обращений" not in said(reviewed(turns=MET), "ru")
