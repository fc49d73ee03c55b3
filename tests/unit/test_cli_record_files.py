"""From files that people have to records: e-invoices, YAML, JSON, and any file as evidence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from govchain.cli.record_files import read_evidence, read_record
from govchain.crypto import suite
from govchain.errors import ConfigError, InvalidDocument
from tests.architecture.sources import ROOT


def test_any_file_becomes_a_deposit_of_its_hashes(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(b"<p>hello</p>")
    record = read_evidence(path, "web-page")
    assert record.kind == "evidence.deposit"
    assert record.fields.raw_hash.sha256 == hashlib.sha256(b"<p>hello</p>").hexdigest()
    assert record.fields.media_type == "text/html"
    assert b"page.html" not in record.payload(), "a file's name may be personal and stays here"


def test_an_e_invoice_becomes_its_coded_content() -> None:
    record = read_record(ROOT / "scenarios" / "data" / "invoice-sample.xml", suite(), salt=bytes(16))
    assert record.kind in ("invoice.issue", "invoice.red")
    assert record.envelope["payload_hash"]["sm3"]


def test_an_invoice_that_breaks_its_standard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.xml"
    path.write_bytes(b"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>")
    with pytest.raises(InvalidDocument):
        read_record(path, suite())


def test_huge_document_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.xml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidDocument, match="XML-SIZE"):
        read_record(path, suite())


def test_yaml_and_json_mean_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: licence.issue\nobject_id: x\nfields: {opinion: fine}\n")
    plain = {"kind": "licence.issue", "object_id": "x", "fields": {"opinion": "fine"}}
    (tmp_path / "a.json").write_text(json.dumps(plain))
    assert read_record(tmp_path / "a.yaml", suite()) == read_record(tmp_path / "a.json", suite())


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("kind: licence.isue\nobject_id: x\n", 1, "licence.issue"),
        ("kind: licence.issue\nobject_id: x\nenvelope:\n  purpose: a\n", 4, "purpose_code"),
        ("kind: licence.issue\nobject: x\n", 2, "object_id"),
    ],
)
def test_a_mistake_names_file_line_and_what_was_expected(
    tmp_path: Path, text: str, line: int, expected: str
) -> None:
    path = tmp_path / "record.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_record(path, suite())
    assert caught.value.line == line
    assert expected in str(caught.value)
