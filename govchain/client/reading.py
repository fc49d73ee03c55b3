"""A record as a request, and how much of what validators answer is believed, by level (rule RD-1).

Which validator is asked, and what happens when one fails, is the transport's business.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from govchain.client.transport import Reply, Request, Transport, expect_json
from govchain.codec import decode
from govchain.errors import ConfigError, MalformedBytes
from govchain.ledger.state import RecordState, record_key
from govchain.model import Genesis
from govchain.receipt import RecordProof, record_proof_from_plain, verify_record_proof


class RecordRead(msgspec.Struct, frozen=True):
    """A record as it was after one block, or that there was none."""

    level: str
    height: int
    time_ms: int
    state: RecordState | None
    """None: no such record."""
    proof: RecordProof


async def read_record(
    transport: Transport, record_type: str, object_id: str, *, level: str, genesis: Genesis | None
) -> RecordRead:
    """Read a record; with a genesis every answer is verified.

    Level `latest` asks so many validators that one of them is honest, and takes the newest answer: a
    validator that lies can prove nothing but the past, and the honest one asked a quorum.

    Raises:
        ConfigError: Level `latest` with too few addresses.
        BadProof: No validator, or too few, gave a proof that holds.
        Unavailable: No validator, or too few, answered.
    """
    key = record_key(record_type, object_id)
    path = f"/v1/records/{quote(record_type, safe='')}/{quote(object_id, safe='')}"
    request = Request("GET", path, {"level": level, "proof": "true"})

    def read(reply: Reply) -> RecordRead:
        return _verified(reply, key=key, level=level, genesis=genesis)

    if level != "latest":
        return (await transport.ask(request, read))[0]
    assert genesis is not None, "level latest is always verified"
    # As many as a set of this size needs; nobody knows yet which set runs.
    needed = max(genesis.validators.max_faulty, (transport.size - 1) // 3) + 1
    while True:
        _require_addresses(transport, needed)
        answers = await transport.ask_several(request, read, needed)
        newest = max(answers, key=lambda answer: answer.height)
        changes = newest.proof.validator_changes
        if not changes or changes[-1].validators.weak_quorum_size <= needed:
            return newest
        needed = changes[-1].validators.weak_quorum_size


def _require_addresses(transport: Transport, needed: int) -> None:
    if transport.size < needed:
        raise ConfigError(
            "too few addresses for level latest: one validator alone could hide what is new",
            found=transport.size,
            expected=f"those of at least {needed} different validators, so that one of them is honest",
            hint="give more addresses, or read at level certified",
        )


def _verified(reply: Reply, *, key: bytes, level: str, genesis: Genesis | None) -> RecordRead:
    answer = expect_json(reply)
    if not isinstance(answer, dict) or "proof" not in answer:
        raise MalformedBytes(f"{reply.url}: an answer without 'proof'")
    proof = record_proof_from_plain(answer["proof"])
    if genesis is not None:
        verify_record_proof(proof, genesis, key=key)
    elif proof.key != key:
        raise MalformedBytes(f"{reply.url} answered about another record")
    state = None if proof.value is None else decode(proof.value, RecordState)
    return RecordRead(level, proof.header.height, proof.header.time_ms, state, proof)
