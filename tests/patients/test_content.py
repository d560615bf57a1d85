"""What input is, by how it begins: forms that are read pass, others are refused with what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from typing import TYPE_CHECKING

import pytest

from kg_service.patients.content import is_indented, is_manifest, refusal

if TYPE_CHECKING:
    from pathlib import Path

BOM = b"\xef\xbb\xbf"
MANIFEST = '"transactionTime": "2026-01-30T01:00:00Z", "request": "https://x/$export", "output": [], "error": []'


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", data)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b'{"resourceType": "Patient"}',
        BOM + b'\n [{"resourceType": "Patient"}]',
        b'{"resourceType": "Patient"}\n{"resourceType": "Patient"}\n',
        b"@prefix : <https://x/> .\n:p a :Patient .",
        b"# exported\n#\n\n  prefix : <https://x/>\n:p a :Patient .",
        b"<https://x/p> a <https://x/Patient> .",
        b"<p>\n<type> <Patient> .",
        b'<https://x/p> <https://x/name> "a b" .',
        b"<< <p> <type> <Patient> >> <said> <q> .",
        b"_:p a <https://x/Patient> .",
        b"(1 2) a <https://x/List> .",
        b"ex:p a ex:Patient .",  # a prefix that nobody declared is told of with its line
        b"# nothing but a remark",
    ],
)
def test_forms_that_are_read(data: bytes) -> None:
    assert refusal(data) == ""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty: give FHIR R4 as JSON or NDJSON"),
        (BOM + b" \r\n\t", "is empty: give FHIR R4 as JSON or NDJSON"),
        (gzip.compress(b"{}", mtime=0), "is packed: unpack it"),
        (zipped(b"{}"), "is packed: unpack it"),
        (bz2.compress(b"{}"), "is packed: unpack it"),
        (lzma.compress(b"{}"), "is packed: unpack it"),
        (b'<?xml version="1.0"?><Patient/>', "is XML, which is not read: convert it to FHIR JSON"),
        (BOM + b'\n<Patient xmlns="http://hl7.org/fhir"/>', "is XML, which is not read: convert it to FHIR JSON"),
        (b'<Patient>\n <id value="1"/></Patient>', "is XML, which is not read: convert it to FHIR JSON"),
        (b"<!DOCTYPE html><html>", "is XML, which is not read: convert it to FHIR JSON"),
        (b"patient,rule\nPatient/1,x\n", "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
        (b"patient;rule\n", "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
        (b"# a table\npatient\trule\n", "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
        (b"MSH|^~\\&|LAB|", "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
        (b"https://x/Patient/1", "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
        (b"%PDF-1.7", "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
        ("{}".encode("utf-16"), "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
        (b"# " * 50_000 + b"\nx", "is of no form that is read: give FHIR R4 as JSON or NDJSON"),
    ],
)
def test_what_is_refused(data: bytes, said: str) -> None:
    assert refusal(data).startswith(said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{{{MANIFEST}}}", True),
        (f'\ufeff\n{{\n {MANIFEST},\n "requiresAccessToken": true\n}}\n', True),
        (f'{{"deleted": [{" " * 5000}], {MANIFEST}}}', True),
        (f'{{{MANIFEST}, "resourceType": "Patient"}}', False),
        (f'{{"deleted": [{" " * 5000}], {MANIFEST}, "resourceType": "Patient"}}', False),
        ('{"transactionTime": "2026-01-30T01:00:00Z", "request": "https://x", "output": []}', False),
        (f"[{{{MANIFEST}}}]", False),
        (f"{{{MANIFEST}}}\n{{{MANIFEST}}}", False),
        (f"{{{MANIFEST}", False),
        ('{"id": "p1"}', False),
        ("", False),
    ],
    ids=[
        "plain", "indented", "late", "resource", "late resource", "no error", "list", "lines", "cut off", "other",
        "empty",
    ],
)  # fmt: skip
def test_the_manifest_of_a_bulk_export(tmp_path: Path, text: str, *, expected: bool) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert is_manifest(tmp_path / "a.json") is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{\n "resourceType": "Patient"\n}', True),
        (BOM + b'\n\n  [ \r\n{"resourceType": "Patient"}]', True),
        (b'{"resourceType": "Patient"}\n{\n', False),
        (b'{"resourceType":\n', False),  # a line that is broken, and the next may not be
        (b"{", False),
        (b"", False),
    ],
)
def test_json_over_several_lines(tmp_path: Path, data: bytes, *, expected: bool) -> None:
    (tmp_path / "a.ndjson").write_bytes(data)
    assert is_indented(tmp_path / "a.ndjson") is expected


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    assert not is_indented(tmp_path)
    assert not is_manifest(tmp_path / "missing.json")
