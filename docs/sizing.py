"""What 100,000 portals need: the products of a few figures, written into docs/scaling.md in both languages.

The figures that `make bench` measures are read from the last table of docs/performance.md, the others stand here: after
a new table nothing is to be typed, `python -m docs.build` writes the products anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

PERFORMANCE = Path(__file__).parent / "performance.md"
BEGIN, END = "<!-- Made by `python -m docs.build` from docs/sizing.py. -->\n", "<!-- Its end. -->\n"

PORTALS, PROCESSES, SHARDS = 100_000, 10, 256
POLL, WRITTEN = 60, 300  # seconds between two polls; between two transactions of a portal where nothing moves
BUSY = 0.01  # of the portals have sessions that moved, as in the fleet of the benchmark
REQUESTS_CALM, REQUESTS_BUSY = 1.0, 3.0
TLS_MS = 1.9  # CPU of a handshake, measured apart
BARE_MB = 100  # a process without a portal
SERIES = 70  # of a small portal; one of 12 channels has about 250 and its histograms
SERIES_BYTES = 100  # in a scrape, before gzip
BUSY_PORTALS, TURNS_A_YEAR = 1_000, 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of the last table. Milliseconds of CPU a poll with its share of a scrape every 15 s; of a fenced transaction."""

    poll_ms: float
    portal_kb: float
    written_ms: float


