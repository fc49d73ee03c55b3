"""The error table, and every way a request can be wrong before a handler sees it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from govchain import errors
from govchain.api.problems import PROBLEMS, problem_body
from govchain.api.reference import render_errors
from govchain.errors import (
    BadProof,
    GovchainError,
    Indeterminate,
    InvalidDocument,
    MalformedBytes,
    NotPermitted,
    StorageFailure,
    Unavailable,
)
from govchain.mempool import REJECTIONS
from tests.support.fake_validator import FakeValidator

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


def subclasses(kind: type[GovchainError]) -> list[type[GovchainError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in subclasses(child))]


def test_every_error_class_has_a_row() -> None:
    classes = [each for each in subclasses(GovchainError) if each.__module__ == errors.__name__]
    missing = sorted({each.code for each in classes} - set(PROBLEMS))
    assert not missing


def test_every_rejection_of_the_pool_has_a_row() -> None:
    assert not set(REJECTIONS) - set(PROBLEMS)


def test_definite_agrees_with_the_error_classes() -> None:
    # A validator that stops may have done what was asked before.
    unsure = {"storage", "simulation", "diverged", "error"}
    for each in subclasses(GovchainError):
        if each.__module__ == errors.__name__ and each.code not in unsure:
            assert PROBLEMS[each.code].definite is each.definite, each


def test_rows_are_usable() -> None:
    for code, row in PROBLEMS.items():
        assert row.code == code
        assert 400 <= row.status < 600
        assert row.title
        assert row.title_zh
        assert not (row.status < 500 and row.code == "internal")


def test_code_without_a_row_reads_as_an_error() -> None:
    body = problem_body("something-new", "detail")
    assert (body["status"], body["code"], body["definite"]) == (500, "something-new", False)


@pytest.mark.parametrize(("page", "zh"), [("errors.md", False), ("errors.zh.md", True)])
def test_document_is_what_the_table_prints(page: str, zh: bool) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == render_errors(REJECTIONS, zh=zh), (
        f"run: python -m govchain.api.reference errors {'zh ' if zh else ''}> docs/reference/{page}"
    )


RAISED: list[tuple[Exception, tuple[int, str, bool]]] = [
    (Unavailable("not now"), (503, "unavailable", True)),
    (Indeterminate("lost"), (504, "indeterminate", False)),
    (MalformedBytes("bad"), (400, "malformed", True)),
    (BadProof("bad"), (422, "bad-proof", True)),
    (InvalidDocument("BR-CO-15", "gross", "sum"), (422, "invalid-document", True)),
    (StorageFailure("disk"), (500, "storage", False)),
    (ValueError("secret payload"), (500, "internal", False)),
]


@pytest.mark.parametrize(("error", "expected"), RAISED, ids=lambda value: type(value).__name__)
async def test_error_of_the_validator_becomes_its_problem(
    error: Exception,
    expected: tuple[int, str, bool],
    validator: FakeValidator,
    http: aiohttp.ClientSession,
) -> None:
    validator.failure = error
    async with http.get("/v1/status") as response:
        problem = await response.json()
    assert response.content_type == "application/problem+json"
    assert response.status == problem["status"]
    assert (problem["status"], problem["code"], problem["definite"]) == expected


async def test_denial_names_rule_and_code(validator: FakeValidator, http: aiohttp.ClientSession) -> None:
    validator.failure = NotPermitted("L2", "E_DUP_ID", "taken")
    async with http.get("/v1/status") as response:
        problem = await response.json()
    assert (problem["rule"], problem["denial"], response.status) == ("L2", "E_DUP_ID", 403)


async def test_unexpected_error_is_logged_without_its_values(
    validator: FakeValidator, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    validator.failure = ValueError("110101199003070000")
    with caplog.at_level(logging.ERROR, logger="govchain.api"):
        async with http.get("/v1/status") as response:
            text = await response.text()
    assert "110101199003070000" not in text
    assert "110101199003070000" not in caplog.text
    assert "GET /v1/status failed: ValueError" in caplog.text


async def ask(http: aiohttp.ClientSession, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
    async with http.request(method, path, **more) as response:
        assert response.content_type == "application/problem+json", await response.text()
        return response.status, await response.json()


@pytest.mark.parametrize("path", ["/nope", "/v1/", "/v1/blocks/", "/v1/records/licence", "/v1/blocks/1/2"])
async def test_unknown_path_is_a_problem(path: str, http: aiohttp.ClientSession) -> None:
    status, problem = await ask(http, "GET", path)
    assert (status, problem["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/v1/transactions", "POST"), ("DELETE", "/v1/status", "GET"), ("POST", "/", "GET")],
)
async def test_wrong_method_names_the_right_one(
    method: str, path: str, allow: str, http: aiohttp.ClientSession
) -> None:
    async with http.request(method, path) as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (405, "method-not-allowed")
    assert response.headers["Allow"] == allow


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/octet-stream"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_other_content_type_is_refused(headers: dict[str, str], http: aiohttp.ClientSession) -> None:
    status, problem = await ask(http, "POST", "/v1/transactions", data=b"{}", headers=headers)
    assert (status, problem["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("data", [b"", b"{", b'{"body":', b"\xff\xfe", b"null", b"NaN"])
async def test_body_that_is_no_json_is_refused(data: bytes, http: aiohttp.ClientSession) -> None:
    headers = {"Content-Type": "application/json"}
    status, problem = await ask(http, "POST", "/v1/transactions", data=data, headers=headers)
    assert (status, problem["code"], problem["definite"]) == (400, "malformed", True)


PARAMETERS = {
    "/v1/blocks?limit=0": "limit: expected a whole number, 1 to 100",
    "/v1/blocks?limit=101": "limit: expected",
    "/v1/blocks?limit=%2B5": "limit: expected",
    "/v1/blocks?limit=٣": "limit: expected",
    "/v1/blocks?limit=1&limit=2": "given twice",
    "/v1/blocks?limti=3": "unknown parameter 'limti'; known here: before, limit",
    "/v1/status?x": "this resource has none",
    "/v1/blocks/-1": "height: expected",
    "/v1/blocks/latest": "height: expected",
    "/v1/transactions/abc": "transaction_id: expected 64 lower-case hex digits",
    f"/v1/transactions/{'AB' * 32}": "transaction_id: expected",
    f"/v1/transactions/{'ab' * 32}?wait=30001": "wait: expected a whole number, 0 to 30000",
    f"/v1/transactions/{'ab' * 32}?wait=1e3": "wait: expected",
    "/v1/records/licence/x?level=best": "level: expected certified or local or latest",
    "/v1/records/licence/x?proof=yes": "proof: expected nothing, true or false",
    "/v1/records/licence/%00": "object_id: expected",
    f"/v1/records/licence/{'x' * 513}": "object_id: expected",
}


@pytest.mark.parametrize("path", PARAMETERS)
async def test_wrong_parameter_is_named(path: str, http: aiohttp.ClientSession) -> None:
    status, problem = await ask(http, "GET", path)
    assert (status, problem["code"]) == (400, "invalid-parameter")
    assert PARAMETERS[path] in problem["detail"]
