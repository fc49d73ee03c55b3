"""From a seed to a scenario: a network, its parameters, its load, what goes wrong, and what is demanded.

A case is what a scenario file holds, as plain values, so what is run, shrunk and written is one thing.
First anything may break and only the invariants count; then everything is mended, and progress is demanded.
"""

from __future__ import annotations

from typing import Any, Final

from govchain.sim import PROTOCOLS
from govchain.sim.protocols import PBFT
from govchain.swarm.dice import Dice
from govchain.swarm.draw_faults import draw_change, draw_faults

Case = dict[str, Any]
"""A scenario as plain values."""

SIZES: Final = (1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 6, 7)
"""Numbers of validators; four is where most goes wrong for its price."""
LATENCIES: Final = ("1ms", "5ms", "20ms", "20ms", "50ms", "50ms")
"""Long ones more often: more is under way when something breaks."""
CLOSED_PERCENT: Final = 30
"""Of loads: those whose clients hand in the next transaction when the one before is final."""
RATES_PER_S: Final = (2, 30)
"""Of the others: little enough for a seed to be cheap, enough for batches to overlap."""
RECORDS_MANY: Final = 8
SMALL_PER_S: Final = 10
"""The most where a batch has fewer records than that."""
NARROW_PER_S: Final = 3
"""The most where all batches under way together have fewer."""
ALONE_PER_S: Final = 1
"""The most where one record is under way at a time, over a line that may be long and lose frames."""
AFTERWARDS_MS: Final = 1_500
"""Load after everything was mended."""
BACKOFF_TIMES: Final = 16
"""To how many view timeouts waiting may have grown (rule VC-4)."""
GRACE_MS: Final = 10_000
"""For what does not wait for a view: sync, retries of clients."""
PATIENCE: Final = "120s"
"""How long what was handed in may take in the end; then it is lost."""

_ORGANISATIONS: Final = (
    ("evp", "91990100MA0XX00Y57", "Evidence platform", "存证平台", ["evidence-platform"]),
    ("notary", "31990100MA0XX00L9F", "Notary office", "公证处", ["notary", "depositor"]),
    ("court", "11990100MA0XX00K0L", "Court", "法院", ["court"]),
)


def case_name(case: Case) -> str:
    """What the scenario is called; its genesis has that name in it."""
    kind = case["protocol"].get("consensus", "swarm")
    return f"{kind}-{case['seed']}"


def draw_case(seed: int, protocol_name: str = PBFT.name) -> Case:
    """The scenario of a seed, the same on every machine; for each protocol without what that cannot do."""
    dice = Dice(seed)
    size = dice.among("size", SIZES)
    network = _draw_network(dice)
    protocol = _draw_protocol(dice, network)
    change = draw_change(dice, size) if PROTOCOLS[protocol_name].changes_validators else []
    if protocol_name != PBFT.name:
        protocol["consensus"] = protocol_name
    timeline, safety_ms = draw_faults(dice, size, change, _view_timeout_ms(protocol))
    timeline.append({"at": f"{safety_ms}ms", "do": "heal_all"})
    if change:
        protocol["checkpoint"] = min(protocol["checkpoint"], 8)
    return {
        "govchain": 1,
        "meta": {"title": f"Swarm, seed {seed}", "title_zh": f"随机群测，种子 {seed}", "tags": ["fault"]},
        "seed": seed,
        "stop": {"at": PATIENCE},
        "organisations": _organisations(size),
        "people": [{"id": f"{org[0]}-admin", "org": org[0], "roles": ["admin"]} for org in _ORGANISATIONS],
        "network": network,
        **_draw_machines(dice),
        "protocol": protocol,
        "workload": _draw_workload(dice, size, protocol, to_ms=None if change else safety_ms + AFTERWARDS_MS),
        "timeline": timeline,
        "expect": {"invariants": "all", "liveness": [{"within": _bound(protocol), "after": "heal_all"}]},
    }


