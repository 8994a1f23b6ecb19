"""The standard streams: there in any case, and what cannot be printed is found out all the same."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def complete_streams() -> None:
    """Open what the caller has closed, before anything else gets its number: libuv aborts where a socket is 0 to 2."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


@contextmanager
def heard_or_not() -> Iterator[None]:
    """Let nobody's exit code become another one because nobody reads the pipe any more, or the disk is full."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if not is_of_output(error):
            raise
        silence(error)


def is_of_output(error: OSError) -> bool:
    return error.errno in _OF_OUTPUT and error.filename is None


def silence(error: OSError) -> None:
    """Say why, but for a pipe that was closed on purpose; nothing more is printed, not at the end either."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    if error.errno != errno.EPIPE:
        with suppress(OSError):
            sys.stderr.write(f"the output could not be written: {error.strerror}\n")
            sys.stderr.flush()
