"""Rules of every record and of identity (G, I, RQ): one test that allows and one that denies for each."""

from __future__ import annotations

from typing import Any

import pytest

from govchain.codec import encode_json
from govchain.ledger import payload_holds_identifier
from govchain.ledger.state import denial_key, nonces_key
from govchain.model import Transaction, TransactionResult
from tests.support.ledger_world import (
    EVP,
    HASHES,
    SUITE,
    LedgerWorld,
    denial,
    licence_id,
    rfc3339,
    signer_of,
)

IDENTITY = "360426199101010071"
"""Passes the checksum; from the documentation of a validation library, nobody's."""
KEY = "evidence.deposit"


@pytest.fixture
def world() -> LedgerWorld:
    return LedgerWorld()


def run(world: LedgerWorld, payload: bytes, kind: str = KEY, **body: Any) -> TransactionResult:
    return world.execute([world.sign(kind, "evp-a", payload, **body)]).block.results[0]


def deposit_payload(world: LedgerWorld, **envelope: Any) -> bytes:
    return world.payload(KEY, "EV-1", world.deposit_fields(), **envelope)


# RQ: what admission judged is judged again.


def test_RQ1_allows_at_the_expiry_height(world: LedgerWorld) -> None:
    assert run(world, deposit_payload(world), expiry_height=1).applied


def test_RQ1_denies_after_the_expiry_height(world: LedgerWorld) -> None:
    before = world.ledger.state_root
    assert denial(run(world, deposit_payload(world), expiry_height=0)) == ("RQ-1", "E_EXPIRED")
    assert world.ledger.state_root == before


def test_RQ1_denies_another_chain(world: LedgerWorld) -> None:
    assert denial(run(world, deposit_payload(world), chain_id=bytes(32))) == ("RQ-1", "E_CHAIN")


@pytest.mark.parametrize("body", [b"", b"\xc1", b"junk", b"\x91\xa1x", b"\xdd\xff\xff\xff\xff"])
def test_RQ1_denies_unreadable_body(world: LedgerWorld, body: bytes) -> None:
    before = world.ledger.state_root
    result = world.execute([Transaction(body, b"")]).block.results[0]
    assert denial(result) == ("RQ-1", "E_PAYLOAD")
    assert world.ledger.state_root == before


@pytest.mark.parametrize("nonce", [-1, 2**63, 2**64 - 1])
def test_RQ1_denies_nonce_out_of_range(world: LedgerWorld, nonce: int) -> None:
    assert denial(run(world, deposit_payload(world), nonce=nonce)) == ("RQ-1", "E_PAYLOAD")


def test_RQ4_allows_fresh_nonces_in_any_order(world: LedgerWorld) -> None:
    for number, nonce in enumerate((5, 0, 65_535 + 1, 2**63 - 1)):
        payload = world.payload(KEY, f"EV-{number}", world.deposit_fields())
        assert run(world, payload, nonce=nonce).applied


def test_RQ4_denies_used_and_burnt_nonces_without_any_change(world: LedgerWorld) -> None:
    assert run(world, deposit_payload(world), nonce=70_000).applied
    before = world.ledger.state_root
    for nonce in (70_000, 0, 70_000 - 65_536):
        result = run(world, world.payload(KEY, "EV-2", world.deposit_fields()), nonce=nonce)
        assert denial(result) == ("RQ-4", "E_DUPLICATE")
        assert world.ledger.is_nonce_used(signer_of("evp-a").key_id, nonce)
    assert world.ledger.state_root == before


def test_RQ4_denies_the_same_transaction_and_keeps_its_first_place(world: LedgerWorld) -> None:
    transaction = world.sign(KEY, "evp-a", deposit_payload(world))
    results = world.execute([transaction, transaction]).block.results
    assert results[0].applied
    assert denial(results[1]) == ("RQ-4", "E_DUPLICATE")
    world.execute([transaction])
    assert world.chain.locate(SUITE.digest(transaction.body)) == (1, 0)


# G: the envelope.


def test_G0_allows_known_and_denies_unknown_kind(world: LedgerWorld) -> None:
    assert run(world, deposit_payload(world)).applied
    assert denial(run(world, b"{}", kind="evidence.erase")) == ("G0", "E_KIND")


