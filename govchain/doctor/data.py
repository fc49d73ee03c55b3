"""The data directory and the guard: do they open, fit together, and hold what they must (check names below).

Written is only what follows from stored blocks, and only when asked to. A vote log is never touched.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from govchain.consensus import Replica, RestoredState
from govchain.crypto import Signer, chain_id_of, suite
from govchain.doctor.blocks import check_blocks, check_final_height, check_index
from govchain.doctor.findings import START_ANEW, Sheet, Text
from govchain.errors import ConfigError, GovchainError, Unavailable
from govchain.model import Genesis, Space, ValidatorSet
from govchain.node import NodeConfig
from govchain.node.finality import Finality
from govchain.node.guard import GUARD_MARK, guard_owner
from govchain.node.parts import NodeParts, assemble, require_own_keys, restored_state
from govchain.node.vote_log import VoteLog
from govchain.observe import open_log
from govchain.storage import GuardFile, RocksStore, Store


def check_data(
    sheet: Sheet,
    config: NodeConfig,
    genesis: Genesis,
    signers: Sequence[Signer],
    *,
    deep: bool,
    new_guard: bool,
) -> int:
    """Look at data directory, blocks, certificates, vote log and guard; time of the last block, or 0."""
    if not (Path(config.data_dir) / "CURRENT").is_file():
        sheet.warn(
            "data",
            Text(f"{config.data_dir}: nothing is there yet", f"{config.data_dir}：尚无数据"),
            Text("nothing: the validator begins empty and catches up", "无需处理：节点将从空目录开始并追赶"),
        )
        guard = _open_guard(sheet, config, genesis, None)
        _check_own_keys(sheet, config, genesis.validators, signers)
        if guard is not None:
            empty = RestoredState(None, chain_id_of(suite(genesis.suite), genesis), (), promises=guard)
            first, *spare = signers
            chosen = suite(genesis.suite)
            replica = Replica(genesis, chosen, first, spare_signers=spare, restored=empty)
            _judge_guard(sheet, replica, guard)
        return 0
    try:
        store = RocksStore(config.data_dir, chain_id_of(suite(genesis.suite), genesis))
    except Unavailable:
        sheet.is_in_use = True
        sheet.skip(
            "data", "the validator runs; stop it to look inside", "验证节点正在运行；停止后才能检查数据"
        )
        return 0
    except GovchainError as error:
        sheet.problem("data", Text(str(error), f"数据目录无法打开：{error}"), START_ANEW)
        return 0
    try:
        return _look_inside(sheet, config, genesis, signers, store, deep=deep, new_guard=new_guard)
    finally:
        store.close()


def _look_inside(
    sheet: Sheet,
    config: NodeConfig,
    genesis: Genesis,
    signers: Sequence[Signer],
    store: Store,
    *,
    deep: bool,
    new_guard: bool,
) -> int:
    log = open_log(config.name, io.StringIO())
    try:
        parts = assemble(
            genesis,
            config.name,
            signers,
            store,
            may_observe=True,
            log=log,
            clock=lambda: 0.0,
            now_ms=lambda: 0,
        )
    except GovchainError as error:
        sheet.problem("data", Text(str(error), f"数据目录前后不符：{error}"), START_ANEW)
        return 0
    height, root = parts.ledger.height, parts.ledger.state_root.hex()[:16]
    sheet.ok("data", f"height {height}, state {root}…", f"高度 {height}，状态根 {root}…")
    _check_own_keys(sheet, config, parts.ledger.validators, signers)
    if check_blocks(sheet, parts, deep=deep):
        check_index(sheet, parts, store, deep=deep)
        check_final_height(sheet, parts, store)
        _check_votes(sheet, config, parts, store, new_guard=new_guard)
    head = parts.ledger.head
    return 0 if head is None else head.time_ms


def _check_own_keys(
    sheet: Sheet, config: NodeConfig, validators: ValidatorSet, signers: Sequence[Signer]
) -> None:
    """The validator would refuse to start with keys that the chain here does not know as its own."""
    if config.candidate:
        return  # It may wait for a set that is not known here yet (rule MB-2).
    try:
        require_own_keys(validators, config.name, signers)
    except ConfigError as error:
        sheet.problem(
            "key",
            Text(str(error), f"密钥与链上登记不符：{error}"),
            Text(
                "name the file of the key that votes now in key or next_key. If the chain here is older than "
                "the last rotation, say candidate: true until it has caught up",
                "请在 key 或 next_key 中填写当前投票密钥的文件；若本机的链早于最近一次更换密钥，"
                "请设置 candidate: true 直至追赶完成",
            ),
        )


def _check_votes(
    sheet: Sheet, config: NodeConfig, parts: NodeParts, store: Store, *, new_guard: bool
) -> None:
    """Vote log and guard, read exactly as the validator reads them when it starts."""
    finality = Finality(parts.chain, store, parts.suite)
    try:
        entries, _ = VoteLog(store, parts.mempool.get).load(parts.ledger.height, finality.is_certified)
        restored = restored_state(parts, finality, entries, ())
        bare = _replica(parts, restored)
    except GovchainError as error:
        sheet.problem("votes", Text(str(error), f"投票日志损坏：{error}"), START_ANEW)
        return
    sheet.ok("votes", f"{len(entries)} entries, all readable", f"{len(entries)} 条，均可读取")
    if new_guard and not Path(config.guard).exists():
        _make_guard(sheet, config, parts, store, bare)
    guard = _open_guard(sheet, config, parts.genesis, store)
    if guard is None:
        return
    try:
        restored = restored_state(parts, finality, entries, guard)
        replica = _replica(parts, restored)
    except GovchainError as error:
        _refuse_guard(sheet, error)
        return
    _judge_guard(sheet, replica, guard)


def _replica(parts: NodeParts, restored: RestoredState | None) -> Replica:
    first, *spare = parts.signers
    return Replica(parts.genesis, parts.suite, first, spare_signers=spare, restored=restored)


def _judge_guard(sheet: Sheet, replica: Replica, guard: tuple[bytes, ...]) -> None:
    if not replica.forgot:
        sheet.ok("guard", f"{len(guard)} records, as the vote log", f"{len(guard)} 条记录，与投票日志一致")
        return
    height = replica.status().silent_to
    sheet.warn(
        "guard",
        Text(
            f"the data directory is older than the guard: {replica.forgot}",
            f"数据目录比签署防护旧：{replica.forgot}",
        ),
        Text(
            f"nothing, while the others go on: it votes again from height {height} on. If they wait for it, "
            "bring back the data directory that it stopped with",
            f"若其他节点仍在出块则无需处理：到高度 {height} 后恢复投票；"
            "若它们在等待本节点，请恢复其停止时的数据目录",
        ),
    )


def _open_guard(
    sheet: Sheet, config: NodeConfig, genesis: Genesis, store: Store | None
) -> tuple[bytes, ...] | None:
    """The guard's records; None, with a finding, when there are none to be had."""
    path = Path(config.guard)
    if not path.exists():
        _miss_guard(sheet, path, store)
        return None
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        found = Text(f"{path}: others can read it", f"{path}：其他用户可读")
        sheet.derived("guard", found, lambda: path.chmod(0o600))
    leftover = path.with_name(path.name + ".new")
    if leftover.exists():
        found = Text(f"{leftover}: left over from a crash", f"{leftover}：宕机遗留的文件")
        sheet.derived("guard", found, leftover.unlink)
    try:
        guard = GuardFile(path, guard_owner(genesis, config.name))
    except Unavailable:
        sheet.is_in_use = True
        sheet.skip("guard", "another process holds it", "正被另一进程占用")
        return None
    except GovchainError as error:
        _refuse_guard(sheet, error)
        return None
    guard.close()
    return tuple(guard.records)


