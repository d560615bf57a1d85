"""One way in for patient records, whatever their form: a path, bytes of a media type, or a parsed FHIR resource."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kg_service.errors import RecordError, UnsupportedMedia, WrongRecord
from kg_service.patients import fhir, rdf
from kg_service.patients.fhir.glance import glance
from kg_service.patients.sources import JSON, Form, Source, sources_of
from kg_service.patients.survey import TEMPORARY, Survey
from kg_service.patients.terminology import Terminology
from kg_service.patients.units import UnitReader, is_json_ld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.patients.fhir.gathered import Line, Shelf
    from kg_service.patients.record import PatientRecord

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
        return self.from_all([path])

    def from_all(
        self,
        given: Sequence[Path | bytes | Mapping[str, object]],
        *,
        unread: Callable[[RecordError], object] | None = None,
    ) -> Iterator[PatientRecord]:
        """Yield the records in paths, bytes and parsed FHIR R4 resources, which are one input: see `sources_of`.

        Raises RecordError for what cannot be read, unless there is `unread` to be told of it.
        """
        named = [_as_source(one, number) if isinstance(one, Mapping) else one for number, one in enumerate(given, 1)]
        with Survey(sources_of(named), TEMPORARY) as survey:
            deque(survey.take(glance), maxlen=0)
            read = self.reader(survey)
            for unit in survey.units():
                try:
                    yield from read(unit)
                except RecordError as error:
                    if unread is None:
                        raise
                    unread(error)

    def reader(self, survey: Survey) -> UnitReader:
        """Return what reads the units that a survey has found."""
        return UnitReader(survey, self._graph, self._terminology)

    def from_bytes(self, data: bytes, media_type: str) -> list[PatientRecord]:
        """Return the records in a document of one of MEDIA_TYPES; UnsupportedMedia for another, else RecordError."""
        if media_type not in MEDIA_TYPES:
            raise UnsupportedMedia(f"Records are not read in this media type. Send {', '.join(MEDIA_TYPES)}.")
        if media_type in rdf.FORMATS:
            return rdf.read_rdf(data, media_type, self._graph)
        if media_type == JSON and is_json_ld(data):
            return rdf.read_rdf(data, "application/ld+json", self._graph)
        return fhir.read_bytes(data, self._terminology)

    def from_gathered(self, lines: Sequence[Line], shelf: Shelf) -> list[PatientRecord]:
        """Return the records in lines of FHIR that belong together: see `patients.fhir.gathered`."""
        return fhir.read_gathered(lines, shelf, self._terminology)

    def from_fhir(self, resource: Mapping[str, object]) -> list[PatientRecord]:
        """Return the records in a parsed FHIR R4 resource."""
        return fhir.read_resource(resource, self._terminology)


def _as_source(resource: Mapping[str, object], number: int) -> Source:
    try:
        data = json.dumps(resource, default=float).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongRecord(f"Resource {number} is no parsed JSON: give what json.loads returns.") from error
    return Source(f"resource {number}", Form.DOCUMENT, shown=f"resource {number}", data=data)
