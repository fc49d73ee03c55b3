"""Verifies a receipt offline, with nothing but the genesis, and says what each step checked.

Every failure is a `BadProof` that names its step. No clock, no network, no state: equal bytes, equal verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from govchain.codec import encode
from govchain.crypto import Suite, chain_id_of, verify_finality
from govchain.crypto import suite as suite_named
from govchain.crypto.epochs import ValidatorHistory
from govchain.crypto.file_digest import FileDigests
from govchain.crypto.log_tree import verify_inclusion
from govchain.errors import BadProof, InvalidInput, MalformedBytes
from govchain.ledger.payloads import Hashes, decode_envelope, decode_fields
from govchain.model import Genesis, TransactionBody, ValidatorSet
from govchain.model.genesis_rules import validate_genesis
from govchain.receipt.bundle import (
    NOT_CANONICAL,
    Inclusion,
    Receipt,
    body_of,
    claimed_time_of,
    format_time,
    outcome_of,
    parse_json,
    receipt_from_plain,
    summarise,
    write_receipt,
)
from govchain.receipt.report import (
    AUTHORITY,
    BEFORE_CHAIN,
    BEFORE_CHAIN_EVIDENCE,
    BLOCK_TIME,
    LATER,
    NO_FILE_GIVEN,
    NOTHING_RECORDED,
    STATED_HASHES,
    STEP_TITLES,
    ReceiptReport,
    Text,
    VerifiedStep,
    visible,
)

EVIDENCE_PREFIX: Final = "evidence."
FIRST_RECORDS: Final = ("evidence.deposit", "evidence.collect")
"""They put hashes on the chain; all later records state them again."""
REPEATED: Final = "RQ-4"


def verify_receipt(data: bytes, genesis: Genesis, *, original: FileDigests | None = None) -> ReceiptReport:
    """Check every byte of a receipt against a genesis, and an original file against the receipt.

    A receipt of a denied transaction verifies too; its report says DENIED.

    Raises:
        BadProof: A step failed; `step` is its id in `STEP_TITLES`.
        ConfigError: The genesis itself is impossible or of an unknown suite.
    """
    validate_genesis(genesis)
    return _Verification(data, genesis, original).run()


class _Verification:
    """One pass over one receipt; collects the steps that held."""

    def __init__(self, data: bytes, genesis: Genesis, original: FileDigests | None) -> None:
        self._data = data
        self._genesis = genesis
        self._original = original
        self._suite: Suite = suite_named(genesis.suite)
        self._steps: list[VerifiedStep] = []

    def run(self) -> ReceiptReport:
        with _step("read"):
            plain = self._read()
        with _step("format"):
            receipt = self._format(plain)
        with _step("chain"):
            self._chain(receipt)
        with _step("transaction"):
            transaction_id, body = self._transaction(receipt)
        with _step("inclusion"):
            self._inclusion(receipt, transaction_id)
        with _step("result"):
            self._result(receipt, transaction_id)
        with _step("validators"):
            validators = self._validators(receipt)
        with _step("header"):
            self._header(receipt, validators)
        with _step("certificate"):
            self._certificate(receipt, validators)
        with _step("summary"):
            self._summary(receipt, transaction_id, body)
        if self._original is not None:
            with _step("file"):
                self._file(receipt, body, self._original)
        return self._report(receipt, transaction_id, body)

    def _held(self, step: str, en: str, zh: str) -> None:
        self._steps.append(VerifiedStep(id=step, title=STEP_TITLES[step], checked=Text(en, zh)))

    def _read(self) -> Any:
        plain = parse_json(self._data)
        size = len(self._data)
        self._held("read", f"{size} bytes of JSON.", f"{size} 字节的 JSON。")
        return plain

    def _format(self, plain: Any) -> Receipt:
        receipt = receipt_from_plain(plain)
        _require(
            write_receipt(receipt) == self._data,
            NOT_CANONICAL,
        )
        self._held(
            "format",
            f"{receipt.govchain}; written again from its values, the file comes back byte for byte.",
            f"{receipt.govchain}；按其内容重新写出，与文件逐字节相同。",
        )
        return receipt

    def _chain(self, receipt: Receipt) -> None:
        expected = chain_id_of(self._suite, self._genesis)
        _require(
            receipt.chain_id == expected,
            f"the receipt is of chain {receipt.chain_id.hex()}; this genesis makes chain {expected.hex()}",
        )
        name, members = self._genesis.name, self._genesis.validators.size
        self._held(
            "chain",
            f"Digest of the genesis ({name}, {members} validators) = chain id {expected.hex()}.",
            f"创世文件（{name}，{members} 个验证节点）的摘要 = 链标识 {expected.hex()}。",
        )

    def _transaction(self, receipt: Receipt) -> tuple[bytes, TransactionBody]:
        signed = receipt.transaction
        transaction_id = self._suite.digest(signed.body)
        body = body_of(signed)
        _require(body.chain_id == receipt.chain_id, "the transaction was signed for another chain")
        key_id = self._suite.key_id(signed.signer)
        _require(
            key_id == body.key_id,
            f"the public key has id {key_id.hex()}; the signed body names {body.key_id.hex()}",
        )
        self._suite.verify(signed.signer, signed.body, signed.signature)
        kind, org = visible(body.kind), visible(body.org)
        self._held(
            "transaction",
            f"Id {transaction_id.hex()} recomputed from {len(signed.body)} signed bytes; "
            f"{kind} by {org}; the signature verifies under key {body.key_id.hex()}.",
            f"由 {len(signed.body)} 字节签名内容重新计算得到标识 {transaction_id.hex()}；"
            f"{org} 办理 {kind}；签名经密钥 {body.key_id.hex()} 验证通过。",
        )
        return transaction_id, body

    def _inclusion(self, receipt: Receipt, transaction_id: bytes) -> None:
        self._verify_leaf(receipt, receipt.inclusion, transaction_id, receipt.header.transactions_root)
        proof, height = receipt.inclusion, receipt.header.height
        self._held(
            "inclusion",
            f"Number {proof.position + 1} of {proof.size} transactions of block {height}; "
            f"{len(proof.path)} hashes lead to the header's transactions root.",
            f"区块 {height} 共 {proof.size} 笔交易中的第 {proof.position + 1} 笔；"
            f"经 {len(proof.path)} 个哈希到达区块头的交易根。",
        )

    def _result(self, receipt: Receipt, transaction_id: bytes) -> None:
        result = receipt.result
        _require(result.transaction_id == transaction_id, "the result is of another transaction")
        _require(
            receipt.result_inclusion.position == receipt.inclusion.position,
            "transaction and result are at different positions",
        )
        self._verify_leaf(receipt, receipt.result_inclusion, encode(result), receipt.header.results_root)
        _require(
            bool(result.rule) != result.applied,
            "a result must name a rule exactly when it is a denial",
        )
        if result.applied:
            en, zh = "APPLIED: the state changed as asked.", "已生效：状态已按申请变更。"
        else:
            rule, code, detail = visible(result.rule), visible(result.code), visible(result.detail)
            en = f"DENIED by rule {rule} ({code}): {detail}. Nothing was recorded."
            zh = f"已驳回：规则 {rule}（{code}）。申请的内容未生效。"
            if result.rule == REPEATED:
                # The same signed bytes may have been applied before; then this denial says nothing of that.
                en = f"DENIED by rule {rule} ({code}): {detail}. An earlier execution may have been applied."
                zh = f"已驳回：规则 {rule}（{code}）。此前的执行可能已经生效。"
        self._held("result", en, zh)

    def _verify_leaf(self, receipt: Receipt, proof: Inclusion, leaf: bytes, root: bytes) -> None:
        _require(
            proof.size == receipt.header.transaction_count,
            f"the proof is for {proof.size} leaves; the block has {receipt.header.transaction_count}",
        )
        verify_inclusion(
            self._suite, leaf=leaf, index=proof.position, size=proof.size, proof=proof.path, root=root
        )

    def _validators(self, receipt: Receipt) -> ValidatorSet:
        """Rule MB-4: each set is proven by the one before it, so old receipts stay verifiable."""
        epoch, count = receipt.header.epoch, len(receipt.validator_changes)
        _require(count == epoch, f"{count} changes of the validator set lead to epoch {epoch}")
        history = ValidatorHistory(self._suite, self._genesis)
        history.follow(receipt.validator_changes)
        _require(history.latest.epoch == epoch, "the changes repeat an epoch")
        if epoch == 0:
            en = "Epoch 0, the set of the genesis; no change of the set in between."
            zh = "第 0 届，即创世文件所列的验证节点集合；其间没有变更。"
        else:
            at = ", ".join(str(change.header.height) for change in receipt.validator_changes)
            en = (
                f"Epoch {epoch}: {history.latest.size} validators; each change (at height {at}) is certified "
                "by the set before it, back to the genesis."
            )
            zh = (
                f"第 {epoch} 届，共 {history.latest.size} 个验证节点；各次变更（高度 {at}）"
                "均由前一届集合证明，可追溯至创世文件。"
            )
        self._held("validators", en, zh)
        return history.latest

    def _header(self, receipt: Receipt, validators: ValidatorSet) -> None:
        header, genesis = receipt.header, self._genesis
        _require(header.chain_id == receipt.chain_id, "the header is of another chain")
        _require(header.height >= 1, f"height {header.height}; blocks begin at 1")
        _require(header.time_ms >= genesis.time_ms, "the block is older than the genesis")
        _require(
            0 <= header.proposer < validators.size,
            f"proposer {header.proposer} is not one of {validators.size} validators",
        )
        digest, when = self._suite.digest(encode(header)), format_time(header.time_ms)
        proposer = validators.members[header.proposer].name
        self._held(
            "header",
            f"Block {header.height} of {when}, proposed by {proposer}; digest {digest.hex()}.",
            f"区块 {header.height}，时间 {when}，由 {proposer} 提案；摘要 {digest.hex()}。",
        )

    def _certificate(self, receipt: Receipt, validators: ValidatorSet) -> None:
        verify_finality(self._suite, validators, receipt.certificate, receipt.header)
        voters = [validators.members[vote.validator].name for vote in receipt.certificate.votes]
        signed, size, needed = len(voters), validators.size, validators.quorum_size
        self._held(
            "certificate",
            f"{signed} of {size} validators signed this header: {', '.join(voters)}; {needed} needed.",
            f"{size} 个验证节点中有 {signed} 个签署了该区块头：{'、'.join(voters)}；需要 {needed} 个。",
        )

    def _summary(self, receipt: Receipt, transaction_id: bytes, body: TransactionBody) -> None:
        expected = summarise(transaction_id, body, receipt.result, receipt.header)
        # Compared as written: to Python 1, 1.0 and true are equal.
        written = write_receipt(msgspec.structs.replace(receipt, summary=expected))
        _require(written == self._data, "the summary does not say what the signed bytes say")
        self._held(
            "summary",
            "Every line of the summary was recomputed from the verified bytes and is the same.",
            "摘要的每一行均由已验证的内容重新得出，完全一致。",
        )

    def _file(self, receipt: Receipt, body: TransactionBody, original: FileDigests) -> None:
        recorded = recorded_file(body)
        _require(recorded is not None, f"the record ({body.kind}) carries no file hash to compare with")
        assert recorded is not None
        hashes, size_bytes = recorded
        for name, found, expected in (
            ("SHA-256", original.sha256, hashes.sha256),
            ("SM3", original.sm3, hashes.sm3),
        ):
            _require(found == expected, f"the file's {name} is {found}; the record says {expected}")
        if size_bytes is not None:
            _require(
                original.size_bytes == size_bytes,
                f"the file has {original.size_bytes} bytes; the record says {size_bytes}",
            )
        what, what_zh = ("record", "记录") if receipt.result.applied else ("refused request", "被驳回的申请")
        compared = "" if size_bytes is None else f", {size_bytes} bytes"
        compared_zh = "" if size_bytes is None else f"，{size_bytes} 字节"
        self._held(
            "file",
            f"SHA-256 {hashes.sha256} and SM3 {hashes.sm3}{compared}: equal to the {what}.",
            f"SHA-256 {hashes.sha256}、SM3 {hashes.sm3}{compared_zh}：与{what_zh}一致。",
        )

    def _report(self, receipt: Receipt, transaction_id: bytes, body: TransactionBody) -> ReceiptReport:
        result, header = receipt.result, receipt.header
        when = format_time(header.time_ms)
        about = visible(f"{body.kind} {result.object_id}".strip())
        if result.applied:
            verdict = Text(
                f"VALID: {about} was applied at height {header.height} ({when}).",
                f"有效：{about} 于高度 {header.height}（{when}）生效。",
            )
        else:
            verdict = Text(
                f"VALID PROOF OF A DENIAL: {about} was {visible(outcome_of(result))} at height "
                f"{header.height} ({when}).",
                f"有效的驳回证明：{about} 于高度 {header.height}（{when}）"
                f"被规则 {visible(result.rule)}（{visible(result.code)}）驳回。",
            )
        assert [step.id for step in self._steps] == list(STEP_TITLES)[: len(self._steps)]
        return ReceiptReport(
            steps=tuple(self._steps),
            transaction_id=transaction_id,
            kind=body.kind,
            org=body.org,
            object=result.object_id,
            claimed_time=claimed_time_of(body.payload),
            block_time=when,
            height=header.height,
            applied=result.applied,
            rule=result.rule,
            code=result.code,
            detail=visible(result.detail),
            verdict=verdict,
            not_proven=_not_proven(body, self._original, applied=result.applied),
        )


def recorded_file(body: TransactionBody) -> tuple[Hashes, int | None] | None:
    """Hashes and size of the file that a record is about; None when it is about none.

    Evidence says it in its own fields; any other record in the envelope's payload hash.

    Raises:
        MalformedBytes: The payload is not an envelope.
    """
    envelope = decode_envelope(body.payload)
    if body.kind.startswith(EVIDENCE_PREFIX):
        fields = decode_fields(envelope, _EvidenceFields)
        if fields.raw_hash is not None:
            return fields.raw_hash, fields.size_bytes
    if envelope.payload_hash is None:
        return None
    reference = envelope.payload_ref
    return envelope.payload_hash, None if reference is None else reference.size_bytes


class _EvidenceFields(msgspec.Struct, frozen=True):
    """What evidence records say about their file and their depositor; other fields are passed over."""

    raw_hash: Hashes | None = None
    size_bytes: int | None = None
    interest: str = ""


def _not_proven(body: TransactionBody, original: FileDigests | None, *, applied: bool) -> tuple[Text, ...]:
    texts = [*(_effect(body) if applied else [NOTHING_RECORDED]), AUTHORITY, BLOCK_TIME, LATER]
    if original is None:
        texts.append(NO_FILE_GIVEN)
    return tuple(texts)


def _effect(body: TransactionBody) -> list[Text]:
    """What an applied record leaves open."""
    if not body.kind.startswith(EVIDENCE_PREFIX):
        return [BEFORE_CHAIN]
    texts = [BEFORE_CHAIN_EVIDENCE]
    if body.kind not in FIRST_RECORDS:
        texts.append(STATED_HASHES)
    if interest := visible(_declared_interest(body)):
        texts.append(
            Text(
                f"The depositor declared an interest in the matter ({interest}): what weight the record "
                "has is for the court (Article 17).",
                f"存证人已申报与本案有利害关系（{interest}）：证明力由人民法院审查认定（第十七条）。",
            )
        )
    return texts


def _declared_interest(body: TransactionBody) -> str:
    try:
        return decode_fields(decode_envelope(body.payload), _EvidenceFields).interest
    except MalformedBytes:
        return ""


@contextmanager
def _step(step: str) -> Iterator[None]:
    """Whatever foreign input breaks inside, the failure names this step."""
    try:
        yield
    except InvalidInput as error:
        raise BadProof(visible(str(error)), step=step) from error


def _require(held: bool, problem: str) -> None:
    if not held:
        raise BadProof(problem)
