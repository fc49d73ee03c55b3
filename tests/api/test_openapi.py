"""The OpenAPI document is complete and true, and so are the pages made from the same tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from govchain.api import ApiLimits, create_app
from govchain.api.openapi import DOCUMENT_PATH, build_openapi, documented_path
from govchain.api.problems import PROBLEMS
from govchain.api.reference import render_http
from govchain.api.routes import ROUTES
from govchain.codec import encode
from tests.api.schema_check import validate_schema
from tests.support.fake_validator import (
    AMR,
    MAKER,
    FakeNetwork,
    FakeValidator,
    enter_payload,
    licence_id,
)

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
STATUS_ONLY = {"/", "/metrics"}


def registered(app: web.Application) -> set[tuple[str, str]]:
    found = set()
    for resource in app.router.resources():
        for route in resource:
            found.add((route.method, documented_path(_pattern(resource))))
    return found


def _pattern(resource: web.AbstractResource) -> str:
    info = resource.get_info()
    path = info.get("path") or info.get("formatter")
    assert isinstance(path, str)
    return path


def documented(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, operations in document["paths"].items():
        for method in operations:
            yield method.upper(), path


def test_every_registered_route_is_documented_and_vice_versa(validator: FakeValidator) -> None:
    document = build_openapi(ApiLimits())
    assert registered(create_app(validator)) == set(documented(document))


def test_every_path_parameter_is_described() -> None:
    paths = build_openapi(ApiLimits())["paths"]
    assert any("{" in path for path in paths)
    for path, operations in paths.items():
        for operation in operations.values():
            described = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert described == set(re.findall(r"\{(\w+)\}", path)), path


def test_operation_ids_are_distinct_and_references_resolve() -> None:
    document = build_openapi(ApiLimits())
    operations = [each for path in document["paths"].values() for each in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    references = re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(document))
    assert references
    for reference in references:
        assert document["components"]["schemas"][reference], reference


def test_every_problem_of_a_route_is_in_the_table() -> None:
    for route in ROUTES:
        assert not set(route.problems) - set(PROBLEMS), route.path


def test_limits_reach_the_document() -> None:
    operation = build_openapi(ApiLimits(wait_ms_max=77))["paths"]["/v1/transactions"]["post"]
    assert operation["parameters"][0]["schema"]["maximum"] == 77


def example_paths(network: FakeNetwork) -> dict[str, str]:
    """A request for each GET route that answers JSON, on a chain with one licence."""
    licence = licence_id()
    transaction = network.signer(AMR, MAKER).build("licence.enter", enter_payload(licence), expiry_height=9)
    admission = network.admit(transaction)
    network.finalise()
    return {
        "transaction_id": admission.id.hex(),
        "org": network.genesis.organisations[0].id,
        "key_id": MAKER.key_id.hex(),
        "record_type": "licence",
        "object_id": f"{licence}?proof&history&at=2026-01-10T00:00:00Z",
        "height": "1",
    }


JSON_ROUTES = [
    route for route in ROUTES if route.method == "GET" and route.path not in STATUS_ONLY | {"/v1/events"}
]


@pytest.mark.parametrize("route", JSON_ROUTES, ids=lambda route: route.path)
async def test_answer_fits_its_schema(route: Any, network: FakeNetwork, http: aiohttp.ClientSession) -> None:
    async with http.get(DOCUMENT_PATH) as response:
        document = await response.json()
    path = documented_path(route.path)
    values = example_paths(network)
    async with http.get(path.format(**values)) as response:
        assert response.status == 200
        answer = await response.json()
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validate_schema(answer, schema, document["components"]["schemas"])


async def test_submission_fits_its_schema_both_ways(
    network: FakeNetwork, http: aiohttp.ClientSession
) -> None:
    document = build_openapi(ApiLimits())
    schemas = document["components"]["schemas"]
    operation = document["paths"]["/v1/transactions"]["post"]
    transaction = network.signer(AMR, MAKER).build(
        "licence.enter", enter_payload(licence_id()), expiry_height=9
    )
    headers = {"Content-Type": "application/msgpack"}
    async with http.post("/v1/transactions?wait=1", data=encode(transaction), headers=headers) as response:
        content = operation["responses"][str(response.status)]["content"]
        validate_schema(await response.json(), content["application/json"]["schema"], schemas)
    other = network.signer(AMR, MAKER).build("licence.enter", b"{}", expiry_height=9, nonce=8)
    broken = encode((other.body, bytes(64)))
    async with http.post("/v1/transactions", data=broken, headers=headers) as response:
        content = operation["responses"][str(response.status)]["content"]
        validate_schema(await response.json(), content["application/problem+json"]["schema"], schemas)


@pytest.mark.parametrize(("page", "zh"), [("http.md", False), ("http.zh.md", True)])
def test_http_page_is_what_the_tables_print(page: str, zh: bool) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == render_http(zh=zh), (
        f"run: python -m govchain.api.reference http {'zh ' if zh else ''}> docs/reference/{page}"
    )
