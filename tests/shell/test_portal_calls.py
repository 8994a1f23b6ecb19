"""Calls of one tick leave together and are answered one by one."""

from __future__ import annotations

import asyncio

import pytest
from portal_parts import HOOK, LOST, Hang, client, error, fake_portal, pairs

from monitor.core.model import CallFailed, Reason
from monitor.shell.batch import HISTORY

STATUS = "imconnector.status"


async def reason(call: object) -> Reason:
    with pytest.raises(CallFailed) as caught:
        await call  # type: ignore[misc]  # any awaitable of the portal
    return caught.value.failure.reason


async def test_calls_of_probes_side_by_side_cost_one_request():
    async with fake_portal(results={STATUS: True, "server.time": "now"}) as fake, client(fake) as portal:

        async def one_probe() -> list[object]:
            return await asyncio.gather(*(portal(STATUS, {"LINE": line}) for line in range(12)))

        async with asyncio.TaskGroup() as group:
            probes = [group.create_task(one_probe()), group.create_task(portal("server.time"))]
        assert probes[1].result() == "now"
        assert portal.usage.requests == 1
        assert portal.usage.commands == 13
        assert pairs(fake.commands()[3]) != pairs(fake.commands()[4])


async def test_a_single_call_is_a_batch_too():
    async with fake_portal(results={"server.time": "now"}) as fake, client(fake) as portal:
        assert await portal("server.time") == "now"
        assert fake.batches == [{"c0": "server.time"}]
        assert fake.bodies[0]["halt"] == 0


async def test_only_questions_that_are_asked_again_and_again_are_remembered():
    async with fake_portal(results={"a": 1, "b": 2}) as fake, client(fake) as portal:
        lasting = (("a", {"ID": 1}),)
        for number in range(3):
            assert await portal.together([lasting, [("b", {"ID": number})]]) == [[1], [2]]
        assert [commands["c1"] for commands in fake.batches] == ["b?ID=0", "b?ID=1", "b?ID=2"]
        assert list(portal._asked_before) == [0]


async def test_each_caller_gets_the_answer_to_its_own_question():
    async with fake_portal(results={"a": 1, "b": 2}) as fake, client(fake) as portal:
        assert await asyncio.gather(portal("a"), portal("b"), portal("a")) == [1, 2, 1]


async def test_sixty_histories_leave_in_six_batches_one_after_another():
    async with fake_portal(results={HISTORY: {}, STATUS: True}) as fake, client(fake) as portal:
        histories = [portal(HISTORY, {"SESSION_ID": number}) for number in range(60)]
        await asyncio.gather(*histories, portal(STATUS))
        assert [len(commands) for commands in fake.batches] == [11, 10, 10, 10, 10, 10]


async def test_a_failed_command_is_its_own_affair():
    results = {"good": 0, "bad": {"error": "ACCESS_DENIED", "error_description": ""}, "lost": LOST}
    async with fake_portal(results=results) as fake, client(fake) as portal:
        told = await asyncio.gather(
            portal("good"), reason(portal("bad")), reason(portal("lost")), reason(portal("unknown"))
        )
        assert told == [0, Reason.DENIED, Reason.MALFORMED, Reason.REJECTED]


async def test_a_failed_request_is_everyones():
    async with fake_portal(faults=[error("PORTAL_DELETED", 403)]) as fake, client(fake) as portal:
        assert await asyncio.gather(*(reason(portal(STATUS)) for _ in range(3))) == [Reason.DENIED] * 3


async def test_a_dead_portal_is_asked_once_for_all_batches_of_a_tick():
    async with (
        fake_portal(faults=[error("INTERNAL_SERVER_ERROR", 500)], results={STATUS: 1}) as fake,
        client(fake) as portal,
    ):
        told = await asyncio.gather(*(reason(portal(STATUS)) for _ in range(120)))
        assert told == [Reason.UNREACHABLE] * 120
        assert portal.usage.requests == 1
        assert await portal(STATUS) == 1


async def test_when_the_one_who_sends_gives_up_the_others_are_still_answered():
    hang = Hang()
    async with fake_portal(faults=[hang], results={"a": 1, "b": 2}) as fake, client(fake) as portal:
        first = asyncio.ensure_future(portal("a"))
        second = asyncio.ensure_future(portal("b"))
        await hang.arrived.wait()
        first.cancel()
        assert await second == 2
        assert fake.batches == [{"c0": "b"}]
        hang.release.set()


async def test_questions_asked_during_a_request_leave_together_when_it_has_ended():
    hang = Hang()
    async with fake_portal(faults=[hang], results={"a": 1}) as fake, client(fake) as portal:
        first = asyncio.ensure_future(reason(portal("a")))
        await hang.arrived.wait()
        later = [asyncio.ensure_future(portal("a")) for _ in range(2)]
        for _ in range(20):
            await asyncio.sleep(0)
        later.append(asyncio.ensure_future(portal("a")))
        for _ in range(20):
            await asyncio.sleep(0)
        assert portal.usage.requests == 1
        hang.release.set()
        assert await first is Reason.MALFORMED
        assert await asyncio.gather(*later) == [1, 1, 1]
        assert portal.usage.requests == 2


async def test_a_question_nobody_waits_for_is_not_sent():
    async with fake_portal(results={"a": 1, "b": 2}) as fake, client(fake) as portal:
        first, second = asyncio.ensure_future(portal("a")), asyncio.ensure_future(portal("b"))
        await asyncio.sleep(0)
        second.cancel()
        assert await first == 1
        assert fake.batches == [{"c0": "a"}]


async def test_the_whole_answer_tells_what_a_method_costs():
    times = {"a": {"operating": 2.5}, "batch": {"operating": 0.7}}
    async with fake_portal(results={"a": []}, times=times) as fake, client(fake) as portal:
        assert await portal("a") == []
        assert portal.usage.operating == {"a": 2.5, "batch": 0.7}
        assert portal.usage.seconds > 0


async def test_a_webhooks_path_carries_the_secret_and_the_body_does_not():
    async with fake_portal(results={"a": 1}) as fake, client(fake) as portal:
        await portal("a")
        assert HOOK not in str(fake.bodies)
        assert "auth" not in fake.bodies[0]
