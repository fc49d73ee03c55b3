"""Changes of the validators in scenarios: what cannot be asked for is refused, what is asked for happens."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from govchain.errors import ConfigError
from govchain.scenario import SimBackend, parse_scenario
from govchain.scenario.result import Result
from tests.support.scenario_texts import PROJECT, play

WORLD = """\
govchain: 1
meta: {title: Changes}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 3}
  - {id: notary, code: 31990100MA0XX00L9F, name: Notary, validators: 1}
people:
  - {id: evp-admin, org: evp, roles: [admin]}
  - {id: notary-admin, org: notary, roles: [admin]}
network: {latency: {fixed: 50ms}}
protocol: {view_timeout: 1s, checkpoint: 8}
workload: [{org: evp, rate: {closed_loop: 1}, to: 3s}]
timeline:
"""
JOIN = "  - {at: 100ms, do: membership, change: join, target: validator-4, org: evp}\n"
LEAVE = "  - {at: 100ms, do: membership, change: leave, target: validator-0}\n"


def changes(result: Result) -> dict[str, str]:
    """What became of each change, without the time it took."""
    names = ("membership ", "rotate_key ", "revoke_key ")
    found = [each for each in result.expectations if each.name.startswith(names)]
    return {each.name: each.measured.partition(" after ")[0] for each in found}


def require_pass(result: Result) -> None:
    assert [each for each in (*result.expectations, *result.invariants) if not each.ok] == []


def test_MB2_a_join_and_a_leave_at_one_checkpoint() -> None:
    result = play(WORLD + JOIN + LEAVE)
    require_pass(result)
    assert changes(result) == {
        "membership validator-4": "installed",
        "membership validator-0": "installed",
    }
    assert (result.happened["epoch"], result.happened["validators"]) == (1, 4)


def test_MB4_a_validator_is_rotated_twice_and_loses_its_disk() -> None:
    text = WORLD.replace("to: 3s", "to: 7s")
    rotate = "  - {at: 100ms, do: rotate_key, target: validator-1}\n"
    wipe = "  - {at: 6s, do: crash, target: validator-1, disk: wipe, for: 500ms}\n"
    result = play(text + rotate + rotate.replace("100ms", "3s") + wipe)
    require_pass(result)
    assert result.happened["epoch"] == 2


def test_situation_55_one_becomes_two_and_the_founder_leaves() -> None:
    text = WORLD.replace("validators: 3", "validators: 1").replace("Notary, validators: 1", "Notary")
    # Whoever asks the newcomer too early waits for its answer: there must be records for two checkpoints.
    text = text.replace("to: 3s", "to: 9s")
    result = play(text + JOIN + LEAVE.replace("100ms", "2s"))
    require_pass(result)
    assert (result.happened["epoch"], result.happened["validators"]) == (2, 1)


def test_MB5_a_second_newcomer_at_one_checkpoint_is_refused_and_the_first_one_installed() -> None:
    text = WORLD.replace(", to: 3s", "").replace("checkpoint: 8", "checkpoint: 16")
    result = play(text + JOIN + "  - {at: 1s, do: rotate_key, target: validator-1, denied: I9}\n")
    require_pass(result)
    assert changes(result)["rotate_key validator-1"].startswith("denied I9 E_QUORUM: 2 of 5 would be new")


def test_a_change_that_is_not_refused_as_demanded_fails() -> None:
    result = play(WORLD + LEAVE.replace("validator-0", "validator-0, denied: I9"))
    assert result.verdict == "fail"


def test_a_change_without_blocks_waits_and_is_undecided() -> None:
    text = WORLD.replace("to: 3s", "to: 50ms").replace("checkpoint: 8", "checkpoint: 1000")
    result = play(text.replace("timeline:", "stop: {at: 2s}\ntimeline:") + LEAVE)
    assert (result.verdict, changes(result)["membership validator-0"]) == ("undecided", "adopted")


def test_MB4_everybody_is_asked_for_receipts_the_newcomer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, int] = {}
    honest = SimBackend.receipts

    async def receipts(backend: SimBackend, transaction_id: bytes) -> Mapping[str, bytes]:
        found = dict(await honest(backend, transaction_id))
        for name in found:
            asked[name] = asked.get(name, 0) + 1
        return found | {"validator-4": found["validator-4"].replace(b"1", b"2", 1)}

    monkeypatch.setattr(SimBackend, "receipts", receipts)
    result = play(WORLD + JOIN)
    assert asked == dict.fromkeys([f"validator-{index}" for index in range(5)], 3), "two changes, last record"
    (broken,) = [each for each in result.invariants if not each.ok]
    assert broken.name == "receipts"
    assert "change from validator-4" in broken.detail


KEYS = WORLD.replace(
    "people:\n", "people:\n  - {id: clerk, org: evp}\n  - {id: late, org: notary, genesis: false}\n"
).replace(
    "timeline:\n",
    """\
steps:
  - id: before
    by: clerk
    do: evidence.deposit
    with: {object_id: EVP-1, evidence_kind: log, content: a, collected_at: "2026-11-02T08:00:00+08:00"}
  - id: after
    at: 2m
    by: clerk
    do: evidence.deposit
    with: {object_id: EVP-2, evidence_kind: log, content: b, collected_at: "2026-11-02T08:00:00+08:00"}
    expect: {denied: I1}
  - {at: 3m, by: evp-admin, do: key.verify, with: {person: clerk, answer: REVOKED}}
