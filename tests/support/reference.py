"""Where tests find data that this project did not write.

The folder lies beside the project and is not part of it: without it the tests that need it are skipped.
"""

from __future__ import annotations

from pathlib import Path

import pytest

REFERENCE_ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "reference"


def reference_path(*parts: str) -> Path:
    """Path of a reference file or folder; skips the calling test, or module, when it is absent."""
    path = REFERENCE_ROOT.joinpath(*parts)
    if not path.exists():
        pytest.skip(
            f"reference data is absent: {'/'.join(('..', 'shared', 'reference', *parts))}",
            allow_module_level=True,
        )
    return path
