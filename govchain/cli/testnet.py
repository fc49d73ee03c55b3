"""`govchain testnet`: make a network folder, run its validators on this machine, look, stop."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from govchain.cli.evidence import explain_evidence
from govchain.cli.exits import ExitStatus
from govchain.cli.options import Commands
from govchain.cli.terminal import LanguageOption, QuietOption, Shown, Terminal
from govchain.config import load_yaml, parse_yaml
from govchain.errors import ConfigError, Unavailable
from govchain.scenario import load_scenario, network_plan
from govchain.testnet import (
    BASE_PORT,
    Addresses,
    Health,
    LocalNetwork,
    NetworkManifest,
    NetworkPlan,
    OrganisationsFile,
    init_network,
    load_manifest,
    load_organisations,
    plan_network,
    read_status,
)
from govchain.testnet.gateways import LocalGateways

app = Commands(help="A network on this machine: make, start, look, stop.", no_args_is_help=True)

WATCH_INTERVAL_S: Final = 0.5

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Network folder made by `testnet init`.")]


@app.command()
def init(
    terminal: Shown,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to make. Must be absent or empty.")
    ],
    orgs: Annotated[
        Path | None,
        typer.Option(
            "--orgs",
            metavar="FILE",
            help="YAML file of organisations and people, or a scenario.",
            show_default="sample",
        ),
    ] = None,
    validators: Annotated[
        int | None,
        typer.Option(
            "--validators", "-n", min=1, max=100, help="How many.", show_default="as the file says, or 4"
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the chain, for people.", show_default="of the file")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, help="Derive every key from this number. REHEARSAL ONLY: nothing is secret."
        ),
    ] = None,
    base_port: Annotated[
        int, typer.Option("--base-port", min=1024, max=65_000, help="API port of the first validator.")
    ] = BASE_PORT,
    host_pattern: Annotated[
        str,
        typer.Option(
            "--host-pattern", help="Host of each validator; {name} stands for its name (containers)."
        ),
    ] = "127.0.0.1",
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Do nothing when the folder holds a network already.")
    ] = False,
) -> None:
    """Make keys, certificates, genesis and one folder for each validator. Never overwrites."""
    if if_missing and (out / "network.yaml").is_file():
        _report_init(terminal, out, load_manifest(out), made=False)
        return
    now = datetime.now(UTC)
    plan = _read_plan(orgs, now=now, name=name, validators=validators, seed=seed)
    addresses = Addresses(base_port=base_port, host_pattern=host_pattern)
    _report_init(terminal, out, init_network(out, plan, now=now, addresses=addresses), made=True)


@app.command()
def up(
    terminal: Shown,
    directory: Directory,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once all validators are ready.")
    ] = False,
) -> None:
    """Start validators and gateways, wait until all take part, show what becomes final. Ctrl-C stops all."""
    network = LocalNetwork(directory)
    _warn_rehearsal(terminal, network.manifest)
    terminal.say(
        terminal.pick(
            f"Starting {len(network.names)} validators of {network.manifest.name} …",
            f"正在启动 {network.manifest.name} 的 {len(network.names)} 个验证节点 …",
        )
    )
    network.start()
    _report_status(terminal, network)
    gateways = LocalGateways(directory)
    try:
        gateways.start()
    except BaseException:
        network.stop()
        raise
    for name in gateways.names:
        terminal.good(f"gateway {name}  {gateways.url(name)}")
    if detach:
        terminal.say(
            terminal.pick(
                f"Stop them with: govchain testnet down {directory}",
                f"停止：govchain testnet down {directory}",
            )
        )
        terminal.result(_status_value(network))
        return
    try:
        _watch(terminal, network)
    except KeyboardInterrupt:
        terminal.say(terminal.pick("Stopping …", "正在停止 …"))
    finally:
        gateways.stop()
        network.stop()


@app.command()
def status(
    terminal: Shown,
    directory: Directory,
) -> None:
    """Show each validator. Exit status 4 unless all take part."""
    network = LocalNetwork(directory)
    _report_status(terminal, network)
    terminal.result(_status_value(network))
    if any(item.health is not Health.READY for item in network.health()):
        raise typer.Exit(ExitStatus.ENVIRONMENT)


@app.command()
def down(directory: Directory, quiet: QuietOption = False, language: LanguageOption = None) -> None:
    """Stop every validator and gateway of the folder that runs on this machine."""
    terminal = Terminal(quiet=quiet, language=language)
    LocalGateways(directory).stop()
    stopped = LocalNetwork(directory).stop()
    terminal.say(terminal.pick(f"{stopped} validators stopped.", f"已停止 {stopped} 个验证节点。"))


def _read_plan(
    orgs: Path | None, *, now: datetime, name: str | None, validators: int | None, seed: int | None
) -> NetworkPlan:
    """The plan of an organisations file, of a scenario, or of the sample that ships with the package."""
    time_ms = int(now.timestamp() * 1000)
    if orgs is None:
        file = sample_organisations()
    elif "govchain" in load_yaml(orgs, dict[str, Any]):
        plan = network_plan(load_scenario(orgs), seed)
        if validators not in (None, len(plan.validators)):
            raise ConfigError(
                "the scenario says itself how many validators there are",
                path=str(orgs),
                found=f"--validators {validators}",
                expected=str(len(plan.validators)),
            )
        return replace(plan, name=name or plan.name, time_ms=time_ms, seed=seed)
    else:
        file = load_organisations(orgs)
    return plan_network(file, name=name, time_ms=time_ms, validators=validators, seed=seed)


def sample_organisations() -> OrganisationsFile:
    """The organisations that ship with the package, for a first network."""
    text = files("govchain.testnet").joinpath("sample.yaml").read_text(encoding="utf-8")
    return parse_yaml(text, OrganisationsFile, "sample.yaml")


def _report_init(terminal: Terminal, directory: Path, manifest: NetworkManifest, *, made: bool) -> None:
    verb = terminal.pick("made" if made else "is there already", "已建立" if made else "已经存在")
    terminal.good(
        f"{directory}: {manifest.name} {verb}"
        + terminal.pick(
            f" ({len(manifest.validators)} validators, {len(manifest.people)} key holders)",
            f"（{len(manifest.validators)} 个验证节点，{len(manifest.people)} 个密钥持有人）",
        )
    )
    terminal.say(terminal.pick("  chain id   ", "  链标识   ") + manifest.chain_id)
    terminal.say(terminal.pick("  start with ", "  启动     ") + f"govchain testnet up {directory}")
    _warn_rehearsal(terminal, manifest)
    terminal.result(
        {
            "directory": str(directory),
            "made": made,
            "name": manifest.name,
            "chain_id": manifest.chain_id,
            "rehearsal": manifest.seed is not None,
            "urls": list(manifest.urls),
        }
    )


def _warn_rehearsal(terminal: Terminal, manifest: NetworkManifest) -> None:
    if manifest.seed is not None:
        terminal.say(
            terminal.pick(
                f"REHEARSAL NETWORK: every key follows from seed {manifest.seed}. Put no real records here.",
                f"演练网络：所有密钥由种子 {manifest.seed} 推导。切勿存入真实记录。",
            ),
            style="bold yellow",
        )


def _report_status(terminal: Terminal, network: LocalNetwork) -> None:
    words = {
        Health.READY: terminal.pick("ready", "就绪"),
        Health.ALIVE: terminal.pick(
            "not ready: starting, catching up or without a quorum", "未就绪：正在启动、追赶，或不足法定数量"
        ),
        Health.SILENT: terminal.pick("not running", "未运行"),
    }
    for item, member in zip(network.health(), network.manifest.validators, strict=True):
        found = read_status(member.host, member.api_port) or {}
        height = found.get("final_height")
        where = f"{member.name}  {member.url}  " + words[item.health]
        text = where + (f"  {terminal.pick('height', '高度')} {height}" if height is not None else "")
        text += _place(terminal, found)
        (terminal.good if item.health is Health.READY else terminal.bad)(text)
        if found.get("stall"):
            terminal.say("  " + terminal.pick("waits: ", "等待：") + str(found["stall"]))
    for english, chinese in explain_evidence(
        [read_status(member.host, member.api_port) for member in network.manifest.validators]
    ):
        terminal.bad(terminal.pick(english, chinese))


def _place(terminal: Terminal, found: dict[str, Any]) -> str:
    """The epoch that runs there, once there was a change; and whether the validator votes in it."""
    epoch, index = found.get("epoch"), found.get("index")
    text = f"  {terminal.pick('epoch', '届')} {epoch}" if epoch else ""
    return text + (f"  {terminal.pick('observer', '观察者')}" if index == -1 else "")


def _status_value(network: LocalNetwork) -> dict[str, Any]:
    validators = []
    for item, member in zip(network.health(), network.manifest.validators, strict=True):
        validators.append(
            {
                "name": item.name,
                "url": member.url,
                "health": item.health.value,
                "pid": item.pid,
                "status": read_status(member.host, member.api_port),
            }
        )
    return {"network": network.manifest.name, "chain_id": network.manifest.chain_id, "validators": validators}


def _height(host: str, port: int) -> int | None:
    found = (read_status(host, port) or {}).get("final_height")
    return found if isinstance(found, int) else None


def _watch(terminal: Terminal, network: LocalNetwork) -> None:
    """Say what becomes final, and which validator dies, until all are gone or somebody interrupts."""
    gone: list[str] = []
    shown = 0
    terminal.say(terminal.pick("Ctrl-C stops all.", "按 Ctrl-C 全部停止。"))
    while len(gone) < len(network.names):
        for process in network.ended([name for name in network.names if name not in gone]):
            gone.append(process.name)
            terminal.bad(str(process.ended()))
        for member in network.manifest.validators:
            height = _height(member.host, member.api_port) if member.name not in gone else None
            if height is not None and height > shown:
                shown = height
                terminal.say(
                    terminal.pick(
                        f"height {height} final at {member.name}",
                        f"高度 {height} 已在 {member.name} 最终确认",
                    )
                )
        time.sleep(WATCH_INTERVAL_S)
    raise Unavailable("every validator has ended")
