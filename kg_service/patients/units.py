"""Reads what a survey has found, unit by unit, whatever its form."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from kg_service.errors import MalformedRecord, RecordError, WrongRecord
from kg_service.patients import fhir, rdf
from kg_service.patients.fhir.entries import record_iri
from kg_service.patients.record import TOO_MANY, Fault, PatientRecord
from kg_service.patients.sources import Form
from kg_service.patients.survey import STRAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.patients.rdf import Fact
    from kg_service.patients.sources import Source
    from kg_service.patients.survey import Survey, Unit
    from kg_service.patients.terminology import Terminology


class UnitReader:
    """Reads units in the order in which they are asked for."""

    def __init__(self, survey: Survey, graph: KnowledgeGraph, terminology: Terminology) -> None:
        """Read what `survey` has found by the codes and vocabulary of `graph`."""
        self._survey = survey
        self._graph = graph
        self._terminology = terminology
        self._read_lines = fhir.LineReader(survey, terminology)

    def __call__(self, unit: Unit, *, strict: bool = True) -> list[PatientRecord]:
        """Return the records of a unit's patients; RecordError, naming the source, for what cannot be read.

        If not `strict`, lines that cannot be read are faults of the unit's patients where they leave any.
        """
        source = self._survey.sources[unit.source]
        with _named(source):
            if source.form == Form.TRIPLES:
                return self._read_triples(unit, source, strict=strict)
            if unit.whole or (source.form == Form.DOCUMENT and not unit.places):
                return self._read_whole(source)
            return self._read_lines(unit, strict=strict)

    def or_fault(self, unit: Unit) -> list[PatientRecord]:
        """Return the records of a unit's patients; of a unit that cannot be read, a record of nothing but the fault."""
        try:
            return self(unit, strict=False)
        except RecordError as error:
            return [self.only_fault(unit, str(error), error.path if isinstance(error, WrongRecord) else "")]

    def only_fault(self, unit: Unit, reason: str, path: str = "") -> PatientRecord:
        """Return a record of nothing but a fault, which is named by the unit's place in the input."""
        name = self._survey.name_of(unit)
        return PatientRecord(record_iri(name), name, (), faults=(Fault(path or name, reason),))

    def _read_whole(self, source: Source) -> list[PatientRecord]:
        data = source.read()
        if source.media_type in rdf.FORMATS:
            return rdf.read_rdf(data, source.media_type, self._graph)
        if is_json_ld(data):
            return rdf.read_rdf(data, "application/ld+json", self._graph)
        return fhir.read_bytes(data, self._terminology)

    def _read_triples(self, unit: Unit, source: Source, *, strict: bool) -> list[PatientRecord]:
        """Read lines of triples, and after them those that name no patient, of which each record tells."""
        facts: list[Fact] = []
        faults: list[Fault] = []
        strays = self._survey.strays(source.group)
        for place in (*unit.places, *strays[:STRAYS]):
            try:
                facts += rdf.facts(source.read(place.offset, place.length), source.media_type, first_line=place.number)
            except MalformedRecord as error:
                if strict or not facts:
                    raise
                faults.append(Fault(f"{source.name} line {error.line}", str(error)))
        if any(rdf.OF_RECORDS in source.read(place.offset, place.length) for place in strays[STRAYS:]):
            faults.append(Fault(source.name, TOO_MANY))
        records = rdf.read_facts(facts, self._graph)
        return [replace(record, faults=(*record.faults, *faults)) for record in records] if faults else records


def is_json_ld(data: bytes) -> bool:
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


@contextmanager
def _named(source: Source) -> Iterator[None]:
    """Begin what errors say of a source with its name."""
    try:
        yield
    except (MalformedRecord, WrongRecord) as error:
        told = str(error)
        if told.startswith(source.name):
            raise
        told = f"{source.name}: {told}"
        if isinstance(error, MalformedRecord):
            raise MalformedRecord(told, error.line, error.column) from error
        raise WrongRecord(told, error.path) from error
