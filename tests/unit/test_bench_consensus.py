"""The consensus benchmark: the load it prepares and the figures it makes. Real processes are in `live`."""

from __future__ import annotations

from govchain.bench.ceiling import verifications_per_s
from govchain.bench.consensus import percentiles
from govchain.bench.load import LoadTimes, prepare_load
from govchain.codec import decode
from govchain.crypto import derive_secret, suite
from govchain.model import TransactionBody

CHAIN = bytes(32)
ORGS = ("91990100MA0XX00Y57", "31990100MA0XX00L9F")
SIGNERS = [(org, suite().signer(derive_secret(1, org))) for org in ORGS]


def test_prepared_records_differ_and_organisations_take_turns() -> None:
    load = prepare_load(CHAIN, SIGNERS, 10, claimed_time="2026-11-02T01:00:00+00:00", expiry_height=9)
    bodies = [decode(item.body, TransactionBody) for item in load.transactions]
    assert len(set(load.ids)) == 10
    assert [body.org for body in bodies[:3]] == [ORGS[0], ORGS[1], ORGS[0]]
    assert [body.nonce for body in bodies if body.org == ORGS[1]] == list(range(5))
    assert load.record_bytes > 300
    suite().verify(SIGNERS[0][1].public_key, load.transactions[0].body, load.transactions[0].signature)


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentiles([float(value) for value in range(1, 101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert percentiles([7.0]) == {"p50": 7.0, "p95": 7.0, "p99": 7.0}


def test_times_run_from_the_first_offer_to_the_last_final_record() -> None:
    times = LoadTimes(offered_s={b"a": 1.0, b"b": 1.5}, final_s={b"b": 1.75, b"a": 2.0})
    assert times.latencies_ms() == [250.0, 1000.0]
    assert (times.began_s, times.ended_s) == (1.0, 2.0)


def test_ceiling_counts_real_verifications() -> None:
    assert verifications_per_s(0.01) > 0
