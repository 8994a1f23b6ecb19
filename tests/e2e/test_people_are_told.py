"""Real mail, and the emulated portal's people: each message arrives once, whatever happens to the daemon meanwhile."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from e2e_parts import COMMAND, eventually, get, get_json, post_json, running, secret_file
from e2e_stage import Stage

from tests.mail_server import MailServer

pytestmark = pytest.mark.real

LINE, TELEGRAM = 1, "telegrambot"
HEAD = 12
QR = {"kinds": ["channel_down", "qr_rescan_required"], "hours": "always"}


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's word
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


class Post(MailServer):
    """With all that it took."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        super().__init__(self.mailbox)


@pytest.fixture
def post() -> Iterator[Post]:
    server = Post()
    yield server
    server.down()


def letters(stage: Stage) -> list[dict[str, Any]]:
    return list(get_json(f"{stage.portal['url']}/_control/letters"))


def act(stage: Stage, name: str, **arguments: Any) -> None:
    post_json(f"{stage.portal['url']}/_control/{name}", arguments)


def notifications(url: str) -> dict[tuple[str, str], float]:
    rows = re.findall(r"messenger_notifications_total\{(.*)\} (\S+)", get(f"{url}/metrics"))
    told = [(dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(count)) for labels, count in rows]
    return {(labels["receiver"], labels["result"]): count for labels, count in told}


def receivers(stage: Stage, post: Post) -> list[dict[str, Any]]:
    mail = secret_file(stage.folder, "mail", post.address)
    return [
        {"name": "note", "type": "bitrix24", "as": "notify", "audience": "integrator", "to": HEAD, **QR},
        {"name": "chat", "type": "bitrix24", "as": "message", "audience": "integrator", "to": HEAD, **QR},
        {"name": "work", "type": "bitrix24", "as": "task", "audience": "integrator", "to": HEAD, **QR},
        {"name": "mail", "type": "apprise", "url_file": mail, "audience": "integrator", "language": "en", **QR},
        {"name": "wall", "type": "bitrix24", "as": "message", "audience": "integrator", "to": 99999, **QR},
    ]


def test_each_receiver_gets_one_copy_over_lost_answers_kills_and_a_mail_server_that_is_down(
    stage: Stage, post: Post
) -> None:
    stage.sandbox()
    config = stage.config(
        portal={"poll": "1s", "confirmations": {"open": 1, "close": 1}, "settle": "0s"},
        receivers=receivers(stage, post),
    )
    act(stage, "inject", kind="lost", method="im.message.add", times=1)
    daemon = stage.daemon(config)
    eventually(lambda: "messenger_channel_up{" in get(f"{daemon.url}/metrics"), within=30)
    act(stage, "set_error", connector=TELEGRAM, line=LINE)
    eventually(lambda: len(letters(stage)) == 3, within=30, why="note, chat and task")
    eventually(lambda: notifications(daemon.url).get(("mail", "retried"), 0) >= 1, within=20)
    eventually(lambda: notifications(daemon.url).get(("wall", "refused"), 0) == 1, within=20, why="given up at once")
    daemon.kill()

    post.up()
    for _ in range(2):
        again = stage.start_daemon(config)
        with running(again, "/healthz"):
            eventually(lambda: len(post.mailbox.letters) >= 1, within=40, why="what was kept is sent after the kill")
        again.process.wait(20)

    (letter,) = post.mailbox.letters
    assert letter["Subject"].startswith("acme: ")
    assert "What to do:" in letter.get_content()
    assert letter["X-Entity-Ref-ID"]
    kinds = sorted((row["kind"], row["user"], row["arrived"]) for row in letters(stage))
    assert kinds == [("message", HEAD, 1), ("notify", HEAD, 1), ("task", HEAD, 1)]
    shown = next(row["text"] for row in letters(stage) if row["kind"] == "message")
    assert "Что делать:" in shown
    assert re.search(r"\(?№ [0-9a-f]{12}", shown)
    log = (stage.folder / "daemon.log").read_text()
    assert post.address not in log
    assert "notice.given_up" in log


def test_alertmanagers_webhook_reaches_the_head_once(stage: Stage, post: Post) -> None:
    stage.sandbox()
    config = stage.config(
        receivers=[{"name": "head", "type": "bitrix24", "to": HEAD, "via": "alertmanager"}],
    )
    daemon = stage.daemon(config)
    eventually(lambda: "messenger_channel_up{" in get(f"{daemon.url}/metrics"), within=30)
    alert = {
        "status": "firing",
        "labels": {"alertname": "NoReply", "portal": "acme", "audience": "head", "manager": "12"},
        "annotations": {"summary": "Клиенту не ответили", "recommendation": "Ответить."},
        "startsAt": "2026-03-02T06:00:00Z",
        "fingerprint": "f1",
    }
    kept = [post_json(f"{daemon.url}/hooks/alertmanager", {"version": "4", "alerts": [alert]}) for _ in range(3)]
    assert kept == [{"kept": 1}, {"kept": 0}, {"kept": 0}]
    (letter,) = eventually(lambda: letters(stage), within=20)
    assert letter["text"] == "[B]acme: Клиенту не ответили[/B]\nЧто делать: Ответить."


def test_a_review_makes_itself_at_its_rhythm_and_reaches_the_head_in_the_morning(stage: Stage) -> None:
    clock = ("--clock-rate", "4000", "--clock-start", "2026-03-02T08:00:00+03:00")  # a Monday
    stage.sandbox(*clock, "--per-second", "1000", "--burst", "10000")
    guarantee = {"start": "2026-03-02", "review": "1d", "service_price": 60000}
    config = stage.config(
        portal={"guarantee": guarantee, "rate": {"per_second": 1000, "burst": 10000}},
        receivers=[{"name": "head", "type": "bitrix24", "to": HEAD}],
    )
    daemon = stage.daemon(config, *clock)
    link = f"{daemon.url}/portals/acme/reviews"
    eventually(lambda: get(f"{link}/2"), within=90, why="two days are over")
    assert "Отчёт № 2" in get(f"{link}/2")
    sent = eventually(lambda: [row for row in letters(stage) if "Отчёт № 1" in row["text"]], within=60)
    assert [row["arrived"] for row in sent] == [1]
    assert "Канал жив?" in sent[0]["text"]
    told = subprocess.run(
        [*COMMAND, "reviews", "-c", str(config), "--portal", "acme"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert re.search(r"^1: 2026-03-02\.\.2026-03-03, made 2026-03-0\d .* checksum [0-9a-f]{16}$", told.stdout, re.M)
