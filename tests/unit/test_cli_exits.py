"""The one boundary: every deliberate error has its exit status and one clear message, without a traceback."""

from __future__ import annotations

import errno
import io
import re

import pytest
from rich.console import Console

from govchain.cli.errors_zh import SENTENCES_ZH
from govchain.cli.exits import ExitStatus, run_bounded, status_of
from govchain.cli.terminal import Language, language_of
from govchain.errors import (
    BadCredential,
    BadProof,
    BadSignature,
    BadTimestamp,
    ConfigError,
    Indeterminate,
    InvalidDocument,
    InvalidTransaction,
    MalformedBytes,
    NotPermitted,
    SimulationFailure,
    StorageFailure,
    Unavailable,
)
from tests.architecture.sources import package_modules


def outcome(error: BaseException, *, chinese: bool = False) -> tuple[int, str]:
    def fail() -> None:
        raise error

    stream = io.StringIO()
    status = run_bounded(fail, Console(file=stream, width=80), chinese=chinese)
    return status, stream.getvalue()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "x.json"), 2),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "x"), 2),
        (BadCredential("expired", "x"), 1),
        (BadTimestamp("wrong-nonce", "x"), 1),
        (BadProof("x", step="header"), 1),
        (BadSignature("x"), 1),
        (InvalidTransaction("expired", "x"), 1),
        (NotPermitted("L2", "E_DUP_ID", "x"), 1),
        (SimulationFailure(1, 2, "x"), 1),
        (ConfigError("x"), 2),
        (MalformedBytes("x"), 2),
        (InvalidDocument("BR-1", "/Invoice", "x"), 2),
        (Indeterminate("x"), 3),
        (Unavailable("x"), 4),
        (StorageFailure("x"), 4),
        (OSError(errno.ENOSPC, "No space left on device", "data"), 4),
        (KeyboardInterrupt(), 130),
        (SystemExit(3), 3),
        (SystemExit(None), 0),
        (BrokenPipeError(), 0),
    ],
)
def test_every_cause_has_its_exit_status(error: BaseException, status: int) -> None:
    assert outcome(error)[0] == status


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        outcome(ZeroDivisionError())


def test_message_of_a_config_error_says_what_where_and_what_to_do() -> None:
    error = ConfigError(
        "unknown key", path="a.yaml", line=7, found="[bold]valdators", expected="'validators'", hint="fix it"
    )
    _, text = outcome(error)
    assert "a.yaml:7: unknown key" in text
    assert "[bold]valdators" in text, "what users wrote is shown literally, not read as markup"
    assert "expected: 'validators'" in text
    assert "what to do: fix it" in text
    assert "Traceback" not in text


def test_message_in_chinese_has_the_same_parts() -> None:
    error = ConfigError(
        "key 'by' is missing in steps[2]", path="a.yaml", line=7, found="x", expected="at most 3", hint="y"
    )
    lines = outcome(error, chinese=True)[1].splitlines()
    assert lines == [
        "govchain: 输入有误：a.yaml:7: steps[2] 中缺少键 by",
        "  发现：x",
        "  应为：至多 3",
        "  处理办法：y",
    ]
    assert "步骤 'file' 不成立：other" in outcome(BadProof("other", step="file"), chinese=True)[1]
    assert "请按编号再次查询" in outcome(Indeterminate("late"), chinese=True)[1]
    full = OSError(errno.ENOSPC, "No space left on device", "data")
    assert "无法在此运行：data" in outcome(full, chinese=True)[1]
    assert "a sentence of its own" in outcome(ConfigError("a sentence of its own"), chinese=True)[1]


def test_every_status_has_a_chinese_headline() -> None:
    for error in (BadProof("x"), ConfigError("x"), Indeterminate("x"), Unavailable("x")):
        assert "govchain: " in outcome(error, chinese=True)[1]


def test_no_chinese_sentence_outlives_its_english_one() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in package_modules() if path.name != "errors_zh.py"
    )
    for pattern, _ in SENTENCES_ZH:
        parts = re.split(r"\([^)]*\)", pattern.pattern)
        plain = [re.sub(r"\\(.)|[?]", r"\1", part).strip("'") for part in parts]
        assert all(part in sources for part in plain), pattern.pattern


def test_message_of_a_failed_proof_names_the_step() -> None:
    assert "step 'certificate' failed: two votes" in outcome(BadProof("two votes", step="certificate"))[1]


def test_message_of_an_indefinite_error_says_so() -> None:
    assert "may have happened" in outcome(Indeterminate("not final in time"))[1]


def test_message_of_a_full_disk_names_the_file_and_what_to_do() -> None:
    text = outcome(OSError(errno.ENOSPC, "No space left on device", "data"))[1]
    assert "data: No space left on device; free some space" in text


def test_status_of_a_subclass_is_found_before_its_base() -> None:
    assert status_of(BadProof("x")) is ExitStatus.FAILS
    assert status_of(MalformedBytes("x")) is ExitStatus.USAGE


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, Language.EN),
        ({"LANG": "", "LC_MESSAGES": "zh_TW"}, Language.ZH),
    ],
)
def test_language_follows_the_locale(environment: dict[str, str], language: Language) -> None:
    assert language_of(None, environment) is language
    assert language_of(Language.ZH, {}) is Language.ZH
