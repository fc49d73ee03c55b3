"""Foreign messages: who may say what, and the code under which everything else is refused."""

from __future__ import annotations

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.consensus import REJECTION_CODES, SignedMessage, Verified, verify_message
from govchain.consensus.messages import ConsensusMessage, NewView, Progress, ViewChange
from govchain.consensus.verify import validate_form
from govchain.crypto import digest_of
from govchain.errors import BadSignature, InvalidInput, MalformedBytes, ProtocolViolation
from govchain.model.votes import Prepare
from tests.support.consensus_world import SIGNERS, SUITE, World, small_parameters, tx

OTHER = SUITE.digest(b"other")


def all_kinds(world: World, sender: int = 1) -> list[ConsensusMessage]:
    """One message of every type, each in order at a fresh backup when sent by its proper sender."""
    proposal = world.make_proposal(["a"])
    digest = digest_of(SUITE, proposal.batch)
    return [
        msgspec.structs.replace(proposal, validator=sender),
        world.prepare(sender, digest),
        world.commit(sender, digest),
        world.attestation(sender, digest),
        Progress(chain_id=world.chain_id, epoch=0, validator=sender, view=0, head=0, final=0),
        world.view_change(sender, 1),
        NewView(world.chain_id, 0, sender, 1, (), ()),
    ]


KINDS = ["proposal", "prepare", "commit", "attestation", "progress", "view-change", "new-view"]


def verify(world: World, signed: SignedMessage) -> Verified:
    return verify_message(SUITE, world.validators, world.chain_id, signed)


def signed_by(signer: int, message: ConsensusMessage) -> SignedMessage:
    body = encode(message)
    return SignedMessage(body, SIGNERS[signer].sign(body))


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
class TestEveryType:
    """Table test over all message types (situation 9)."""

    def test_situation_09_unsigned_is_refused(self, kind: int) -> None:
        world = World(4)
        message = all_kinds(world)[kind]
        for signature in (b"", bytes(64), SIGNERS[1].sign(b"something else")):
            with pytest.raises(BadSignature):
                verify(world, SignedMessage(encode(message), signature))
        assert verify(world, signed_by(1, message)).message == message

    def test_situation_01_signed_by_another_validator_is_refused(self, kind: int) -> None:
        world = World(4)
        with pytest.raises(BadSignature):
            verify(world, signed_by(2, all_kinds(world, sender=1)[kind]))

    def test_situation_03_replay_from_another_chain_or_epoch_is_refused(self, kind: int) -> None:
        world = World(4)
        message = all_kinds(world)[kind]
        for changes, code in (({"chain_id": OTHER}, "wrong-chain"), ({"epoch": 1}, "wrong-epoch")):
            foreign = msgspec.structs.replace(message, **changes)
            with pytest.raises(ProtocolViolation) as caught:
                verify(world, signed_by(1, foreign))
            assert caught.value.code == code
            # The core refuses it too, should a driver's verifier be wrong.
            world.inject(2, foreign)
            assert world.rejections(2)[-1] == code

    def test_situation_06_sender_outside_the_set_is_refused(self, kind: int) -> None:
        world = World(4)
        for sender in (4, 2**40, -1):
            message = msgspec.structs.replace(all_kinds(world)[kind], validator=sender)
            with pytest.raises(ProtocolViolation) as caught:
                verify(world, signed_by(1, message))
            assert caught.value.code == "unknown-validator"
            world.inject(2, message)
            assert world.rejections(2)[-1] == "unknown-validator"

    def test_MS1_own_name_from_a_peer_is_refused(self, kind: int) -> None:
        world = World(4)
        output = world.inject(1, all_kinds(world, sender=1)[kind])
        assert world.rejections(1) == ["own-message"]
        assert not output.send

    def test_MS1_bytes_that_are_not_canonical_are_refused(self, kind: int) -> None:
        world = World(4)
        body = encode(all_kinds(world)[kind])
        for wrong in (b"", b"\xc1", body[:-1], body + b"\x00", b"\x91" * 5000, body.replace(b"/1", b"/2")):
            with pytest.raises(MalformedBytes):
                verify(world, SignedMessage(wrong, SIGNERS[1].sign(wrong)))

    def test_NC8_a_duplicate_changes_nothing(self, kind: int) -> None:
        world = World(4)
        world.submit("a", to=[2])
        message = all_kinds(world, sender=0 if kind == 0 else 1)[kind]
        first = world.inject(2, message)
        before = world.replica(2).status()
        again = world.inject(2, message)
        refused = [note for note in first.notes if note.event == "rejected"]
        assert (again.persist, again.send, again.decide, again.notes) == ([], [], [], refused)
        assert world.replica(2).status() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"view": -1},
        {"view": 2**53},
        {"seq": 0},
        {"seq": -5},
        {"seq": 2**63},
        {"digest": b""},
        {"digest": bytes(31)},
        {"digest": bytes(10_000)},
    ],
)
def test_MS1_numbers_and_digests_out_of_range_are_refused(changes: dict[str, object]) -> None:
    world = World(4)
    for vote in (world.prepare(1, OTHER), world.commit(1, OTHER)):
        with pytest.raises(MalformedBytes):
            verify(world, signed_by(1, msgspec.structs.replace(vote, **changes)))


