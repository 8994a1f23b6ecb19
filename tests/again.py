"""Whether what failed may be tried once more: up to three tests, and nothing else, such as a file that is broken."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path

MOST = 3


def may_be_tried_again(failed: Collection[str]) -> bool:
    """`failed`: pytest's ids; those of files, folders or workers are no tests."""
    return 0 < len(failed) <= MOST and all("::" in one for one in failed)


def main() -> None:
    failed = json.loads(Path(sys.argv[1]).read_text())
    if not may_be_tried_again(failed):
        sys.exit(f"this is not: {', '.join(list(failed)[: MOST + 1]) or 'no test'}")


if __name__ == "__main__":
    main()
