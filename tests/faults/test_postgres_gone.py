"""PostgreSQL falls and comes back under the daemon: one clear sentence, nothing lost, nothing doubled."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import stage

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("pg")]


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
        secret = self.folder / "secret"
        secret.write_text("hunter2")
        secret.chmod(0o644)
        self.run("initdb", "-A", "scram-sha-256", f"--pwfile={secret}", "-U", "keeper", "--locale=C.UTF-8")
        self.url = f"postgresql://keeper:hunter2@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        as_user = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        words = [*as_user, str(self.programs / program), "-D", str(self.folder / "db"), *arguments]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.start()
    yield made
    made.stop()


async def test_a_database_that_falls_and_comes_back_loses_nothing(server: Server, tmp_path: Path) -> None:
    async with stage(tmp_path, store=server.url) as one:
        assert await one.start()
        one.customer("A")
        await one.minute()
        await one.minute()
        server.stop()
        one.customer("B", "max")
        one.answer("A")
        await one.minute()
        await one.minute()
        assert one.daemon is None
        assert all("hunter2" not in text for text in one.seen)
        assert any("start PostgreSQL or correct store.url" in text for text in one.seen), one.seen
        server.start()
        for _ in range(3):
            await one.minute()
        assert one.is_well
        assert one.store is not None
        turns = await one.store.turns("acme")
        assert len(turns) == 2
        assert sum(turn.ended_by > 0 for turn in turns) == 1
        assert one.state is not None
        assert sum(channel.received for channel in one.state.channels.values()) == 2
        assert one.sandbox.oauth.dead_refresh_uses == 0
