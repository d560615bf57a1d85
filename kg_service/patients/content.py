"""What input is, told by how it begins: where nobody says of which form it is, or its name says so wrongly."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 4096
"""Bytes of a file that are looked at."""

BLANK = b"\xef\xbb\xbf \t\r\n"
PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c")
"""How gzip, zip, bzip2, xz, Zstandard and 7z begin."""

JSON = re.compile(rb"[{\[]")
XML = re.compile(rb"(?:<[^<>\s]+>\s*)*<[^<>\s]+\s")  # in Turtle, too, "<" begins, but no space is within < and >
TURTLE = re.compile(rb"(?:\s|#[^\n]*\n)*(?:[<@(]|_:|(?i:prefix|base)\s|(?:[A-Za-z][\w.-]*)?:[^\s/]|#[^\n]*\Z)")
INDENTED = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[][ \t\r]*\n")
MANIFEST = {"transactionTime", "request", "output", "error"}
"""What the manifest of a FHIR bulk export must have: https://hl7.org/fhir/uv/bulkdata/."""

READ = "FHIR R4 as JSON or NDJSON, or the patient vocabulary as Turtle or JSON-LD"


def refusal(data: bytes) -> str:
    """Return what is to be said of bytes, after their name, that are of no form that is read; else nothing."""
    if data.startswith(PACKED):
        return "is packed: unpack it"
    body = data.lstrip(BLANK)
    if not body:
        return f"is empty: give {READ}"
    if XML.match(body):
        return "is XML, which is not read: convert it to FHIR JSON"
    if not JSON.match(body) and not TURTLE.match(body):
        return f"is of no form that is read: give {READ}"
    return ""


def is_indented(path: Path) -> bool:
    """Tell whether the first line of a file is but the beginning of a JSON value, so that it is no NDJSON."""
    return bool(INDENTED.match(_head(path)))


def is_manifest(path: Path) -> bool:
    """Tell whether a file of JSON is the manifest of a FHIR bulk export, and no resource."""
    head = _head(path)
    if b'"resourceType"' in head or not JSON.match(head.lstrip(BLANK)):
        return False  # without reading all of it
    try:
        data = path.read_bytes()
        parsed = json.loads(data, parse_int=float) if b'"transactionTime"' in data else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and parsed.keys() >= MANIFEST and "resourceType" not in parsed


def _head(path: Path) -> bytes:
    """Return how a file begins; nothing of one that cannot be read, which is told of when it is."""
    if not path.is_file():  # to open a pipe could wait for ever
        return b""
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""