def test_MS1_progress_that_is_final_above_its_head_is_refused() -> None:
    world = World(4)
    message = Progress(chain_id=world.chain_id, epoch=0, validator=1, view=0, head=3, final=4)
    with pytest.raises(MalformedBytes):
        verify(world, signed_by(1, message))


def test_situation_05_one_signer_repeated_never_makes_a_quorum() -> None:
    world = World(4)
    world.submit("a", to=[3])
    proposal = world.make_proposal(["a"])
    digest = digest_of(SUITE, proposal.batch)
    world.inject(3, proposal)
    for _ in range(5):
        output = world.inject(3, world.commit(1, digest))
        assert not output.decide
    assert world.replica(3).status().stall == (
        "seq 1 view 0: 2 of 3 prepares, missing validator-1, validator-2"
    )
    world.inject(3, world.prepare(1, digest))
    assert not world.inject(3, world.commit(1, digest)).decide
    assert world.inject(3, world.commit(2, digest)).decide


def test_situation_07_prepare_from_the_primary_is_refused() -> None:
    world = World(4)
    world.submit("a", to=[3])
    proposal = world.make_proposal(["a"])
    digest = digest_of(SUITE, proposal.batch)
    world.inject(3, proposal)
    output = world.inject(3, world.prepare(0, digest))
    assert world.rejections(3) == ["primary-prepare"]
    assert not output.send, "proposal and prepare of the primary are one vote, not two"


def test_situation_07_NC1_proposal_from_a_backup_is_refused() -> None:
    world = World(4)
    world.submit("a", to=[3])
    output = world.inject(3, world.make_proposal(["a"], sender=1))
    assert world.rejections(3) == ["not-primary"]
    assert not output.send
    assert not output.persist


@pytest.mark.parametrize("seq", [9, 10, 2**40])
def test_situation_13_16_above_the_window_is_refused(seq: int) -> None:
    world = World(4, parameters=small_parameters())  # K is 4: the window ends at 8.
    for message in (
        world.make_proposal(["a"], seq=seq),
        world.prepare(1, OTHER, seq=seq),
        world.commit(1, OTHER, seq=seq),
        world.attestation(1, OTHER, height=seq),
    ):
        world.inject(3, message)
        assert world.rejections(3)[-1] == "above-window"
    assert world.replica(3)._state.slots == {}
    assert world.replica(3)._state.heights == {}


def test_situation_03_13_other_views_are_refused_and_cost_nothing() -> None:
    world = World(4)
    for view in (2, 110, 2**50):
        world.inject(3, msgspec.structs.replace(world.make_proposal(["a"]), view=view))
        world.inject(3, world.prepare(1, OTHER, view=view))
        world.inject(3, world.commit(1, OTHER, view=view))
    assert world.rejections(3) == ["wrong-view"] * 9
    assert world.replica(3)._state.slots == {}


