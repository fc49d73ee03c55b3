"""Admission: every reason to refuse, what is verified once, and the bounds (rules RQ-1 to RQ-5)."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import pytest

from govchain.codec import encode
from govchain.crypto import Signer, chain_id_of, sign_transaction, suite, transaction_id
from govchain.errors import InvalidTransaction, Unavailable
from govchain.ledger.nonces import NONCE_WINDOW
from govchain.mempool import REJECTIONS, Admitted, Mempool
from govchain.model import (
    Genesis,
    Organisation,
    ProtocolParameters,
    Transaction,
    TransactionBody,
    ValidatorSet,
)

SUITE = suite()
SIGNER = SUITE.signer(b"\x01" * 32)
OTHER = SUITE.signer(b"\x02" * 32)
PARAMETERS = ProtocolParameters(
    transaction_bytes_max=1_000,
    expiry_window_blocks=50,
    pool_records_max=6,
    pool_records_per_org_max=4,
    checkpoint_interval=4,
)
GENESIS = Genesis(
    name="pool",
    suite=SUITE.name,
    time_ms=0,
    parameters=PARAMETERS,
    validators=ValidatorSet(0, ()),
    organisations=(Organisation("org-a", "A"), Organisation("org-b", "B")),
    keys=(),
)


@dataclass
class Key:
    public_key: bytes
    org: str
    active: bool = True


@dataclass
class Org:
    active: bool = True


@dataclass
class View:
    height: int = 10
    keys: dict[bytes, Key] = field(default_factory=dict)
    used: list[tuple[bytes, int]] = field(default_factory=list)
    orgs: dict[str, Org] = field(
        default_factory=lambda: {"org-a": Org(), "org-b": Org(), "org-s": Org(False)}
    )

    def organisation(self, org: str) -> Org | None:
        return self.orgs.get(org)

    def key(self, key_id: bytes) -> Key | None:
        return self.keys.get(key_id)

    def is_nonce_used(self, key_id: bytes, nonce: int) -> bool:
        return (key_id, nonce) in self.used


class CountingSuite:
    """The suite, counting verifications."""

    def __init__(self) -> None:
        self.verified = 0

    def __getattr__(self, name: str) -> object:
        return getattr(SUITE, name)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> None:
        self.verified += 1
        SUITE.verify(public_key, message, signature)


def make_pool() -> tuple[Mempool, View, CountingSuite]:
    view = View()
    view.keys[SIGNER.key_id] = Key(SIGNER.public_key, "org-a")
    view.keys[OTHER.key_id] = Key(OTHER.public_key, "org-b")
    counting = CountingSuite()
    return Mempool(GENESIS, counting, view), view, counting


def supersede(pool: Mempool, *executed: Transaction) -> tuple[bytes, ...]:
    return pool.supersede([transaction_id(SUITE, each) for each in executed], executed)


def make_body(nonce: int = 1, signer: Signer = SIGNER, **changes: object) -> TransactionBody:
    body = TransactionBody(
        chain_id=chain_id_of(SUITE, GENESIS),
        kind="evidence.deposit",
        org="org-a" if signer is SIGNER else "org-b",
        key_id=signer.key_id,
        nonce=nonce,
        expiry_height=20,
        payload=b"{}",
    )
    return msgspec.structs.replace(body, **changes)


def make(nonce: int = 1, signer: Signer = SIGNER, **changes: object) -> Transaction:
    data = encode(make_body(nonce, signer, **changes))
    return Transaction(data, signer.sign(data))


def code_of(pool: Mempool, transaction: Transaction, *, proposed: bool = False) -> str:
    with pytest.raises((InvalidTransaction, Unavailable)) as caught:
        pool.admit(transaction, proposed=proposed)
    assert caught.value.code in REJECTIONS
    return caught.value.code


def test_RQ1_a_good_transaction_is_admitted() -> None:
    pool, _, _ = make_pool()
    body = make_body()
    transaction = sign_transaction(SIGNER, body)
    admitted = pool.admit(transaction)
    assert admitted == Admitted(
        transaction_id(SUITE, transaction), len(transaction.body) + len(transaction.signature), body
    )
    assert pool.get(admitted.id) == transaction
    assert pool.has(admitted.id)
    assert len(pool) == 1


@pytest.mark.parametrize(
    ("code", "transaction"),
    [
        ("too-large", make(payload=bytes(1_000))),
        ("too-large", Transaction(make().body, bytes(1_000))),
        ("malformed", Transaction(b"", b"")),
        ("malformed", Transaction(make().body + b"\x00", make().signature)),
        ("malformed", make(kind="")),
        ("malformed", make(kind="k" * 65)),
        ("malformed", make(nonce=-1)),
        ("malformed", make(nonce=2**53)),
        ("wrong-chain", make(chain_id=bytes(32))),
        ("plain-identifier", make(payload=b'{"a":"360426199101010071"}')),
        ("plain-identifier", make(payload=b'{"a":"13812345678","a":""}')),
        ("plain-identifier", make(payload=b"not JSON: 44011320141005001x")),
        ("plain-identifier", make(kind="k.412723199010050012")),
        ("expired", make(expiry_height=10)),
        ("expired", make(expiry_height=-1)),
        ("expiry-too-far", make(expiry_height=61)),
        ("unknown-organisation", make(org="org-z", key_id=bytes(32))),
        ("unknown-organisation", make(org="org-z")),
        ("organisation-suspended", make(org="org-s")),
        ("unknown-key", make(key_id=bytes(32))),
        ("unknown-key", make(org="org-b")),
        ("nonce-too-far", make(nonce=NONCE_WINDOW)),
        ("nonce-too-far", make(nonce=2**53 - 1)),
        ("bad-signature", Transaction(make().body, bytes(64))),
        ("bad-signature", Transaction(make().body, b"short")),
        ("bad-signature", Transaction(make().body, OTHER.sign(make().body))),
    ],
)
def test_RQ1_every_fault_has_its_code(code: str, transaction: Transaction) -> None:
    pool, _, counting = make_pool()
    assert code_of(pool, transaction) == code
    assert len(pool) == 0
    assert counting.verified == (1 if code == "bad-signature" else 0), "the signature is checked last"


def test_RQ1_I3_a_proposal_cannot_bring_a_plain_identifier_in_either() -> None:
    pool, _, _ = make_pool()
    transaction = make(payload=b'{"a":"110102199101010078"}')
    assert code_of(pool, transaction, proposed=True) == "plain-identifier"


def test_RQ1_I3_the_answer_does_not_repeat_the_identifier() -> None:
    pool, _, _ = make_pool()
    with pytest.raises(InvalidTransaction) as caught:
        pool.admit(make(payload=b'{"120110199212010072":1}'))
    assert "120110199212010072" not in str(caught.value)


def test_RQ1_expiry_bounds_are_inclusive() -> None:
    pool, _, _ = make_pool()
    pool.admit(make(1, expiry_height=11))
    pool.admit(make(2, expiry_height=60))


def test_RQ1_a_revoked_key_is_refused() -> None:
    pool, view, _ = make_pool()
    view.keys[SIGNER.key_id].active = False
    assert code_of(pool, make()) == "key-not-active"


def test_RQ4_the_window_of_nonces_moves_with_those_used() -> None:
    pool, view, _ = make_pool()
    pool.admit(make(NONCE_WINDOW - 1))
    view.used.append((SIGNER.key_id, 0))
    pool.admit(make(NONCE_WINDOW))
    assert code_of(pool, make(NONCE_WINDOW + 1)) == "nonce-too-far"


def test_RQ1_RQ2_once_admitted_it_is_known_and_not_verified_again() -> None:
    pool, _, counting = make_pool()
    admitted = pool.admit(make())
    assert code_of(pool, make()) == "duplicate"
    pool.remove([admitted.id])
    pool.admit(make())
    assert counting.verified == 1


def test_RQ2_a_bad_signature_does_not_poison_the_id_and_a_good_one_vouches_for_itself_alone() -> None:
    pool, _, counting = make_pool()
    forged = Transaction(make().body, bytes(64))
    assert code_of(pool, forged) == "bad-signature"
    admitted = pool.admit(make())
    pool.remove([admitted.id])
    assert code_of(pool, forged) == "bad-signature"
    assert counting.verified == 3


def test_RQ2_the_memory_of_verified_ids_is_bounded() -> None:
    pool, _, _ = make_pool()
    for nonce in range(50):
        pool.remove([pool.admit(make(nonce)).id])
    assert len(pool._verified) == PARAMETERS.pool_records_max


def test_RQ4_a_used_nonce_is_refused() -> None:
    pool, view, _ = make_pool()
    view.used.append((SIGNER.key_id, 1))
    assert code_of(pool, make()) == "nonce-used"


def test_situation_51_RQ4_two_contents_under_one_nonce_do_not_wait_together() -> None:
    pool, _, _ = make_pool()
    first = pool.admit(make(1))
    assert code_of(pool, make(1, payload=b"[]")) == "nonce-used"
    pool.admit(make(1, OTHER))
    pool.remove([first.id])
    pool.admit(make(1, payload=b"[]"))


def test_RQ5_the_pool_is_bounded_per_organisation_and_in_all() -> None:
    pool, _, counting = make_pool()
    kept = [pool.admit(make(nonce)).id for nonce in range(4)]
    assert code_of(pool, make(4)) == "pool-full"
    pool.admit(make(0, OTHER))
    pool.admit(make(1, OTHER))
    assert code_of(pool, make(2, OTHER)) == "pool-full"
    assert counting.verified == 6, "a full pool costs no signature check"
    pool.remove(kept)
    pool.admit(make(4))
    assert len(pool) == 3


def test_situation_52_a_full_pool_is_definite_and_drains() -> None:
    pool, _, _ = make_pool()
    for nonce in range(4):
        pool.admit(make(nonce))
    with pytest.raises(Unavailable) as caught:
        pool.admit(make(4))
    assert caught.value.definite
    assert pool.expire(20) != ()
    assert len(pool) == 0


def test_RQ3_expiry_takes_out_what_is_due_in_order() -> None:
    pool, _, _ = make_pool()
    late = pool.admit(make(1, expiry_height=30))
    first = pool.admit(make(2, expiry_height=12))
    second = pool.admit(make(3, expiry_height=12))
    assert pool.expire(11) == ()
    assert pool.expire(12) == (first.id, second.id)
    assert pool.expire(12) == ()
    assert len(pool) == 1
    assert pool.expire(40) == (late.id,)


def test_RQ3_an_expired_body_stays_readable_while_a_proposal_may_need_it() -> None:
    pool, view, _ = make_pool()
    admitted = pool.admit(make(1, expiry_height=12))
    pool.expire(12)
    assert pool.get(admitted.id) is not None
    view.height = 12
    assert code_of(pool, make(1, expiry_height=12)) == "expired"
    pool.expire(12 + 8)
    assert pool.has(admitted.id), "a window of 2K heights"
    pool.expire(12 + 9)
    assert not pool.has(admitted.id)


def test_RQ5_expired_bodies_are_bounded_too() -> None:
    pool, _, _ = make_pool()
    for height in range(11, 40):
        pool.admit(make(height, expiry_height=height))
        pool.expire(height)
    assert len(pool._fading) <= PARAMETERS.pool_records_max
    assert len(pool) == 0
    assert pool._by_expiry == {}
    assert pool._nonces == {}
    assert pool._count_by_org == {}


def test_NC2_what_a_proposal_needs_is_kept_whatever_the_pool_looks_like() -> None:
    pool, view, _ = make_pool()
    for nonce in range(4):
        pool.admit(make(nonce))
    view.used.append((SIGNER.key_id, 9))
    view.keys[OTHER.key_id].active = False
    for transaction in (make(4), make(9), make(3, payload=b"[]"), make(5, expiry_height=2), make(1, OTHER)):
        assert pool.has(pool.admit(transaction, proposed=True).id)
    assert code_of(pool, Transaction(make(7).body, bytes(64)), proposed=True) == "bad-signature"
    assert code_of(pool, make(4), proposed=True) == "duplicate"
    assert len(pool.expire(11)) == 1, "an expired one leaves at the next height"


def test_RQ1_admit_many_answers_each_in_its_place() -> None:
    pool, _, _ = make_pool()
    answers = pool.admit_many([make(1), make(1), make(2, expiry_height=1), make(3)])
    codes = [answer.code if isinstance(answer, InvalidTransaction) else "admitted" for answer in answers]
    assert codes == ["admitted", "duplicate", "expired", "admitted"]


def test_RQ1_unknown_ids_are_passed_over() -> None:
    pool, _, _ = make_pool()
    pool.remove([bytes(32)])
    assert pool.get(bytes(32)) is None
    assert not pool.has(bytes(32))


def test_RQ4_what_lost_its_nonce_is_dropped_and_stays_readable_for_one_window() -> None:
    pool, view, _ = make_pool()
    chosen, twin, unrelated = make(1, payload=b"[1]"), make(1, payload=b"[2]"), make(2)
    waiting = pool.admit(twin)
    pool.admit(unrelated)
    assert supersede(pool, unrelated) == ()
    assert supersede(pool, chosen) == (waiting.id,), "the executed one need not be in the pool"
    assert pool.get(waiting.id) == twin, "a proposal may have named it"
    assert not pool.is_waiting(waiting.id)
    assert pool.oldest(5) == (transaction_id(SUITE, unrelated),)
    assert pool.oldest(0) == ()
    assert supersede(pool, chosen) == ()
    view.height = 11
    assert pool.expire(11) == ()
    pool.expire(30)
    assert not pool.has(waiting.id)


def test_RQ4_executed_transactions_supersede_nothing_but_their_twins() -> None:
    pool, _, _ = make_pool()
    first = pool.admit(make(1))
    assert supersede(pool, make(1), make(1, OTHER)) == ()
    assert pool.is_waiting(first.id)


def test_situation_52_floods_leave_nothing_behind_and_cost_little() -> None:
    pool, view, counting = make_pool()
    view.used.append((SIGNER.key_id, 0))
    genuine = make(1)
    for number in range(200):
        assert code_of(pool, msgspec.structs.replace(genuine, signature=bytes(64))) == "bad-signature"
        assert code_of(pool, make(1, expiry_height=0)) == "expired"
        assert code_of(pool, make(0)) == "nonce-used"
        assert code_of(pool, msgspec.structs.replace(genuine, body=number.to_bytes(2, "big"))) == "malformed"
    assert len(pool) == 0
    assert len(pool._verified) == 0
    assert counting.verified == 200, "only what passes every cheaper check is verified"
    pool.admit(genuine)
    assert len(pool) == 1