def test_G1_allows_any_canonical_text(world: LedgerWorld) -> None:
    interest = '持股 5 % \U0001f600 \u2028 \\ " \x01 \n'
    payload = world.payload(KEY, "EV-1", world.deposit_fields(interest=interest))
    assert run(world, payload).applied


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b"{", b"\xff", b'"' + b"[" * 100_000, b"[" * 60_000, b'{"fields":{}}', b"{}" * 2],
)
def test_G1_denies_any_junk(world: LedgerWorld, payload: bytes) -> None:
    assert denial(run(world, payload)) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b'"size_bytes"', b'"size_byte"', "size_byte"),
        (b'"size_bytes":1024', b'"size_bytes":"1024"', "size_bytes"),
        (b'"size_bytes":1024', b'"size_bytes":1024.0', "size_bytes"),
        (b'"size_bytes":1024', b'"size_bytes": 1024', "canonical"),
        (b'"size_bytes":1024', b'"size_bytes":9007199254740992', ""),
        (b'"size_bytes":1024', b'"size_bytes":-1', "size_bytes"),
        (b'"object_id":"EV-1"', b'"object_id":""', "object_id"),
        (b'"object_id":"EV-1"', b'"object_id":"EV 1"', "object_id"),
        (b'"object_id":"EV-1"', b'"object_id":"EV-1","object_id":"EV-1"', "canonical"),
        (b'"object_version":1', b'"object_version":-1', "object_version"),
        (b"+08:00", b"", "claimed_time"),
        (b"web-page", b"web page", "evidence_kind"),
    ],
)
def test_G1_denies_and_names_the_field(world: LedgerWorld, old: bytes, new: bytes, named: str) -> None:
    payload = deposit_payload(world)
    assert old in payload
    result = run(world, payload.replace(old, new, 1))
    assert denial(result) == ("G1", "E_PAYLOAD")
    assert named in result.detail


def test_G2_allows_both_and_denies_malformed_hashes(world: LedgerWorld) -> None:
    assert run(world, deposit_payload(world, payload_hash=HASHES)).applied
    for bad in ("a" * 63, "A" * 64, "g" * 64):
        fields = world.deposit_fields(raw_hash={**HASHES, "sm3": bad})
        assert denial(world.submit(KEY, "evp-a", "EV-2", fields)) == ("G2", "E_PAYLOAD")
        payload = world.payload(KEY, "EV-2", world.deposit_fields(), payload_hash={**HASHES, "sha256": bad})
        assert denial(run(world, payload)) == ("G2", "E_PAYLOAD")


def test_G2_denies_a_single_hash(world: LedgerWorld) -> None:
    fields = world.deposit_fields(raw_hash={"sha256": "a" * 64})
    payload = encode_json(
        {"object_id": "EV-1", "object_version": 1, "claimed_time": rfc3339(world.now_ms), "fields": fields}
    )
    result = run(world, payload)
    assert denial(result) == ("G1", "E_PAYLOAD")
    assert "sm3" in result.detail


def test_G3_allows_listed_change(world: LedgerWorld) -> None:
    world.make_licence(licence_id())


def test_G3_denies_change_of_what_does_not_exist(world: LedgerWorld) -> None:
    assert denial(world.issue_licence(licence_id())) == ("G3", "E_STATE")


def test_G4_allows_next_version_with_the_last_records_id(world: LedgerWorld) -> None:
    world.enter_licence(licence_id())
    record = world.record("licence", licence_id())
    result = world.submit(
        "licence.issue",
        "amr-b",
        licence_id(),
        {},
        object_version=2,
        prev_record_hash=record.timeline[0].transaction_id.hex(),
    )
    assert result.applied


@pytest.mark.parametrize(
    "envelope",
    [{"object_version": 1}, {"object_version": 3}, {"prev_record_hash": ""}, {"prev_record_hash": "0" * 64}],
)
def test_G4_denies_other_version_or_hash(world: LedgerWorld, envelope: dict[str, Any]) -> None:
    world.enter_licence(licence_id())
    assert denial(world.submit("licence.issue", "amr-b", licence_id(), {}, **envelope)) == ("G4", "E_VERSION")


def test_G4_denies_first_record_with_a_past(world: LedgerWorld) -> None:
    result = world.submit(KEY, "evp-a", "EV-1", world.deposit_fields(), object_version=2)
    assert denial(result) == ("G4", "E_VERSION")


