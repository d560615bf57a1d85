"""One way in for patient records, whatever their form: a path, bytes of a media type, or a parsed FHIR resource."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kg_service.errors import RecordError, UnsupportedMedia, WrongRecord
from kg_service.patients import fhir, rdf
from kg_service.patients.terminology import Terminology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.patients.fhir.files import Line
    from kg_service.patients.fhir.units import Shelf
    from kg_service.patients.record import PatientRecord

RDF_SUFFIXES = {
    ".ttl": "text/turtle",
    ".nt": "application/n-triples",
    ".nq": "application/n-quads",
    ".trig": "application/trig",
    ".jsonld": "application/ld+json",
}
FHIR_SUFFIXES = (".json", ".ndjson", ".jsonl")
SUFFIXES = (*RDF_SUFFIXES, *FHIR_SUFFIXES)

JSON = "application/json"
FHIR_JSON = "application/fhir+json"
NDJSON = ("application/fhir+ndjson", "application/ndjson", "application/x-ndjson")
MEDIA_TYPES = (FHIR_JSON, JSON, *NDJSON, *rdf.FORMATS)
"""Media types of records; plain JSON may be FHIR or JSON-LD and is told apart by its members."""


class Records:
    """Reads patient records by the codes, units and vocabulary of a closed guideline graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        """Read by `graph`, which does not change."""
        self._graph = graph
        self._terminology = Terminology(graph.store)

    def from_path(self, path: Path) -> Iterator[PatientRecord]:
        """Yield the records in a file, told by its suffix, or in a folder of such files or of a FHIR bulk export.

        Raises RecordError when there is nothing to read, or it cannot be read.
        """
        if path.is_dir():
            yield from self._from_folder(path)
        elif path.suffix in RDF_SUFFIXES:
            yield from rdf.read_rdf(_content(path), RDF_SUFFIXES[path.suffix], self._graph)
        elif path.suffix in FHIR_SUFFIXES:
            yield from self._from_json_file(path)
        else:
            raise WrongRecord(f"Not a file of records by its suffix: name it {', '.join(SUFFIXES)}.")

    def from_bytes(self, data: bytes, media_type: str) -> list[PatientRecord]:
        """Return the records in a document of one of MEDIA_TYPES; UnsupportedMedia for another, else RecordError."""
        if media_type not in MEDIA_TYPES:
            raise UnsupportedMedia(f"Records are not read in this media type. Send {', '.join(MEDIA_TYPES)}.")
        if media_type in rdf.FORMATS:
            return rdf.read_rdf(data, media_type, self._graph)
        if media_type == JSON and _is_json_ld(data):
            return rdf.read_rdf(data, "application/ld+json", self._graph)
        return fhir.read_bytes(data, self._terminology)

    def from_fhir(self, resource: Mapping[str, object]) -> list[PatientRecord]:
        """Return the records in a parsed FHIR R4 resource."""
        return fhir.read_resource(resource, self._terminology)

    def from_unit(self, lines: Iterable[Line], shelf: Shelf) -> list[PatientRecord]:
        """Return the records in lines of FHIR NDJSON that belong together: see `patients.fhir.units`."""
        return fhir.read_unit(lines, shelf, self._terminology)

    def _from_folder(self, path: Path) -> Iterator[PatientRecord]:
        """Yield the RDF files of a folder one by one, and its JSON as a FHIR bulk export or as bundles."""
        files = sorted(entry for entry in path.iterdir() if entry.suffix in SUFFIXES)
        if not files:
            raise WrongRecord(f"The folder has no file of records: {', '.join(SUFFIXES)}.")
        for entry in files:
            if entry.suffix in RDF_SUFFIXES:
                yield from self.from_path(entry)
        if any(entry.suffix in FHIR_SUFFIXES for entry in files):
            yield from fhir.read_path(path, self._terminology)

    def _from_json_file(self, path: Path) -> Iterator[PatientRecord]:
        if path.suffix == ".json" and _is_json_ld(content := _content(path)):
            yield from rdf.read_rdf(content, "application/ld+json", self._graph)
        else:
            yield from fhir.read_path(path, self._terminology)


def media_type_of(data: bytes) -> str:
    """Tell JSON from Turtle by the first character, where nobody says what it is."""
    return JSON if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else "text/turtle"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordError(
            f"{path.name} cannot be read: {error.strerror}. Check the path and its permissions."
        ) from error


def _is_json_ld(data: bytes) -> bool:
    """Tell JSON-LD from FHIR: it has members that begin with @, and no resourceType."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    nodes = document if isinstance(document, list) else [document]
    return any(
        isinstance(node, dict) and "resourceType" not in node and any(key.startswith("@") for key in node)
        for node in nodes
    )
