"""Whose a PostgreSQL is: one daemon's alone, or theirs who share the portals. A file has a lock of its own for that.

The claim is a lock of the very session that writes, so that nobody writes without it: it goes with the connection, and
the next connection begins with it. Commands beside the daemon claim nothing.
"""

from __future__ import annotations

import time
from typing import Any

PATIENCE = 5.0  # seconds: so long the session of one that was killed may linger
_AGAIN = 0.2
_CLAIM = 7_310_242  # the first number of the advisory lock; the second is the schema's that the tables lie in

# The server notices within half a minute that the machine of a session is gone, and lets its claim go.
KEEPALIVES = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}


def claimed(connection: Any, *, together: bool) -> bool:
    """Whether the session of this psycopg connection has the claim now. `together`: others of its kind may have it,
    too, but none that is alone. Blocking."""
    lock = "pg_try_advisory_lock_shared" if together else "pg_try_advisory_lock"
    query = f"SELECT {lock}(%s, hashtext(coalesce(current_schema(), '')))"
    until = time.monotonic() + PATIENCE
    while True:
        row = connection.execute(query, (_CLAIM,)).fetchone()
        connection.commit()
        if row[0] or time.monotonic() >= until:
            return bool(row[0])
        time.sleep(_AGAIN)