def test_situation_13_a_seq_mutated_towards_one_replica_is_never_decided_there() -> None:
    world = World(4)
    world.submit("a", to=[3])
    mutated = world.make_proposal(["a"], seq=2)
    world.inject(3, mutated)
    assert world.on_wire(Prepare, sender=3) == [], "seq 2 has no parent yet"
    world.submit("b", to=[0, 1, 2])
    world.deliver_all()
    for _ in range(2):
        world.fire(3)
        world.deliver_all()
    assert [world.order(index) for index in range(4)] == [["b"]] * 4
    assert "wrong-parent" in world.rejections(3)


BATCH_FAULTS: list[tuple[str, dict[str, object]]] = [
    ("bad-batch", {"batch_seq": 2}),
    ("bad-batch", {"batch_chain_id": OTHER}),
    ("bad-batch", {"batch_epoch": 1}),
    ("bad-batch", {"batch_proposer": 2}),
    ("bad-batch", {"batch_transaction_count": 2}),
    ("bad-batch", {"batch_transactions_root": OTHER}),
    ("bad-batch", {"transaction_ids": (tx("b"),)}),
    ("empty-batch", {"transaction_ids": (), "batch_transaction_count": 0}),
    ("batch-too-large", {"transaction_ids": tuple(tx(str(i)) for i in range(4))}),
    ("duplicate-transaction", {"transaction_ids": (tx("a"), tx("a")), "batch_transaction_count": 2}),
    ("wrong-parent", {"parent": OTHER}),
    ("time-backwards", {"batch_time_ms": 1}),
    ("time-ahead", {"batch_time_ms": 1_700_000_010_001}),
]


@pytest.mark.parametrize(("code", "changes"), BATCH_FAULTS)
def test_situation_02_16_18_NC2_faulty_proposal_is_refused(code: str, changes: dict[str, object]) -> None:
    world = World(4, parameters=small_parameters())
    world.submit("a", "b", to=[3])
    output = world.inject(3, world.make_proposal(["a"], **changes))
    assert world.rejections(3) == [code]
    assert not output.send
    assert not output.persist
    # The refusal leaves room for the right one.
    assert world.inject(3, world.make_proposal(["a"])).send


def test_NC2_a_time_within_drift_is_accepted() -> None:
    world = World(4)
    world.submit("a", to=[3])
    assert world.inject(3, world.make_proposal(["a"], batch_time_ms=world.now_ms + 10_000)).send


def test_NC2_bytes_over_the_bound_are_refused_but_one_transaction_alone_is_not() -> None:
    world = World(4, parameters=small_parameters(batch_bytes_max=150))
    world.submit("a", "b", to=[3])
    assert not world.inject(3, world.make_proposal(["a", "b"])).send
    assert world.rejections(3) == ["batch-too-large"]
    world.submit("huge", to=[3], size_bytes=1000)
    assert world.inject(3, world.make_proposal(["huge"])).send


def test_situation_18_NC2_a_transaction_in_two_blocks_is_refused() -> None:
    world = World(4, executes=False)
    world.submit("a", "b", to=[3])
    first = world.make_proposal(["a"])
    digest = digest_of(SUITE, first.batch)
    world.inject(3, first)
    world.inject(3, world.make_proposal(["a", "b"], seq=2, parent=digest))
    assert world.rejections(3) == ["duplicate-transaction"]
    world.inject(3, world.prepare(1, digest))
    for sender in (0, 1):
        world.inject(3, world.commit(sender, digest))
    world.execute(3)
    world.inject(3, world.make_proposal(["a", "b"], seq=2, parent=digest))
    assert world.rejections(3)[1:] == ["executed-transaction"]


