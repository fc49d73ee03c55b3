"""Receipts: what each verification step refuses, and what the report says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govchain.codec import encode
from govchain.crypto.file_digest import digest_chunks
from govchain.crypto.log_tree import compute_inclusion_proof
from govchain.errors import BadProof, ConfigError, MalformedBytes, Unavailable, UnknownVersion
from govchain.ledger.payloads import encode_payload
from govchain.model import Transaction, TransactionResult, ValidatorSet
from govchain.receipt import (
    RECEIPT_FORMAT,
    STEP_TITLES,
    Inclusion,
    Receipt,
    RecordProof,
    build_receipt,
    read_receipt,
    verify_receipt,
    write_receipt,
)
from tests.support.receipts import (
    FILE,
    PERSON,
    STRANGER,
    SUITE,
    HandmadeChain,
    certify,
    deposit_payload,
    make_genesis,
    public_key_of,
)

DEEP: list[Any] = []
for _ in range(40):
    DEEP = [DEEP]

CONTENTS = [("evidence.deposit", deposit_payload()) for _ in range(5)]


def make(position: int = 2, **options: Any) -> tuple[HandmadeChain, Receipt]:
    chain = HandmadeChain(CONTENTS, **options)
    receipt = build_receipt(chain, SUITE, chain.ids[position], public_key_of)
    assert receipt is not None
    return chain, receipt


def fails(receipt: Receipt, chain: HandmadeChain) -> BadProof:
    with pytest.raises(BadProof) as caught:
        verify_receipt(write_receipt(receipt), chain.genesis)
    return caught.value


def test_applied_receipt_verifies_and_says_how() -> None:
    chain, receipt = make()
    report = verify_receipt(write_receipt(receipt), chain.genesis)
    assert [step.id for step in report.steps] == list(STEP_TITLES)[:-1]
    assert report.applied
    assert (report.kind, report.object, report.height) == ("evidence.deposit", "evidence/EV-3", 1)
    assert report.claimed_time == "2026-01-01T10:00:00+08:00"
    assert report.block_time == "2026-01-01T00:00:05.000Z"
    by_id = {step.id: step.checked.en for step in report.steps}
    assert by_id["certificate"] == (
        "3 of 4 validators signed this header: validator-0, validator-1, validator-2; 3 needed."
    )
    assert "Number 3 of 5 transactions of block 1" in by_id["inclusion"]
    assert report.verdict.en.startswith("VALID: evidence.deposit evidence/EV-3 was applied at height 1")
    assert all(step.title.zh and step.checked.zh for step in report.steps)


def test_denied_receipt_is_valid_and_says_denied() -> None:
    chain, receipt = make(denied=(2,))
    report = verify_receipt(write_receipt(receipt), chain.genesis)
    assert not report.applied
    assert (report.rule, report.code) == ("E1", "E_DUP_ID")
    assert report.detail == receipt.result.detail != ""
    assert "DENIED by rule E1 (E_DUP_ID)" in report.verdict.en
    assert "DENIED" in next(step for step in report.steps if step.id == "result").checked.en
    assert "驳回" in report.verdict.zh
    assert receipt.summary.outcome == "DENIED by rule E1 (E_DUP_ID)"


def test_E4_report_separates_before_and_after_chaining() -> None:
    chain, receipt = make()
    texts = [text.en for text in verify_receipt(write_receipt(receipt), chain.genesis).not_proven]
    assert any("Article 16" in text and "Article 18" in text for text in texts)
    assert any("entitled to act" in text for text in texts)


def test_E5_report_repeats_a_declared_interest() -> None:
    chain = HandmadeChain([("evidence.deposit", deposit_payload(interest="party to the contract"))])
    receipt = build_receipt(chain, SUITE, chain.ids[0], public_key_of)
    assert receipt is not None
    report = verify_receipt(write_receipt(receipt), chain.genesis)
    assert any("party to the contract" in text.en for text in report.not_proven)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_every_position_of_a_block_has_a_receipt(count: int) -> None:
    chain = HandmadeChain([("evidence.deposit", deposit_payload())] * count)
    for transaction_id in chain.ids:
        receipt = build_receipt(chain, SUITE, transaction_id, public_key_of)
        assert receipt is not None
        assert verify_receipt(write_receipt(receipt), chain.genesis).transaction_id == transaction_id


def test_no_receipt_for_unknown_or_uncertified() -> None:
    chain, _ = make()
    assert build_receipt(chain, SUITE, bytes(32), public_key_of) is None
    chain._certificate = None  # type: ignore[assignment]
    assert build_receipt(chain, SUITE, chain.ids[0], public_key_of) is None


def test_no_receipt_without_the_signers_key_or_a_readable_body() -> None:
    chain, _ = make()
    with pytest.raises(Unavailable, match="public key"):
        build_receipt(chain, SUITE, chain.ids[0], lambda key_id: None)
    block = chain.block(1)
    assert block is not None
    broken = (Transaction(body=b"?", signature=b""), *block.transactions[1:])
    chain._block = msgspec.structs.replace(block, transactions=broken)
    with pytest.raises(Unavailable, match="no readable body"):
        build_receipt(chain, SUITE, chain.ids[0], public_key_of)


def test_payload_that_is_no_envelope_still_has_a_receipt() -> None:
    for payload in (b"\xff not json", b"[" * 300 + b"]" * 300, b""):
        chain = HandmadeChain([("evidence.deposit", payload)], denied=(0,))
        receipt = build_receipt(chain, SUITE, chain.ids[0], public_key_of)
        assert receipt is not None
        assert receipt.summary.payload is None
        report = verify_receipt(write_receipt(receipt), chain.genesis)
        assert report.claimed_time == ""


def test_step_read_refuses_what_is_not_json() -> None:
    for data in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b" " * 4_000_001):
        with pytest.raises(BadProof) as caught:
            verify_receipt(data, make_genesis())
        assert caught.value.step == "read"


def test_step_format_refuses_other_spellings() -> None:
    chain, receipt = make()
    data = write_receipt(receipt)
    plain = json.loads(data)
    others = [
        json.dumps(plain).encode(),
        data + b"\n",
        data.rstrip(b"\n"),
        data.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data,
        json.dumps(plain, indent=2, sort_keys=True).encode() + b"\n",
        data.replace(receipt.chain_id.hex().encode(), receipt.chain_id.hex().upper().encode(), 1),
    ]
    for other in others:
        with pytest.raises(BadProof) as caught:
            verify_receipt(other, chain.genesis)
        assert caught.value.step in {"read", "format"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("govchain",), "govchain.receipt/2"),
        (("govchain",), None),
        (("extra",), 1),
        (("inclusion", "position"), -(2**70)),
        (("inclusion", "position"), 1.5),
        (("inclusion", "position"), True),
        (("header", "height"), 2**64),
        (("header",), []),
        (("validator_changes",), {}),
        (("summary", "payload"), DEEP),
    ],
)
def test_step_format_refuses_other_shapes(path: tuple[str, ...], value: Any) -> None:
    chain, receipt = make()
    plain = json.loads(write_receipt(receipt))
    inner = plain
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises(BadProof) as caught:
        verify_receipt(json.dumps(plain, indent=2, ensure_ascii=False).encode() + b"\n", chain.genesis)
    assert caught.value.step == "format"


def test_read_receipt_is_the_strict_inverse() -> None:
    _, receipt = make()
    data = write_receipt(receipt)
    assert read_receipt(data) == receipt
    with pytest.raises(MalformedBytes, match="canonical"):
        read_receipt(data + b" ")
    with pytest.raises(UnknownVersion):
        read_receipt(data.replace(b"receipt/1", b"receipt/9"))


def test_step_chain_refuses_another_genesis() -> None:
    _, receipt = make()
    with pytest.raises(BadProof) as caught:
        verify_receipt(write_receipt(receipt), make_genesis("another"))
    assert caught.value.step == "chain"


def test_step_transaction_refuses_wrong_signatures_and_keys() -> None:
    chain, receipt = make()
    signed = receipt.transaction
    wrong = [
        msgspec.structs.replace(signed, signature=STRANGER.sign(signed.body)),
        msgspec.structs.replace(signed, signature=signed.signature[:-1]),
        msgspec.structs.replace(signed, signer=STRANGER.public_key),
        msgspec.structs.replace(signed, body=signed.body[:-1]),
        msgspec.structs.replace(signed, body=b""),
        # Somebody else signs the same body with a key of their own: the signature is good, the key is not.
        msgspec.structs.replace(signed, signature=STRANGER.sign(signed.body), signer=STRANGER.public_key),
    ]
    for transaction in wrong:
        assert fails(msgspec.structs.replace(receipt, transaction=transaction), chain).step == "transaction"


def test_step_transaction_refuses_one_that_was_signed_for_another_chain() -> None:
    chain, receipt = make(signed_for=bytes(32))
    assert fails(receipt, chain).step == "transaction"


def test_step_inclusion_refuses_another_transaction_of_the_same_block() -> None:
    chain, receipt = make(2)
    _, other = make(3)
    moved = msgspec.structs.replace(receipt, inclusion=other.inclusion)
    assert fails(moved, chain).step == "inclusion"
    larger = msgspec.structs.replace(receipt.inclusion, size=6)
    assert fails(msgspec.structs.replace(receipt, inclusion=larger), chain).step == "inclusion"


def test_step_result_refuses_a_result_of_another_or_turned_round() -> None:
    chain, receipt = make(2, denied=(2,))
    _, other = make(3)
    borrowed = msgspec.structs.replace(receipt, result=other.result, result_inclusion=other.result_inclusion)
    assert fails(borrowed, chain).step == "result"
    turned = msgspec.structs.replace(receipt.result, applied=True, rule="", code="", detail="")
    assert fails(msgspec.structs.replace(receipt, result=turned), chain).step == "result"


def swap(results: tuple[TransactionResult, ...]) -> tuple[TransactionResult, ...]:
    return (results[1], results[0])


def contradict(results: tuple[TransactionResult, ...]) -> tuple[TransactionResult, ...]:
    return tuple(msgspec.structs.replace(each, rule="E1") for each in results)


def test_step_result_refuses_what_only_a_dishonest_quorum_certifies() -> None:
    chain = HandmadeChain(CONTENTS[:2], alter=swap)
    honest = HandmadeChain(CONTENTS[:2])
    receipt = build_receipt(honest, SUITE, honest.ids[0], public_key_of)
    assert receipt is not None
    block, certificate = chain.block(1), chain.certificate(1)
    assert block is not None
    assert certificate is not None
    # The results of two transactions are swapped: first with its own result from the wrong place ...
    proofs = [
        Inclusion(
            position=each,
            size=2,
            path=compute_inclusion_proof(SUITE, [encode(result) for result in block.results], each),
        )
        for each in (0, 1)
    ]
    moved = msgspec.structs.replace(
        receipt, header=block.header, certificate=certificate, result_inclusion=proofs[1]
    )
    assert fails(moved, chain).step == "result"
    # ... then with the result of the other one from the right place.
    other = msgspec.structs.replace(moved, result=block.results[0], result_inclusion=proofs[0])
    assert fails(other, chain).step == "result"


def test_step_result_refuses_a_success_that_names_a_rule() -> None:
    chain, receipt = make(alter=contradict)
    assert fails(receipt, chain).step == "result"


def test_step_header_refuses_impossible_values() -> None:
    chain, receipt = make()
    changes: tuple[dict[str, Any], ...] = (
        {"height": 0},
        {"proposer": 4},
        {"time_ms": 1},
        {"time_ms": 2**62},
        {"chain_id": bytes(32)},
    )
    for change in changes:
        header = msgspec.structs.replace(receipt.header, **change)
        changed = msgspec.structs.replace(receipt, header=header, certificate=certify(header))
        assert fails(changed, chain).step == "header"


def test_step_certificate_refuses_too_few_forged_and_foreign_votes() -> None:
    chain, receipt = make()
    votes = receipt.certificate.votes
    forged = msgspec.structs.replace(votes[2], validator=3)
    header = msgspec.structs.replace(receipt.header, state_root=bytes(32))
    wrong = [
        msgspec.structs.replace(receipt.certificate, votes=votes[:2]),
        msgspec.structs.replace(receipt.certificate, votes=(*votes[:2], votes[1])),
        msgspec.structs.replace(receipt.certificate, votes=(*votes[:2], forged)),
        msgspec.structs.replace(receipt.certificate, epoch=1),
        certify(header),
    ]
    for certificate in wrong:
        assert fails(msgspec.structs.replace(receipt, certificate=certificate), chain).step == "certificate"
    assert fails(msgspec.structs.replace(receipt, header=header), chain).step == "certificate"


def test_step_format_refuses_changes_of_unknown_form() -> None:
    chain, receipt = make()
    changed = msgspec.structs.replace(receipt, validator_changes=({"epoch": 1},))
    assert fails(changed, chain).step == "format"


def test_step_validators_refuses_a_header_of_an_epoch_that_no_change_leads_to() -> None:
    chain, receipt = make()
    header = msgspec.structs.replace(receipt.header, epoch=1)
    assert fails(msgspec.structs.replace(receipt, header=header), chain).step == "validators"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "evidence.rule"},
        {"outcome": "DENIED by rule E1 (E_DUP_ID)"},
        {"height": 2},
        {"block_time": "2025-01-01T00:00:05.000Z"},
        {"claimed_time": ""},
        {"payload": None},
        {"payload": {"object_id": "EV-1"}},
    ],
)
def test_step_summary_refuses_a_summary_that_says_more_or_less(change: dict[str, Any]) -> None:
    chain, receipt = make()
    summary = msgspec.structs.replace(receipt.summary, **change)
    assert fails(msgspec.structs.replace(receipt, summary=summary), chain).step == "summary"


def test_step_summary_tells_true_from_one() -> None:
    chain, receipt = make()
    payload = dict(receipt.summary.payload, object_version=True)
    summary = msgspec.structs.replace(receipt.summary, payload=payload)
    assert summary == receipt.summary
    assert fails(msgspec.structs.replace(receipt, summary=summary), chain).step == "summary"


def test_step_file_accepts_the_original_and_refuses_any_other() -> None:
    chain, receipt = make()
    data = write_receipt(receipt)
    report = verify_receipt(data, chain.genesis, original=digest_chunks([FILE]))
    assert report.steps[-1].id == "file"
    assert f"{len(FILE)} bytes" in report.steps[-1].checked.en
    good = digest_chunks([FILE])
    for wrong in (
        digest_chunks([FILE + b"."]),
        msgspec.structs.replace(good, sha256="0" * 64),
        msgspec.structs.replace(good, sm3="0" * 64),
        msgspec.structs.replace(good, size_bytes=1),
    ):
        with pytest.raises(BadProof) as caught:
            verify_receipt(data, chain.genesis, original=wrong)
        assert caught.value.step == "file"


def test_step_file_says_when_a_record_carries_no_hash() -> None:
    payload = b'{"claimed_time":"2026-01-01T10:00:00+08:00","fields":{},"object_id":"L","object_version":1}'
    chain = HandmadeChain([("licence.issue", payload)])
    receipt = build_receipt(chain, SUITE, chain.ids[0], public_key_of)
    assert receipt is not None
    with pytest.raises(BadProof, match="carries no file hash") as caught:
        verify_receipt(write_receipt(receipt), chain.genesis, original=digest_chunks([FILE]))
    assert caught.value.step == "file"


def test_step_file_reads_the_payload_hash_of_other_records() -> None:
    digests = digest_chunks([FILE])
    payload = msgspec.json.encode(
        {
            "object_id": "L",
            "object_version": 1,
            "claimed_time": "2026-01-01T10:00:00+08:00",
            "fields": {},
            "payload_hash": {"sha256": digests.sha256, "sm3": digests.sm3},
            "payload_ref": {"size_bytes": digests.size_bytes, "media_type": "application/pdf"},
        }
    )
    chain = HandmadeChain([("licence.enter", payload)])
    receipt = build_receipt(chain, SUITE, chain.ids[0], public_key_of)
    assert receipt is not None
    data = write_receipt(receipt)
    assert verify_receipt(data, chain.genesis, original=digests).steps[-1].id == "file"
    with pytest.raises(BadProof) as caught:
        verify_receipt(data, chain.genesis, original=digest_chunks([b"other"]))
    assert caught.value.step == "file"


def test_genesis_without_validators_certifies_nothing() -> None:
    chain, receipt = make()
    empty = msgspec.structs.replace(chain.genesis, validators=ValidatorSet(epoch=0, members=()))
    with pytest.raises(ConfigError, match="no validators"):
        verify_receipt(write_receipt(receipt), empty)


@pytest.mark.parametrize("page", ["receipt.md", "receipt.zh.md"])
def test_the_reference_page_names_every_field_and_step(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / page).read_text(encoding="utf-8")
    names = (*Receipt.__struct_fields__, *RecordProof.__struct_fields__, *STEP_TITLES, RECEIPT_FORMAT)
    assert [name for name in names if f"`{name}`" not in text] == []


def test_signer_public_key_is_in_the_file() -> None:
    _, receipt = make()
    assert receipt.transaction.signer == PERSON.public_key


def test_E4_denied_evidence_claims_no_presumption() -> None:
    chain, receipt = make(denied=(2,))
    report = verify_receipt(write_receipt(receipt), chain.genesis, original=digest_chunks([FILE]))
    texts = " ".join(text.en for text in report.not_proven)
    assert "Article" not in texts
    assert "supports no claim" in texts
    assert "equal to the refused request" in report.steps[-1].checked.en


def test_a_repetitions_denial_does_not_say_that_nothing_was_recorded() -> None:
    def repeat(results: tuple[TransactionResult, ...]) -> tuple[TransactionResult, ...]:
        return tuple(msgspec.structs.replace(each, rule="RQ-4", code="E_DUPLICATE") for each in results)

    chain, receipt = make(denied=(0, 1, 2, 3, 4), alter=repeat)
    steps = {step.id: step for step in verify_receipt(write_receipt(receipt), chain.genesis).steps}
    assert "Nothing was recorded" not in steps["result"].checked.en
    assert "earlier execution may have been applied" in steps["result"].checked.en


def test_E4_a_courts_verification_does_not_pass_for_the_deposit() -> None:
    payload = encode_payload(
        {"object_id": "EV-1", "object_version": 3, "claimed_time": "2026-01-01T10:00:00+08:00"},
        {"raw_hash": {"sha256": "a" * 64, "sm3": "b" * 64}, "size_bytes": 1},
    )
    chain = HandmadeChain([("evidence.verify", payload)])
    receipt = build_receipt(chain, SUITE, chain.ids[0], public_key_of)
    assert receipt is not None
    texts = [text.en for text in verify_receipt(write_receipt(receipt), chain.genesis).not_proven]
    assert any("compare them with the receipt of the deposit" in text for text in texts)


def test_what_a_signer_wrote_cannot_act_in_the_report() -> None:
    forged = "none).\n\n\x1b[2J✓ VALID: all of it\u202e\u200b"
    chain = HandmadeChain(
        [(f"evidence.deposit{forged}", deposit_payload(interest=forged))],
        alter=lambda results: tuple(msgspec.structs.replace(each, object_id=forged) for each in results),
    )
    receipt = build_receipt(chain, SUITE, chain.ids[0], public_key_of)
    assert receipt is not None
    report = verify_receipt(write_receipt(receipt), chain.genesis)
    shown = [*(step.checked for step in report.steps), report.verdict, *report.not_proven]
    for text in shown:
        for part in (text.en, text.zh):
            assert not set("\n\x1b\u202e\u200b") & set(part)
    assert any(r"\u001b[2J" in text.en for text in shown)
