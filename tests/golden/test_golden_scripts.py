"""Every script in this folder tells a story; what happens must be what is written below each command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.golden.hotstuff_script import HotStuffScript
from tests.golden.script import Script

SCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_golden_script(path: Path, rewrite_golden: bool) -> None:
    written = path.read_text(encoding="utf-8")
    is_hotstuff = "\nhotstuff " in written
    happened = (HotStuffScript() if is_hotstuff else Script()).run(written)
    if rewrite_golden:
        path.write_text(happened, encoding="utf-8")
    assert happened == (happened if rewrite_golden else written)


def test_every_story_is_in_the_index_once() -> None:
    index = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\((\d\d_\w+\.txt)\)", index)) == [path.name for path in SCRIPTS]
    assert len(SCRIPTS) >= 23
