"""JSON Schema of scenario files, for editors; and the list of their keys, for the documentation's test."""

from __future__ import annotations

from typing import Any

from govchain.config import schema_of
from govchain.scenario.model import Scenario
from govchain.scenario.verbs import ENVELOPE_KEYS, FILE_KEYS, GATEWAY_VERBS, READS, VERBS


def scenario_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a scenario file."""
    schema = schema_of(Scenario, title="govchain scenario")
    schema["$defs"]["Step"]["properties"]["do"] = {"enum": list(VERBS)}
    return schema


def documented_keys() -> list[str]:
    """Every key that docs/reference/scenario.md lists; fields of records are in docs/reference/records.md."""
    found = [key for definition in scenario_schema()["$defs"].values() for key in definition["properties"]]
    for kind in (*READS.values(), *GATEWAY_VERBS.values()):
        found += kind.__struct_fields__
    return list(dict.fromkeys([*found, *ENVELOPE_KEYS, *FILE_KEYS]))
