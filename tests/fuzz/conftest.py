"""A quick look by default; `make fuzz` looks for ten minutes, and tries again what it finds (found/).

What is worth keeping for everybody stands in corpus/ by name: tests/fuzz/test_fuzz_corpus.py."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

FOUND = DirectoryBasedExampleDatabase(Path(__file__).parent / "found")
LAX = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]

settings.register_profile("fuzz-quick", max_examples=25, deadline=None, database=FOUND, suppress_health_check=LAX)
settings.register_profile("fuzz-long", max_examples=4000, deadline=None, database=FOUND, suppress_health_check=LAX)
settings.load_profile("fuzz-long" if os.environ.get("FUZZ") else "fuzz-quick")
