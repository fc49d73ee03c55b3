"""The OpenAPI 3.1 document of a gateway, built from its route table; written nowhere by hand."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

import govchain
from govchain.api.problems import CONTENT_TYPE, PROBLEMS

JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
GENERAL_PROBLEMS: Final = ("rate-limited", "too-many-connections", "internal", "storage")
TEXT: Final = "text/plain"
HTML: Final = "text/html"
STATUS_LIST: Final = "application/statuslist+jwt"
TOKEN: Final = "token"
CERTIFICATE: Final = "certificate"


class ListText:
    """Marks a body or answer that is a signed status list."""


class Html:
    """Marks an answer that is a page for people."""


class Described(msgspec.Struct, frozen=True):
    """What the document needs of one route."""

    method: str
    path: str
    name: str
    summary: str
    security: str
    """Name of what has to be shown; empty for nothing."""
    body_kind: Any
    """Type of a JSON body; bytes for a binary one; `ListText`; None for none."""
    answer_kind: Any
    """Type of the JSON answer; bytes for a binary one; str for text; `Html`; `ListText`."""
    problems: tuple[str, ...]


def build_openapi(routes: tuple[Described, ...]) -> dict[str, Any]:
    """The document of these routes."""
    kinds = [kind for route in routes for kind in (route.body_kind, route.answer_kind)]
    listed = [kind for kind in kinds if kind not in (None, bytes, str, Html, ListText)]
    schemas, components = msgspec.json.schema_components(listed, ref_template="#/components/schemas/{name}")
    schema_of = {repr(kind): schema for kind, schema in zip(listed, schemas, strict=True)}
    components["Problem"] = _problem_schema()
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "govchain gateway",
            "version": govchain.__version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                TOKEN: {"type": "http", "scheme": "bearer"},
                CERTIFICATE: {"type": "mutualTLS", "description": "At peer_listen; names the organisation"},
            },
        },
    }


def _operation(route: Described, schema_of: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": "Done", "content": _content(route.answer_kind, schema_of)}
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary.split(". ")[0].rstrip("."),
        "description": route.summary,
        "responses": {"200": answer},
    }
    names = re.findall(r"{(\w+)}", route.path)
    if names:
        known = {"in": "path", "required": True, "schema": {"type": "string"}}
        operation["parameters"] = [{"name": name, **known} for name in names]
    if route.security:
        operation["security"] = [{route.security: []}]
    if route.body_kind is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.body_kind, schema_of)}
    by_status: dict[str, list[str]] = {}
    for code in (*route.problems, *GENERAL_PROBLEMS):
        by_status.setdefault(str(PROBLEMS[code].status), []).append(code)
    for status, codes in sorted(by_status.items()):
        operation["responses"][status] = {
            "description": f"Problem: {', '.join(codes)}",
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return operation


def _content(kind: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    if kind is bytes:
        return {BINARY: {"schema": {"type": "string", "contentMediaType": BINARY}}}
    if kind is ListText:
        return {STATUS_LIST: {"schema": {"type": "string"}}}
    if kind is Html:
        return {HTML: {"schema": {"type": "string"}}}
    if kind is str:
        return {TEXT: {"schema": {"type": "string"}}}
    return {JSON: {"schema": schema_of[repr(kind)]}}


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "RFC 9457 problem; codes are listed in docs/reference/errors.md",
        "properties": {
            "code": {"type": "string", "enum": sorted(PROBLEMS)},
            "title": text,
            "title_zh": text,
            "detail": text,
            "definite": {"type": "boolean"},
            "retry": {"type": "boolean"},
        },
        "required": ["code", "title", "title_zh", "detail", "definite", "retry"],
        "additionalProperties": True,
    }
