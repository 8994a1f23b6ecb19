"""What a misbehaving portal is called, and that it is forgiven at once when it behaves again."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from portal_parts import Hang, answering, client, cut, error, fake_portal, resets, streaming

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import failures
from monitor.shell.portal import Portal

HTML = "<html><body>Bad Gateway</body></html>"


async def failure(portal: Portal, method: str = "a") -> Failure:
    with pytest.raises(CallFailed) as caught:
        await portal(method)
    return caught.value.failure


CASES: dict[str, tuple[Any, Reason]] = {
    "HTML with 200": (answering(HTML), Reason.MALFORMED),
    "HTML with 502": (answering(HTML, 502), Reason.UNREACHABLE),
    "HTML with 504": (answering(HTML, 504), Reason.UNREACHABLE),
    "HTML with 401": (answering(HTML, 401), Reason.DENIED),
    "HTML with 403": (answering(HTML, 403), Reason.DENIED),
    "HTML with 429": (answering(HTML, 429), Reason.THROTTLED),
    "HTML with 404": (answering(HTML, 404), Reason.REJECTED),
    "an empty body": (answering(b""), Reason.MALFORMED),
    "an empty 500": (answering(b"", 500), Reason.UNREACHABLE),
    "half of a JSON text": (answering(b'{"result":{"resu'), Reason.MALFORMED),
    "bytes that are no UTF-8": (answering(b'{"result":"\xff\xfe"}'), Reason.MALFORMED),
    "a body that was cut off": (cut, Reason.MALFORMED),
    "a list": (answering([1, 2]), Reason.MALFORMED),
    "a number": (answering(b"42"), Reason.MALFORMED),
    "neither result nor error": (answering({"time": {}}), Reason.MALFORMED),
    "a result of another type": (answering({"result": "text"}), Reason.MALFORMED),
    "a deep nesting": (answering(b"[" * 100_000), Reason.MALFORMED),
    "a lost connection": (resets, Reason.UNREACHABLE),
    "a redirect": (answering(b"", 302, {"Location": "https://new.example/rest/?auth=secret"}), Reason.REJECTED),
    "a redirect to nowhere": (answering(b"", 302, {"Location": "http://[bad"}), Reason.REJECTED),
    "an expired webhook owner": (error("INVALID_CREDENTIALS", 401), Reason.DENIED),
    "a lapsed plan": (error("ACCESS_DENIED", 401), Reason.DENIED),
    "a deleted portal": (error("PORTAL_DELETED", 500), Reason.DENIED),
    "a wrong argument": (error("ERROR_ARGUMENT", 400), Reason.REJECTED),
    "an unknown word": (error("SOMETHING_NEW", 400), Reason.REJECTED),
    "an unknown word with 403": (error("SOMETHING_NEW", 403), Reason.DENIED),
    "an unknown word with 500": (error("SOMETHING_NEW", 500), Reason.REJECTED),
    "an empty word": (error("", 400), Reason.REJECTED),
    "a word in small letters": (error("access_denied", 400), Reason.DENIED),
    "an internal error": (error("INTERNAL_SERVER_ERROR", 500), Reason.UNREACHABLE),
    "an unexpected answer": (error("ERROR_UNEXPECTED_ANSWER", 500), Reason.UNREACHABLE),
    "an error that is no text": (answering({"error": 7, "error_description": None}, 400), Reason.REJECTED),
    "an error of REST 3": (answering({"error": {"code": "ACCESS_DENIED", "message": "no"}}, 400), Reason.DENIED),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_failure_is_named_by_who_has_to_act_and_the_next_call_works(name: str):
    fault, expected = CASES[name]
    async with fake_portal(faults=[fault], results={"a": 1}) as fake, client(fake) as portal:
        assert (await failure(portal)).reason is expected
        assert await portal("a") == 1


async def test_a_redirect_names_the_new_host_and_nothing_of_its_query():
    fault = CASES["a redirect"][0]
    async with fake_portal(faults=[fault]) as fake, client(fake) as portal:
        told = await failure(portal)
        assert "new.example" in told.detail
        assert "secret" not in told.detail


async def test_a_hanging_portal_is_left_after_the_timeout():
    hang = Hang()
    async with (
        fake_portal(faults=[hang], results={"a": 1}) as fake,
        client(fake, timeout=timedelta(milliseconds=150)) as portal,
    ):
        told = await failure(portal)
        assert (told.reason, told.detail) == (Reason.TIMEOUT, "127.0.0.1 did not answer within 0.15 s")
        assert await portal("a") == 1
        hang.release.set()


async def test_an_address_where_nobody_listens_is_unreachable():
    async with fake_portal() as fake:
        fake.url = f"http://127.0.0.1:{unused_port()}"
        async with client(fake) as portal:
            assert (await failure(portal)).reason is Reason.UNREACHABLE


async def test_an_answer_of_a_hundred_megabytes_is_not_read_to_its_end():
    fault = streaming(b"x" * 1_000_000, 100)
    async with (
        fake_portal(faults=[fault], results={"a": 1}) as fake,
        client(fake, max_answer=4 * 1024 * 1024) as portal,
    ):
        assert await failure(portal) == failures.malformed("the answer is larger than 4 MiB")
        assert await portal("a") == 1


async def test_an_answer_that_unpacks_to_too_much_is_refused():
    packed = gzip.compress(b"0" * 50_000_000)
    fault = answering(packed, 200, {"Content-Encoding": "gzip"})
    async with (
        fake_portal(faults=[fault], results={"a": 1}) as fake,
        client(fake, max_answer=4 * 1024 * 1024) as portal,
    ):
        assert (await failure(portal)).reason is Reason.MALFORMED
        assert await portal("a") == 1


@pytest.mark.parametrize("code", sorted(failures.BY_CODE))
def test_a_known_word_decides_whatever_the_status(code: str):
    told = {failures.by_error(code.upper(), "", status).reason for status in (200, 400, 401, 403, 429, 500, 503)}
    assert told == {failures.BY_CODE[code]}


def test_a_description_becomes_one_short_line():
    assert failures.by_error("ERROR_CORE", "a\n b" + "c" * 500, 400).detail == "a b" + "c" * 197


def test_the_description_of_a_code_that_nobody_documented_is_not_passed_on():
    assert failures.by_error("WHATEVER", "Ivan asks for a discount", 400).detail == ""
    assert failures.by_error("", "Session not found", 400).detail == "Session not found"


@pytest.mark.parametrize(
    "said",
    [
        "REST is available only on commercial plans.",
        "REST API is available only on commercial plans",
        "REST доступен только на коммерческих тарифах",
        "Subscription has been ended",
    ],
)
def test_a_denial_that_speaks_of_the_plan_has_our_word_for_it_beside_the_vendors(said: str):
    told = failures.by_error("ACCESS_DENIED", said, 401)
    assert (told.reason, told.code) == (Reason.DENIED, "ACCESS_DENIED:rest_not_on_plan")


def test_a_denial_of_one_thing_and_another_word_speak_of_no_plan():
    assert failures.by_error("ACCESS_DENIED", "Access denied!", 403).code == "ACCESS_DENIED"
    assert failures.by_error("ERROR_CORE", "only on commercial plans", 400).code == "ERROR_CORE"
    assert failures.by_error("WHATEVER", "only on commercial plans", 400).code == "WHATEVER"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("The access token provided has expired", "The access token provided has expired"),
        ("Method imopenlines.session.history.get not found", "Method imopenlines.session.history.get not found"),
        ("the line 12 of 2026 is closed", "the line 12 of 2026 is closed"),
        ("token 8c3d5a6b0000f7b2006f1b0a00000001000007 is bad", "token *** is bad"),
        ("call +7 (999) 123-45-67 now", "call *** now"),
        ("79991234567", "***"),
        ("ask https://x.example/rest/1/abc/ or /rest/1/abc/x.json", "ask *** or ***"),
        ("write to olga@example.org soon", "write to *** soon"),
        ("a" * 5000, "a" * 200),
    ],
)
def test_a_description_loses_what_is_nobodys_to_know(said: str, told: str):
    assert failures.by_error("ERROR_CORE", said, 400).detail == told


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("ERROR_CORE", "ERROR_CORE"),
        ("Bitrix.Main:not-found", "Bitrix.Main:not-found"),
        ("", ""),
        (100, "100"),
        (None, "unknown_code"),
        (True, "unknown_code"),
        ([], "unknown_code"),
        ({}, "unknown_code"),
        ("Ivan asks", "unknown_code"),
        ("EVIL\n\x1b[31m", "unknown_code"),
        ("ERROR\0CORE", "unknown_code"),
        ("x" * 61, "unknown_code"),
        ("79991234567", "unknown_code"),
        ("8c3d5a6b0000f7b2006f1b0a00000001", "unknown_code"),
    ],
)
def test_a_code_is_a_word_or_it_is_not_told(code: object, word: str):
    assert failures.by_error(code, "x", 400).code == word
