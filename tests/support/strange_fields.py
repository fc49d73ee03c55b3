"""Lives of records once more, with fields that nobody sends in earnest: limits, signs, dates, empty and long.

A machine draws its interleaving as ever; at its end the same people sign the same steps with other values.
What is expected is little: every transaction gets a result, and what is applied is right to the judge.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from govchain.codec import decode
from govchain.errors import MalformedBytes
from govchain.model import TransactionBody
from tests.support.faulted_lives import blocks_of
from tests.support.ledger_world import LedgerWorld, signer_of
from tests.support.lifecycles import Machine

NUMBERS: Final = (
    *("0", "0.00", "0.01", "-0.01", "1", "0.9999", "999.9999", "999999.9999", "-999999.9999"),
    *("999999999999999.99", "-999999999999999.99", "999999999999999.9999999999999", "1e9", "+1", "01"),
)
TEXTS: Final = (
    *("", "x", "x" * 900, "/", "..", "\u0000", "\u3000", "a" * 64, "A" * 18, "（2026）京0491民初1号"),
    *("1900-01-01", "2199-12-31", "1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "2026-02-30"),
)
INTEGERS: Final = (0, -1, 1, 16, 200, 366, 1_000_000, 2**53 - 1, -(2**53 - 1))
SHARES: Final = (0.05, 0.2, 0.6)
"""Part of the values of a step that become strange."""


class WithStrangeFields(Machine):
    seed: int | None = None

    @initialize(seed=st.integers(0, 2**32 - 1))
    def plan(self, seed: int) -> None:
        self.seed = seed

    def teardown(self) -> None:
        if self.seed is None:
            return  # It was given up while it began.
        world, random = self.world, Random(self.seed)
        people = {signer_of(key.person).key_id: key.person for key in world.genesis.keys}
        drawn = [
            (block.batch.time_ms, decode(transaction.body, TransactionBody))
            for block in blocks_of(world.chain.block)
            for transaction in block.transactions
        ]
        world.begin()
        share = random.choice(SHARES)
        for time_ms, body in drawn:
            if body.key_id in people:
                world.now_ms = time_ms
                said = json.loads(body.payload)
                fields = strange(random, share, said["fields"])
                submit(world, body, people[body.key_id], str(said["object_id"]), fields)


def submit(world: LedgerWorld, body: TransactionBody, person: str, object_id: str, fields: Any) -> None:
    try:
        payload = world.payload(body.kind, object_id, fields)
    except MalformedBytes:
        return  # No client can write it.
    world.execute([world.sign(body.kind, person, payload, org=body.org)])


def strange(random: Random, share: float, value: Any) -> Any:
    """The same shape, with some of its values exchanged."""
    if isinstance(value, dict):
        return {name: strange(random, share, each) for name, each in value.items()}
    if isinstance(value, list):
        if random.random() < share / 3:
            return random.choice([[], value + value, value * 40])
        return [strange(random, share, each) for each in value]
    if random.random() >= share:
        return value
    match value:
        case bool():
            return not value
        case int():
            return random.choice(INTEGERS)
        case str() if value.lstrip("-").replace(".", "", 1).isdigit():
            return random.choice(NUMBERS)
        case str():
            return random.choice(TEXTS)
        case _:
            return value
