"""`govchain licence present` and `verify`: show a part of a credential, or stamp a copy; check either.

Offline: files and keys in, files and a verdict out. What a credential means is decided in `disclosure`.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.connection import PASSPHRASE_VARIABLE
from govchain.cli.exits import ExitStatus
from govchain.cli.options import Commands
from govchain.cli.status_lists import make_list
from govchain.cli.terminal import Said, Shown, Terminal
from govchain.crypto import suite
from govchain.crypto.keys import read_key_file
from govchain.crypto.p256 import POINT_BYTES
from govchain.disclosure import (
    REASONS,
    StatusReference,
    TokenKey,
    VerifiedCredential,
    hidden_fields,
    present,
    require_licence,
    stamp_copy,
    status_request,
    token_signer,
    verify_copy,
    verify_presentation,
    verify_status_list,
)
from govchain.disclosure.presentation import KeyOf
from govchain.disclosure.sd_jwt import CREDENTIAL_CHARACTERS_MAX
from govchain.disclosure.sd_jwt import Path as FieldPath
from govchain.errors import BadCredential, ConfigError
from govchain.ledger.identifiers import is_credit_code, parse_date_ms

app = Commands(
    help="Show a part of a licence, or stamp a copy; check either, offline. Make a status list.",
    no_args_is_help=True,
)
app.command("list")(make_list)

AudienceOption = Annotated[
    str, typer.Option("--audience", metavar="USCC", help="Organisation that it is made for.")
]
NonceOption = Annotated[
    str | None, typer.Option("--nonce", metavar="TEXT", help="The verifier's challenge: answers it, once.")
]
PurposeOption = Annotated[
    str | None,
    typer.Option("--purpose", metavar="CODE", help="Instead: a copy 加注件 for this purpose alone."),
]

DAY_S = 86_400


@app.command("present")
def present_command(
    terminal: Said,
    credential: Annotated[Path, typer.Argument(metavar="CREDENTIAL", help="Credential file, as issued.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")],
    audience: AudienceOption,
    key: Annotated[
        Path,
        typer.Option(
            "--key", metavar="FILE", help=f"Holder's key file; passphrase in {PASSPHRASE_VARIABLE}."
        ),
    ],
    show: Annotated[
        list[str] | None,
        typer.Option("--show", metavar="FIELD", help="A field to show, as face.scope.0. Several times."),
    ] = None,
    nonce: NonceOption = None,
    purpose: PurposeOption = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="With --purpose: last day, as 2026-12-31.")
    ] = None,
) -> None:
    """Show some fields of a credential to one organisation, and keep the others."""
    _require_one(nonce, purpose)
    if not is_credit_code(audience):
        # Shown to a name that nobody checks, it would be refused by whoever it was meant for.
        raise ConfigError(
            "not a unified social credit code",
            path="--audience",
            found=audience,
            expected="18 characters with the right check character (GB 32100-2015)",
        )
    text = _read(credential)
    holder = token_signer(read_key_file(key, os.environ.get(PASSPHRASE_VARIABLE)))
    fields = _choose(hidden_fields(text), show or [])
    now_s = int(time.time())
    if nonce is not None:
        shown = present(text, fields, holder, audience=audience, nonce=nonce, now_s=now_s)
    else:
        assert purpose is not None
        shown = stamp_copy(
            text,
            fields,
            holder,
            audience=audience,
            purpose=purpose,
            number=secrets.token_urlsafe(16),
            now_s=now_s,
            expires_s=_end_of(until, now_s),
        )
    out.write_text(shown + "\n", encoding="ascii")
    names = ", ".join(_name(path) for path in fields) or "-"
    terminal.good(terminal.pick(f"{out}: shows {names} to {audience}", f"{out}：向 {audience} 出示 {names}"))


@app.command("verify")
def verify_command(
    terminal: Shown,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Presentation or stamped copy.")],
    audience: AudienceOption,
    issuer_key: Annotated[
        str, typer.Option("--issuer-key", metavar="HEX", help="Issuer's public key, from the chain.")
    ],
    nonce: NonceOption = None,
    purpose: PurposeOption = None,
    licence_id: Annotated[
        str | None, typer.Option("--licence-id", metavar="ID", help="With --commitment: the licence meant.")
    ] = None,
    commitment: Annotated[
        str | None,
        typer.Option("--commitment", metavar="HEX", help="face_commitment of its record on the chain."),
    ] = None,
    status_list: Annotated[
        Path | None, typer.Option("--status-list", metavar="FILE", help="Status list, as fetched.")
    ] = None,
) -> None:
    """Check a presentation or a stamped copy offline. Exit status 1 names the reason."""
    _require_one(nonce, purpose)
    key_of, text, now_s = _key_of(issuer_key), _read(file), int(time.time())
    try:
        if nonce is not None:
            verified = verify_presentation(text, key_of, audience=audience, nonce=nonce, now_s=now_s)
        else:
            assert purpose is not None
            verified = verify_copy(text, key_of, audience=audience, purpose=purpose, now_s=now_s)
        reference = _hold_against_chain(verified, licence_id, commitment)
        status = _status(verified, reference, status_list, key_of, now_s)
    except BadCredential as error:
        terminal.bad(terminal.pick(*REASONS[error.reason]))
        terminal.say(f"    {error}")
        terminal.result({"holds": False, "reason": error.reason, "problem": str(error)})
        raise typer.Exit(ExitStatus.FAILS) from error
    _show(terminal, verified, reference, status)
    if status not in (None, "VALID"):
        raise typer.Exit(ExitStatus.FAILS)


def _show(
    terminal: Terminal, verified: VerifiedCredential, reference: StatusReference | None, status: str | None
) -> None:
    claims = {name: value for name, value in verified.claims.items() if name not in ("cnf", "status")}
    for name, value in claims.items():
        terminal.say(f"  {name}  {json.dumps(value, ensure_ascii=False)}")
    terminal.good(terminal.pick("the signatures and the fields shown hold", "签名与所出示的字段成立"))
    if reference is None:
        terminal.say(
            terminal.pick(
                "  · not compared with the chain (--licence-id, --commitment)",
                "  · 未与链上记录比对（--licence-id、--commitment）",
            ),
            style="dim",
        )
    if status is None:
        terminal.say(
            terminal.pick("  · status not looked at (--status-list)", "  · 未查状态（--status-list）"),
            style="dim",
        )
    else:
        say = terminal.good if status == "VALID" else terminal.bad
        say(terminal.pick(f"status: {status}", f"状态：{status}"))
    terminal.result(
        {
            "holds": status in (None, "VALID"),
            "claims": claims,
            "is_compared_with_chain": reference is not None,
            "status": status,
        }
    )


def _hold_against_chain(
    verified: VerifiedCredential, licence_id: str | None, commitment: str | None
) -> StatusReference | None:
    if licence_id is None and commitment is None:
        return None
    if licence_id is None or commitment is None:
        raise ConfigError("a record of the chain is compared whole", expected="--licence-id and --commitment")
    return require_licence(verified, licence_id=licence_id, face_commitment=commitment)


def _status(
    verified: VerifiedCredential,
    reference: StatusReference | None,
    status_list: Path | None,
    key_of: KeyOf,
    now_s: int,
) -> str | None:
    if status_list is None:
        return None
    if reference is None:
        raise ConfigError("a status is of a licence", expected="--licence-id and --commitment as well")
    found = verify_status_list(
        status_list.read_text(encoding="utf-8").strip(),
        key_of,
        issuer=str(verified.payload["iss"]),
        uri=status_request(reference),
        now_s=now_s,
    )
    return found.status_at(reference.index).name


def _key_of(issuer_key: str) -> KeyOf:
    try:
        public_key = bytes.fromhex(issuer_key)
    except ValueError:
        public_key = b""
    if len(public_key) == POINT_BYTES:
        return lambda issuer, key_id: TokenKey("ES256", public_key)
    if len(public_key) != suite().public_key_bytes:
        raise ConfigError("not a public key", found=issuer_key[:20], expected="64 or 130 hex digits")
    known = suite().key_id(public_key).hex()
    return lambda issuer, key_id: TokenKey("EdDSA", public_key) if key_id == known else None


def _choose(fields: Sequence[FieldPath], names: Sequence[str]) -> list[FieldPath]:
    by_name = {_name(path): path for path in fields}
    for name in names:
        if name not in by_name:
            raise ConfigError(
                "the credential hides no such field", found=name, expected="one of " + ", ".join(by_name)
            )
    return [by_name[name] for name in names]


def _name(path: FieldPath) -> str:
    return ".".join(str(part) for part in path)


def _require_one(nonce: str | None, purpose: str | None) -> None:
    if (nonce is None) == (purpose is None):
        raise ConfigError(
            "an answer or a copy?", expected="--nonce TEXT for a challenge, or --purpose CODE for a copy"
        )


def _end_of(until: str | None, now_s: int) -> int:
    try:
        end_s = parse_date_ms(until or "") // 1000 + DAY_S
    except ValueError as error:
        raise ConfigError(f"--until: {error}", found=until, expected="the last day of the copy") from error
    if end_s <= now_s:
        raise ConfigError("--until: that day is over", found=until, expected="today or later")
    return end_s


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        text: str = file.read(CREDENTIAL_CHARACTERS_MAX + 2)
    return text.strip()
