"""`govchain demo`: the whole story on this machine, told for somebody who has never seen a chain.

Four validator processes, a cross-department scenario, a real file anchored, its receipt verified offline, and
a changed copy found out. Everything asked here is asked as any user would, through the public interfaces.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

import govchain
from govchain.cli.connection import Connection, open_connection, open_identity, run_async
from govchain.cli.exits import ExitStatus
from govchain.cli.narrative import Narrator
from govchain.cli.receipts import verify_and_explain
from govchain.cli.records import DEPOSIT_ROLES, anchor_files
from govchain.cli.terminal import Shown, Terminal
from govchain.errors import ConfigError
from govchain.scenario import LoadedScenario, RemoteBackend, Result, load_scenario, network_plan, run_scenario
from govchain.testnet import Addresses, LocalNetwork, free_ports, init_network

SCENARIO: Final = "scenarios/040-company-opens.yaml"
FILE: Final = "LICENSE"
STAY_INTERVAL_S: Final = 0.5
MARK: Final = ".govchain-demo"
"""A folder with this file was made by a demo, so the next one may remove it."""


def demo(
    terminal: Shown,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where keys, logs and receipts go.")
    ] = Path("demo"),
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep the validators running until Ctrl-C, to see the dashboard.")
    ] = False,
) -> None:
    """Four validators, a story across departments, a receipt verified offline; 0 only if all of it held."""
    loaded = load_scenario(_project_file(SCENARIO))
    original = _project_file(FILE)
    _prepare_folder(out)
    checks: dict[str, bool] = {}
    network = _make_network(terminal, loaded, out / "network")
    with network:
        _start(terminal, network, loaded)
        result = _play(terminal, network, loaded)
        checks[terminal.pick("the story went as its file demands", "场景结果全部符合预期")] = (
            result.verdict == "pass"
        )
        receipt = _anchor(terminal, network, original, out / "receipts")
        if stay:
            _stay(terminal, network)
    terminal.heading(
        terminal.pick("4  The network is gone; the receipt still proves", "4  网络已关闭，回执仍可证明")
    )
    terminal.say(
        terminal.pick(
            "Only two files are read: the receipt and the genesis. No network, no trust in its sender.",
            "只读取两个文件：回执和创世文件。无需联网，也无需信任出示人。",
        )
    )
    checks[terminal.pick("the receipt verifies offline", "回执离线验证通过")] = verify_and_explain(
        terminal, receipt, network.genesis, original
    )
    checks[terminal.pick("a changed file is found out", "已识别被改动的文件")] = _tampered_copy_fails(
        terminal, receipt, network, original, out
    )
    _summary(terminal, checks, out, result)


def _make_network(terminal: Terminal, loaded: LoadedScenario, directory: Path) -> LocalNetwork:
    terminal.heading(
        terminal.pick("1  Four validators of four departments start", "1  四个部门的四个验证节点启动")
    )
    plan = network_plan(loaded, None)
    ports = free_ports(2 * len(plan.validators))
    pairs = tuple(zip(ports[::2], ports[1::2], strict=True))
    init_network(directory, plan, now=datetime.now(UTC), addresses=Addresses(ports=pairs))
    return LocalNetwork(directory)


def _start(terminal: Terminal, network: LocalNetwork, loaded: LoadedScenario) -> None:
    network.start()
    names = {
        organisation.code: terminal.pick(organisation.name, organisation.name_zh)
        for organisation in loaded.scenario.organisations
    }
    for member in network.manifest.validators:
        terminal.good(f"{member.name}  {names[member.org]}  {member.url}")
    terminal.say(
        terminal.pick("dashboard while this runs: ", "运行期间的看板：") + network.urls[0] + "/", style="bold"
    )


def _play(terminal: Terminal, network: LocalNetwork, loaded: LoadedScenario) -> Result:
    terminal.heading(terminal.pick("2  Departments act; the rules answer", "2  部门办理业务，规则逐笔校验"))
    terminal.say(
        terminal.pick(
            "Each line is a signed record that all validators ordered, judged and certified.",
            "每一行是一条已签名的记录，由全体验证节点共同排序、校验并确认。",
        )
    )
    return run_async(
        run_scenario(loaded, RemoteBackend(network.urls, name="local"), observer=Narrator(terminal))
    )


def _anchor(terminal: Terminal, network: LocalNetwork, original: Path, receipts: Path) -> Path:
    terminal.heading(terminal.pick("3  A real file becomes evidence", "3  真实文件存证"))
    connection: Connection = open_connection(network.directory)
    identity = open_identity(connection, org_roles=DEPOSIT_ROLES)
    (sent,) = run_async(anchor_files(connection, identity, [original], receipts=receipts))
    height = sent.status.height
    terminal.good(
        terminal.pick(
            f"{identity.person} deposited the hashes of {original.name}: final at height {height}",
            f"{identity.person} 存入 {original.name} 的哈希：已于高度 {height} 最终确认",
        )
    )
    terminal.say(
        terminal.pick(
            "The file itself stayed here; the chain holds 2 hashes and its size.",
            "文件留在本地；链上只有两个哈希和文件大小。",
        )
    )
    return receipts / f"{original.name}.receipt.json"


def _stay(terminal: Terminal, network: LocalNetwork) -> None:
    terminal.say(
        terminal.pick(
            f"The validators go on: {network.urls[0]}/   Ctrl-C continues the demo.",
            f"验证节点继续运行：{network.urls[0]}/   按 Ctrl-C 继续演示。",
        ),
        style="bold",
    )
    with suppress(KeyboardInterrupt):
        while not network.ended():
            time.sleep(STAY_INTERVAL_S)


def _tampered_copy_fails(
    terminal: Terminal, receipt: Path, network: LocalNetwork, original: Path, out: Path
) -> bool:
    terminal.heading(
        terminal.pick("5  Somebody changes one letter of the file", "5  有人改动了文件中的一个字母")
    )
    changed = bytearray(original.read_bytes())
    changed[len(changed) // 2] ^= 0x20
    copy = out / f"{original.name}.changed"
    copy.write_bytes(changed)
    return not verify_and_explain(terminal, receipt, network.genesis, copy)


def _summary(terminal: Terminal, checks: dict[str, bool], out: Path, result: Result) -> None:
    terminal.heading(terminal.pick("Result", "结果"))
    for text, holds in checks.items():
        (terminal.good if holds else terminal.bad)(text)
    terminal.say(
        terminal.pick(
            f"Receipts and logs: {out}/   Verify again: govchain verify {out}/receipts/{FILE}.receipt.json "
            f"--genesis {out}/network/genesis.json --file {FILE}",
            f"回执与日志：{out}/   再次验证：govchain verify {out}/receipts/{FILE}.receipt.json "
            f"--genesis {out}/network/genesis.json --file {FILE}",
        )
    )
    terminal.result(
        {
            "holds": all(checks.values()),
            "checks": checks,
            "scenario": result.scenario,
            "verdict": result.verdict,
        }
    )
    if not all(checks.values()):
        raise typer.Exit(ExitStatus.FAILS)


def _prepare_folder(out: Path) -> None:
    """An empty folder; what an earlier demo left is removed, anything else is not touched."""
    if (out / MARK).is_file():
        _stop_leftovers(out / "network")
        shutil.rmtree(out)
    elif out.exists() and any(out.iterdir()):
        raise ConfigError(
            "the folder holds something that no demo made", path=str(out), hint="choose another with --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).write_text("Made by `govchain demo`; the next demo removes this folder.\n", encoding="utf-8")


def _stop_leftovers(directory: Path) -> None:
    """Validators of a demo that was killed hold their ports and files; end them first."""
    try:
        LocalNetwork(directory).stop()
    except ConfigError:
        # That demo ended before its network was complete, so there is nothing to stop.
        return


def _project_file(name: str) -> Path:
    """A file of the project, from the working folder or beside the package."""
    for root in (Path(), Path(govchain.__file__).resolve().parent.parent):
        if (root / name).is_file():
            return root / name
    raise ConfigError(
        "the demo plays with files of the project's folder", path=name, hint="run it there: make demo"
    )
