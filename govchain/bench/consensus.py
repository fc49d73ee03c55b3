"""How many records a second become final on real validator processes, and what that costs.

Final means executed, durable on a quorum, certificate held. Nothing is printed or kept: figures go back.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

import govchain
from govchain.bench.ceiling import signature_ceiling_per_s
from govchain.bench.load import LoadTimes, PreparedLoad, offer_load, prepare_load
from govchain.bench.processes import ProcessMeter
from govchain.client import Client
from govchain.crypto import chain_id_of, suite
from govchain.crypto.keys import read_key_file
from govchain.errors import BadProof, Indeterminate
from govchain.model import Organisation
from govchain.testnet import (
    Addresses,
    LocalNetwork,
    NetworkPlan,
    PlannedPerson,
    PlannedValidator,
    free_ports,
    init_network,
)

EXPIRY_HEIGHT: Final = 9_000
SAMPLE_RECEIPTS: Final = 3
OFFER_TIMEOUT_S: Final = 300.0
AGREE_TIMEOUT_S: Final = 30.0
AGREE_INTERVAL_S: Final = 0.1
ORGANISATIONS: Final = ("91990100MA0XX00Y57", "31990100MA0XX00L9F", "11990100MA0XX00K0L")
"""Sample codes; the load comes from several organisations, as pools bound each of them."""


@dataclass(frozen=True, slots=True)
class ConsensusBench:
    """What to measure."""

    validators: int = 4
    records: int = 20_000
    records_per_request: int = 100
    offered_per_s: float = 0.0
    """Pace of the offer; 0 offers as fast as validators take it."""


class ConsensusFigures(msgspec.Struct, frozen=True):
    """Result of one run. Names are stable."""

    validators: int
    records: int
    record_bytes: int
    offered_per_s: float
    finalised_per_s: float
    latency_ms: dict[str, float]
    signature_ceiling_per_s: float
    """Single verifications a second over all cores, divided by validators."""
    ceiling_ratio: float
    cpu_us_per_record_per_validator: float
    peak_rss_mb: float
    """Of the largest validator."""
    fsync: bool
    state_root: str
    """Equal on every validator."""
    height: int
    receipts_verified: int
    machine: dict[str, Any]
    version: str


def measure_consensus(
    bench: ConsensusBench,
    machine: dict[str, Any],
    *,
    now: datetime,
    say: Callable[[str], None] = lambda text: None,
) -> ConsensusFigures:
    """Run validators in a temporary folder, load them, and take them down again.

    Args:
        bench: What to measure.
        machine: Description that goes back with the figures.
        now: Time at which keys and genesis are made.
        say: Told what is going on.

    Raises:
        BadProof: Validators ended in different states, or a receipt does not verify.
        Indeterminate: Not everything became final in time.
    """
    with tempfile.TemporaryDirectory(prefix="govchain-bench-") as folder:
        network = free_network(Path(folder) / "network", bench, now)
        say(f"signing {bench.records} records")
        load = prepare_network_load(network, bench, now)
        say(f"starting {bench.validators} validators")
        with network:
            network.start()
            say(f"offering {bench.records} records through {bench.validators} validators")
            with ProcessMeter(running_pids(network)) as meter:
                times = asyncio.run(_offer(network, load, bench))
            root, height = asyncio.run(_require_equal_roots(network))
            samples = asyncio.run(_fetch_samples(network, load, Path(folder)))
            verified = _verify_samples(network, samples)
    ceiling = signature_ceiling_per_s() / bench.validators
    finalised_per_s = bench.records / (times.ended_s - times.began_s)
    return ConsensusFigures(
        validators=bench.validators,
        records=bench.records,
        record_bytes=load.record_bytes,
        offered_per_s=round(bench.records / (times.offer_ended_s - times.began_s), 1),
        finalised_per_s=round(finalised_per_s, 1),
        latency_ms=percentiles(times.latencies_ms()),
        signature_ceiling_per_s=round(ceiling, 1),
        ceiling_ratio=round(finalised_per_s / ceiling, 3),
        cpu_us_per_record_per_validator=round(meter.cpu_s * 1e6 / bench.records / bench.validators, 1),
        peak_rss_mb=round(meter.peak_rss_bytes / 1e6, 1),
        fsync=True,
        state_root=root.hex(),
        height=height,
        receipts_verified=verified,
        machine=machine,
        version=govchain.__version__,
    )


def percentiles(rising: list[float]) -> dict[str, float]:
    """p50, p95 and p99 by nearest rank. Expects at least one value."""
    assert rising
    return {
        f"p{percent}": round(rising[max(0, -(-percent * len(rising) // 100) - 1)], 1)
        for percent in (50, 95, 99)
    }


def free_network(directory: Path, bench: ConsensusBench, now: datetime) -> LocalNetwork:
    """A new network folder on ports that are free now; nothing is started."""
    ports = free_ports(2 * bench.validators)
    pairs = tuple(zip(ports[::2], ports[1::2], strict=True))
    init_network(directory, _plan(bench, now), now=now, addresses=Addresses(ports=pairs))
    return LocalNetwork(directory)


def _plan(bench: ConsensusBench, now: datetime) -> NetworkPlan:
    return NetworkPlan(
        name="benchmark",
        time_ms=int(now.timestamp() * 1000),
        validators=tuple(
            PlannedValidator(f"validator-{i}", ORGANISATIONS[i % len(ORGANISATIONS)])
            for i in range(bench.validators)
        ),
        organisations=tuple(Organisation(id=code, name=code, roles=("depositor",)) for code in ORGANISATIONS),
        people=tuple(PlannedPerson(f"clerk-{i}", code, ("maker",)) for i, code in enumerate(ORGANISATIONS)),
    )


def prepare_network_load(network: LocalNetwork, bench: ConsensusBench, now: datetime) -> PreparedLoad:
    """Records of the network's clerks, signed."""
    signers = [(one.org, read_key_file(network.directory / one.key)) for one in network.manifest.people]
    return prepare_load(
        chain_id_of(suite(network.genesis.suite), network.genesis),
        signers,
        bench.records,
        claimed_time=now.isoformat(timespec="seconds"),
        expiry_height=EXPIRY_HEIGHT,
    )


