"""`govchain members`: who runs the chain, and how that changes (rules MB-1 to MB-5)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from govchain.cli.connection import NetworkOption, Reached, Signing, open_identity, run_async
from govchain.cli.options import Commands
from govchain.cli.records import report_sent, submit_record
from govchain.cli.terminal import Shown, Terminal
from govchain.client.answers import ValidatorsAnswer
from govchain.documents import PreparedRecord
from govchain.errors import ConfigError
from govchain.ledger.kinds.change.fields import ChangeApprove
from govchain.testnet import finish_rotation, load_manifest, prepare_join, prepare_rotation
from govchain.testnet.joining import Proposal
from govchain.testnet.layout import PEER_PORT_OFFSET
from govchain.testnet.manifest import ManifestValidator

app = Commands(help="Validators: who decides, who joins, who leaves.", no_args_is_help=True)

ValidatorName = Annotated[str, typer.Argument(metavar="VALIDATOR", help="Name, for example validator-4.")]


@app.command()
def show(
    connection: Reached,
    terminal: Shown,
) -> None:
    """The validators, who must approve a change of them, and what the next checkpoint brings."""

    async def ask() -> ValidatorsAnswer:
        async with connection.client() as client:
            return await client.validators()

    answer = run_async(ask())
    _tell(terminal, answer)
    terminal.result(_value(answer))


@app.command()
def join(
    terminal: Shown,
    name: ValidatorName,
    network: NetworkOption = None,
    org: Annotated[
        str | None, typer.Option("--org", metavar="USCC", help="Organisation that will run it.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Where others reach it.")] = "127.0.0.1",
    api_port: Annotated[
        int | None, typer.Option("--api-port", min=1024, max=65_000, show_default="the next free one")
    ] = None,
) -> None:
    """Make the folder of a validator that is to join a network folder, and the proposal to submit."""
    directory = _require_folder(network)
    manifest = load_manifest(directory)
    if org is None:
        raise ConfigError("who will run it?", expected="--org USCC")
    port = api_port if api_port is not None else 1 + max(member.api_port for member in manifest.validators)
    member = ManifestValidator(name, org, f"nodes/{name}", host, port, port + PEER_PORT_OFFSET)
    _tell_proposal(terminal, prepare_join(directory, member, now=datetime.now(UTC)))


@app.command()
def rotate(
    terminal: Shown,
    name: ValidatorName,
    network: NetworkOption = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="The chain has installed the next key: make it the key.")
    ] = False,
) -> None:
    """Make the next vote key and a new certificate of a validator, and the proposal to submit."""
    directory = _require_folder(network)
    if finish:
        finish_rotation(directory, name)
        terminal.good(terminal.pick(f"{name}: the next key is the key now", f"{name}：新密钥已成为正式密钥"))
        return
    _tell_proposal(terminal, prepare_rotation(directory, name, now=datetime.now(UTC)))


@app.command()
def approve(
    connection: Reached,
    signing: Signing,
    terminal: Shown,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Number of the change, GC-….")],
) -> None:
    """Approve a proposed change in the name of an organisation that runs a validator."""
    identity = open_identity(connection, signing)
    record = PreparedRecord(kind="change.approve", object_id=number, fields=ChangeApprove(), envelope={})
    report_sent(terminal, [run_async(submit_record(connection, identity, record))])


def _require_folder(network: Path | None) -> Path:
    if network is None:
        raise ConfigError("which network folder?", expected="--network DIR")
    return network


def _tell_proposal(terminal: Terminal, proposal: Proposal) -> None:
    number, path = proposal.number, proposal.path
    terminal.good(terminal.pick(f"proposal {number} in {path}", f"提议 {number}：{path}"))
    terminal.say(
        terminal.pick(
            f"  next: govchain submit {path} --as ADMIN, then others: govchain members approve {number}",
            f"  下一步：govchain submit {path} --as 管理员，再由他方 govchain members approve {number}",
        )
    )
    terminal.result({"number": number, "path": str(path)})


def _tell(terminal: Terminal, answer: ValidatorsAnswer) -> None:
    policy = answer.policy
    terminal.say(
        terminal.pick(
            f"epoch {answer.epoch}: {len(answer.members)} validators, {answer.quorum_size} make a quorum, "
            f"{answer.max_faulty} may fail",
            f"第 {answer.epoch} 届：{len(answer.members)} 个验证节点，法定数量 {answer.quorum_size}，"
            f"可容忍故障 {answer.max_faulty}",
        )
    )
    for member in answer.members:
        mark = "✓" if member.is_connected else "·"
        terminal.say(f"{mark} {member.index}  {member.name}  {member.org}  {member.public_key.hex()[:16]}…")
    terminal.say(
        terminal.pick(
            f"a change needs {policy.approvals_needed} of {len(policy.voters)} organisations: "
            + ", ".join(policy.voters),
            f"变更须经 {len(policy.voters)} 个机构中的 {policy.approvals_needed} 个批准："
            + "、".join(policy.voters),
        )
    )
    if policy.next_keys != tuple(member.public_key for member in answer.members):
        height, names = policy.checkpoint_height, policy.next_members
        terminal.say(
            terminal.pick(
                f"from height {height} on: {', '.join(names)}", f"自高度 {height} 起：{'、'.join(names)}"
            )
        )


def _value(answer: ValidatorsAnswer) -> dict[str, Any]:
    policy = answer.policy
    return {
        "epoch": answer.epoch,
        "quorum_size": answer.quorum_size,
        "max_faulty": answer.max_faulty,
        "validators": [
            {"name": each.name, "org": each.org, "public_key": each.public_key.hex()}
            for each in answer.members
        ],
        "voters": list(policy.voters),
        "approvals_needed": policy.approvals_needed,
        "next_validators": list(policy.next_members),
        "checkpoint_height": policy.checkpoint_height,
    }
