"""From a scenario's network, processors and disks to what the simulator calculates with.

Reads the tables that a file names. Built when a scenario is checked, so that every mistake has its line, and
again for each run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never

from govchain.scenario.conditions import Jitter, LinkEntry, WorkCosts
from govchain.scenario.loaded import LoadedScenario
from govchain.scenario.model import Scenario
from govchain.scenario.rehearsal import joining_names, validator_names
from govchain.scenario.suggest import suggestion
from govchain.sim import Costs, FixedLatency, LatencyModel, LineConditions, LinkConditions, Nic, PlacedLatency
from govchain.sim.measured import parse_costs, shipped_costs
from govchain.sim.quantiles import Quantiles, empirical, lognormal, normal, pareto
from govchain.sim.regions import LatencyMatrix, aws_matrix, parse_matrix, provinces_matrix

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of a table or a measurement that a scenario names."""

_PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "normal": ("sd",),
    "lognormal": ("median", "sigma"),
    "pareto": ("scale", "shape"),
    "empirical": (),
}
_ALL_PARAMETERS: Final = ("sd", "median", "sigma", "scale", "shape", "p90")


@dataclass(frozen=True, slots=True)
class Physics:
    """What the simulator is told of a scenario's world."""

    latency: LatencyModel
    lines: LineConditions
    costs: Costs


def build_physics(loaded: LoadedScenario) -> Physics:
    """The world of a scenario.

    Raises:
        ConfigError: Something in it is impossible; with file, line and what was expected.
    """
    network = loaded.scenario.network
    matrix = _matrix(loaded)
    regions = [] if matrix is None else _regions(loaded, matrix)
    latency = FixedLatency(network.latency.fixed) if matrix is None else PlacedLatency(matrix, regions)
    link_jitter: dict[tuple[int, int], Quantiles] = {}
    if network.jitter is not None:
        _check_jitter(loaded, network.jitter, matrix)
        if network.jitter.dist == "empirical" and network.jitter.p90 is None:
            assert matrix is not None
            link_jitter = _measured_jitter(matrix, regions)
    nic = network.nic
    if nic is not None and (nic.up == 0 or nic.down == 0):
        raise loaded.source.error("a card without bandwidth", "network", "nic", expected="1Gbit")
    lines = LineConditions(
        jitter=_jitter(network.jitter),
        link_jitter=link_jitter,
        loss=network.loss,
        nic=None if nic is None else Nic(nic.up, nic.down, nic.queue or 0),
        links=_links(loaded),
    )
    return Physics(latency, lines, _costs(loaded))


def _matrix(loaded: LoadedScenario) -> LatencyMatrix | None:
    latency = loaded.scenario.network.latency
    where = ("network", "latency", "file")
    if latency.file is not None and latency.matrix != "file":
        raise loaded.source.error("a table that nothing reads", *where, expected="matrix: file")
    match latency.matrix:
        case None:
            return None
        case "aws":
            return aws_matrix()
        case "cn-provinces":
            return provinces_matrix()
        case "file":
            if latency.file is None:
                raise loaded.source.error("no table", *where[:2], expected="file: latencies.csv")
            text = _content(loaded, latency.file, where).decode("utf-8", "replace")
            return LatencyMatrix("file", parse_matrix(text, latency.file), {}, {})
    assert_never(latency.matrix)


def _regions(loaded: LoadedScenario, matrix: LatencyMatrix) -> list[str]:
    """Where each validator stands, those that join later behind the others."""
    found: dict[str, str] = {}
    joining = [fault.org for fault in loaded.scenario.timeline if fault.change == "join"]
    for index, organisation in enumerate(loaded.scenario.organisations):
        if not organisation.validators and organisation.id not in joining:
            continue
        region = matrix.region(organisation.region)
        if region is None:
            raise loaded.source.error(
                f"organisation {organisation.id}: no such region in {matrix.name}",
                *("organisations", index, "region"),
                found=organisation.region or None,
                expected=suggestion(organisation.region, matrix.regions),
            )
        found[organisation.id] = region
    return [found[owner] for owner in _owners(loaded.scenario) if owner in found]


def _owners(scenario: Scenario) -> list[str]:
    """The organisation of each validator, those that join later behind the others."""
    owners = [org.id for org in scenario.organisations for _ in range(org.validators)]
    return owners + [fault.org for fault in scenario.timeline if fault.change == "join"]


def _check_jitter(loaded: LoadedScenario, jitter: Jitter, matrix: LatencyMatrix | None) -> None:
    where = ("network", "jitter")
    needed = _PARAMETERS[jitter.dist]
    given = tuple(name for name in _ALL_PARAMETERS if getattr(jitter, name) is not None)
    if jitter.dist == "empirical":
        if given not in ((), ("p90",)):
            raise loaded.source.error("empirical has no such parameter", *where, found=", ".join(given))
        if not given and (matrix is None or not matrix.spread_ns):
            expected = "p90: 3ms, or matrix: aws"
            raise loaded.source.error("nothing was measured", *where, expected=expected)
    elif given != needed:
        found, expected = ", ".join(given) or None, " and ".join(needed)
        raise loaded.source.error(
            f"{jitter.dist} needs other parameters", *where, found=found, expected=expected
        )