def running_pids(network: LocalNetwork) -> list[int]:
    """Process ids of the validators that run, in genesis order."""
    found = [network.process(name).find() for name in network.names]
    return [process.pid for process in found if process is not None]


async def _offer(network: LocalNetwork, load: PreparedLoad, bench: ConsensusBench) -> LoadTimes:
    return await offer_load(
        network.urls,
        load,
        records_per_request=bench.records_per_request,
        offered_per_s=bench.offered_per_s,
        timeout_s=OFFER_TIMEOUT_S,
    )


async def _require_equal_roots(network: LocalNetwork) -> tuple[bytes, int]:
    """State root and height that every validator has, once the slowest one has caught up."""
    try:
        async with asyncio.timeout(AGREE_TIMEOUT_S):
            while True:
                statuses = []
                for url in network.urls:
                    async with Client([url]) as client:
                        statuses.append(await client.status())
                if len({status.final_height for status in statuses}) == 1:
                    break
                await asyncio.sleep(AGREE_INTERVAL_S)
    except TimeoutError as error:
        raise Indeterminate(f"validators did not reach one height within {AGREE_TIMEOUT_S:g} s") from error
    roots = {status.state_root for status in statuses}
    if len(roots) != 1:
        raise BadProof(f"validators have {len(roots)} different state roots at one height", step="state-root")
    return roots.pop(), statuses[0].final_height


async def _fetch_samples(network: LocalNetwork, load: PreparedLoad, folder: Path) -> list[Path]:
    """Receipts spread over the run."""
    step = max(1, len(load.ids) // SAMPLE_RECEIPTS)
    paths = []
    async with Client(network.urls) as client:
        for wanted in load.ids[::step][:SAMPLE_RECEIPTS]:
            path = folder / f"{wanted.hex()}.json"
            path.write_bytes(await client.receipt(wanted))
            paths.append(path)
    return paths


def _verify_samples(network: LocalNetwork, paths: Sequence[Path]) -> int:
    """Verify receipts in another process, offline; returns how many."""
    genesis = str(network.directory / "genesis.json")
    for path in paths:
        answer = subprocess.run(
            [sys.executable, "-m", "govchain", "verify", str(path), "--genesis", genesis],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise BadProof(
                f"a sample receipt does not verify: {answer.stdout}{answer.stderr}", step="receipt"
            )
    return len(paths)