def test_G8_records_denial_nonce_and_nothing_else(world: LedgerWorld) -> None:
    world.deposit("EV-1")
    before = world.store.state()
    transaction = world.sign(KEY, "evp-a", world.payload(KEY, "EV-1", world.deposit_fields()))
    world.execute([transaction])
    after = world.store.state()
    transaction_id = SUITE.digest(transaction.body)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed == {denial_key(transaction_id), nonces_key(signer_of("evp-a").key_id)}
    entry = world.chain.denial(transaction_id)
    assert entry is not None
    assert (entry.rule, entry.code, entry.org, entry.kind) == ("E1", "E_DUP_ID", EVP, KEY)
    assert entry.object_id == "evidence/EV-1"


def test_G9_allows_the_clocks_tolerance_and_denies_beyond(world: LedgerWorld) -> None:
    fields = world.deposit_fields()
    assert world.submit(KEY, "evp-a", "EV-1", fields, claimed_time=rfc3339(world.now_ms + 300_000)).applied
    late = world.submit(KEY, "evp-a", "EV-2", fields, claimed_time=rfc3339(world.now_ms + 301_000))
    assert denial(late) == ("G9", "E_TIME_ORDER")


def test_G9_denies_running_back_on_one_object(world: LedgerWorld) -> None:
    world.enter_licence(licence_id())
    early = rfc3339(world.now_ms - 61_000)
    result = world.submit("licence.issue", "amr-b", licence_id(), {}, claimed_time=early)
    assert denial(result) == ("G9", "E_TIME_ORDER")


# I: identity.


def test_I1_denies_unknown_key_without_any_change(world: LedgerWorld) -> None:
    before = world.ledger.state_root
    transaction = world.sign(KEY, "stranger", deposit_payload(world), org=EVP)
    assert denial(world.execute([transaction]).block.results[0]) == ("I1", "E_SIG")
    assert world.ledger.state_root == before


def add_key(
    world: LedgerWorld, name: str, *roles: str, by: str = "evp-admin", **fields: Any
) -> TransactionResult:
    signer = signer_of(name)
    values = {**world.key_proof(EVP, name), "person": name, "roles": list(roles), **fields}
    return world.submit("key.add", by, signer.key_id.hex(), values)


def revoke_key(world: LedgerWorld, person: str, by: str = "evp-admin") -> TransactionResult:
    return world.submit("key.revoke", by, signer_of(person).key_id.hex(), {"reason": "left"})


def test_I1_allows_added_key_and_denies_it_once_revoked(world: LedgerWorld) -> None:
    assert add_key(world, "evp-b").applied
    assert world.submit(KEY, "evp-b", "EV-1", world.deposit_fields(), org=EVP).applied
    payload = world.payload(KEY, "EV-2", world.deposit_fields())
    revocation = world.sign(
        "key.revoke",
        "evp-admin",
        world.payload("key.revoke", signer_of("evp-b").key_id.hex(), {"reason": "left"}),
    )
    early, late = (world.sign(KEY, "evp-b", payload, org=EVP) for _ in range(2))
    results = world.execute([revocation, early, late]).block.results
    assert results[0].applied
    assert denial(results[1]) == ("I1", "E_KEY_REVOKED"), "in the same block already"
    key = world.ledger.key(signer_of("evp-b").key_id)
    assert key is not None
    assert not key.active


def test_I1_denies_adding_a_key_twice_even_after_revocation(world: LedgerWorld) -> None:
    add_key(world, "evp-b")
    assert denial(add_key(world, "evp-b")) == ("I1", "E_DUP_ID")
    revoke_key(world, "evp-b")
    assert denial(add_key(world, "evp-b")) == ("I1", "E_DUP_ID")


@pytest.mark.parametrize(
    "fields",
    [
        {"public_key": "00"},
        {"public_key": "zz"},
        {"public_key": "00" * 32},
        {"person": "a b"},
        {"roles": ["A B"]},
    ],
)
def test_G1_denies_malformed_key(world: LedgerWorld, fields: dict[str, Any]) -> None:
    assert denial(add_key(world, "evp-b", **fields)) == ("G1", "E_PAYLOAD")


@pytest.mark.parametrize(
    "text",
    [
        IDENTITY,
        f"身份证{IDENTITY}号",
        "３６０４２６１９９１０１０１００７１",
        "13812345678",
        "tel 138-1234-5678",
        "+8613812345678",
        "360426 19910101 0071",
        "3604-2619-9101-0100-71",
        " ".join(IDENTITY),
        "2026-11-02 110102199101010078",
        "360426\u201319910101\u20130071",
        "36042619910\u200b1010071",
        "\U0001d7db\U0001d7de\U0001d7d8426199101010071",
        "44011320141005001x",
        "x44011320141005001Xx",
    ],
)
def test_I3_denies_plain_identifier_and_never_repeats_it(world: LedgerWorld, text: str) -> None:
    result = world.deposit("EV-1", interest=text)
    assert denial(result) == ("I3", "E_PLAIN_ID")
    assert text not in repr(result)


