"""The engine around the rules: headers, indexes, batching, reopening, and that nothing foreign raises."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govchain.codec import decode, encode, to_readable
from govchain.crypto import digest_of, transaction_id
from govchain.crypto.log_tree import compute_root, verify_inclusion
from govchain.crypto.state_map import verify_state
from govchain.errors import ConfigError, StorageFailure, UnknownVersion
from govchain.ledger import Chain, Ledger, ProvenBlock, RecordState
from govchain.ledger.kinds import PAYLOADS, VERBS, data_of
from govchain.ledger.overlay import UNSAVED_BLOCKS_MAX
from govchain.ledger.payload_check import PARTS_EXPLAINED_MAX
from govchain.model import (
    Block,
    FinalityCertificate,
    KeyRecord,
    Space,
    Transaction,
    TransactionBody,
    ValidatorSet,
)
from tests.support.ledger_world import (
    ACME,
    BETA,
    EVP,
    SUITE,
    DictStore,
    LedgerWorld,
    invoice_fields,
    invoice_number,
    licence_fields,
    licence_id,
    make_genesis,
    signer_of,
)


def story(world: LedgerWorld) -> list[Transaction]:
    """Transactions that depend on each other, some of them denied, built before any is executed."""
    scratch = LedgerWorld()
    steps: list[tuple[str, str, str, Callable[[], object]]] = [
        ("evidence.deposit", "evp-a", "EV-1", scratch.deposit_fields),
        ("evidence.deposit", "evp-a", "EV-1", scratch.deposit_fields),
        ("licence.enter", "amr-a", licence_id(), licence_fields),
        ("licence.issue", "amr-a", licence_id(), dict),
        ("licence.issue", "amr-b", licence_id(), dict),
        ("invoice.issue", "acme-a", invoice_number(), lambda: invoice_fields(invoice_number())),
        ("invoice.book", "beta-a", invoice_number(), lambda: {"voucher_no": "V-1"}),
        ("invoice.book", "beta-a", invoice_number(), lambda: {"voucher_no": "V-2"}),
    ]
    found = []
    for kind, person, object_id, fields in steps:
        transaction = scratch.sign(kind, person, scratch.payload(kind, object_id, fields()))
        scratch.execute([transaction], time_ms=scratch.now_ms)
        scratch.now_ms -= 60_000
        found.append(transaction)
    assert world.chain_id == scratch.chain_id
    return found


def test_header_commits_to_everything() -> None:
    world = LedgerWorld()
    transactions = story(world)
    first = world.execute(transactions[:5])
    second = world.execute(transactions[5:])
    header = second.block.header
    assert first.block.header.parent == world.chain_id
    assert header.parent == digest_of(SUITE, first.block.header) == first.header_digest
    assert header.height == world.ledger.height == 2
    assert header.transactions_root == compute_root(SUITE, second.transaction_ids)
    assert header.results_root == compute_root(SUITE, [encode(result) for result in second.block.results])
    assert header.history_root == compute_root(SUITE, [first.header_digest])
    assert header.state_root == world.ledger.state_root
    assert header.batch_digest == digest_of(SUITE, second.block.batch) == world.ledger.head_batch_digest
    assert second.transaction_ids[0] == transaction_id(SUITE, transactions[5])
    proof = world.ledger.history.prove_inclusion(0, 1)
    verify_inclusion(SUITE, leaf=first.header_digest, index=0, size=1, proof=proof, root=header.history_root)


def proven(block: Block) -> ProvenBlock:
    """As whoever checked the block hands it over."""
    ids = tuple(SUITE.digest(each.body) for each in block.transactions)
    bodies = [decode(each.body, TransactionBody) for each in block.transactions]
    return ProvenBlock(block, encode(block), ids, bodies)


def test_CU2_a_proven_block_executes_as_any_other() -> None:
    world, other = LedgerWorld(), LedgerWorld()
    transactions = story(world)
    for part in (transactions[:5], [], transactions[5:]):
        executed = world.execute(part)
        assert other.ledger.replay(proven(executed.block)) == executed
        other.store.write(executed.writes)
    assert any(not each.applied for each in executed.block.results), "denials are in the comparison"


def test_CU2_other_results_than_the_proven_ones_give_another_header() -> None:
    """Nothing is believed: what the block says came out is only taken where it came out here too."""
    world, other = LedgerWorld(), LedgerWorld()
    executed = world.execute(story(world))
    block = executed.block
    results = tuple(msgspec.structs.replace(each, detail="another word") for each in block.results)
    root = compute_root(SUITE, [encode(result) for result in results])
    header = msgspec.structs.replace(block.header, results_root=root)
    lie = msgspec.structs.replace(block, header=header, results=results)
    assert other.ledger.replay(proven(lie)) == executed


def test_block_time_never_runs_back() -> None:
    world = LedgerWorld()
    times = [world.execute([], time_ms=time_ms).block.header.time_ms for time_ms in (0, 2 * 10**12, 10**12)]
    assert times == [world.genesis.time_ms, 2 * 10**12, 2 * 10**12]


@pytest.mark.parametrize("sizes", [(8,), (1,) * 8, (3, 0, 5), (4, 4)])
def test_state_depends_on_order_and_not_on_blocks(sizes: tuple[int, ...]) -> None:
    world = LedgerWorld()
    transactions = iter(story(world))
    for size in sizes:
        world.execute(list(itertools.islice(transactions, size)), time_ms=world.genesis.time_ms)
    assert next(transactions, None) is None
    expected = LedgerWorld()
    expected.execute(story(expected))
    assert world.ledger.state_root == expected.ledger.state_root
    assert world.store.state() == expected.store.state()
    assert world.ledger.denial_counts == {"E1": 1, "G6": 1, "T6": 1}
    assert world.ledger.transaction_count == 8


@pytest.mark.parametrize("cut", range(9))
def test_reopened_ledger_continues_exactly(cut: int) -> None:
    straight, reopened = LedgerWorld(), LedgerWorld()
    for number, transaction in enumerate(story(straight)):
        if number == cut:
            reopened.reopen()
        assert straight.execute([transaction]).block == reopened.execute([transaction]).block
    reopened.reopen()
    assert reopened.ledger.head == straight.ledger.head
    assert reopened.ledger.head_digest == straight.ledger.head_digest
    assert reopened.ledger.denial_counts == straight.ledger.denial_counts
    assert reopened.store.rows == straight.store.rows


def test_executes_ahead_of_the_store() -> None:
    steady, ahead = LedgerWorld(), LedgerWorld()
    waiting: list[list[object]] = [ahead.ledger.genesis_writes()]  # type: ignore[list-item]
    ahead.store.rows.clear()
    ahead.reopen()
    for transaction in story(steady):
        block = steady.execute([transaction]).block
        executed = ahead.ledger.execute(block.batch, [transaction])
        assert executed.block == block
        waiting.append(executed.writes)  # type: ignore[arg-type]
        if len(waiting) > 2:
            ahead.store.write(waiting.pop(0))  # type: ignore[arg-type]


def test_a_key_kept_in_memory_never_outlives_its_revocation() -> None:
    world = LedgerWorld()
    signer = signer_of("evp-b")
    key_id = signer.key_id
    added = {**world.key_proof(EVP, "evp-b"), "person": "evp-b", "roles": []}
    assert world.submit("key.add", "evp-admin", key_id.hex(), added).applied
    # Long ago, so that the key is read from the store, and kept, before it is revoked.
    for i in range(2 * UNSAVED_BLOCKS_MAX):
        assert world.submit("evidence.deposit", "evp-b", f"EV-0{i}", world.deposit_fields(), org=EVP).applied
    assert world.submit("key.revoke", "evp-admin", key_id.hex(), {"reason": "left"}).applied
    for i in range(2 * UNSAVED_BLOCKS_MAX):
        key = world.ledger.key(key_id)
        assert key is not None
        assert not key.active, f"{i} blocks after the revocation"
        assert world.deposit(f"EV-1{i}").applied


def test_store_of_another_chain_or_format_is_refused() -> None:
    world = LedgerWorld()
    other = msgspec.structs.replace(world.genesis, name="another")
    with pytest.raises(ConfigError, match="another chain"):
        Ledger(other, SUITE, world.store)
    world.store.rows[Space.META, b"ledger/format"] = b"govchain.ledger/9"
    with pytest.raises(UnknownVersion):
        world.reopen()


def test_damaged_state_stops_the_ledger() -> None:
    world = LedgerWorld()
    world.deposit("EV-1")
    world.store.rows[Space.STATE, world.chain.record_key("evidence", "EV-1")] = b"\xc1"
    world.reopen()
    with pytest.raises(StorageFailure):
        world.ledger.record("evidence", "EV-1")


def test_situation_44_RC3_a_state_of_another_height_than_the_heads_stops_the_ledger() -> None:
    """Part of the store is older than the rest, as when one file of it was restored from a copy."""
    world = LedgerWorld()
    world.deposit("EV-1")
    old = {key: value for key, value in world.store.rows.items() if key[0] is Space.TREE}
    world.deposit("EV-2")
    world.store.rows.update(old)
    with pytest.raises(StorageFailure, match="not that of height 2"):
        world.reopen()


def test_contradicting_genesis_is_refused() -> None:
    genesis = make_genesis()
    stray = KeyRecord(signer_of("x").public_key, "91990100MA0XX00Z15", "x")
    for keys in ((*genesis.keys, genesis.keys[0]), (*genesis.keys, stray)):
        with pytest.raises(ConfigError):
            Ledger(msgspec.structs.replace(genesis, keys=keys), SUITE, DictStore())


def test_genesis_writes_only_once() -> None:
    world = LedgerWorld()
    assert world.ledger.genesis_writes()
    world.reopen()
    assert world.ledger.genesis_writes() == []


def test_chain_reads_what_was_written() -> None:
    world = LedgerWorld()
    transactions = story(world)
    executed = world.execute(transactions)
    for chain in (world.chain, Chain(world.genesis, SUITE, world.store)):
        assert chain.height() == 1
        assert chain.block(1) == executed.block
        assert chain.block(0) is chain.block(2) is chain.certificate(1) is None
        for position, identity in enumerate(executed.transaction_ids):
            assert chain.locate(identity) == (1, position)
            assert chain.result(identity) == executed.block.results[position]
            assert chain.transaction(identity) == transactions[position]
        history = chain.record_history("licence", licence_id())
        assert history == [executed.transaction_ids[2], executed.transaction_ids[4]]
        assert chain.record("licence", "none") is None
        assert chain.record_history("licence", "none") == []
        assert chain.transaction_count() == 8
        assert chain.denial_counts()["T6"] == 1
        assert chain.locate(bytes(32)) is chain.result(bytes(32)) is chain.transaction(bytes(32)) is None
        organisation = chain.organisation(ACME)
        assert organisation is not None
        assert organisation.name == "Acme"


def test_presence_and_absence_are_provable() -> None:
    world = LedgerWorld()
    world.deposit("EV-1")
    for chain in (world.chain, Chain(world.genesis, SUITE, world.store)):
        for object_id in ("EV-1", "EV-2"):
            key = chain.record_key("evidence", object_id)
            value, proof = chain.prove_state(key)
            assert (value is None) == (object_id == "EV-2")
            verify_state(SUITE, root=world.ledger.state_root, key=key, value=value, proof=proof)


def test_final_height_follows_certificates() -> None:
    world = LedgerWorld()
    for _ in range(3):
        world.execute([])
    found = [world.chain.final_height()]
    for height in (2, 1, 3):
        certificate = FinalityCertificate(world.chain_id, 0, height, bytes(32), ())
        world.store.write([world.chain.certificate_write(certificate)])
        assert world.chain.certificate(height) == certificate
        found.append(world.chain.final_height())
    assert found == [0, 2, 2, 3]


def test_records_are_readable_and_canonical() -> None:
    world = LedgerWorld()
    world.make_licence(licence_id())
    record = world.record("licence", licence_id())
    assert to_readable(data_of(record))["holder_ref"] == ACME
    assert to_readable(record)["timeline"][1]["state"] == "VALID"
    assert decode(encode(record), RecordState) == record


def test_unknown_key_that_becomes_known_is_found_where_it_applied() -> None:
    world = LedgerWorld()
    signer = signer_of("evp-b")
    payload = world.payload("evidence.deposit", "EV-1", world.deposit_fields())
    early = world.sign("evidence.deposit", "evp-b", payload, org="91990100MA0XX00Y57")
    assert world.execute([early]).block.results[0].code == "E_SIG"
    fields = {**world.key_proof(EVP, "evp-b"), "person": "evp-b", "roles": []}
    assert world.submit("key.add", "evp-admin", signer.key_id.hex(), fields).applied
    assert world.execute([early]).block.results[0].applied
    assert world.chain.locate(SUITE.digest(early.body)) == (3, 0)


def test_every_kind_of_payload_has_a_transition() -> None:
    assert VERBS.keys() == PAYLOADS.keys()


def test_deep_nesting_is_judged_alike_from_any_stack_depth() -> None:
    world = LedgerWorld()
    payload = b'{"x":' + b"[" * 300 + b"]" * 300 + b"}"
    assert PARTS_EXPLAINED_MAX < 300

    def run(depth: int) -> object:
        if depth:
            return run(depth - 1)
        fresh = LedgerWorld()
        return fresh.execute([fresh.sign("evidence.deposit", "evp-a", payload)]).block.results[0]

    assert run(0) == run(400)
    assert world.ledger.height == 0


payloads = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ).map(msgspec.json.encode),
)


@given(payload=payloads, kind=st.sampled_from(sorted(PAYLOADS)))
@settings(max_examples=150, deadline=None)
def test_execution_never_raises_on_any_payload(payload: bytes, kind: str) -> None:
    world = SHARED
    result = world.execute([world.sign(kind, "amr-c", payload)]).block.results[0]
    assert not result.applied


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_execution_never_raises_on_mutated_payloads(data: st.DataObject) -> None:
    world = SHARED
    kind, person, fields = data.draw(
        st.sampled_from(
            [
                ("evidence.deposit", "evp-a", world.deposit_fields()),
                ("licence.enter", "amr-a", licence_fields(holder_ref=BETA)),
                ("invoice.issue", "acme-a", invoice_fields(invoice_number(7))),
            ]
        )
    )
    payload = bytearray(world.payload(kind, "EV-1", fields))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(payload) - 1))
        payload[position] = data.draw(st.integers(0, 255))
    executed = world.execute([world.sign(kind, person, bytes(payload))])
    assert decode(encode(executed.block), Block) == executed.block


SHARED = LedgerWorld()
"""One world for the fuzzing tests; what they leave behind is denials."""


def test_EV1_vote_keys_are_keys_of_the_chain_from_genesis_on() -> None:
    genesis = make_genesis()
    first, *others = genesis.validators.members
    stranger = msgspec.structs.replace(first, org="nobody")
    members = ValidatorSet(0, (stranger, *others))
    own = KeyRecord(others[0].public_key, others[0].org, "boss", ("admin",))
    ledger = Ledger(
        msgspec.structs.replace(genesis, validators=members, keys=(*genesis.keys, own)), SUITE, DictStore()
    )
    assert ledger.key(SUITE.key_id(stranger.public_key)) is None
    kept = ledger.key(SUITE.key_id(others[0].public_key))
    assert kept is not None
    assert (kept.person, kept.roles) == ("boss", ("admin",))
    for member in others[1:]:
        found = ledger.key(SUITE.key_id(member.public_key))
        assert found is not None
        assert (found.org, found.person, found.roles, found.active) == (
            member.org,
            member.name,
            ("validator",),
            True,
        )


def test_an_epoch_that_has_not_begun_has_no_validators() -> None:
    world = LedgerWorld()
    assert world.ledger.validators_of(0) == world.genesis.validators
    assert world.ledger.validators_of(1) is None
