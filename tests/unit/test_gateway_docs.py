"""The reference of gateways is what the tables say."""

from __future__ import annotations

import json
import re

import pytest

from govchain.api.problems import PROBLEMS
from govchain.gateway.reference import render_gateway
from govchain.gateway.routes import ROUTES, describe_routes
from tests.architecture.sources import ROOT


@pytest.mark.parametrize(("page", "zh"), [("gateway.md", False), ("gateway.zh.md", True)])
def test_reference_is_generated(page: str, zh: bool) -> None:
    written = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert written == render_gateway(zh=zh), f"python -m govchain.gateway.reference > docs/reference/{page}"


def test_openapi_describes_every_route_and_refers_to_nothing_missing() -> None:
    document = describe_routes()
    assert {(route.method.lower(), route.path) for route in ROUTES} == {
        (method, path) for path, methods in document["paths"].items() for method in methods
    }
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(re.findall(r'"(#/[^"]+)"', json.dumps(document))) <= known
    asks = document["paths"]["/v1/asks"]["post"]
    assert asks["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Ask")
    assert asks["security"] == [{"token": []}]
    assert "401" in asks["responses"]
    assert document["paths"]["/v1/exchanges"]["post"]["security"] == [{"certificate": []}]


def test_problems_of_routes_are_in_the_table() -> None:
    assert {code for route in ROUTES for code in route.problems} <= set(PROBLEMS)
