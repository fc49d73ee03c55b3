"""Settings for all tests: property tests draw the same examples everywhere and are not timed."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("govchain", max_examples=60, deadline=None, derandomize=True, database=None)
settings.load_profile("govchain")
