"""Words by which a message is told: thanks that need no reply, and lines of the portal whose class tells nothing."""

from __future__ import annotations

import pytest

from monitor.core.history import parse
from monitor.core.phrases import LONGEST, is_closing, kind_of_notice

ROW = {"senderid": "844", "date": "2026-03-02T10:00:00+03:00"}
CLIENT = {"844": {"id": "844", "name": "Иван", "connector": True}}


def is_thanks(text: str) -> bool:
    answer = {"sessionId": 7, "chatId": 1, "users": CLIENT, "message": {"5": ROW | {"id": "5", "text": text}}}
    return parse(answer).messages[0].closing_phrase


@pytest.mark.parametrize("text", ["[like]", " [DISLIKE] "])
def test_case_52_the_rating_that_the_portal_makes_of_a_customers_digit_opens_nothing(text: str) -> None:
    asked = ROW | {"id": "4", "senderid": "0", "text": "Оцените ответ: 1 или 0"}
    said = {"4": asked, "5": ROW | {"id": "5", "text": text}}
    assert parse({"sessionId": 7, "chatId": 1, "users": CLIENT, "message": said}).messages[1].content == "form"


def test_case_52_a_rating_after_the_end_does_not_open_the_dialog_again() -> None:
    end = ROW | {"id": "4", "senderid": "0", "text": "", "params": {"class": "bx-messenger-content-item-ol-end"}}
    rated = ROW | {"id": "5", "text": "[like]", "date": "2026-03-02T10:01:00+03:00"}
    answer = {"sessionId": 7, "chatId": 1, "users": CLIENT, "message": {"4": end, "5": rated}}
    assert parse(answer).session.closed is not None
    asked = answer | {"message": {"4": end, "5": rated | {"text": "[like] а когда доставка?"}}}
    assert parse(asked).session.closed is None


def test_case_52_a_question_behind_the_rating_is_one_and_thanks_behind_it_are_thanks() -> None:
    said = {"5": ROW | {"id": "5", "text": "[like] а когда доставка?"}, "6": ROW | {"id": "6", "text": "[like]спасибо"}}
    known = parse({"sessionId": 7, "chatId": 1, "users": CLIENT, "message": said}).messages
    assert [(message.content, message.closing_phrase) for message in known] == [("text", False), ("text", True)]


@pytest.mark.parametrize(
    "text",
    [
        *("Спасибо", "ОК.", "ок, спасибо", "Хорошо, спасибо!", "Спасибо, до свидания", "Благодарю Вас", "ок спасибо"),
        *(
            "спасибо за помощь",
            "Спасибо большое!!",
            "Да, спасибо",
            "Нет, спасибо",
            "Спасибо)))",
            "Всё понятно, спасибо",
        ),
        *("👌", "👍👍", "👍🏽", "❤️", "Спасибо👍", "Спасибо 😊", "+", "Thank you very much!", "OK, thanks", "спс"),
    ],
)
def test_case_14_thanks_in_whatever_order_are_a_closing_phrase(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Спасибо, а когда доставка?",
            "ок?",
            "Хорошо, жду счёт",
            "Спасибо, не подошло",
            "+7 912 345-67-89",
            "👍 а цена",
        ),
        *("да", "нет", "очень", "за помощь", "вам", "😊", "", "...", "?", "не спасибо", "спасибоза"),
    ],
)
def test_case_14_words_beside_the_thanks_and_fillers_alone_are_a_question(text: str) -> None:
    assert not is_thanks(text)


def test_case_14_a_long_text_is_no_thanks_whatever_it_says() -> None:
    assert is_closing(" ".join(["спасибо"] * 7))
    assert not is_closing("спасибо " * LONGEST)


@pytest.mark.parametrize("text", ["Dialog returned to the queue", "Sent back to queue", "Диалог возвращён в очередь"])
@pytest.mark.parametrize("mark", ["", "attention"])
def test_case_20_a_return_to_the_queue_is_known_by_its_words(text: str, mark: str) -> None:
    assert kind_of_notice(text, mark, 0) == "queue"
    assert kind_of_notice(text, "end", 0) == "end"


