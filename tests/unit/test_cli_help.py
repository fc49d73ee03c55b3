"""Help in two languages."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer.main

from govchain.cli.app import build_app
from govchain.cli.help import asked_language, help_texts
from govchain.cli.help_zh import HELP_ZH
from govchain.cli.terminal import Language


def test_every_help_text_is_there_in_chinese_and_no_other() -> None:
    texts = {text for _, _, text in help_texts(typer.main.get_command(build_app()))}
    assert sorted(texts - set(HELP_ZH)) == []
    assert sorted(set(HELP_ZH) - texts) == []


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["verify", "--help"], {}, Language.EN),
        (["verify", "--help"], {"LANG": "zh_CN.UTF-8"}, Language.ZH),
        (["verify", "--lang", "zh", "--help"], {}, Language.ZH),
        (["verify", "--lang=en", "--help"], {"LANG": "zh_CN.UTF-8"}, Language.EN),
        (["verify", "--lang"], {}, Language.EN),
        (["verify", "--lang", "xx"], {}, Language.EN),
    ],
)
def test_help_comes_in_the_language_that_was_asked_for(
    arguments: list[str], environment: dict[str, str], language: Language
) -> None:
    assert asked_language(arguments, environment) is language


def test_a_chinese_reader_gets_chinese_help() -> None:
    # A process of its own: the words of the library are replaced for good.
    shown = subprocess.run(
        [sys.executable, "-m", "govchain", "verify", "--help"],
        env={**os.environ, "LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout
    for text in ("离线验证回执", "回执文件。", "选项", "[必填]", "显示本说明并退出。"):
        assert text in shown
    assert "…" not in shown
