"""Key files: private, versioned, never overwritten, silent about what they hold."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from govchain.crypto import (
    DEFAULT_SUITE,
    derive_secret,
    keys,
    new_secret,
    read_key_file,
    suite,
    write_key_file,
)
from govchain.errors import ConfigError

SECRET = derive_secret(7, "validator/validator-0")


@pytest.fixture(autouse=True)
def _cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SCRYPT_COST", 2**10)


def rewrite(path: Path, **changes: Any) -> None:
    plain = json.loads(path.read_text())
    for name, value in changes.items():
        if value is None:
            plain.pop(name, None)
        else:
            plain[name] = value
    path.write_text(json.dumps(plain))


@pytest.mark.parametrize("passphrase", [None, "correct horse", "口令"])
def test_a_key_file_gives_its_signer_back(tmp_path: Path, passphrase: str | None) -> None:
    path = tmp_path / "node.key"
    write_key_file(path, DEFAULT_SUITE, SECRET, passphrase)
    signer = read_key_file(path, passphrase)
    assert signer.public_key == suite().signer(SECRET).public_key
    assert signer.sign(b"m") == suite().signer(SECRET).sign(b"m")
    assert os.listdir(tmp_path) == ["node.key"]


def test_only_the_owner_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_key_file(tmp_path / "node.key", DEFAULT_SUITE, SECRET)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "node.key").stat().st_mode) == 0o600


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    write_key_file(path, DEFAULT_SUITE, SECRET)
    content = path.read_bytes()
    with pytest.raises(ConfigError, match="never overwritten"):
        write_key_file(path, DEFAULT_SUITE, new_secret())
    assert path.read_bytes() == content
    (tmp_path / "link.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="never overwritten"):
        write_key_file(tmp_path / "link.key", DEFAULT_SUITE, SECRET)
    assert sorted(os.listdir(tmp_path)) == ["link.key", "node.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777, 0o601])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "node.key"
    write_key_file(path, DEFAULT_SUITE, SECRET)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="others can read") as caught:
        read_key_file(path)
    assert f"{mode:04o}" in str(caught.value)
    path.chmod(0o400)
    read_key_file(path)


@pytest.mark.parametrize("passphrase", [None, "wrong", ""])
def test_a_sealed_file_opens_only_with_its_passphrase(tmp_path: Path, passphrase: str | None) -> None:
    path = tmp_path / "node.key"
    write_key_file(path, DEFAULT_SUITE, SECRET, "right")
    assert SECRET.hex() not in path.read_text()
    with pytest.raises(ConfigError, match="passphrase") as caught:
        read_key_file(path, passphrase)
    assert "right" not in str(caught.value)


def test_an_empty_passphrase_seals_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="empty"):
        write_key_file(tmp_path / "node.key", DEFAULT_SUITE, SECRET, "")
    assert os.listdir(tmp_path) == []


def test_public_fields_of_a_sealed_file_cannot_be_swapped(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    write_key_file(path, DEFAULT_SUITE, SECRET, "right")
    rewrite(path, public_key=suite().signer(new_secret()).public_key.hex())
    with pytest.raises(ConfigError, match="altered"):
        read_key_file(path, "right")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"format": "govchain.key-file/2"}, "this version"),
        ({"format": None}, "no known format"),
        ({"suite": "rot13"}, "unknown cryptographic suite"),
        ({"suite": 5}, "malformed"),
        ({"secret": None}, "either a secret or a seal"),
        ({"secret": "00"}, "wrong length"),
        ({"secret": "zz" * 32}, "malformed"),
        ({"secret": "11" * 32}, "does not belong"),
        ({"surplus": 1}, "malformed"),
        ({"public_key": None}, "malformed"),
    ],
)
def test_a_malformed_file_is_named_and_shows_no_secret(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    path = tmp_path / "node.key"
    write_key_file(path, DEFAULT_SUITE, SECRET)
    rewrite(path, **changes)
    with pytest.raises(ConfigError, match=problem) as caught:
        read_key_file(path)
    shown = str(caught.value)
    for secret in (SECRET.hex(), str(changes.get("secret", SECRET.hex()))):
        assert len(secret) < 10 or secret not in shown


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b"null", b"[" * 9000, b"x" * 20_000])
def test_what_is_no_key_file_is_a_configuration_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "node.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        read_key_file(path)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("cost", [0, 1, 3, 2**21, 2**62, -2])
def test_a_seal_cannot_ask_for_absurd_work(tmp_path: Path, cost: int) -> None:
    path = tmp_path / "node.key"
    write_key_file(path, DEFAULT_SUITE, SECRET, "right")
    rewrite(path, seal={**json.loads(path.read_text())["seal"], "scrypt_cost": cost})
    with pytest.raises(ConfigError, match="seal"):
        read_key_file(path, "right")


def test_a_missing_file_or_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_key_file(tmp_path / "absent.key")
    with pytest.raises(ConfigError, match="cannot write"):
        write_key_file(tmp_path / "absent" / "node.key", DEFAULT_SUITE, SECRET)
    with pytest.raises(ConfigError, match="cannot read"):
        read_key_file(tmp_path)


def test_derived_secrets_differ_by_seed_and_label_and_repeat() -> None:
    derived = [
        derive_secret(seed, label) for seed in (-1, 0, 1, 10, 2**70) for label in ("", "a", "validator/a")
    ]
    assert len(set(derived)) == len(derived)
    assert {len(secret) for secret in derived} == {32}
    assert derive_secret(1, "a") == derive_secret(1, "a")
    assert new_secret() != new_secret()