def test_situation_12_NC3_equivocation_never_gets_a_second_prepare() -> None:
    world = World(4)
    world.submit("a", "b", to=[3])
    first, second = world.make_proposal(["a"]), world.make_proposal(["b"])
    assert len(world.inject(3, first).send) == 1
    output = world.inject(3, second)
    assert world.rejections(3) == ["equivocation"]
    assert not output.send


def test_situation_12_NC3_equivocation_while_parked_keeps_the_first() -> None:
    world = World(4)
    first, second = world.make_proposal(["a"]), world.make_proposal(["b"])
    world.inject(3, first)
    world.inject(3, second)
    assert world.rejections(3) == ["equivocation"]
    world.submit("a", "b", to=[3])
    sent = [verify(world, e.payload).message for e in world.on_wire(Prepare, sender=3, to=1)]
    assert [vote.digest for vote in sent if isinstance(vote, Prepare)] == [digest_of(SUITE, first.batch)]


def test_situation_19_a_poisoned_vote_does_not_spoil_a_clean_quorum() -> None:
    world = World(4)
    world.submit("a", to=[3])
    proposal = world.make_proposal(["a"])
    digest = digest_of(SUITE, proposal.batch)
    world.inject(3, world.prepare(2, OTHER))
    world.inject(3, world.commit(2, OTHER))
    world.inject(3, world.prepare(2, digest))
    world.inject(3, world.commit(2, digest))
    assert world.rejections(3) == ["conflicting-vote"] * 2
    world.inject(3, proposal)
    world.inject(3, world.prepare(1, digest))
    world.inject(3, world.commit(1, digest))
    output = world.inject(3, world.commit(0, digest))
    assert [decision.batch.seq for decision in output.decide] == [1]


def test_CP1_one_attestation_a_validator_and_height() -> None:
    world = World(4)
    world.inject(3, world.attestation(1, OTHER))
    world.inject(3, world.attestation(1, SUITE.digest(b"another")))
    assert world.rejections(3) == ["conflicting-attestation"]


def test_NC2_votes_for_collected_heights_are_old() -> None:
    world = World(4, parameters=small_parameters())
    for number in range(4):
        world.submit(f"t{number}")
        world.deliver_all()
    world.inject(3, world.commit(1, OTHER, seq=2))
    world.inject(3, world.prepare(1, OTHER, seq=4))
    assert world.rejections(3) == ["old-seq"] * 2


def may_arrive(message: ConsensusMessage) -> bool:
    """Some bytes decode to it; of views below zero the verifier alone is the guard."""
    try:
        if isinstance(message, ViewChange | NewView):
            validate_form(message)
        return bool(decode(encode(message), ConsensusMessage) == message)
    except MalformedBytes:
        return False


def test_situation_09_no_message_makes_the_core_raise() -> None:
    """Every type with every field bent; the world's own asserts judge the replica's outputs."""
    world = World(4, parameters=small_parameters())
    bent: list[ConsensusMessage] = []
    for message in [*all_kinds(world, sender=1), world.make_proposal(["a"])]:
        for field in message.__struct_fields__:
            for value in (0, 1, -1, 2**62, b"", OTHER, (), (OTHER,) * 3):
                if type(value) is type(getattr(message, field)):
                    bent.append(msgspec.structs.replace(message, **{field: value}))
    bent = [message for message in bent if may_arrive(message)]
    assert len(bent) > 60
    for message in bent:
        world.inject(3, message)
    assert world.replica(3).status().head_height == 0


def test_MS1_the_verifier_raises_only_what_it_promises() -> None:
    world = World(4)
    for signed in (SignedMessage(b"\x80", b""), SignedMessage(encode(("govchain.batch/1",)), bytes(64))):
        with pytest.raises(InvalidInput):
            verify(world, signed)


def test_MS1_codes_of_the_verifier_are_in_the_table() -> None:
    assert [MalformedBytes.code, BadSignature.code] == ["malformed", "bad-signature"]
    assert MalformedBytes.code in REJECTION_CODES
    assert BadSignature.code in REJECTION_CODES
