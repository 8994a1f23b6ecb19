"""A first sign of trouble on a portal over HTTP: when it is looked at again, and that this ends."""

from __future__ import annotations

from datetime import timedelta

from monitor.core.incident import IncidentKind
from monitor.sandbox.faults import Fault
from tests.guarantee.audit_parts import WAZZUP, Stand, stand

SOON = timedelta(seconds=2)


def kinds(at: Stand) -> list[IncidentKind]:
    return [one.kind for one in at.watch.state.incidents.values() if one.subject == f"1/{WAZZUP}"]


async def test_a_flag_that_turned_red_is_looked_at_again_soon_and_believed_then() -> None:
    async with stand(guarantee=None) as at:
        await at.polls(2)
        assert at.watch.again() is None
        at.world.set_error(WAZZUP, 1)
        await at.polls(1, every=SOON)
        assert (at.watch.again(), kinds(at)) == (SOON, [])
        await at.polls(1)
        assert (at.watch.again(), kinds(at)) == (None, [IncidentKind.QR_RESCAN_REQUIRED])


async def test_a_sign_that_was_gone_at_the_second_look_is_forgotten() -> None:
    async with stand(guarantee=None) as at:
        await at.polls(2)
        at.world.set_error(WAZZUP, 1)
        await at.polls(1, every=SOON)
        at.world.set_error(WAZZUP, 1, error=False)
        await at.polls(1)
        assert (at.watch.again(), kinds(at)) == (None, [])


async def test_a_portal_that_does_not_answer_the_second_look_is_not_pressed() -> None:
    async with stand(guarantee=None) as at:
        await at.polls(2)
        at.world.set_error(WAZZUP, 1)
        await at.polls(1, every=SOON)
        at.sandbox.inject(Fault(kind="reset"))
        await at.polls(1)
        assert at.watch.state.memory.up is False
        assert at.watch.again() is None


async def test_where_nothing_is_wished_the_second_look_is_the_next_poll() -> None:
    async with stand(guarantee=None, confirm_again=timedelta()) as at:
        await at.polls(2)
        at.world.set_error(WAZZUP, 1)
        await at.polls(1)
        assert at.watch.again() is None
