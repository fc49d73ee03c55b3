"""One validator from its configuration to its last block: which checks there are and in which order.

What each of them looks at is in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from govchain.crypto import Signer
from govchain.doctor.data import check_data
from govchain.doctor.files import check_genesis, check_key, check_tls
from govchain.doctor.findings import Finding, Sheet, Text, Verdict
from govchain.doctor.surroundings import check_clock, check_ports, check_space
from govchain.model import Genesis
from govchain.node import load_node_config


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found at one validator.

    Attributes:
        is_in_use: It runs, so its data could not be looked at.
    """

    name: str
    findings: tuple[Finding, ...]
    is_in_use: bool

    @property
    def is_well(self) -> bool:
        return all(finding.verdict is not Verdict.PROBLEM for finding in self.findings)


def examine(
    config_path: Path,
    *,
    now: datetime,
    passphrase: str | None = None,
    peers: Sequence[tuple[str, int]] = (),
    deep: bool = False,
    repair: bool = False,
    new_guard: bool = False,
) -> Examination:
    """Look at one validator; it should not run meanwhile.

    Args:
        now: The clock of this machine.
        passphrase: Of the key file, when it is sealed.
        peers: Addresses of validators' APIs, to compare clocks with.
        deep: Check every block and certificate, not the last ones and a sample.
        repair: Make again what follows from what is certain; nothing else is changed.
        new_guard: Make the guard that was lost from this data directory: the caller knows that the validator
            stopped with exactly this one.

    Raises:
        ConfigError: The configuration cannot be read, so nothing can be looked at.
    """
    config = load_node_config(config_path)
    sheet = Sheet(may_mend=repair)
    sheet.ok("configuration", f"{config_path}: {config.name}", f"{config_path}：{config.name}")
    genesis = check_genesis(sheet, config)
    signers: tuple[Signer, ...] = ()
    if genesis is not None:
        signers = check_key(sheet, config, genesis, passphrase)
    check_tls(sheet, config, now)
    check_space(sheet, config)
    head_time_ms = _look_at_data(sheet, genesis, signers, config_path, deep=deep, new_guard=new_guard)
    drift_ms = genesis.parameters.clock_drift_ms if genesis is not None else 0
    check_clock(sheet, now, head_time_ms=head_time_ms, drift_ms=drift_ms, peers=peers)
    check_ports(sheet, config)
    return Examination(config.name, tuple(sheet.findings), sheet.is_in_use)


def _look_at_data(
    sheet: Sheet,
    genesis: Genesis | None,
    signers: tuple[Signer, ...],
    config_path: Path,
    *,
    deep: bool,
    new_guard: bool,
) -> int:
    if genesis is None or not signers:
        sheet.skip("data", "needs genesis and key", "需要创世文件与密钥")
        return 0
    config = load_node_config(config_path)
    if config.store == "memory":
        sheet.warn(
            "data",
            Text(
                "store is memory: everything is forgotten at the end", "store 为 memory：停止后一切都会丢失"
            ),
            Text("for rehearsals only; real validators use rocks", "仅供演练；正式节点请使用 rocks"),
        )
        return 0
    return check_data(sheet, config, genesis, signers, deep=deep, new_guard=new_guard)
