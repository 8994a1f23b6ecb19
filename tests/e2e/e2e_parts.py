"""The real parts on loopback: each started on a free port with a scratch folder, stopped by its pid."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
# On a machine with other work all takes longer. What holds is seen at once; what never does fails so much later.
PATIENCE = 5
COMMAND = [sys.executable, "-m", "monitor"]
RECORDED = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules" / "recorded.yml"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def get(url: str, timeout: float = 5.0 * PATIENCE) -> str:
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return str(answer.read().decode())


def get_json(url: str) -> Any:
    return json.loads(get(url))


def post_json(url: str, body: object) -> Any:
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10 * PATIENCE) as answer:
        return json.loads(answer.read() or b"null")


def eventually(what: Callable[[], T], *, within: float, why: str = "") -> T:
    """The first true outcome of `what`; connection errors count as not yet. `within`: seconds on a machine at rest."""
    end = time.monotonic() + within * PATIENCE
    last: object = None
    while time.monotonic() < end:
        try:
            last = what()
        except (urllib.error.URLError, ConnectionError, TimeoutError, KeyError, IndexError) as error:
            last = error
        else:
            if last:
                return last  # type: ignore[return-value]  # truthy here
        time.sleep(0.1)
    raise AssertionError(f"not within {within * PATIENCE} s: {why or what}; last: {last!r}")


@dataclass
class Running:
    """One started process."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10 * PATIENCE)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20 * PATIENCE)

    def output(self) -> str:
        return self.log.read_text(errors="replace")


def launch(command: list[str], log: Path, url: str, env: dict[str, str] | None = None) -> Running:
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **(env or {})})
    return Running(process=process, url=url, log=log)


@contextmanager
def running(part: Running, ready: str | None = None, within: float = 20.0) -> Iterator[Running]:
    def is_ready() -> bool:
        assert part.process.poll() is None, f"{part.process.args} has ended: {part.output()[-2000:]}"
        get(part.url + str(ready))
        return True

    try:
        if ready:
            eventually(is_ready, within=within, why=f"{part.process.args}: {ready}")
        yield part
    finally:
        if part.process.poll() is None:
            part.process.terminate()
            try:
                part.process.wait(15)
            except subprocess.TimeoutExpired:
                part.process.kill()
                part.process.wait(5)


def binary(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is missing: make test installs apt-packages.txt"
    return path


@contextmanager
def alertmanager(folder: Path, hook: str = "") -> Iterator[Running]:
    """It notifies nobody, or `hook` at once."""
    port = free_port()
    config = folder / "alertmanager.yml"
    hooks = f", webhook_configs: [{{url: '{hook}'}}]" if hook else ""
    config.write_text(
        f"route: {{receiver: one, group_wait: 0s, group_interval: 1s}}\nreceivers: [{{name: one{hooks}}}]\n"
    )
    command = [
        binary("prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(launch(command, folder / "alertmanager.log", f"http://127.0.0.1:{port}"), "/-/ready") as part:
        yield part


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Running]:
    port = free_port()
    config = folder / "prometheus.yml"
    job = {"job_name": "messenger-monitor", "static_configs": [{"targets": [target]}]}
    tree = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "scrape_configs": [job]}
    config.write_text(yaml.safe_dump(tree | {"rule_files": [str(RECORDED)]}))
    command = [
        binary("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prom'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(launch(command, folder / "prometheus.log", f"http://127.0.0.1:{port}"), "/-/ready") as part:
        yield part


def query(prometheus_url: str, promql: str) -> list[dict[str, Any]]:
    answer = get_json(f"{prometheus_url}/api/v1/query?query={urllib.request.quote(promql)}")
    return list(answer["data"]["result"])


def alerts(alertmanager_url: str, name: str, *, active: bool = True) -> list[dict[str, Any]]:
    rows = get_json(f"{alertmanager_url}/api/v2/alerts?active=true&inhibited=true&silenced=true")
    return [row for row in rows if row["labels"]["alertname"] == name] if active else rows


def write_config(folder: Path, **keys: object) -> Path:
    path = folder / "monitor.yaml"
    path.write_text(yaml.safe_dump(keys, allow_unicode=True))
    return path


def secret_file(folder: Path, name: str, value: str) -> str:
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)
    return str(path)
