"""A tiny chain made by hand: one block, four validators, so that receipts can be tested without a ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from govchain.codec import encode
from govchain.crypto import chain_id_of, digest_of, sign_transaction, suite
from govchain.crypto.log_tree import compute_root
from govchain.ledger import Chain, Ledger
from govchain.ledger.payloads import encode_payload
from govchain.model import (
    Attestation,
    Batch,
    Block,
    BlockHeader,
    FinalityCertificate,
    Genesis,
    KeyRecord,
    Organisation,
    ProtocolParameters,
    Space,
    Transaction,
    TransactionBody,
    TransactionResult,
    Validator,
    ValidatorSet,
    Vote,
    Write,
)

SUITE = suite()
COURT = "91990100MA0XX00U2T"
GENESIS_TIME_MS = 1_767_225_600_000
FILE = b"a contract, signed by both sides"


def secret(label: str) -> bytes:
    return hashlib.sha256(label.encode()).digest()


VALIDATORS = tuple(SUITE.signer(secret(f"validator/{number}")) for number in range(4))
PERSON = SUITE.signer(secret("person/clerk"))
STRANGER = SUITE.signer(secret("person/stranger"))


def make_genesis(name: str = "handmade", roles: tuple[str, ...] = ("court",)) -> Genesis:
    return Genesis(
        name=name,
        suite=SUITE.name,
        time_ms=GENESIS_TIME_MS,
        parameters=ProtocolParameters(),
        validators=ValidatorSet(
            epoch=0,
            members=tuple(
                Validator(name=f"validator-{number}", org=COURT, public_key=signer.public_key)
                for number, signer in enumerate(VALIDATORS)
            ),
        ),
        organisations=(Organisation(id=COURT, name="Sample court", roles=roles),),
        keys=(KeyRecord(public_key=PERSON.public_key, org=COURT, person="p1", roles=("maker",)),),
    )


def deposit_payload(file: bytes = FILE, **fields: Any) -> bytes:
    from govchain.crypto.file_digest import digest_chunks

    digests = digest_chunks([file])
    return encode_payload(
        {"object_id": "EV-1", "object_version": 1, "claimed_time": "2026-01-01T10:00:00+08:00"},
        {
            "evidence_kind": "contract",
            "raw_hash": {"sha256": digests.sha256, "sm3": digests.sm3},
            "size_bytes": digests.size_bytes,
            "media_type": "text/plain",
            "collected_at": "2026-01-01T09:59:00+08:00",
            **fields,
        },
    )


class HandmadeChain:
    """One block with the given (kind, payload) pairs; the positions in `denied` were refused by a rule.

    It has the read side that `build_receipt` asks for. `signed_for` and `alter` make blocks that no honest
    quorum would certify: transactions for another chain, results that do not belong there.
    """

    def __init__(
        self,
        contents: list[tuple[str, bytes]],
        *,
        denied: tuple[int, ...] = (),
        voters: tuple[int, ...] = (0, 1, 2),
        genesis: Genesis | None = None,
        signed_for: bytes = b"",
        alter: Callable[[tuple[TransactionResult, ...]], tuple[TransactionResult, ...]] = tuple,
    ) -> None:
        self.genesis = genesis or make_genesis()
        self.chain_id = chain_id_of(SUITE, self.genesis)
        self._signed_for = signed_for or self.chain_id
        transactions = tuple(self._sign(number, *each) for number, each in enumerate(contents))
        self.ids = [bytes(SUITE.digest(each.body)) for each in transactions]
        results = tuple(
            TransactionResult(
                transaction_id=each,
                applied=number not in denied,
                rule="E1" if number in denied else "",
                code="E_DUP_ID" if number in denied else "",
                object_id=f"evidence/EV-{number + 1}",
                detail="This evidence number is taken." if number in denied else "",
            )
            for number, each in enumerate(self.ids)
        )
        self._block = self._make_block(transactions, alter(results))
        self._certificate = self.certify(self._block.header, voters)

    def _sign(self, number: int, kind: str, payload: bytes) -> Transaction:
        body = TransactionBody(
            chain_id=self._signed_for,
            kind=kind,
            org=COURT,
            key_id=PERSON.key_id,
            nonce=number,
            expiry_height=100,
            payload=payload,
        )
        return sign_transaction(PERSON, body)

    def _make_block(
        self, transactions: tuple[Transaction, ...], results: tuple[TransactionResult, ...]
    ) -> Block:
        root = compute_root(SUITE, self.ids)
        batch = Batch(
            chain_id=self.chain_id,
            epoch=0,
            seq=1,
            time_ms=GENESIS_TIME_MS + 5_000,
            proposer=0,
            transactions_root=root,
            transaction_count=len(transactions),
        )
        header = BlockHeader(
            chain_id=self.chain_id,
            epoch=0,
            height=1,
            parent=self.chain_id,
            time_ms=batch.time_ms,
            proposer=0,
            batch_digest=digest_of(SUITE, batch),
            transactions_root=root,
            transaction_count=len(transactions),
            results_root=compute_root(SUITE, [encode(each) for each in results]),
            state_root=secret("state"),
            history_root=compute_root(SUITE, []),
        )
        return Block(header=header, batch=batch, transactions=transactions, results=results)

    def certify(self, header: BlockHeader, voters: tuple[int, ...]) -> FinalityCertificate:
        return certify(header, voters)

    def block(self, height: int, /) -> Block | None:
        return self._block if height == 1 else None

    def certificate(self, height: int, /) -> FinalityCertificate | None:
        return self._certificate if height == 1 else None

    def locate(self, transaction_id: bytes, /) -> tuple[int, int] | None:
        return (1, self.ids.index(transaction_id)) if transaction_id in self.ids else None


def certify(header: BlockHeader, voters: tuple[int, ...] = (0, 1, 2)) -> FinalityCertificate:
    """A certificate by these validators, rightly signed."""
    digest = digest_of(SUITE, header)
    votes = []
    for voter in voters:
        attestation = Attestation(
            chain_id=header.chain_id,
            epoch=header.epoch,
            height=header.height,
            header_digest=digest,
            validator=voter,
        )
        votes.append(Vote(validator=voter, signature=VALIDATORS[voter].sign(encode(attestation))))
    return FinalityCertificate(
        chain_id=header.chain_id,
        epoch=header.epoch,
        height=header.height,
        header_digest=digest,
        votes=tuple(votes),
    )


def public_key_of(key_id: bytes) -> bytes | None:
    return PERSON.public_key if key_id == PERSON.key_id else None


class LedgerChain:
    """A chain that the real ledger executes, one block a call, certified by three of four validators."""

    def __init__(self, *roles: str) -> None:
        self.genesis = make_genesis("executed", roles)
        self._stored: dict[tuple[Space, bytes], bytes] = {}
        self.ledger = Ledger(self.genesis, SUITE, self)
        self._keep(self.ledger.genesis_writes())
        self.chain = Chain(self.genesis, SUITE, self, self.ledger)
        self._nonce = 0

    def get(self, space: Space, key: bytes) -> bytes | None:
        return self._stored.get((space, key))

    def execute(self, *contents: tuple[str, bytes]) -> list[TransactionResult]:
        """Execute one block of (kind, payload) pairs, all signed by the same person."""
        transactions = [self._sign(kind, payload) for kind, payload in contents]
        height = self.ledger.height + 1
        batch = Batch(
            chain_id=self.ledger.chain_id,
            epoch=0,
            seq=height,
            time_ms=GENESIS_TIME_MS + 40_000_000_000 + height,
            proposer=0,
            transactions_root=compute_root(SUITE, [SUITE.digest(each.body) for each in transactions]),
            transaction_count=len(transactions),
        )
        executed = self.ledger.execute(batch, transactions)
        self._keep(executed.writes)
        self._keep([self.chain.certificate_write(certify(executed.block.header))])
        return list(executed.block.results)

    def public_key_of(self, key_id: bytes) -> bytes | None:
        key = self.chain.key(key_id)
        return None if key is None else key.public_key

    def _sign(self, kind: str, payload: bytes) -> Transaction:
        self._nonce += 1
        body = TransactionBody(
            chain_id=self.ledger.chain_id,
            kind=kind,
            org=COURT,
            key_id=PERSON.key_id,
            nonce=self._nonce,
            expiry_height=100,
            payload=payload,
        )
        return sign_transaction(PERSON, body)

    def _keep(self, writes: list[Write]) -> None:
        for space, key, value in writes:
            if value is None:
                self._stored.pop((space, key), None)
            else:
                self._stored[space, key] = value