@pytest.mark.parametrize(
    "text",
    [
        IDENTITY[:-1] + "2",
        "26537912570200055449",
        "20261102000000000001",
        "360426199113010079",
        "ab13812345678" + "c" * 51,
        "1381234567",
        "138123456789",
        "360426 19910101 0072",
        "94742018XT13089519001",
        "94742018XT13089519",
        "26537912570200055449 20261102000000000001",
    ],
)
def test_I3_allows_numbers_that_name_nobody(world: LedgerWorld, text: str) -> None:
    assert world.deposit("EV-1", interest=text).applied


def test_I3_finds_what_a_repeated_key_a_number_or_nesting_hides() -> None:
    for payload in (
        b'{"a":"%s","a":""}',
        b'{"a":%s}',
        b'{"a":[{"b":[%s]}]}',
        b"[" * 5_000 + b'"%s"' + b"]" * 5_000,
        b'["%s',
        b'{"%s":1}',
    ):
        assert payload_holds_identifier(payload % IDENTITY.encode()), payload[:20]
    escaped = "".join(f"\\u{ord(digit):04x}" for digit in IDENTITY).encode()
    assert payload_holds_identifier(b'["' + escaped + b'"]')
    assert payload_holds_identifier(b'["' + escaped)
    assert not payload_holds_identifier(b'{"size_bytes":13812345678}')


def test_I3_denies_without_repeating_identifiers_in_any_result(world: LedgerWorld) -> None:
    transactions = [
        world.sign(KEY, "evp-a", b'{"%s":1}' % (b"x" * 50 + IDENTITY.encode())),
        world.sign(KEY, "evp-a", world.payload(KEY, IDENTITY, world.deposit_fields())),
        world.sign(KEY, "evp-a", b'{"%s":1}' % IDENTITY.encode()),
        world.sign(f"evidence.{IDENTITY}", "evp-a", b"{}"),
        world.sign(
            "evidence.transfer",
            "evp-a",
            world.payload(
                "evidence.transfer",
                IDENTITY,
                {
                    "to_org": EVP,
                    "action": "seal",
                    "raw_hash": HASHES,
                },
            ),
        ),
    ]
    executed = world.execute(transactions)
    assert IDENTITY[:14] not in repr(executed.block.results)
    stored = b"".join(world.store.state().values()) + b"".join(world.store.state())
    assert IDENTITY.encode() not in stored


def test_I5_G5_allows_own_and_denies_foreign_organisation(world: LedgerWorld) -> None:
    assert run(world, deposit_payload(world)).applied
    payload = world.payload(KEY, "EV-2", world.deposit_fields())
    for org in ("31990100MA0XX00L9F", "91990100MA0XX00Z15"):
        assert denial(run(world, payload, org=org)) == ("I5", "E_ROLE")


def test_I5_denies_keys_without_the_role(world: LedgerWorld) -> None:
    assert denial(add_key(world, "evp-b", by="evp-a")) == ("I5", "E_ROLE")
    assert denial(world.enter_licence(licence_id(), person="amr-b")) == ("I5", "E_ROLE")
    world.enter_licence(licence_id())
    assert denial(world.issue_licence(licence_id(), person="amr-admin")) == ("I5", "E_ROLE")


def test_I5_denies_revoking_another_organisations_key(world: LedgerWorld) -> None:
    assert denial(revoke_key(world, "amr-a")) == ("I5", "E_ROLE")


def test_I8_allows_revoking_an_admin_while_another_remains(world: LedgerWorld) -> None:
    assert add_key(world, "evp-admin-2", "admin").applied
    assert revoke_key(world, "evp-admin").applied


def test_I8_denies_revoking_the_last_admin(world: LedgerWorld) -> None:
    add_key(world, "evp-admin-2", "admin")
    revoke_key(world, "evp-admin-2")
    assert denial(revoke_key(world, "evp-admin")) == ("I8", "E_STATE")


def test_G3_denies_revoking_twice_or_a_stranger(world: LedgerWorld) -> None:
    add_key(world, "evp-b")
    assert revoke_key(world, "evp-b").applied
    assert denial(revoke_key(world, "evp-b")) == ("G3", "E_STATE")
    assert denial(revoke_key(world, "nobody")) == ("G3", "E_STATE")
