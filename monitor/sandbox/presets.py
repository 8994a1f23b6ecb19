"""Ready-made portals: quiet, busy, and the one of the demo."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.sandbox.clock import Now
from monitor.sandbox.life import Habit, Life
from monitor.sandbox.records import Department
from monitor.sandbox.world import World

CONNECTORS = (
    ("wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9", "WAZZUP: WhatsApp"),
    ("telegrambot", "Telegram"),
    ("max", "MAX"),
    ("whatsappbyedna", "edna WhatsApp"),
)
PEOPLE = (
    (12, "Анна", "Петрова", Habit(6)),
    (15, "Олег", "Смирнов", Habit(18, transfers=0.1)),
    (18, "Мария", "Иванова", Habit(9)),
    (21, "Павел", "Кузнецов", Habit(35, silent=0.1, closes_unanswered=0.08)),
    (24, "Елена", "Соколова", Habit(12)),
)
OFFICE = {"WORKTIME_ENABLE": "Y", "WORKTIME_FROM": "9", "WORKTIME_TO": "18", "WORKTIME_DAYOFF": ["SA", "SU"]}


def furnished(clock: Now, *, lines: int = 1, connectors: int = 4, managers: int = 5, hours: bool = True) -> World:
    """Lines, connectors, a department with its head; nobody has written yet."""
    world = World(clock)
    world.departments = {1: Department(1, "Компания", head=1), 7: Department(7, "Продажи", parent=1, head=5)}
    world.add_user(1, "Монитор")
    world.add_user(5, "Ирина", "Орлова", department=7)
    world.add_user(90, "Помощник", bot=True, department=7)
    for number, name, last_name, _ in PEOPLE[:managers]:
        world.add_user(number, name, last_name, department=7)
    queue = [str(number) for number, *_ in PEOPLE[:managers]]
    for line in range(1, lines + 1):
        world.add_line(line, f"Линия {line}", QUEUE=queue, **(OFFICE if hours else {}))
        for connector, title in CONNECTORS[:connectors]:
            world.connect(connector, line, title)
    return world


def quiet(clock: Now, *, lines: int = 3, connectors: int = 4, idle: int = 200) -> World:
    """Open sessions in which everything has been answered."""
    world = furnished(clock, lines=lines, connectors=connectors, hours=False)
    for index in range(idle):
        connector = CONNECTORS[index % connectors][0]
        dialog = world.customer_writes(connector, 1 + index % lines, world.add_customer())
        world.operator_writes(dialog, PEOPLE[index % len(PEOPLE)][0])
    return world


def living(
    clock: Now, *, seed: int, lines: int = 1, connectors: int = 3, per_day: float = 12.0, days: float = 3
) -> Life:
    """A portal with a past of some days and a life that goes on."""
    world = furnished(clock, lines=lines, connectors=connectors)
    channels = tuple((connector, line) for line in range(1, lines + 1) for connector, _ in CONNECTORS[:connectors])
    start: datetime = clock.now() - timedelta(days=days)
    habits = {number: habit for number, _, _, habit in PEOPLE}
    life = Life(world=world, seed=seed, start=start, per_day=per_day, channels=channels, habits=habits)
    life.advance(clock.now())
    return life
