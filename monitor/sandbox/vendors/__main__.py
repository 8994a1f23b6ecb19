"""`python -m monitor.sandbox.vendors --type wazzup --port 8801`: one fake vendor on loopback."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from aiohttp import web

from monitor.sandbox.vendors.catalogue import TYPES, vendor_app
from monitor.sandbox.vendors.faults import untrusted
from monitor.sandbox.vendors.vendor import KEY


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.sandbox.vendors", description=f"The living key: {KEY}")
    parser.add_argument("--type", choices=TYPES, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bad-tls", action="store_true", help="serve https with a certificate nobody vouches for")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        context = untrusted(Path(folder)) if chosen.bad_tls else None
        web.run_app(vendor_app(chosen.type), host="127.0.0.1", port=chosen.port, ssl_context=context, access_log=None)


if __name__ == "__main__":
    main()
