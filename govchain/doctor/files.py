"""The files that a validator is given: genesis, key, certificate (checks `genesis`, `key`, `tls`).

Read only, but for the mode of secret files, which may be narrowed.
"""

from __future__ import annotations

import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from govchain.crypto import Signer, chain_id_of, read_key_file, suite
from govchain.crypto.authority import describe_certificate
from govchain.doctor.findings import Sheet, Text
from govchain.errors import ConfigError
from govchain.model import Genesis
from govchain.net import TlsContexts, TlsFiles
from govchain.node import NodeConfig, load_genesis
from govchain.node.config import validate_against_genesis

EXPIRY_WARNING: Final = timedelta(days=30)


def check_genesis(sheet: Sheet, config: NodeConfig) -> Genesis | None:
    """The genesis describes a network, and the configuration fits into it."""
    try:
        genesis = load_genesis(config.genesis)
        validate_against_genesis(config, genesis)
    except ConfigError as error:
        sheet.problem(
            "genesis",
            Text(str(error), f"创世文件或配置不符：{error}"),
            Text(
                "use the genesis.json that was handed out with this network's keys, and name every other "
                "validator under peers",
                "请使用与本网络密钥一同发放的 genesis.json，并在 peers 中列出其他所有验证节点",
            ),
        )
        return None
    chain_id = chain_id_of(suite(genesis.suite), genesis).hex()
    sheet.ok("genesis", f"{genesis.name}, chain {chain_id}", f"{genesis.name}，链标识 {chain_id}")
    return genesis


def check_key(
    sheet: Sheet, config: NodeConfig, genesis: Genesis, passphrase: str | None
) -> tuple[Signer, ...]:
    """The keys are secret, readable, and nobody else's; empty when one of them cannot be used."""
    paths = [config.key, config.next_key] if config.next_key else [config.key]
    if not all([_is_private(sheet, "key", Path(path)) for path in paths]):
        return ()
    try:
        signers = tuple(read_key_file(path, passphrase) for path in paths)
    except ConfigError as error:
        if "sealed" in error.problem:
            sheet.skip(
                "key",
                "the key file is sealed; give its passphrase in GOVCHAIN_KEY_PASSPHRASE",
                "密钥文件已加密；请通过 GOVCHAIN_KEY_PASSPHRASE 提供口令",
            )
            return ()
        sheet.problem(
            "key",
            Text(str(error), f"密钥文件无法使用：{error}"),
            Text("bring back the key file from its backup", "请从备份恢复密钥文件"),
        )
        return ()
    return signers if _is_own(sheet, config, genesis, signers) else ()


def _is_own(sheet: Sheet, config: NodeConfig, genesis: Genesis, signers: tuple[Signer, ...]) -> bool:
    keys = [signer.public_key for signer in signers]
    owners = [member.name for member in genesis.validators.members if member.public_key in keys]
    others = [name for name in owners if name != config.name]
    if others:
        sheet.problem(
            "key",
            Text(f"the key belongs to {others[0]}", f"该密钥属于：{others[0]}"),
            Text(f"use the key file of {config.name}", f"请使用 {config.name} 的密钥文件"),
        )
        return False
    if owners or config.candidate:
        sheet.ok("key", f"the key of {config.name}, for its owner alone", f"{config.name} 的密钥，仅属主可读")
        return True
    sheet.warn(
        "key",
        Text("the key is in no validator set of the genesis", "创世文件的验证节点中没有该密钥"),
        Text("right only if it was rotated since", "仅当此后更换过密钥时才正确"),
    )
    return True


def check_tls(sheet: Sheet, config: NodeConfig, now: datetime) -> None:
    """The certificate is valid for a while, names this validator, and comes from the shared authority."""
    files = TlsFiles(Path(config.tls_certificate), Path(config.tls_key), Path(config.tls_authority))
    if not _is_private(sheet, "tls", files.key):
        return
    renew = Text(
        "issue a new certificate with the network's authority and send the validator SIGHUP",
        "请由网络的证书颁发机构签发新证书，并向验证节点发送 SIGHUP",
    )
    try:
        TlsContexts(files)
        facts = describe_certificate(files.certificate.read_bytes(), files.authority.read_bytes())
    except (ConfigError, OSError) as error:
        sheet.problem("tls", Text(str(error), f"TLS 文件无法使用：{error}"), renew)
        return
    end = f"{facts.not_after:%Y-%m-%d}"
    if not facts.is_issued:
        found = Text("the certificate is not of this authority", "证书不是由该证书颁发机构签发")
        sheet.problem("tls", found, renew)
    elif config.name not in facts.names:
        names = ", ".join(facts.names)
        sheet.problem("tls", Text(f"the certificate names {names}", f"证书上的名称为 {names}"), renew)
    elif not facts.not_before <= now < facts.not_after:
        begin = f"{facts.not_before:%Y-%m-%d}"
        found = Text(f"valid from {begin} to {end}, not now", f"有效期 {begin} 至 {end}，当前不在有效期内")
        sheet.problem("tls", found, renew)
    elif facts.not_after - now < EXPIRY_WARNING:
        sheet.warn("tls", Text(f"the certificate ends on {end}", f"证书将于 {end} 到期"), renew)
    else:
        sheet.ok("tls", f"valid until {end}, names {config.name}", f"有效期至 {end}，名称 {config.name}")


def _is_private(sheet: Sheet, check: str, path: Path) -> bool:
    """Whether only its owner can read a secret file, by now; what is not there is judged elsewhere."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() else 0
    if not mode & 0o077:
        return True
    found = Text(f"{path}: others can read it (mode {mode:04o})", f"{path}：其他用户可读（权限 {mode:04o}）")
    sheet.derived(check, found, lambda: path.chmod(0o600))
    return sheet.may_mend