def _jitter(jitter: Jitter | None) -> Quantiles | None:
    match jitter:
        case None:
            return None
        case Jitter(dist="normal", sd=sd) if sd is not None:
            return normal(sd)
        case Jitter(dist="lognormal", median=median, sigma=sigma) if median is not None and sigma is not None:
            return lognormal(median, sigma)
        case Jitter(dist="pareto", scale=scale, shape=shape) if scale is not None and shape is not None:
            return pareto(scale, shape)
        case Jitter(p90=p90) if p90 is not None:
            return empirical(p90)
    return None


def _measured_jitter(matrix: LatencyMatrix, regions: list[str]) -> dict[tuple[int, int], Quantiles]:
    tables: dict[tuple[str, str], Quantiles] = {}
    for pair in ((source, target) for source in regions for target in regions):
        if pair not in tables:
            tables[pair] = empirical(matrix.spread_ns[pair])
    everybody = range(len(regions))
    return {
        (source, target): tables[regions[source], regions[target]]
        for source in everybody
        for target in everybody
        if source != target
    }


def _links(loaded: LoadedScenario) -> Mapping[tuple[int, int], LinkConditions]:
    links: dict[tuple[int, int], LinkConditions] = {}
    for number, entry in enumerate(loaded.scenario.network.links):
        where = ("network", "links", number)
        if entry.latency is None and entry.loss is None and entry.bandwidth is None:
            raise loaded.source.error("a link like all others", *where, expected="latency, loss or bandwidth")
        if entry.bandwidth == 0:
            raise loaded.source.error("a link without bandwidth", *where, "bandwidth", expected="1Mbit")
        sources = _ends(loaded, entry.from_, (*where, "from"))
        for target in _ends(loaded, entry.to, (*where, "to")):
            for source in sources:
                if source != target:
                    known = links.get((source, target), LinkConditions())
                    links[source, target] = _with(known, entry)
    return links


def _with(known: LinkConditions, entry: LinkEntry) -> LinkConditions:
    return replace(
        known,
        one_way_ns=known.one_way_ns if entry.latency is None else entry.latency,
        loss=known.loss if entry.loss is None else entry.loss,
        bits_per_s=known.bits_per_s if entry.bandwidth is None else entry.bandwidth,
    )


def _ends(loaded: LoadedScenario, written: str, where: tuple[str | int, ...]) -> list[int]:
    scenario = loaded.scenario
    names = [*validator_names(scenario), *joining_names(scenario)]
    owners = [f"org({owner})" for owner in _owners(scenario)]
    if written == "all":
        return list(range(len(names)))
    if written in names:
        return [names.index(written)]
    if written not in owners:
        expected = suggestion(written, [*names, *dict.fromkeys(owners), "all"])
        raise loaded.source.error("no such validators", *where, found=written, expected=expected)
    return [index for index, owner in enumerate(owners) if owner == written]


def _costs(loaded: LoadedScenario) -> Costs:
    cpu = loaded.scenario.cpu
    if (cpu.cores is None) != (cpu.shared is None):
        expected = "cores: 2 and shared: host, or neither"
        raise loaded.source.error("cores that nobody shares, or nobody counts", "cpu", expected=expected)
    return replace(_work_costs(loaded), shared_cores=cpu.cores or 0)


def _work_costs(loaded: LoadedScenario) -> Costs:
    costs, sync_ns = loaded.scenario.cpu.costs, loaded.scenario.disk.sync
    if costs == "measured":
        return shipped_costs(sync_ns)
    assert isinstance(costs, WorkCosts)
    if costs.file is not None:
        where = ("cpu", "costs", "file")
        if costs != WorkCosts(file=costs.file):
            raise loaded.source.error("costs by hand and from a file", *where, expected="one of them")
        return parse_costs(_content(loaded, costs.file, where), costs.file, sync_ns=sync_ns)
    return Costs(
        verify_ns=costs.verify,
        sign_ns=costs.sign,
        apply_ns=costs.apply,
        block_ns=costs.block,
        hash_kib_ns=costs.hash_kb,
        sync_ns=sync_ns,
        sync_work_ns=costs.sync,
        sync_waits=loaded.scenario.disk.waits,
        start_ns=costs.start,
        message_ns=costs.message,
        request_ns=costs.request,
        client_ns=costs.client,
        client_turn_ns=costs.client_turn,
    )


def _content(loaded: LoadedScenario, name: str, where: tuple[str | int, ...]) -> bytes:
    path = loaded.file(name, where)
    if path.stat().st_size > FILE_BYTES_MAX:
        raise loaded.source.error(
            "the file is too large", *where, found=name, expected=f"at most {FILE_BYTES_MAX} bytes"
        )
    return path.read_bytes()
