"""The OpenAPI 3.1 document, built from the route table and the error table; written nowhere by hand."""

from __future__ import annotations

import re
from typing import Any, Final, assert_never

import govchain
from govchain.api.context import JSON, MSGPACK
from govchain.api.limits import ApiLimits
from govchain.api.parameters import TEXT_MAX, Choice, Flag, Id, Number, Parameter, Text
from govchain.api.problems import CONTENT_TYPE, PROBLEMS
from govchain.api.routes import GENERAL_PROBLEMS, ROUTES, Answer, Route
from govchain.api.schemas import REFERENCE, schema_of

DOCUMENT_PATH: Final = "/openapi.json"

_PATTERN: Final = re.compile(r"\{(\w+):[^}]*\}")


def build_openapi(limits: ApiLimits) -> dict[str, Any]:
    """The document of a server with these limits."""
    components: dict[str, Any] = {"Problem": _problem_schema()}
    paths: dict[str, Any] = {}
    for route in ROUTES:
        operation = _operation(route, limits, components)
        paths.setdefault(documented_path(route.path), {})[route.method.lower()] = operation
    paths[DOCUMENT_PATH] = {"get": _own_operation()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "govchain validator",
            "version": govchain.__version__,
            "description": "HTTP API of every validator. Bytes are lower-case hex; errors are problem+json.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def documented_path(path: str) -> str:
    """The path without the patterns that only the server's matcher needs."""
    return _PATTERN.sub(r"{\1}", path)


def _operation(route: Route, limits: ApiLimits, components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary.split(". ")[0].rstrip("."),
        "description": route.summary,
        "tags": [route.tag],
        "responses": {str(answer.status): _answer(answer, components) for answer in route.answers},
    }
    if route.parameters:
        operation["parameters"] = [_parameter(parameter, limits) for parameter in route.parameters]
    if route.body_kinds:
        operation["requestBody"] = _request_body(route, components)
    _add_problems(operation["responses"], route.problems + GENERAL_PROBLEMS)
    return operation


def _answer(answer: Answer, components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.summary}
    if answer.kind is not None:
        schema = schema_of(answer.kind, components)
        binary = {"type": "string", "contentMediaType": MSGPACK}
        described["content"] = {
            media_type: {"schema": binary if media_type == MSGPACK else schema}
            for media_type in answer.media_types
        }
    return described


def _request_body(route: Route, components: dict[str, Any]) -> dict[str, Any]:
    kinds = [schema_of(kind, components) for kind in route.body_kinds]
    return {
        "required": True,
        "content": {
            JSON: {"schema": {"oneOf": kinds}},
            MSGPACK: {"schema": {"type": "string", "contentMediaType": MSGPACK}},
        },
    }


def _add_problems(responses: dict[str, Any], codes: tuple[str, ...]) -> None:
    by_status: dict[str, list[str]] = {}
    for code in codes:
        by_status.setdefault(str(PROBLEMS[code].status), []).append(code)
    for status, found in sorted(by_status.items()):
        response = responses.setdefault(status, {"description": f"Problem: {', '.join(found)}"})
        response.setdefault("content", {})[CONTENT_TYPE] = {"schema": {"$ref": REFERENCE + "Problem"}}


def _parameter(parameter: Parameter, limits: ApiLimits) -> dict[str, Any]:
    described = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.summary,
        "schema": _parameter_schema(parameter, limits),
    }
    if isinstance(parameter.kind, Flag):
        described["allowEmptyValue"] = True
    return described


def _parameter_schema(parameter: Parameter, limits: ApiLimits) -> dict[str, Any]:
    kind = parameter.kind
    match kind:
        case Number():
            schema: dict[str, Any] = {
                "type": "integer",
                "minimum": kind.minimum,
                "maximum": kind.limit(limits),
            }
            return schema if kind.default is None else {**schema, "default": kind.default}
        case Flag():
            return {"type": "boolean", "default": False}
        case Id():
            return {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        case Text():
            return {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
        case Choice():
            return {"type": "string", "enum": list(kind.words), "default": kind.words[0]}
        case _:
            assert_never(kind)


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "RFC 9457 problem; codes are listed in docs/reference/errors.md",
        "properties": {
            "type": text,
            "title": text,
            "title_zh": text,
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(PROBLEMS)},
            "detail": text,
            "definite": {"type": "boolean", "description": "true: what was asked certainly did not happen"},
            "retry": {"type": "boolean", "description": "true: the same request may succeed later"},
        },
        "required": ["type", "title", "title_zh", "status", "code", "detail", "definite", "retry"],
        "additionalProperties": True,
    }


def _own_operation() -> dict[str, Any]:
    return {
        "operationId": "show_openapi",
        "summary": "This document",
        "tags": ["operations"],
        "responses": {
            "200": {"description": "OpenAPI 3.1", "content": {JSON: {"schema": {"type": "object"}}}}
        },
    }