def measured(page: str) -> Measured:
    def row(name: str, figure: str) -> float:
        found = re.search(rf"^\| {re.escape(name)} \|.*?{figure}", page, re.MULTILINE)
        if found is None:
            raise ValueError(f"{PERFORMANCE.name}: there is no row `{name}` with its figure")
        return float(found[1])

    fleet = "10,000 portals / 60 s"
    return Measured(
        poll_ms=row(f"{fleet}: CPU of one core", r"([\d.]+) ms a poll"),
        portal_kb=row(f"{fleet}: memory a portal", r" ([\d.]+) kB"),
        written_ms=row("PostgreSQL: a poll of 10 moved sessions, fenced", r" ([\d.]+) ms"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Of all portals together. Cores, gigabytes and figures a second; `takeover`: shards that change hands."""

    polls: float
    requests: float
    requests_each: float  # of a process, and so of its address
    cores: float
    share: float  # of one core, of one process
    tls_cores: float
    memory: float
    calm_writes: float
    database_calm: float
    database_most: float
    series_millions: float
    scrape_series: int
    scrape_mb: float
    shard: int
    takeover: int
    takeover_of_three: int
    turns_millions: float


def needs(one: Measured) -> Needs:
    polls, calm_writes = PORTALS / POLL, PORTALS / WRITTEN
    requests = polls * requests_a_poll()
    cores = polls * one.poll_ms / 1000
    return Needs(
        polls=polls,
        requests=requests,
        requests_each=requests / PROCESSES,
        cores=cores,
        share=cores / PROCESSES,
        tls_cores=polls * TLS_MS / 1000,
        memory=(PORTALS * one.portal_kb / 1000 + PROCESSES * BARE_MB) / 1000,
        calm_writes=calm_writes,
        database_calm=calm_writes * one.written_ms / 1000,
        database_most=polls * one.written_ms / 1000,
        series_millions=PORTALS * SERIES / 1e6,
        scrape_series=PORTALS // PROCESSES * SERIES,
        scrape_mb=PORTALS / PROCESSES * SERIES * SERIES_BYTES / 1e6,
        shard=PORTALS // SHARDS,
        takeover=ceil(SHARDS / PROCESSES),
        takeover_of_three=SHARDS // 3,
        turns_millions=BUSY_PORTALS * TURNS_A_YEAR / 1e6,
    )


def requests_a_poll() -> float:
    return (1 - BUSY) * REQUESTS_CALM + BUSY * REQUESTS_BUSY


def block(language: str) -> str:
    one = measured(PERFORMANCE.read_text())
    return f"{BEGIN}\n{_BLOCKS[language](one, needs(one))}\n{END}"


def put(page: str, language: str) -> str:
    """The page with its block written anew."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{block(language)}{rest.partition(END)[2]}"


def _english(one: Measured, all_: Needs) -> str:
    return f"""\
| | for one portal | for {PORTALS:,} |
|---|---|---|
| polls | one in {POLL} s | {all_.polls:,.0f} a second |
| requests to Bitrix24 | {requests_a_poll():.2f} a poll ({REQUESTS_CALM:.0f} a calm one, {REQUESTS_BUSY:.0f} a busy one, one portal in {1 / BUSY:.0f} busy); a portal allows 2 a second | {all_.requests:,.0f} a second, about {all_.requests_each:.0f} from each address |
| CPU | {one.poll_ms:.2f} ms a poll, with a scrape every 15 s | {all_.cores:.1f} cores: {PROCESSES} processes at {all_.share:.0%} of a core |
| TLS | {TLS_MS} ms for each connection that a portal closes | up to {all_.tls_cores:.1f} cores more |
| memory | {one.portal_kb:.0f} kB | {all_.memory:.1f} GB, with {BARE_MB} MB for each process |
| transactions | one in {WRITTEN // 60} minutes when nothing moves, one a poll while something does | {all_.calm_writes:,.0f} to {all_.polls:,.0f} a second |
| PostgreSQL | {one.written_ms:.1f} ms for a poll of ten moved sessions | {all_.database_calm:.1f} cores where nothing moves, {all_.database_most:.1f} where everything does; 6 connections a process |
| rows of replies | {TURNS_A_YEAR:,} a year, if busy | {all_.turns_millions:,.0f} million a year with {BUSY_PORTALS:,} busy portals: retention, or partitions by month |
| series in Prometheus | about {SERIES}; 250 and histograms, if busy | {all_.series_millions:.0f} million |
| one scrape | | {all_.scrape_series:,} series a process, {all_.scrape_mb:.0f} MB before gzip (20:1): every 60 s |
| shards | | {SHARDS}, one of them {all_.shard} portals; a takeover is {all_.takeover} shards with {PROCESSES} processes, {all_.takeover_of_three} with three |
"""


def _russian(one: Measured, all_: Needs) -> str:
    return f"""\
| | на портал | на {_thousands(PORTALS)} |
|---|---|---|
| опросы | один в {POLL} с | {_thousands(all_.polls)} в секунду |
| запросы к Битрикс24 | {_comma(requests_a_poll(), 2)} на опрос ({REQUESTS_CALM:.0f} спокойный, {REQUESTS_BUSY:.0f} занятый, занят каждый {1 / BUSY:.0f}-й портал); портал разрешает 2 в секунду | {_thousands(all_.requests)} в секунду, около {all_.requests_each:.0f} с каждого адреса |
| процессор | {_comma(one.poll_ms, 2)} мс на опрос, вместе со сбором метрик раз в 15 с | {_comma(all_.cores)} ядра: {PROCESSES} процессов по {all_.share * 100:.0f} % ядра |
| TLS | {_comma(TLS_MS)} мс на каждое соединение, которое портал закрыл | ещё до {_comma(all_.tls_cores)} ядра |
| память | {one.portal_kb:.0f} кБ | {_comma(all_.memory)} ГБ вместе со {BARE_MB} МБ на каждый процесс |
| транзакции | одна в {WRITTEN // 60} минут, пока ничего не меняется, и одна на опрос, когда меняется | от {_thousands(all_.calm_writes)} до {_thousands(all_.polls)} в секунду |
| PostgreSQL | {_comma(one.written_ms)} мс на опрос с десятью диалогами | {_comma(all_.database_calm)} ядра, где ничего не меняется, {_comma(all_.database_most)}, где меняется всё; 6 соединений на процесс |
| строки ответов | {_thousands(TURNS_A_YEAR)} в год у занятого | {_thousands(all_.turns_millions)} миллионов в год при {_thousands(BUSY_PORTALS)} занятых порталов: сроки хранения или разделы по месяцам |
| ряды в Prometheus | около {SERIES}; у занятого 250 и гистограммы | {all_.series_millions:.0f} миллионов |
| один сбор метрик | | {_thousands(all_.scrape_series)} рядов с процесса, {all_.scrape_mb:.0f} МБ до gzip (20:1): раз в 60 с |
| доли | | {SHARDS}, в одной {all_.shard} порталов; при {PROCESSES} процессах переходят {all_.takeover} долей, при трёх {all_.takeover_of_three} |
"""


_BLOCKS: dict[str, Callable[[Measured, Needs], str]] = {"en": _english, "ru": _russian}


def _comma(figure: float, places: int = 1) -> str:
    return f"{figure:.{places}f}".replace(".", ",")


def _thousands(figure: float) -> str:
    return f"{figure:,.0f}".replace(",", " " if figure >= 10_000 else "")