def _miss_guard(sheet: Sheet, path: Path, store: Store | None) -> None:
    if store is None or store.get(Space.META, GUARD_MARK) is None:
        sheet.ok("guard", "none yet; it is made at the first start", "尚未建立；首次启动时建立")
        return
    sheet.problem(
        "guard",
        Text(f"{path} is missing, and this validator had one", f"{path} 缺失，而本节点曾有此文件"),
        Text(
            "bring it back. If it is lost, and the data directory is the one that the validator stopped with "
            "and no older copy, run the doctor with --new-guard. In any other case replace its key",
            "请恢复该文件。若确已丢失，且数据目录正是节点停止时的那一份（不是旧副本），"
            "请以 --new-guard 运行；否则请更换该验证节点的密钥",
        ),
    )


def _refuse_guard(sheet: Sheet, error: GovchainError) -> None:
    sheet.problem(
        "guard",
        Text(str(error), f"签署防护无法使用：{error}"),
        Text(
            "it is not mended, because what it held would be a guess. Move it away to look at; if the data "
            "directory is the one that the validator stopped with, run the doctor with --new-guard",
            "不予修复，因其内容无法确定。请移走备查；若数据目录正是节点停止时的那一份，请以 --new-guard 运行",
        ),
    )


def _make_guard(sheet: Sheet, config: NodeConfig, parts: NodeParts, store: Store, replica: Replica) -> None:
    guard = GuardFile(config.guard, guard_owner(parts.genesis, parts.name))
    guard.replace(replica.promises())
    guard.close()
    store.write([(Space.META, GUARD_MARK, b"\x01")], sync=True)
    sheet.mended("guard", f"{config.guard}: made from the vote log", f"{config.guard}：已由投票日志重建")
