"""`govchain licence`: show a part, stamp a copy, check either, run as a user would."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from govchain.cli.app import run
from govchain.config import load_yaml
from govchain.crypto import suite, write_key_file
from govchain.crypto.p256 import P256Signer
from govchain.disclosure import (
    ListedStatus,
    StatusReference,
    issue_licence,
    issue_status_list,
    seal_face,
    token_signer,
)
from govchain.disclosure.status_list import listed_status, pack_statuses
from tests.support.credentials import AMR, BANK, FACE, LICENCE_ID, LIST_URI, TAX, seeded_bytes

SIGNER = suite().signer(b"\x01" * 32)
ISSUER = token_signer(SIGNER)
KEY_ID = SIGNER.key_id.hex()
SEALED = seal_face(FACE, seeded_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A credential, its holder's key, and a status list."""
    secret = b"\x02" * 32
    write_key_file(tmp_path / "holder.json", "ed25519-sha256", secret)
    now_s = int(time.time())
    credential = issue_licence(
        ISSUER,
        SEALED,
        issuer=AMR,
        key_id=KEY_ID,
        holder=token_signer(suite().signer(secret)).key,
        licence_id=LICENCE_ID,
        status=StatusReference(LIST_URI, 7),
        issued_s=now_s,
    )
    (tmp_path / "credential").write_text(credential + "\n")
    for name, statuses in (("valid", {}), ("revoked", {7: ListedStatus.INVALID})):
        packed = pack_statuses(1024, statuses)
        times: Any = {"issued_s": now_s, "expires_s": now_s + 3600, "ttl_s": 3600}
        text = issue_status_list(ISSUER, packed, issuer=AMR, key_id=KEY_ID, uri=LIST_URI, **times)
        (tmp_path / name).write_text(text)
    return tmp_path


def shown(folder: Path, *more: str) -> int:
    paths = ["--out", str(folder / "shown"), "--key", str(folder / "holder.json")]
    return run(["licence", "present", str(folder / "credential"), *paths, "--audience", BANK, *more])


def checked(folder: Path, *more: str, key: str = SIGNER.public_key.hex(), audience: str = BANK) -> int:
    return run(
        ["licence", "verify", str(folder / "shown"), "--audience", audience, "--issuer-key", key, *more]
    )


