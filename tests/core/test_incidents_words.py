"""The texts for people, word for word, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgement_parts import BOT, ERROR, MINUTE, OFF, OK, REFUSED, START, WAZZUP, World, ended, make_turn, word

from monitor.core.assessment import Scene
from monitor.core.incident import Incident, IncidentKind, Words
from monitor.core.model import ChannelKey, Failure, Manager, Messenger, Reason, State
from monitor.core.reading import OUR_KEY
from monitor.core.rules import assess
from monitor.core.turn import Turn, Verdict
from monitor.core.words import at_most, channel_name, clause, coarse, plural, sentence, span_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rescan(**wishes: object) -> World:
    world = World(**wishes)
    world.poll(OK, ERROR, ERROR)
    return world


def waiting(minutes: int, *, active: bool = True, **facts: object) -> Incident:
    world = World()
    world.state = replace(world.state, managers={12: Manager(id=12, name="Иван Петров", active=active)})
    world.dialog(make_turn(**facts))  # type: ignore[arg-type]  # the facts are a turn's
    world.now = START + (minutes - 1) * MINUTE
    world.poll()
    return world.incident()


def test_a_likely_rescan_in_russian() -> None:
    assert rescan().incident().words["ru"] == Words(
        summary="WhatsApp на линии «Продажи»: похоже, нужно заново отсканировать QR-код",
        description="Битрикс24 показывает ошибку канала с 02.03.2026 09:02 (уже 1 минуту). У личного номера это обычно "
        "значит, что телефон отвязан. Сообщения клиентов не доходят, ответить им отсюда нельзя.",
        recommendation="Интегратор: открыть кабинет провайдера (похоже, Wazzup) и отсканировать QR-код телефоном, на "
        "котором этот номер. Тревога закроется сама, когда канал снова будет на связи.",
    )


def test_a_likely_rescan_in_english() -> None:
    assert rescan().incident().words["en"] == Words(
        summary='WhatsApp on line "Продажи": the QR code probably has to be scanned again',
        description="Bitrix24 has shown an error of this channel since 2026-03-02 09:02 (for 1 minute). For a personal "
        "number that usually means that the phone is unlinked. Customers' messages do not arrive and cannot be "
        "answered from here.",
        recommendation="Integrator: open the provider's console (probably Wazzup) and scan the QR code with the phone "
        "that holds this number. The alert closes by itself when the channel is connected again.",
    )


def test_the_evidence_names_the_flag_its_time_the_certainty_and_what_would_settle_it() -> None:
    assert rescan().incident().evidence == (
        "Битрикс24, imconnector.status: ERROR=true, CONFIGURED=true, STATUS=false, так с 02.03.2026 09:02",
        "Вывод: нужно отсканировать QR-код; достоверность: вероятно, по косвенным признакам.",
        "Что уточнит: статус в кабинете или API провайдера.",
    )
    assert rescan(language="en").incident().evidence == (
        "Bitrix24, imconnector.status: ERROR=true, CONFIGURED=true, STATUS=false, since 2026-03-02 09:02",
        "Judged: the QR code has to be scanned; certainty: likely, inferred.",
        "What would settle it: the status in the provider's console or API.",
    )


def test_what_the_provider_says_is_certain_and_needs_nothing_to_settle_it() -> None:
    world = World()
    world.poll(OK, said=word(State.QR_REQUIRED, "qridle", action_ru="Отсканировать QR в кабинете Wazzup"))
    assert world.incident().evidence == (
        "Битрикс24, imconnector.status: ERROR=false, CONFIGURED=true, STATUS=true, так с 02.03.2026 09:01",
        "wazzup-main: qridle, так с 02.03.2026 09:01",
        "Вывод: нужно отсканировать QR-код; достоверность: точно, так говорит сам провайдер.",
    )
    assert world.incident().words["ru"].recommendation == (
        "Интегратор: отсканировать QR в кабинете Wazzup. Тревога закроется сама, когда канал снова будет на связи."
    )


def test_a_recovery_says_how_long_it_lasted() -> None:
    world = rescan()
    world.wait(2 * HOUR)
    world.poll(OK, OK, OK, OK)
    assert world.closed[0].words == {
        "ru": Words(
            summary="Снова работает. Было: WhatsApp на линии «Продажи»: похоже, нужно заново отсканировать QR-код",
            description="Длилось 2 часа 1 минуту: с 02.03.2026 09:02 до 02.03.2026 11:03.",
            recommendation="Больше ничего делать не нужно.",
        ),
        "en": Words(
            summary='Works again. It was: WhatsApp on line "Продажи": the QR code probably has to be scanned again',
            description="It lasted 2 hours 1 minute: from 2026-03-02 09:02 to 2026-03-02 11:03.",
            recommendation="Nothing more needs to be done.",
        ),
    }
    assert (world.closed[0].closed, world.closed[0].until) == (START + 126 * MINUTE, START + 123 * MINUTE)


@pytest.mark.parametrize(
    ("state", "summary_ru", "summary_en"),
    [
        (State.BANNED, "номер заблокирован мессенджером", "the number is banned by the messenger"),
        (State.UNPAID, "канал не оплачен", "not paid for"),
        (State.OPENED_ELSEWHERE, "аккаунт открыт в другом месте", "the account is opened elsewhere"),
        (State.TOKEN_REVOKED, "ключ доступа больше не действует", "the access key is no longer valid"),
        (State.MISCONFIGURED, "канал настроен неверно", "set up wrongly"),
        (State.RESTRICTED, "мессенджер ограничил отправку", "the messenger restricts sending"),
        (State.UNKNOWN, "провайдер сообщает незнакомое состояние", "the provider reports a state we do not know"),
        (State.QR_REQUIRED, "нужно заново отсканировать QR-код", "the QR code has to be scanned again"),
    ],
)
def test_each_state_of_a_provider_has_words(state: State, summary_ru: str, summary_en: str) -> None:
    world = World()
    for _ in range(2):
        world.poll(OK, said=word(state))
    words = world.incident().words
    assert words["ru"].summary == f"WhatsApp на линии «Продажи»: {summary_ru}"
    assert words["en"].summary == f'WhatsApp on line "Продажи": {summary_en}'


def test_a_provider_that_refuses_the_monitors_key_says_nothing_of_the_messages() -> None:
    world = World()
    for _ in range(2):
        world.poll(OK, said=word(State.TOKEN_REVOKED, "401", reason=OUR_KEY, action_ru="Выпустить новый API-ключ"))
    incident = world.incident()
    assert (incident.kind, dict(incident.labels)["state"]) == (IncidentKind.CHANNEL_DOWN, "token_revoked")
    assert incident.words["ru"] == Words(
        summary="WhatsApp на линии «Продажи»: провайдер не принимает ключ монитора",
        description="Состояние канала у провайдера не видно с 02.03.2026 09:01 (уже 1 минуту). Сам канал может "
        "работать, и сообщения могут идти как прежде.",
        recommendation="Интегратор: выпустить новый API-ключ. Тревога закроется сама, когда канал снова будет на "
        "связи.",
    )
    assert incident.words["en"].summary == 'WhatsApp on line "Продажи": the provider does not accept the monitor\'s key'
    assert incident.words["en"].description.endswith("may work, and messages may go on as before.")
    assert incident.evidence[-1] == (
        "Вывод: ключ доступа не действует; достоверность: точно, так говорит сам провайдер."
    )


def test_where_bitrix24_has_the_channel_off_too_a_refused_key_promises_no_messages() -> None:
    world = World()
    for _ in range(2):
        world.poll(ERROR, said=word(State.TOKEN_REVOKED, "401", reason=OUR_KEY))
    assert "не доходят" in world.incident().words["ru"].description


def test_a_bot_taken_over_elsewhere_in_russian() -> None:
    world = World()
    world.poll(OK, ERROR, ERROR, key=BOT)
    assert world.incident().words["ru"] == Words(
        summary="Telegram на линии «Продажи»: канал перехвачен, бот или аккаунт подключён в другом месте",
        description="Битрикс24 отключил канал из-за ошибки 02.03.2026 09:02 (1 минуту назад). Сообщения клиентов не "
        "доходят, ответить им отсюда нельзя.",
        recommendation="Интегратор: отключить бот или аккаунт там, куда его подключили, и подключить к этой линии "
        "заново. Тревога закроется сама, когда канал снова будет на связи.",
    )


def test_a_channel_disconnected_by_somebody_in_russian() -> None:
    world = World()
    world.poll(OK, OFF, OFF)
    assert world.incident().words["ru"] == Words(
        summary="WhatsApp на линии «Продажи»: канал отключён от открытой линии",
        description="Канал был подключён, а 02.03.2026 09:02 (1 минуту назад) его кто-то отключил. Сообщения клиентов "
        "не доходят, ответить им отсюда нельзя.",
        recommendation="Интегратор: подключить канал к открытой линии заново и узнать, кто его отключил. Тревога "
        "закроется сама, когда канал снова будет на связи.",
    )


def test_a_contradiction_between_provider_and_flag_is_told_as_one() -> None:
    world = World()
    for bits in (OK, OFF, OFF):
        world.poll(bits, said=word(State.CONNECTED, "active"))
    assert world.incident().words["ru"].description == (
        "У провайдера канал работает, но в Битрикс24 он отключён с 02.03.2026 09:02 (уже 1 минуту). Сообщения клиентов "
        "не доходят, ответить им отсюда нельзя."
    )
    assert world.incident().evidence[:2] == (
        "Битрикс24, imconnector.status: ERROR=false, CONFIGURED=false, STATUS=false, так с 02.03.2026 09:02",
        "wazzup-main: active, так с 02.03.2026 09:01",
    )


def test_a_phone_that_will_be_logged_out_in_russian() -> None:
    world = World()
    world.poll(OK, said=word(State.PHONE_OFFLINE))
    world.wait(10 * DAY)
    world.poll(OK, said=word(State.PHONE_OFFLINE))
    assert world.incident().words["ru"] == Words(
        summary="WhatsApp на линии «Продажи»: телефона нет в сети 10 дней, канал скоро отключится",
        description="Телефон с этим номером не выходит на связь с 02.03.2026 09:01. Через 14 дней мессенджер отключит "
        "связанные устройства, и канал замолчит.",
        recommendation="Сотрудник, у которого телефон: найти телефон с этим номером, включить его и открыть "
        "мессенджер; если сотрудник с телефоном ушёл, перенести номер. Тревога закроется сама, когда канал снова будет "
        "на связи.",
    )


def test_flapping_tells_its_changes() -> None:
    world = World()
    world.poll(OK, ERROR, OK, ERROR, OK, ERROR, OK)
    incident = world.incident()
    assert incident.words["ru"].description == (
        "За последний час состояние сменилось 6 раз. Сообщения могут теряться и задерживаться."
    )
    assert incident.evidence[0] == (
        "Смены состояния: 02.03.2026 09:02, 02.03.2026 09:03, 02.03.2026 09:04, 02.03.2026 09:05, 02.03.2026 09:06, "
        "02.03.2026 09:07."
    )


def test_a_portal_that_does_not_answer() -> None:
    world = World()
    world.poll()
    world.fail(Failure(reason=Reason.UNREACHABLE, code="HTTP 502"), times=3)
    incident = world.incident()
    assert incident.words["ru"] == Words(
        summary="Портал acme не отвечает",
        description="С 02.03.2026 09:02 (уже 2 минуты) опросы не проходят: нет связи. Что сейчас с каналами и "
        "ответами, не видно.",
        recommendation="Интегратор: открыть портал в браузере; если открывается, проверить сеть сервера, где работает "
        "монитор, если нет, дождаться Битрикс24. Тревога закроется сама после двух удачных опросов.",
    )
    assert incident.evidence == (
        "Последняя ошибка: нет связи (HTTP 502).",
        "Последний удачный опрос: 02.03.2026 09:01.",
        "https://acme.bitrix24.ru",
    )


def test_a_portal_that_moved_names_its_new_address() -> None:
    world = World()
    world.poll()
    world.fail(Failure(reason=Reason.REJECTED, code="http_301", moved_to="new.example:8443"), times=3)
    incident = world.incident()
    assert incident.evidence[0] == (
        "Адрес портала переехал на new.example:8443: записать новый адрес в url этого портала и перечитать настройки."
    )
    assert incident.words["en"].recommendation == (
        "Integrator: the portal's address has moved to new.example:8443: put the new address into this portal's url "
        "and reload. The alert closes by itself after two good polls."
    )


def test_a_refused_refresh_says_which_command_helps() -> None:
    world = World()
    world.fail(REFUSED)
    assert world.incident().words["en"] == Words(
        summary="Portal acme does not let the monitor in",
        description="Polls have failed since 2026-03-02 09:01 (for less than a minute): access denied. What happens to "
        "channels and replies cannot be seen.",
        recommendation="Integrator: authorise the application again: `messenger-monitor auth --portal acme`. The alert "
        "closes by itself after two good polls.",
    )


@pytest.mark.parametrize("code", ["refresh_refused", "APPLICATION_NOT_FOUND", "insufficient_scope", "ACCESS_DENIED"])
def test_a_denied_portals_advice_is_a_command_that_can_be_pasted_as_it_stands(code: str) -> None:
    world = World()
    world.fail(Failure(reason=Reason.DENIED, code=code), times=2)
    for words in world.incident().words.values():
        assert "`messenger-monitor auth --portal acme`" in words.recommendation


def test_a_failures_detail_is_not_told_because_it_is_the_vendors_text() -> None:
    world = World()
    world.fail(Failure(reason=Reason.DENIED, code="ACCESS_DENIED", detail="token abc"), times=2)
    assert "abc" not in repr(world.incident())


def test_a_waiting_customer_in_russian() -> None:
    incident = waiting(25)
    assert incident.words["ru"] == Words(
        summary="Клиент ждёт ответа 25 минут: WhatsApp на линии «Продажи»",
        description="Клиент написал 02.03.2026 09:00 и ждёт 25 минут. Норма ответа 15 минут, срок вышел 02.03.2026 "
        "09:15. Диалог у сотрудника: Иван Петров.",
        recommendation="Руководитель: напомнить сотруднику (Иван Петров) ответить сейчас или передать диалог другому. "
        "Тревога закроется сама, когда клиенту ответят.",
    )
    assert incident.evidence == (
        "Диалог: https://acme.bitrix24.ru/online/?IM_HISTORY=imol|7345",
        "Сообщение клиента 90101 от 02.03.2026 09:00, ответа после него нет.",
        "Норма 15 минут, срок 02.03.2026 09:15 по рабочему времени линии.",
        "Ждёт по календарю 25 минут.",
        "Диалог у сотрудника: Иван Петров.",
    )


def test_a_waiting_customer_in_english() -> None:
    assert waiting(25).words["en"] == Words(
        summary='A customer has waited 25 minutes for a reply: WhatsApp on line "Продажи"',
        description="The customer wrote at 2026-03-02 09:00 and has waited 25 minutes. The target is 15 minutes, it "
        "passed at 2026-03-02 09:15. The dialog is with Иван Петров.",
        recommendation="Head: remind the employee (Иван Петров) to reply now, or hand the dialog to somebody else. "
        "The alert closes by itself when the customer gets a reply.",
    )


def test_a_dialog_that_nobody_took_asks_the_head_to_decide() -> None:
    words = waiting(25, holder=0).words["ru"]
    assert words.description.endswith("Диалог никто не взял, он в очереди.")
    assert words.recommendation.startswith("Руководитель: решить, кто ответит сейчас, и передать ему диалог.")


def test_whose_holder_works_there_no_more_is_handed_to_somebody_else() -> None:
    for world_says in (waiting(25, marks=("dismissed",)), waiting(25, active=False)):
        words = world_says.words
        assert words["ru"].description.endswith("Диалог у сотрудника, который больше не работает: Иван Петров.")
        assert words["ru"].recommendation.startswith(
            "Руководитель: передать диалог другому сотруднику, чтобы он ответил сейчас. "
        )
        assert words["en"].description.endswith("The dialog is with somebody who works there no more: Иван Петров.")
        assert words["en"].recommendation.startswith("Head: hand the dialog to another employee, who replies now. ")


def test_nobody_is_accused_where_an_answer_from_the_phone_would_not_be_seen() -> None:
    slow, none = waiting(25, marks=("no_phone",)), waiting(75, marks=("no_phone",))
    assert slow.evidence[-1] == "Ответ с телефона здесь не виден: возможно, клиенту уже ответили."
    assert slow.words["ru"].recommendation.startswith(
        "Руководитель: спросить сотрудника (Иван Петров), не ответил ли он с телефона; если нет, пусть ответит сейчас. "
    )
    assert slow.words["en"].recommendation.startswith(
        "Head: ask the employee (Иван Петров) whether the reply went from the phone; if not, it is due now. "
    )
    assert none.words["ru"].recommendation.startswith(
        "Руководитель: узнать, не ответили ли клиенту с телефона; если нет, ответить самому или сразу передать диалог "
        "другому, норма превышена втрое. "
    )
    assert none.words["en"].recommendation.startswith(
        "Head: find out whether the customer was answered from the phone; if not, reply yourself or hand the dialog "
        "over at once, three targets have passed. "
    )


def test_a_holder_who_is_not_on_the_staff_list_is_told_by_his_number() -> None:
    assert waiting(25, holder=77).words["ru"].description.endswith("Диалог у сотрудника: сотрудник 77.")


def test_a_customer_without_any_reply_in_russian() -> None:
    assert waiting(75).words["ru"] == Words(
        summary="Клиент до сих пор ждёт ответа, уже 1 час 15 минут: WhatsApp на линии «Продажи»",
        description="Клиент написал 02.03.2026 09:00 и ждёт 1 час 15 минут. Норма ответа 15 минут, срок вышел "
        "02.03.2026 09:15. Диалог у сотрудника: Иван Петров.",
        recommendation="Руководитель: ответить клиенту самому или сразу передать диалог другому, норма превышена "
        "втрое. Тревога закроется сама, когда клиенту ответят.",
    )


def test_where_the_working_clock_differs_both_clocks_are_told() -> None:
    world = World()
    turn = make_turn(START - 15 * HOUR, deadline=START + 15 * MINUTE, no_reply_at=START + 45 * MINUTE)
    world.dialog(turn)
    world.poll()

    def working(_: Turn) -> timedelta:
        return 25 * MINUTE

    (said,) = assess(world.state, world.policy, START + 25 * MINUTE, working=working)
    assert said.texts.words["ru"].summary == (
        "Клиент ждёт ответа 25 минут рабочего времени: WhatsApp на линии «Продажи»"
    )
    assert said.texts.words["ru"].description.startswith(
        "Клиент написал 01.03.2026 18:00 и ждёт 15 часов, из них 25 минут рабочего времени."
    )
    assert said.texts.evidence[3] == "Ждёт по календарю 15 часов, по рабочему времени 25 минут."


@pytest.mark.parametrize(
    ("verdict", "summary"),
    [
        (Verdict.LATE, "Клиенту ответили. Было: Клиент ждёт ответа 20 минут: WhatsApp на линии «Продажи»"),
        (Verdict.MISSED, "Диалог закрыт без ответа. Было: Клиент ждёт ответа 20 минут: WhatsApp на линии «Продажи»"),
        (Verdict.EXCUSED, "Больше не ждёт ответа. Было: Клиент ждёт ответа 20 минут: WhatsApp на линии «Продажи»"),
    ],
)
def test_the_end_of_a_wait_says_how_it_ended(verdict: Verdict, summary: str) -> None:
    world = World()
    world.dialog(make_turn())
    world.now = START + 19 * MINUTE
    world.poll()
    world.dialog(ended(make_turn(), verdict, world.now))
    world.poll()
    words = world.closed[0].words["ru"]
    assert words.summary == summary
    assert words.description == "Клиент ждал 20 минут: с 02.03.2026 09:00 до 02.03.2026 09:20."
    left = "Руководитель: открыть диалог и, если клиенту так и не ответили, ответить."
    assert words.recommendation == (left if verdict is Verdict.MISSED else "Больше ничего делать не нужно.")


def test_a_wait_that_ended_while_we_were_away_lasted_until_it_ended_and_not_until_we_came() -> None:
    world = World()
    world.dialog(make_turn())
    world.now = START + 19 * MINUTE
    world.poll()
    world.dialog(ended(make_turn(), Verdict.LATE, START + 31 * MINUTE))
    world.now = START + 6 * HOUR
    world.poll()
    (over,) = world.closed
    assert over.words["ru"].description == "Клиент ждал 31 минуту: с 02.03.2026 09:00 до 02.03.2026 09:31."
    assert over.words["en"].description == "The customer waited 31 minutes: from 2026-03-02 09:00 to 2026-03-02 09:31."
    assert (over.until, over.closed) == (START + 31 * MINUTE, START + 6 * HOUR + MINUTE)


@pytest.mark.parametrize(
    ("title", "twins", "said"),
    [
        ("WhatsApp +7 900 1", "WhatsApp +7 900 2", "WhatsApp (WhatsApp +7 900 1) на линии «Продажи»"),
        ("Wazzup", "Wazzup", f"WhatsApp ({WAZZUP.connector}) на линии «Продажи»"),
        ("WhatsApp +7 900 1", None, "WhatsApp на линии «Продажи»"),
    ],
)
def test_two_channels_of_one_messenger_on_one_line_are_told_apart(title: str, twins: str | None, said: str) -> None:
    world, twin = rescan(), ChannelKey(1, "wz_whatsapp_ffff")
    memory = world.memory()
    other = replace(memory, channel=replace(memory.channel, connector=twin.connector), gone=twins is None)
    titles = {WAZZUP.connector: title, twin.connector: twins or ""}
    state = replace(world.state, connectors=titles, channels={**world.state.channels, twin: other})
    scene = Scene(state, world.policy, world.now)
    assert channel_name(WAZZUP, Messenger.WHATSAPP, scene, "ru") == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "минуты"), (1, "1 минуты"), (52, "52 минут"), (123, "2 часов 3 минут"), (1500, "1 дня 1 часа")],
)
def test_a_length_after_no_longer_than_is_in_the_genitive(minutes: int, said: str) -> None:
    assert at_most(minutes * MINUTE, "ru") == said


def test_an_unknown_messenger_is_told_by_its_connectors_title() -> None:
    world = World()
    world.state = replace(world.state, connectors={"custom_7": "Чат сайта"}, lines={})
    world.dialog(make_turn(connector="custom_7", messenger=Messenger.OTHER, line=3))
    world.now = START + 20 * MINUTE
    world.poll()
    assert world.incident().words["ru"].summary == "Клиент ждёт ответа 20 минут: Чат сайта на линии «3»"


def test_texts_change_with_the_length_of_a_wait_and_not_with_every_poll() -> None:
    world = World()
    world.dialog(make_turn())
    world.now = START + 15 * MINUTE
    updates = 0
    for _ in range(24):
        world.poll()
        updates += len(world.last.updated)
    assert updates == 4


@pytest.mark.parametrize(
    ("span", "ru", "en"),
    [
        (timedelta(seconds=59), "меньше минуты", "less than a minute"),
        (MINUTE, "1 минуту", "1 minute"),
        (2 * MINUTE, "2 минуты", "2 minutes"),
        (11 * MINUTE, "11 минут", "11 minutes"),
        (21 * MINUTE, "21 минуту", "21 minutes"),
        (HOUR, "1 час", "1 hour"),
        (22 * HOUR + 5 * MINUTE, "22 часа 5 минут", "22 hours 5 minutes"),
        (DAY + 30 * MINUTE, "1 день", "1 day"),
        (3 * DAY + 5 * HOUR, "3 дня 5 часов", "3 days 5 hours"),
        (-HOUR, "меньше минуты", "less than a minute"),
    ],
)
def test_a_length_of_time_is_told_in_two_units_at_the_most(span: timedelta, ru: str, en: str) -> None:
    assert (span_of(span, "ru"), span_of(span, "en")) == (ru, en)


@pytest.mark.parametrize(
    ("number", "form"),
    [
        (0, "раз"),
        (1, "раз"),
        (2, "раза"),
        (4, "раза"),
        (5, "раз"),
        (12, "раз"),
        (22, "раза"),
        (111, "раз"),
        (112, "раз"),
    ],
)
def test_plurals_are_right_in_russian(number: int, form: str) -> None:
    assert plural(number, ("раз", "раза", "раз"), "ru") == form


def test_a_clause_keeps_its_abbreviations_and_a_sentence_its_full_stop() -> None:
    assert clause("Отсканировать QR.") == "отсканировать QR"
    assert clause("QR не прошёл") == "QR не прошёл"
    assert clause("Press Authorize and log in again") == "press Authorize and log in again"
    assert sentence("вывод: да") == "Вывод: да."
    assert sentence("Да!") == "Да!"
    assert (clause(""), sentence("")) == ("", "")


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400)))
def test_a_coarse_length_is_never_longer_nor_more_than_a_third_shorter(span: timedelta) -> None:
    rough = coarse(span)
    assert rough <= span
    assert rough == coarse(rough)
    if span >= 5 * MINUTE:
        assert span - rough <= span / 3
