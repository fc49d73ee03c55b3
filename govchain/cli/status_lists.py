"""`govchain licence list`: a status list of a department's licences, signed, and the record that anchors it.

States come from the chain, places from a file that the department keeps. What a list is, is in `disclosure`;
handing it out is for a gateway.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from govchain.cli.connection import Connection, Reached, Signing, open_identity, run_async
from govchain.cli.terminal import Shown, Terminal
from govchain.client import Client
from govchain.config import load_document, write_yaml
from govchain.disclosure import ListedStatus, draw_index, issue_status_list, token_signer
from govchain.disclosure.status_list import digest_statuses, list_address, listed_status, pack_statuses
from govchain.errors import ConfigError
from govchain.ledger.kinds.status_list import PLACES_MIN

FRESH_HOURS_MAX: Final = 24 * 31
LICENCE: Final = "licence"


def make_list(
    terminal: Shown,
    connection: Reached,
    signing: Signing,
    register: Annotated[
        Path, typer.Argument(metavar="REGISTER", help="Licences and their places, as YAML; keep it secret.")
    ],
    gateway: Annotated[
        str, typer.Option("--gateway", metavar="URL", help="Gateway that hands the list out.")
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the list there.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")],
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="ID", help="A licence that gets a place, by chance. Several times."),
    ] = None,
    places: Annotated[
        int, typer.Option("--places", help="Licences that the list has room for; never changes.")
    ] = PLACES_MIN,
    fresh_h: Annotated[
        int,
        typer.Option("--fresh", metavar="HOURS", min=1, max=FRESH_HOURS_MAX, help="How long it is fresh."),
    ] = 24,
) -> None:
    """Sign a status list of licences as the chain has them now, and write the record that anchors it."""
    identity = open_identity(connection, signing, org_roles=("licence-issuer",))
    address = list_address(gateway.rstrip("/"), identity.org, name)
    taken = _take_places(register, add or [], places)
    statuses = run_async(_read_statuses(connection, taken, identity.org))
    packed, now_s, ttl_s = pack_statuses(places, statuses), int(time.time()), fresh_h * 3600
    text = issue_status_list(
        token_signer(identity.signer),
        packed,
        issuer=identity.org,
        key_id=identity.signer.key_id.hex(),
        uri=address,
        issued_s=now_s,
        expires_s=now_s + ttl_s,
        ttl_s=ttl_s,
    )
    fields = {
        "digest": digest_statuses(address, packed),
        "places": places,
        "fresh_until": datetime.fromtimestamp(now_s + ttl_s, UTC).isoformat(),
    }
    record = out.with_name(f"{out.name}.record.json")
    anchoring = {"kind": "licence.publish_list", "object_id": address, "fields": fields}
    out.write_text(text + "\n", encoding="ascii")
    record.write_text(json.dumps(anchoring, indent=2) + "\n", encoding="utf-8")
    _say_made(terminal, out, record, statuses, fields)
    terminal.result({"list": str(out), "record": str(record), "address": address, **fields})


def _say_made(
    terminal: Terminal, out: Path, record: Path, statuses: Mapping[int, ListedStatus], fields: dict[str, Any]
) -> None:
    invalid = sum(status is not ListedStatus.VALID for status in statuses.values())
    places, until = fields["places"], fields["fresh_until"]
    terminal.good(
        terminal.pick(
            f"{out}: {len(statuses)} of {places} places taken, {invalid} not valid; fresh until {until}",
            f"{out}：{places} 个位置已用 {len(statuses)} 个，其中 {invalid} 个并非有效；新鲜期至 {until}",
        )
    )
    terminal.say(
        terminal.pick(
            f"  next: govchain submit {record}, then hand {out} to a gateway (POST /v1/status-lists)",
            f"  接下来：govchain submit {record}，再将 {out} 交给网关（POST /v1/status-lists）",
        )
    )


def _take_places(register: Path, added: Sequence[str], places: int) -> dict[str, int]:
    """Licence to place, with those that are new; the file is whole at any moment.

    Raises:
        ConfigError: The file does not fit, or the list is full.
    """
    if not added and not register.exists():
        raise ConfigError("no such file", path=str(register), expected="a register, or --add for a new one")
    taken: dict[str, int] = {}
    if register.exists():
        loaded = load_document(register, dict[str, int])
        taken = dict(loaded.value)
        by_place: dict[int, str] = {}
        for licence, place in taken.items():
            if not 0 <= place < places:
                raise loaded.error(
                    "the list has no such place", licence, found=place, expected=f"0 to {places - 1}"
                )
            if by_place.setdefault(place, licence) != licence:
                raise loaded.error(
                    "two licences would share a place", licence, found=f"{place}, of {by_place[place]}"
                )
    for licence in added:
        if licence not in taken:
            used = frozenset(taken.values())
            taken[licence] = draw_index(places, used.__contains__, secrets.token_bytes)
    if added:
        fresh = register.with_name(f"{register.name}.new")
        fresh.write_text(write_yaml(taken), encoding="utf-8")
        os.replace(fresh, register)
    return taken


async def _read_statuses(connection: Connection, taken: dict[str, int], org: str) -> dict[int, ListedStatus]:
    level = "local" if connection.genesis is None else "certified"
    async with connection.client() as client:
        return {
            place: await _status_of(client, licence, org, level=level) for licence, place in taken.items()
        }


async def _status_of(client: Client, licence: str, org: str, *, level: str) -> ListedStatus:
    found = (await client.record(LICENCE, licence, level=level)).state
    if found is None:
        raise ConfigError("the chain has no such licence", found=licence, expected="one that was entered")
    if found.issuer_org != org:
        raise ConfigError("the licence is another issuer's", found=f"{licence}, of {found.issuer_org}")
    return listed_status(found.state)