def test_L8_shown_fields_are_verified_and_held_against_chain_and_list(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = ["--show", "face.certificateHolderName", "--show", "face.scope.1"]
    assert shown(folder, *fields, "--nonce", "n-1") == 0
    capsys.readouterr()
    record = ["--licence-id", LICENCE_ID, "--commitment", SEALED.commitment, "--json", "-"]
    assert checked(folder, "--nonce", "n-1", *record, "--status-list", str(folder / "valid")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["claims"]["face"] == {"certificateHolderName": "测试企业甲", "scope": ["数据处理"]}
    assert (found["holds"], found["is_compared_with_chain"], found["status"]) == (True, True, "VALID")
    assert checked(folder, "--nonce", "n-1", *record, "--status-list", str(folder / "revoked")) == 1
    assert "INVALID" in capsys.readouterr().out
    assert checked(folder, "--nonce", "n-1", "--licence-id", LICENCE_ID, "--commitment", "00") == 1


def test_what_was_not_looked_at_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown(folder, "--nonce", "n-1")
    assert checked(folder, "--nonce", "n-1", "--lang", "zh") == 0
    text = capsys.readouterr().out
    assert "未与链上记录比对" in text
    assert "未查状态" in text


def test_L7_stamped_copy_serves_its_purpose_and_no_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(folder, "--show", "face.capital", "--purpose", "hpf_loan", "--until", "2099-12-31") == 0
    assert checked(folder, "--purpose", "hpf_loan") == 0
    capsys.readouterr()
    assert checked(folder, "--purpose", "marketing", "--lang", "en") == 1
    assert "stamped for another purpose" in capsys.readouterr().out
    assert checked(folder, "--purpose", "hpf_loan", audience=TAX) == 1
    assert checked(folder, "--nonce", "n-1") == 1


def test_reason_is_in_the_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown(folder, "--nonce", "n-1")
    capsys.readouterr()
    assert checked(folder, "--nonce", "n-2", "--json", "-") == 1
    assert json.loads(capsys.readouterr().out)["reason"] == "wrong-nonce"
    stranger = suite().signer(b"\x09" * 32).public_key.hex()
    assert checked(folder, "--nonce", "n-1", "--json", "-", key=stranger) == 1
    assert json.loads(capsys.readouterr().out)["reason"] == "unknown-issuer"
    point = P256Signer(b"\x09" * 32).public_key.hex()
    assert checked(folder, "--nonce", "n-1", "--json", "-", key=point) == 1
    assert json.loads(capsys.readouterr().out)["reason"] == "wrong-algorithm"


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--nonce", "n", "--purpose", "p"],
        ["--nonce", "n", "--show", "face.none"],
        ["--purpose", "p"],
        ["--purpose", "p", "--until", "tomorrow"],
        ["--purpose", "p", "--until", "2020-01-01"],
        ["--nonce", "n", "--audience", "hello"],
    ],
)
def test_wrong_wishes_of_a_holder_exit_with_2(
    folder: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(folder, *more) == 2
    assert not (folder / "shown").exists()
    if "--show" in more:
        assert "face.certificateHolderName" in capsys.readouterr().err, "the fields that there are"


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--nonce", "n-1", "--licence-id", LICENCE_ID],
        ["--nonce", "n-1", "--status-list", "x"],
        ["--nonce", "n-1", "--issuer-key", "zz"],
    ],
)
def test_wrong_wishes_of_a_verifier_exit_with_2(folder: Path, more: list[str]) -> None:
    shown(folder, "--nonce", "n-1")
    assert checked(folder, *more) == 2


def listed(folder: Path, *more: str, places: str = "1024", name: str = "seals") -> int:
    """`licence list`, of a network that is not there: what is judged before it is asked."""
    reached = ["--url", "http://127.0.0.1:9", "--key", str(folder / "holder.json"), "--org", AMR]
    wanted = ["--gateway", "https://lists.example.org", "--name", name, "--out", str(folder / "list")]
    return run(["licence", "list", str(folder / "register"), *reached, *wanted, "--places", places, *more])


@pytest.mark.parametrize(
    ("register", "said"),
    [
        ("a: 1\nb: 1\n", "share a place"),
        ("a: 1024\n", "no such place"),
        ("a: -1\n", "no such place"),
        ("a: x\n", "x"),
    ],
)
def test_L9_a_register_that_does_not_fit_makes_no_list(
    folder: Path, register: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "register").write_text(register)
    assert listed(folder, "--add", "c") == 2
    assert said in capsys.readouterr().err
    assert (folder / "register").read_text() == register
    assert not (folder / "list").exists()


def test_L9_a_list_has_a_register_an_address_and_room(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listed(folder) == 2
    assert listed(folder, name="a/b") == 2
    assert "no address of a status list" in capsys.readouterr().err
    assert listed(folder, "--add", "a", places="1000") == 2
    assert not (folder / "register").exists()


def test_a_place_is_kept_before_the_chain_is_asked(folder: Path) -> None:
    """A list that was not made costs a place; a place that was forgotten would be given twice."""
    assert listed(folder, "--add", "a", "--add", "b") == 4
    kept = load_yaml(folder / "register", dict[str, int])
    assert set(kept) == {"a", "b"}
    assert listed(folder, "--add", "b") == 4
    assert load_yaml(folder / "register", dict[str, int]) == kept


@pytest.mark.parametrize(
    ("state", "status"),
    [("VALID", 0), ("DRAFT", 1), ("REVOKED", 1), ("VOIDED", 1), ("SUSPENDED", 2), ("SUPERSEDED", 3)],
)
def test_L9_a_list_says_the_state_on_the_chain(state: str, status: int) -> None:
    assert listed_status(state) == status
