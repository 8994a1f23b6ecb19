"""Each key of the file, changed and read again: in force at once, or named as needing a restart. None is swallowed."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest
from reload_parts import (
    ELSEWHERE,
    KEYS,
    PASSWORDS,
    changed,
    daemon_of,
    hook,
    keys_of,
    keys_of_shape,
    own_keys,
    whole,
    works_with,
    written,
)

from monitor.config import load
from monitor.config_restart import in_force
from monitor.secret import Secret
from monitor.shell.clock import Clock

DAY = 86_400.0
RESTART = {
    "web.listen": "127.0.0.1:9461",
    "store.url": "postgresql://monitor@db/other",
    "cluster.name": "two",
    "cluster.shards": 32,
    "cluster.lease": "31s",
    "cluster.url": "https://{name}.elsewhere.example",
    "allow_link_local": ["169.254.7.8"],
}
ONLY_LOADING = {"allow_literal_secrets": True, "allow_plain_http": ["other.example"]}
AT_ONCE = {
    "web.token_file": "another-token-of-16-characters",
    "web.users[0].name": "irina",
    "web.users[0].role": "head",
    "web.users[0].portals": ["beta"],
    "web.users[0].password_hash_file": PASSWORDS[1],
    "web.external_url": "https://other.example",
    "store.key_file": KEYS[1],
    "store.retention.turns": "90d",
    "store.retention.ledger": "90d",
    "store.retention.incidents": "90d",
    "alertmanager.url": ELSEWHERE,
    "heartbeat.url_file": f"{ELSEWHERE}/two",
    "heartbeat.every": "61s",
    "log.format": "console",
    "log.level": "warning",
    "language": "en",
    "defaults.poll": "61s",
    "defaults.timeout": "21s",
    "defaults.history": "15d",
    "defaults.timezone": "Asia/Omsk",
    "defaults.targets.first": "16m",
    "defaults.targets.next": "31m",
    "defaults.confirmations.open": 3,
    "defaults.confirmations.close": 3,
    "defaults.confirmations.again": "3s",
    "defaults.settle": "4m",
    "defaults.audits": "2h",
    "defaults.reminders.early": "31d",
    "defaults.reminders.then": ["15d", "7d", "1d"],
    "portals[0].url": ELSEWHERE,
    "portals[0].auth.client_id": "local.2",
    "portals[0].auth.client_secret_file": "client-secret-2",
    "portals[0].auth.refresh_token_file": "refresh-token-2",
    "portals[0].auth.oauth_url": ELSEWHERE,
    "portals[1].auth.webhook_url_file": hook("two"),
    "portals[0].poll": "61s",
    "portals[0].timeout": "21s",
    "portals[0].history": "15d",
    "portals[0].timezone": "Asia/Omsk",
    "portals[0].targets.first": "16m",
    "portals[0].targets.next": "31m",
    "portals[0].confirmations.open": 3,
    "portals[0].confirmations.close": 3,
    "portals[0].confirmations.again": "3s",
    "portals[0].settle": "4m",
    "portals[0].audits": "2h",
    "portals[0].reminders.early": "31d",
    "portals[0].reminders.then": ["15d", "7d", "1d"],
    "portals[0].rate.per_second": 3,
    "portals[0].rate.burst": 51,
    "portals[0].ca_file": "another certificate",
    "portals[0].head.user_id": 13,
    "portals[0].lines[0].id": 2,
    "portals[0].lines[0].schedule": {"mon-fri": "09:00-18:00", "holidays": "KZ"},
    "portals[0].lines[0].timezone": "Asia/Omsk",
    "portals[0].lines[0].targets.first": "11m",
    "portals[0].lines[0].targets.next": "21m",
    "portals[0].channels[0].connector": "wz2",
    "portals[0].channels[0].line": 2,
    "portals[0].channels[0].messenger": "telegram",
    "portals[0].channels[0].provider": "waha",
    "portals[0].channels[0].account": 3,
    "portals[0].channels[0].phone_holder": 16,
    "portals[0].channels[0].canary.through": "green",
    "portals[0].channels[0].canary.to": "8@c.us",
    "portals[0].channels[0].canary.account": "4",
    "portals[0].channels[0].canary.every": "13h",
    "portals[0].channels[0].canary.wait": "16m",
    "portals[0].maintenance[0].from": "2026-12-30T21:00",
    "portals[0].maintenance[0].to": "2026-12-31T03:00",
    "portals[0].maintenance[0].reason": "cleaning",
    "portals[0].guarantee.option": "documents",
    "portals[0].guarantee.ended": "2026-10-01",
    "portals[0].guarantee.service_price": 50_000,
    "portals[0].guarantee.price": 25_000,
    "portals[0].guarantee.currency": "USD",
    "portals[0].guarantee.review": "15d",
    "portals[0].guarantee.department": 8,
    "portals[0].guarantee.checks": ["queue_staffed"],
    "portals[0].expiries[0].subject": "hosting",
    "portals[0].expiries[0].date": "2026-12-21",
    "portals[0].expiries[0].paid_through_us": False,
    "portals[0].replies.automatic": ["Your message has arrived"],
    "portals[0].replies.canned": ["What can we do for you?"],
    "portals[0].replies.exclude_customers": [991],
    "portals[0].replies.campaigns": ["2026-12-02T10:00"],
    "portals[0].replies.phone_users": [13],
    "portals[0].replies.reaction_ends_turn": True,
    "portals[0].replies.call_ends_turn": False,
    "portals[0].replies.groups_after": "31m",
    "providers[0].instance": "2",
    "providers[0].token_file": "token-2-long",
    "providers[0].url": ELSEWHERE,
    "providers[0].poll": "61s",
    "providers[0].timeout": "21s",
    "providers[0].product": "telegram",
    "providers[0].ca_file": "another certificate",
    "providers[0].partner_token_file": "partner-2",
    "providers[0].partner_url": ELSEWHERE,
    "providers[1].type": "evolution",
    "providers[1].api_key_file": "waha-2-long",
    "receivers[0].name": "chief",
    "receivers[0].as": "task",
    "receivers[0].to": 13,
    "receivers[0].audience": "integrator",
    "receivers[0].portals": ["beta"],
    "receivers[0].language": "en",
    "receivers[0].kinds": ["expired"],
    "receivers[0].hours": "always",
    "receivers[0].via": "alertmanager",
    "receivers[0].digest_at": "10:00",
    "receivers[0].per_day": 21,
    "receivers[1].url_file": "json://127.0.0.1:9/2",
}
# What cannot be changed alone: the start has to fit its end, a type its keys.
YEAR = {"portals[0].guarantee.start": "2026-04-01", "portals[0].guarantee.end": "2027-04-01"}
TOGETHER = {
    "portals[0].name": {
        "portals[0].name": "gamma",
        "web.users[0].portals": ["gamma"],
        "receivers[0].portals": ["gamma"],
    },
    "portals[0].guarantee.start": YEAR,
    "portals[0].guarantee.end": YEAR,
    "providers[0].name": {"providers[0].name": "green-2", "portals[0].channels[0].provider": "green-2"},
    "receivers[1].type": {"receivers[1]": {"name": "duty", "type": "bitrix24"}},
}
SAYS_THE_SAME = {"portals[0].guarantee.term"}  # there is but one term
EVERY = {**{path: {path: value} for path, value in (AT_ONCE | RESTART | ONLY_LOADING).items()}, **TOGETHER}


def general(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path).removesuffix("_file") if "ca_file" not in path else re.sub(r"\d+", "", path)


def test_the_file_of_this_test_says_every_key_there_is(tmp_path: Path) -> None:
    said = {general(path) for path in keys_of(whole(tmp_path))}
    assert said == set(keys_of_shape()) | own_keys()


def test_every_key_is_changed_here(tmp_path: Path) -> None:
    told = {general(path) for path in (*EVERY, *SAYS_THE_SAME)}
    assert told == {general(path) for path in keys_of(whole(tmp_path))}


@pytest.mark.parametrize("key", EVERY)
async def test_a_key_that_changed_is_in_force_or_named_as_needing_a_restart(key: str, tmp_path: Path) -> None:
    tree = whole(tmp_path)
    async with daemon_of(tmp_path, written(tmp_path, tree)) as daemon:
        before = works_with(daemon)
        tree = deepcopy(tree)
        for path, value in EVERY[key].items():
            changed(tree, path, value)
        written(tmp_path, tree)
        done = await daemon.reload()
        after = works_with(daemon)
        ok = daemon.registry.own["messenger_monitor_config_last_reload_successful"][()]
    assert (done.problems, ok) == ((), 1.0)
    if key in RESTART:
        assert (done.needs_restart, after) == ((key,), before)
        return
    assert done.needs_restart == ()
    async with daemon_of(tmp_path, written(tmp_path, tree)) as fresh:
        assert after == works_with(fresh)
    assert (after == before) is (key in ONLY_LOADING)


async def test_what_needs_a_restart_is_named_at_each_reload_and_keeps_nothing_else_back(tmp_path: Path) -> None:
    tree = whole(tmp_path)
    async with daemon_of(tmp_path, written(tmp_path, tree)) as daemon:
        changed(tree, "store.url", "postgresql://monitor@db/other")
        changed(tree, "web.listen", "127.0.0.1:9461")
        changed(tree, "language", "en")
        written(tmp_path, tree)
        for _ in range(2):
            assert (await daemon.reload()).needs_restart == ("web.listen", "store.url")
        assert daemon.language == "en"
        written(tmp_path, whole(tmp_path))
        assert (await daemon.reload()).needs_restart == ()


@pytest.mark.parametrize(("url", "later"), [("http://127.0.0.1:9", None), (None, "http://127.0.0.1:9")])
async def test_alertmanager_may_come_and_go(url: str | None, later: str | None, tmp_path: Path) -> None:
    tree = whole(tmp_path)
    tree["alertmanager"]["url"] = url
    async with daemon_of(tmp_path, written(tmp_path, tree)) as daemon:
        tree["alertmanager"]["url"] = later
        written(tmp_path, tree)
        assert (await daemon.reload()).problems == ()
        assert daemon.pusher._url == (f"{later}/api/v2/alerts" if later else None)


def configs(folder: Path, before: dict[str, object], after: dict[str, object]) -> list[object]:
    """Two files that differ in `web`."""
    loaded = []
    for web in (before, after):
        tree = whole(folder) | {"web": web}
        loaded.append(load(written(folder, tree)))
    return loaded


def test_links_lead_to_where_the_pages_are_until_the_restart(tmp_path: Path) -> None:
    present, new = configs(tmp_path, {"listen": "127.0.0.1:9460"}, {"listen": "127.0.0.1:9999"})
    config, needs = in_force(new, present)  # type: ignore[arg-type]  # both are configurations
    assert needs == ("web.listen",)
    assert config.web.external_url == "http://127.0.0.1:9460"
    assert {one.policy.pages for one in config.portals} == {"http://127.0.0.1:9460"}


def test_an_address_for_people_that_the_file_names_is_in_force_at_once(tmp_path: Path) -> None:
    new_web = {"listen": "127.0.0.1:9999", "external_url": "https://monitor.example"}
    present, new = configs(tmp_path, {"listen": "127.0.0.1:9460"}, new_web)
    config, _ = in_force(new, present)  # type: ignore[arg-type]  # both are configurations
    assert {one.policy.pages for one in config.portals} == {"https://monitor.example"}


@pytest.mark.parametrize("token", [None, "short"])
def test_a_process_that_listens_to_the_network_is_not_left_without_a_token(tmp_path: Path, token: str | None) -> None:
    (tmp_path / "long").write_text("web-token-of-16-characters")
    (tmp_path / "short").write_text("tiny")
    closed = {"listen": "127.0.0.1:9460"} | ({"token_file": str(tmp_path / token)} if token else {})
    present, new = configs(tmp_path, {"listen": "0.0.0.0:9460", "token_file": str(tmp_path / "long")}, closed)
    config, needs = in_force(new, present)  # type: ignore[arg-type]  # both are configurations
    assert needs == ("web.listen", "web.token")
    assert config.web.token == Secret("web-token-of-16-characters")


@pytest.mark.parametrize("gone", ["before", "after"])
def test_sharing_begins_and_ends_with_a_restart(tmp_path: Path, gone: str) -> None:
    tree = whole(tmp_path)
    with_it = load(written(tmp_path, tree))
    del tree["cluster"]
    without = load(written(tmp_path, tree))
    present, new = (without, with_it) if gone == "before" else (with_it, without)
    config, needs = in_force(new, present)
    assert (config.cluster, needs) == (present.cluster, ("cluster",))


async def test_of_a_portal_that_the_file_names_no_more_no_answer_is_remembered(tmp_path: Path) -> None:
    keys = whole(tmp_path)
    keys["portals"].append({**deepcopy(keys["portals"][0]), "name": "acme-2"})
    async with daemon_of(tmp_path, written(tmp_path, keys)) as daemon:
        ground = object()
        made = {name: daemon._recall.once((name, "flags told"), ground, object) for name in ("acme", "acme-2")}
        keys["portals"].pop()
        written(tmp_path, keys)
        assert not (await daemon.reload()).problems
        assert daemon._recall.once(("acme", "flags told"), ground, object) is made["acme"]
        assert daemon._recall.once(("acme-2", "flags told"), ground, object) is not made["acme-2"]


async def test_when_the_file_was_taken_is_told_by_the_daemons_one_clock(tmp_path: Path) -> None:
    then = datetime(2026, 3, 2, 8, tzinfo=UTC)
    async with daemon_of(tmp_path, written(tmp_path, whole(tmp_path)), Clock(600, then)) as daemon:
        text = await daemon.exposition.render()
    name = "messenger_monitor_config_last_reload_success_timestamp_seconds"
    (told,) = re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert 0 <= float(told) - then.timestamp() < DAY
