"""A task whose end is unknown is looked for before it is sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.core.messages import Message
from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.receivers import Receiver
from monitor.receivers import Parcel, receiver_types
from monitor.sandbox.letters import Letters, writing_methods
from monitor.sandbox.presets import furnished
from monitor.shell.clock import Clock

MESSAGE = Message(
    id="0a1b2c3d4e5f", portal="acme", subject="acme: Нет связи", text="Что делать: ждать.", keys=("a/opened",)
)


WORLD = furnished(Clock())
WORK = Receiver(name="work", type="bitrix24", settings={"as": "task", "to": str(min(WORLD.users))})


class Portal:
    """The emulated portal's methods; `deaf`: it does what it is asked, but the answer is lost."""

    def __init__(self) -> None:
        self.letters, self.deaf, self.asked = Letters(), False, list[str]()
        self._methods = writing_methods(self.letters, WORLD)

    async def __call__(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        self.asked.append(method)
        answer = self._methods[method](dict(params or {}))
        if self.deaf:
            raise CallFailed(Failure(reason=Reason.TIMEOUT))
        return answer


async def deliver(portal: Portal, *, again: bool) -> str:
    parcel = Parcel(message=MESSAGE, receiver=WORK, call=portal, again=again)
    return (await receiver_types()["bitrix24"].deliver(parcel)).result


async def test_a_task_whose_answer_was_lost_is_found_and_not_made_twice() -> None:
    portal = Portal()
    portal.deaf = True
    assert await deliver(portal, again=False) == "retried"
    portal.deaf = False
    assert await deliver(portal, again=True) == "delivered"
    assert [one.kind for one in portal.letters.kept] == ["task"]
    assert portal.asked == ["tasks.task.add", "tasks.task.list"]


async def test_a_task_that_never_arrived_is_made_at_the_second_attempt() -> None:
    portal = Portal()
    assert await deliver(portal, again=True) == "delivered"
    assert [one.kind for one in portal.letters.kept] == ["task"]
    assert "[№ 0a1b2c3d4e5f]" in portal.letters.kept[0].text


async def test_a_first_attempt_asks_for_no_list() -> None:
    portal = Portal()
    assert await deliver(portal, again=False) == "delivered"
    assert portal.asked == ["tasks.task.add"]