def _bound(protocol: dict[str, Any]) -> str:
    """Within what the next record must be final once all is mended."""
    return f"{2 * BACKOFF_TIMES * _view_timeout_ms(protocol) + GRACE_MS}ms"


def _view_timeout_ms(protocol: dict[str, Any]) -> int:
    return int(str(protocol["view_timeout"]).removesuffix("ms"))


def _organisations(size: int) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "code": code,
            "name": english,
            "name_zh": chinese,
            "roles": list(roles),
            "validators": (size + 2 - place) // len(_ORGANISATIONS),
        }
        for place, (name, code, english, chinese, roles) in enumerate(_ORGANISATIONS)
    ]


def _draw_network(dice: Dice) -> dict[str, Any]:
    network: dict[str, Any] = {"latency": {"fixed": dice.among("latency", LATENCIES)}}
    jitter = dice.among(
        "jitter",
        (
            None,
            {"dist": "normal", "sd": "2ms"},
            {"dist": "lognormal", "median": "5ms", "sigma": 0.8},
            {"dist": "pareto", "scale": "2ms", "shape": 2},
        ),
    )
    if jitter is not None:
        network["jitter"] = dict(jitter)
    loss = dice.among("loss", (0, 0, 0.01, 0.05))
    if loss:
        network["loss"] = loss
    return network


def _draw_machines(dice: Dice) -> dict[str, Any]:
    machines: dict[str, Any] = {}
    if dice.chance("cpu", 25):
        machines["cpu"] = {"costs": {"verify": "60us", "sign": "30us", "apply": "40us"}}
    sync = dice.among("sync", ("", "", "2ms", "10ms"))
    if sync:
        machines["disk"] = {"sync": sync}
    return machines


def _draw_protocol(dice: Dice, network: dict[str, Any]) -> dict[str, Any]:
    # A frame that is lost, or a slow line, takes so long that the shortest timeout would end every view.
    is_quick = "loss" not in network and network["latency"]["fixed"] != LATENCIES[-1]
    timeout = dice.among("timeout", ("250ms", "500ms", "1000ms"))
    return {
        "batch": {
            "records": dice.among("records", (1, 2, 8, 64)),
            "age": dice.among("age", ("5ms", "20ms", "50ms")),
        },
        "pipeline": dice.among("pipeline", (1, 2, 4, 8)),
        "checkpoint": dice.among("checkpoint", (4, 8, 16, 64)),
        "view_timeout": timeout if is_quick or timeout != "250ms" else "500ms",
    }


def _rate_max_per_s(records: int, pipeline: int) -> int:
    """The most that one of two open loads may offer to batches of so many records."""
    if records >= RECORDS_MANY:
        return RATES_PER_S[1]
    if records * pipeline == 1:
        return ALONE_PER_S
    return NARROW_PER_S if records * pipeline < RECORDS_MANY else SMALL_PER_S


def _draw_workload(
    dice: Dice, size: int, protocol: dict[str, Any], *, to_ms: int | None
) -> list[dict[str, Any]]:
    """One or two loads; open ones go on until a change of the validators is through.

    A closed loop at a single validator makes thousands of blocks while a record that a power cut took waits
    to be handed in again: it would expire.
    """
    loads = []
    # What a network cannot carry would wait for longer than anybody is patient.
    rate_max = _rate_max_per_s(protocol["batch"]["records"], protocol["pipeline"])
    for org in dice.some("loads", ("evp", "notary"), dice.between("loads", 1, 2)):
        if size > 1 and dice.chance("closed", CLOSED_PERCENT):
            rate: dict[str, Any] = {"closed_loop": dice.between("clients", 1, 3)}
        else:
            rate = {"fixed": f"{min(rate_max, dice.between('rate', *RATES_PER_S))}/s"}
        end = {} if to_ms is None else {"to": f"{to_ms}ms"}
        loads.append({"org": org, "rate": rate, **end})
    return loads
