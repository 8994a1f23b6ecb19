"""The vendor's SDK and the community client run against the sandbox unchanged."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.presets import quiet
from monitor.sandbox.server import Sandbox

COMMUNITY = """
import json, sys
from fast_bitrix24 import Bitrix
client = Bitrix(sys.argv[1], verbose=False)
activities = client.get_all("crm.activity.list", {"filter": {"PROVIDER_ID": "IMOPENLINES_SESSION"}})
lines = client.call("imopenlines.config.get", [{"CONFIG_ID": 1}, {"CONFIG_ID": 2}])
users = client.get_by_ID("user.get", [12, 15])
print(json.dumps({"activities": len(activities), "lines": [x["LINE_NAME"] for x in lines], "users": sorted(users)}))
"""

VENDOR = """
import json, sys
from b24pysdk import BitrixToken, BitrixWebhook, Client
from b24pysdk.credentials import BitrixApp
domain, hook, access, client_id, secret = sys.argv[1:]
by_hook = Client(BitrixWebhook(domain=domain, webhook_token=hook))
app = BitrixApp(client_id=client_id, client_secret=secret)
by_token = Client(BitrixToken(domain=domain, auth_token=access, bitrix_app=app))
departments = by_token.department.get().result
pages = by_hook.user.get().as_list().result
batch = by_token.call_batch({"one": by_token.user.get(), "two": by_token.department.get()}).result
print(json.dumps({"departments": len(departments), "users": len(list(pages)), "batch": sorted(batch.result)}))
"""


def run(script: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, object]:
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})}, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


async def test_the_community_client_pages_batches_and_calls() -> None:
    async with Sandbox(quiet(SandboxClock(), idle=120)) as sandbox:
        told = await asyncio.to_thread(run, COMMUNITY, sandbox.webhook_url)
    assert told == {"activities": 120, "lines": ["Линия 1", "Линия 2"], "users": ["12", "15"]}
    assert sandbox.counts["imopenlines.config.get"] == 2
    assert sandbox.counts["http"] <= 10  # fifty commands in a request


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for loopback: the vendor's SDK speaks TLS only."""
    both = tmp_path / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(both), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(both.read_text() + (tmp_path / "cert.pem").read_text())
    return both


@pytest.mark.real
async def test_the_vendors_sdk_speaks_by_webhook_and_by_token(certificate: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with Sandbox(quiet(SandboxClock(), idle=3), tls=tls) as sandbox:
        query = {"client_id": sandbox.oauth.client_id, "client_secret": sandbox.oauth.client_secret}
        _, pair = sandbox.oauth.token({"grant_type": "refresh_token", "refresh_token": sandbox.refresh_token, **query})
        trusted = {"REQUESTS_CA_BUNDLE": str(certificate.with_name("cert.pem")), "CURL_CA_BUNDLE": ""}
        host = sandbox.url.removeprefix("https://")
        arguments = (host, f"1/{sandbox.webhook_secret}", pair["access_token"], *query.values())
        told = await asyncio.to_thread(lambda: run(VENDOR, *arguments, env=trusted))
    assert told == {"departments": 2, "users": 7, "batch": ["one", "two"]}