@pytest.mark.parametrize(
    "text",
    [
        "Анна не ответила, диалог перенаправлен на Олег",
        "Диалог автоматически перенаправлен с Анна на Олег",
        "Истекло время ожидания: Анна, диалог получает Олег",
        "Anna did not answer, the dialog goes to Oleg",
    ],
)
def test_case_21_what_is_passed_on_by_itself_is_known_by_its_words_where_it_names_two(text: str) -> None:
    assert kind_of_notice(text, "", 2) == "passed_on"
    assert kind_of_notice(text, "", 1) == ""
    assert kind_of_notice("Анна перенаправила диалог на Олег", "", 2) == ""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Обращение направлено на Анна", "offer"),
        ("Обращение также направлено на Анна", "offer"),
        ("Обращение перенаправлено на Анна", "offer"),
        ("Enquiry assigned to Anna", "offer"),
        ("The enquiry has been transferred to Anna", "offer"),
        ("Анна начала работу с диалогом", ""),
        ("Anna started working with the dialog", ""),
        ("Анна покинул чат", "left"),
        ("Anna left the conversation", "left"),
        ("Анна присоединилась к диалогу", "joined"),
        ("Anna joined the dialog", "joined"),
        ("Диалог снят с оператора Анна", "queue"),
        ("Обращение перенаправлено на Анна по правилам очереди", "offer"),
        ("Enquiry transferred to Queenie according to queuing rules", "offer"),
        ("Обращение перенаправлено по правилам очереди, Анна не ответила", "queue"),
        ("Dialog returned to the queue by Anna", "queue"),
    ],
)
def test_decided_2_an_offer_is_no_acceptance(text: str, kind: str) -> None:
    assert kind_of_notice(text, "", 1) == kind
    assert kind_of_notice(text, "end", 1) == "end"


def test_case_20_an_offer_to_all_of_the_queue_names_nobody() -> None:
    for text in ("Обращение перенаправлено на всех участников очереди", "Enquiry assigned to all agents in the queue"):
        assert kind_of_notice(text, "", 0) == "queue"


@pytest.mark.parametrize("text", ["Анна отметила диалог как спам", "Anna marked the conversation as spam"])
def test_case_29_spam_is_known_by_the_portals_words_about_who_called_it_so(text: str) -> None:
    assert kind_of_notice(text, "", 1) == "spam"
    assert kind_of_notice(text, "", 0) == ""
    assert kind_of_notice(text, "end", 1) == "end"
    assert kind_of_notice("Анна сняла отметку «спам»", "", 1) == kind_of_notice("Anna: this is not spam", "", 1) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Анна отменила отметку «спам»",
        "Отметка «спам» снята, Анна",
        "Диалог не является спамом: Анна",
        "Anna cancelled the spam mark",
        "Anna: it is not a spam",
    ],
)
def test_case_29_a_mark_that_is_taken_back_excuses_nobody(text: str) -> None:
    assert kind_of_notice(text, "", 1) == ""


def test_case_29_the_session_is_spam_as_soon_as_its_history_says_so() -> None:
    called = ROW | {"id": "6", "senderid": "0", "text": "[USER=12]Анна[/USER] отметила диалог как спам"}
    answer = {"sessionId": 7, "chatId": 1, "users": CLIENT, "message": {"5": ROW | {"id": "5", "text": "казино"}}}
    assert parse(answer).session.status is None
    assert parse(answer | {"message": answer["message"] | {"6": called}}).session.status == 65  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        *("Сообщение не доставлено", "Не удалось отправить сообщение", "Нет подтверждения доставки сообщения"),
        *("Ошибка доставки", "The message was not delivered", "Delivery error", "Failed to send the message"),
    ],
)
def test_case_34_a_delivery_error_without_a_class_is_a_complaint(text: str) -> None:
    assert kind_of_notice(text, "", 0) == "attention"
    assert kind_of_notice("Сообщение доставлено", "", 0) == ""
    assert kind_of_notice("Анна начала работу с диалогом", "", 1) == ""
