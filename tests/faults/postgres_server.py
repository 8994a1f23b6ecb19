"""Debian's PostgreSQL in a scratch folder: stopped at once, started again, failed over."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


class Server:
    """Debian's PostgreSQL with a password, in a scratch folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gone-"))
        self.programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.beside = 0  # the port of its standby
        secret = self.folder / "secret"
        secret.write_text("hunter2")
        secret.chmod(0o644)
        self.run("initdb", "-A", "scram-sha-256", f"--pwfile={secret}", "-U", "keeper", "--locale=C.UTF-8")
        self.url = f"postgresql://keeper:hunter2@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str, db: str = "db") -> None:
        as_user = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        words = [*as_user, str(self.programs / program), "-D", str(self.folder / db), *arguments]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def start(self) -> None:
        self._start("db", self.port)

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")

    def stand_still(self) -> None:
        """Neither answers nor hangs up."""
        for number in self._processes():
            os.kill(number, signal.SIGSTOP)

    def go_on(self) -> None:
        for number in self._processes():
            os.kill(number, signal.SIGCONT)

    def _processes(self) -> list[int]:
        first = int((self.folder / "db" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def follow(self) -> None:
        """A standby beside it, without which no commit is acknowledged."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.beside = int(free.getsockname()[1])
        source = f"host=127.0.0.1 port={self.port} user=keeper password=hunter2 application_name=beside"
        self.run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-d", source, db="standby")
        self._start("standby", self.beside)
        self.say("ALTER SYSTEM SET synchronous_standby_names = 'beside'", "SELECT pg_reload_conf()")

    def take_over(self) -> None:
        """The standby is promoted, and listens where the dead one did."""
        self.run("pg_ctl", "-w", "promote", db="standby")
        self.run("pg_ctl", "-w", "-m", "fast", "stop", db="standby")
        (self.folder / "db").rename(self.folder / "dead")
        (self.folder / "standby").rename(self.folder / "db")
        with (self.folder / "db" / "postgresql.auto.conf").open("a") as settings:
            settings.write("synchronous_standby_names = ''\n")  # it stands alone from now on
        self.start()

    def _start(self, db: str, port: int) -> None:
        options = f"-p {port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-l", str(self.folder / f"{db}.log"), "-o", options, "start", db=db)

    def say(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def fail_over(self) -> None:
        """Every session is cut off, and what answers now is a standby that takes no writes."""
        self.say(
            "ALTER SYSTEM SET default_transaction_read_only = on",
            "SELECT pg_reload_conf()",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL",
        )

    def promote(self) -> None:
        """The standby is the primary from now on."""
        self.say("SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only")
        self.say("SELECT pg_reload_conf()")


@contextmanager
def served() -> Iterator[Server]:
    made = Server()
    made.start()
    try:
        yield made
    finally:
        made.stop()
