"""What a command shows: text of strangers is shown and cannot act."""

from __future__ import annotations

import pytest

from govchain.cli.terminal import Terminal


def test_terminal_codes_and_turned_writing_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    for show in (terminal.say, terminal.heading, terminal.good, terminal.refused, terminal.bad):
        show("a\x1b[2Jb\x9bc\u202ed\r")
    printed = capsys.readouterr().out
    assert printed.count(r"a\u001b[2Jb\u009bc\u202ed\u000d") == 5
    assert "\x1b[2J" not in printed
