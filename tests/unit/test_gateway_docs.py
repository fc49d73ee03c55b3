"""The reference of gateways is what the tables say."""

from __future__ import annotations

import pytest

from govchain.api.problems import PROBLEMS
from govchain.gateway.reference import render_gateway
from govchain.gateway.routes import ROUTES
from tests.architecture.sources import ROOT


@pytest.mark.parametrize(("page", "zh"), [("gateway.md", False), ("gateway.zh.md", True)])
def test_reference_is_generated(page: str, zh: bool) -> None:
    written = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert written == render_gateway(zh=zh), f"python -m govchain.gateway.reference > docs/reference/{page}"


def test_problems_of_routes_are_in_the_table() -> None:
    assert {code for route in ROUTES for code in route.problems} <= set(PROBLEMS)
