"""A portal where to dialogs everything happens that may: moved, passed on, marked as spam, thanked for, undelivered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.life import Life
from monitor.sandbox.presets import CONNECTORS, PEOPLE, furnished
from monitor.sandbox.records import Dialog

THANKS = ("спасибо", "ок", "Спасибо!")
BOT = 90


class Wild(Life):
    """Beside the usual life, so many times an hour something befalls one of the open dialogs."""

    per_hour = 10.0

    def begin(self) -> None:
        self._plan(self.start + timedelta(minutes=1), self._befall)

    def _befall(self) -> None:
        self._later(self._random.expovariate(self.per_hour / 60), self._befall)
        open_ones = [one for one in self.world.dialogs.values() if one.closed is None]
        if open_ones:
            dialog = self._random.choice(open_ones)
            user = self._random.choice([one for one in self.world.queue(dialog.line) if one in self.habits])
            self._random.choice(self._acts(dialog, user))()

    def _acts(self, dialog: Dialog, user: int) -> list[Callable[[], object]]:
        world, luck = self.world, self._random
        place = (dialog.connector, dialog.line)

        def says(text: str) -> Callable[[], object]:
            return lambda: world.customer_writes(*place, dialog.customer, text)

        acts: list[Callable[[], object]] = [
            says(f"Вопрос {luck.random()}?"),
            says(luck.choice(THANKS)),
            says("[like]"),
            lambda: world.whisper(dialog, user),
            lambda: world.automatic(dialog, "Спасибо за обращение, оператор ответит вам в рабочее время"),
            lambda: world.operator_writes(dialog, user, f"Ответ {luck.random()}"),
            lambda: world.operator_writes(dialog, user, f"Ответ {luck.random()}", delivery="failed"),
            lambda: world.close(dialog),
            lambda: world.close(dialog, status=65),
            lambda: world.operator_starts(*place, world.add_customer(), user, f"Здравствуйте {luck.random()}"),
        ]
        if dialog.accepted:
            return [*acts, lambda: world.transfer(dialog, user), lambda: world.return_to_queue(dialog)]
        taken = [lambda: world.pass_on(dialog, user), lambda: world.bot_writes(dialog, BOT)]
        return [*acts, *taken, lambda: world.operator_accepts(dialog, user)]


def wild(clock: SandboxClock, seed: int, per_day: float) -> Wild:
    """With a day of a past."""
    start: datetime = clock.now() - timedelta(days=1)
    channels = tuple((connector, 1) for connector, _ in CONNECTORS[:3])
    habits = {number: habit for number, _, _, habit in PEOPLE}
    world = furnished(clock, connectors=3)
    life = Wild(world=world, seed=seed, start=start, per_day=per_day, channels=channels, habits=habits)
    life.begin()
    life.advance(clock.now())
    return life
