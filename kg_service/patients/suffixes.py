"""Suffixes of files: those of records that are read here, and what to do with a file of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TURTLE = "text/turtle"
RDF_SUFFIXES = {
    ".ttl": TURTLE,
    ".nt": "application/n-triples",
    ".nq": "application/n-quads",
    ".trig": "application/trig",
    ".jsonld": "application/ld+json",
}
LINES = (".ndjson", ".jsonl")
SUFFIXES = (".json", *LINES, *RDF_SUFFIXES)
PACKED = {".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"}
UNREAD = {".xml", ".rdf", ".n3"}  # forms in which records come, but are not read here
OTHERWISE = {".ntriples": ".nt", ".nquads": ".nq", ".turtle": ".ttl"}
"""Names of forms that are read, and the suffixes by which they are known."""


def suffix_of(path: Path) -> str:
    """Return a file's suffix in small letters."""
    return path.suffix.lower()


def refusal(path: Path) -> str:
    """Return what is to be said of a file, after its name, that is no file of records by its suffix; else nothing."""
    suffix = suffix_of(path)
    if suffix in SUFFIXES:
        return ""
    if suffix in PACKED:
        return "is packed: unpack it"
    if suffix in UNREAD:
        return "is of a form that is not read: convert it to FHIR JSON"
    if suffix in OTHERWISE:
        return f"is not read under this suffix: name it {OTHERWISE[suffix]}"
    return f"is no file of records by its suffix. Read are {', '.join(SUFFIXES)}"
