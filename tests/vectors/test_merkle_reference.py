"""Inclusion and consistency proofs that others published, valid ones and forged ones (RFC 6962, RFC 9162)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from govchain.crypto import suite, verify_consistency
from govchain.crypto.log_tree import verify_leaf_hash
from govchain.errors import BadProof
from tests.support.reference import REFERENCE_ROOT, reference_path

FOLDER = REFERENCE_ROOT / "merkle"


def cases(kind: str) -> list[Any]:
    files = sorted((FOLDER / kind).rglob("*.json"))
    return [pytest.param(path, id=str(path.relative_to(FOLDER).with_suffix(""))) for path in files]


def load(path: Path) -> tuple[dict[str, Any], list[bytes]]:
    case = json.loads(path.read_text())
    return case, [base64.b64decode(item) for item in case["proof"] or []]


def test_the_reference_is_complete() -> None:
    reference_path("merkle")
    assert len(cases("inclusion")) + len(cases("consistency")) >= 190


@pytest.mark.parametrize("path", cases("inclusion"))
def test_inclusion_verdict(path: Path) -> None:
    case, proof = load(path)

    def verify() -> None:
        verify_leaf_hash(
            suite(),
            leaf_hash=base64.b64decode(case["leafHash"]),
            index=case["leafIdx"],
            size=case["treeSize"],
            proof=proof,
            root=base64.b64decode(case["root"]),
        )

    if case["wantErr"]:
        with pytest.raises(BadProof) as caught:
            verify()
        assert caught.value.step == "inclusion"
    else:
        verify()


@pytest.mark.parametrize("path", cases("consistency"))
def test_consistency_verdict(path: Path) -> None:
    case, proof = load(path)

    def verify() -> None:
        verify_consistency(
            suite(),
            first=case["size1"],
            last=case["size2"],
            first_root=base64.b64decode(case["root1"]),
            last_root=base64.b64decode(case["root2"]),
            proof=proof,
        )

    if case["wantErr"]:
        with pytest.raises(BadProof) as caught:
            verify()
        assert caught.value.step == "consistency"
    else:
        verify()