timeline:
""",
)


def test_I1_a_key_is_revoked_between_two_steps_and_signs_no_more() -> None:
    result = play(KEYS + "  - {after: before, do: revoke_key, person: clerk}\n")
    require_pass(result)
    assert changes(result) == {"revoke_key clerk": "revoked"}
    assert [step.outcome for step in result.steps] == ["applied", "rejected", "answered"]
    assert result.happened["revoke_key"] == 1


def test_G9_a_suspended_key_is_revoked_at_the_time_of_the_story() -> None:
    pause = '  - {id: pause, by: evp-admin, do: key.suspend, with: {object_id: "${clerk}", reason: ill}}\n'
    text = KEYS.partition("steps:")[0] + "steps:\n" + pause.replace("id: pause", "id: pause, at: 5m")
    result = play(text + "timeline:\n  - {after: pause, do: revoke_key, person: clerk}\n")
    require_pass(result)
    assert changes(result) == {"revoke_key clerk": "revoked"}


def test_I1_a_key_is_revoked_while_there_is_load() -> None:
    text = WORLD.replace("people:\n", "people:\n  - {id: clerk, org: evp}\n")
    result = play(text + "  - {at: 1s, do: revoke_key, person: clerk}\n")
    require_pass(result)
    assert changes(result) == {"revoke_key clerk": "revoked"}


@pytest.mark.parametrize(("person", "rule"), [("evp-admin", "I8 E_STATE"), ("late", "G3 E_STATE")])
def test_I8_a_revocation_that_a_rule_refuses_is_demanded_by_its_rule(person: str, rule: str) -> None:
    text = KEYS.partition("steps:")[0] + "timeline:\n"
    demanded = play(text + f"  - {{at: 1s, do: revoke_key, person: {person}, denied: {rule[:2]}}}\n")
    require_pass(demanded)
    refused = play(text + f"  - {{at: 1s, do: revoke_key, person: {person}}}\n")
    assert refused.verdict == "fail"
    assert changes(refused)[f"revoke_key {person}"].startswith(f"denied {rule}")


def test_I5_a_key_that_no_admin_can_revoke_names_who_is_missing() -> None:
    text = WORLD.replace("  - {id: notary-admin, org: notary, roles: [admin]}", "  - {id: seal, org: notary}")
    with pytest.raises(ConfigError, match=r"nobody can revoke the key; found 'seal'; expected .*of notary"):
        parse_scenario(text + "  - {at: 1s, do: revoke_key, person: seal}\n", "s.yaml", PROJECT)


BAD = [
    ("{at: 1s, do: membership, target: validator-0}", "13: a membership needs a change"),
    ("{at: 1s, do: rotate_key, target: one, change: leave}", "13: rotate_key has no change"),
    ("{at: 1s, do: rotate_key, target: minority}", "13: a change is of one validator; found 'minority'"),
    ("{at: 1s, do: rotate_key}", "13: a change is of one validator"),
    ("{at: 1s, do: rotate_key, target: one, for: 1s}", "13: rotate_key has no for"),
    ("{every: {mean: 1s}, times: 2, do: rotate_key, target: one}", "13: a change does not come again"),
    (
        "{at: 1s, do: membership, change: leave, target: validator-7}",
        "13: a change is of one validator; found 'validator-7'",
    ),
    (
        "{at: 1s, do: membership, change: leave, target: one, org: evp}",
        "13: only whoever joins names an organisation",
    ),
    (
        "{at: 1s, do: membership, change: join, target: validator-0, org: evp}",
        "13: the name is taken; found 'validator-0'",
    ),
    (
        "{at: 1s, do: membership, change: join, target: One, org: evp}",
        "13: a validator that joins needs a name; found 'One'",
    ),
    (
        "{at: 1s, do: membership, change: join, target: v-4, org: evq}",
        "13: unknown organisation; found 'evq'",
    ),
    ("{at: 1s, do: rotate_key, target: one, denied: I99}", "13: no such refusal; found 'I99'"),
    ("{at: 1s, do: revoke_key}", "13: nobody whose key could be revoked; expected one of"),
    (
        "{at: 1s, do: revoke_key, person: evp-amdin}",
        "13: nobody whose key could be revoked; found 'evp-amdin'",
    ),
    ("{at: 1s, do: revoke_key, person: evp-admin, denied: I99}", "13: no such refusal; found 'I99'"),
    ("{at: 1s, do: revoke_key, person: evp-admin, target: one}", "13: revoke_key has no target"),
    ("{every: {mean: 1s}, times: 2, do: revoke_key, person: evp-admin}", "13: a change does not come again"),
]


@pytest.mark.parametrize(("entry", "message"), BAD)
def test_an_impossible_change_names_its_place(entry: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_scenario(f"{WORLD}  - {entry}\n", "s.yaml", PROJECT)
    assert str(caught.value).startswith(f"s.yaml:{message}")


def test_MB1_a_change_that_nobody_can_decide_names_who_is_missing() -> None:
    text = WORLD.replace("  - {id: notary-admin, org: notary, roles: [admin]}\n", "")
    with pytest.raises(ConfigError, match=r"2 of 2 organisations.*\[admin\] of notary"):
        parse_scenario(text + LEAVE, "s.yaml", PROJECT)
