"""`govchain doctor`: look at a validator or at all of a network folder, and say what to do.

What is looked at is in the package `doctor`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from govchain.cli.connection import PASSPHRASE_VARIABLE
from govchain.cli.exits import ExitStatus
from govchain.cli.terminal import Shown, Terminal
from govchain.errors import ConfigError
from govchain.testnet import load_manifest

if TYPE_CHECKING:
    from govchain.doctor import Examination, Finding

CHECKS: Final = {
    "configuration": "配置",
    "genesis": "创世文件",
    "key": "密钥",
    "tls": "TLS 证书",
    "space": "磁盘空间",
    "data": "数据目录",
    "blocks": "区块与证书",
    "index": "交易索引",
    "final": "最终高度",
    "votes": "投票日志",
    "guard": "签署防护",
    "clock": "时钟",
    "ports": "端口",
}
"""Every check in Chinese; its stable name is English."""


def doctor(
    terminal: Shown,
    context: typer.Context,
    network: Annotated[
        Path | None,
        typer.Option("--network", metavar="DIR", envvar="GOVCHAIN_NETWORK", help="All of a network folder."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="One validator's node.yaml.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Every block and certificate, not a sample.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make again what follows from what is certain; nothing else.")
    ] = False,
    new_guard: Annotated[
        bool,
        typer.Option(
            "--new-guard",
            help="Make a lost guard from the data directory that the validator stopped with, no older copy.",
        ),
    ] = False,
) -> None:
    """Look at a stopped validator: files, certificate, clock, data, votes, guard. Says what to do."""
    # Here, so that other commands do not load the store and its native library.
    from govchain.doctor import examine

    if config is not None and not _is_given(context, "network"):
        network = None  # Of the environment: what is named here counts.
    if (config is None) == (network is None):
        raise ConfigError("whom to look at?", expected="--config FILE or --network DIR, one of them")
    paths, peers = _targets(network, config)
    if new_guard and len(paths) != 1:
        raise ConfigError("--new-guard is for one validator", expected="--config FILE")
    examinations = []
    for path in paths:
        examinations.append(
            examine(
                path,
                now=datetime.now(UTC),
                passphrase=os.environ.get(PASSPHRASE_VARIABLE),
                peers=peers,
                deep=deep,
                repair=repair,
                new_guard=new_guard,
            )
        )
        _report(terminal, examinations[-1])
    status = status_of(examinations)
    terminal.result({"status": int(status), "validators": [_value(each) for each in examinations]})
    raise typer.Exit(status)


def status_of(examinations: Sequence[Examination]) -> ExitStatus:
    """A problem counts more than what could not be looked at."""
    if not all(each.is_well for each in examinations):
        return ExitStatus.FAILS
    return ExitStatus.ENVIRONMENT if any(each.is_in_use for each in examinations) else ExitStatus.HOLDS


def _is_given(context: typer.Context, option: str) -> bool:
    """The option stands in the command itself."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def _targets(network: Path | None, config: Path | None) -> tuple[list[Path], list[tuple[str, int]]]:
    if network is None:
        assert config is not None
        return [config], []
    members = load_manifest(network).validators
    paths = [network / member.folder / "node.yaml" for member in members]
    return paths, [(member.host, member.api_port) for member in members]


def _report(terminal: Terminal, examination: Examination) -> None:
    terminal.heading(examination.name)
    for finding in examination.findings:
        check = terminal.pick(finding.check, CHECKS[finding.check])
        text = check + terminal.pick(": ", "：") + terminal.pick(*finding.found)
        match finding.verdict.value:
            case "ok" | "mended":
                done = terminal.pick(" (mended)", "（已修复）") if finding.verdict.value == "mended" else ""
                terminal.good(text + done)
            case "warning" | "skipped":
                terminal.refused(text)
            case _:
                terminal.bad(text)
        if finding.advice.en:
            terminal.say(f"    {terminal.pick('what to do: ', '处理办法：')}{terminal.pick(*finding.advice)}")


def _value(examination: Examination) -> dict[str, Any]:
    return {
        "name": examination.name,
        "in_use": examination.is_in_use,
        "findings": [_finding_value(each) for each in examination.findings],
    }


def _finding_value(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "verdict": finding.verdict.value,
        "found": finding.found.en,
        "what_to_do": finding.advice.en,
    }
