"""What is being written of one patient while their resources are read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from kg_service.knowledge.namespaces import PATIENT, TYPE
from kg_service.patients.fhir.element import Element, Notes
from kg_service.patients.fhir.entries import Entry, part_iri
from kg_service.patients.record import PatientRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg_service.patients.fhir.library import Library
    from kg_service.patients.terminology import Terminology


TRUE, FALSE = Literal(True), Literal(False)  # noqa: FBT003 - RDF literals


@cache
def term(name: str) -> NamedNode:
    """Return a term of the patient vocabulary."""
    return NamedNode(PATIENT + name)


@dataclass(frozen=True, slots=True)
class Draft:
    """One node that is being described."""

    node: NamedNode
    chart: Chart

    def say(self, name: str, value: NamedNode | Literal | str | None) -> None:
        """Add a fact with a property of the patient vocabulary; none when there is no value."""
        if isinstance(value, str):
            value = Literal(value)
        if value is not None:
            self.chart.triples[Triple(self.node, term(name), value)] = None


@dataclass(slots=True)
class Chart:
    """A patient, what is known so far, and what resources are read with."""

    patient: NamedNode
    resource_id: str
    terminology: Terminology
    library: Library
    notes: Notes = field(default_factory=Notes)
    triples: dict[Triple, None] = field(default_factory=dict)
    birth: Literal | None = None
    _courses: list[tuple[NamedNode, Literal, Literal | None]] | None = None

    def element(self, entry: Entry) -> Element:
        """Return a resource as an element whose remarks are this patient's."""
        return entry.element(self.notes)

    def describe_patient(self, path: str) -> Draft:
        """Begin the patient's own description."""
        return self._describe(self.patient, "Patient", path, self.resource_id)

    def record(self, entry: Entry, kind: str, part: str = "", path: str | None = None) -> Draft:
        """Begin a record of the class `kind`; `part` tells several records of one resource apart."""
        node = part_iri(entry.iri, part) if part else entry.iri
        draft = self._describe(node, kind, path or entry.path, entry.resource_id)
        draft.say("subject", self.patient)
        return draft

    def perhaps(self, reader: Callable[[Chart, Entry], None], entry: Entry, notes: Notes) -> None:
        """Read a resource of which it is not certain that it says something of this patient: all in it is possible."""
        apart = Chart(self.patient, self.resource_id, self.terminology, self.library, notes)
        reader(apart, entry)
        for triple in apart.triples:
            if triple.predicate == TYPE and isinstance(triple.subject, NamedNode):
                draft = Draft(triple.subject, self)
                draft.say("codeMatch", term("ByWiderCode"))
                draft.say("inPassing", TRUE)
            if triple.predicate != term("codeMatch"):
                self.triples[triple] = None

    def courses(self) -> list[tuple[NamedNode, Literal, Literal | None]]:
        """Return the conditions that codes prove, with their begin and end; to be asked when all have been read."""
        if self._courses is None:
            self._courses = list(self._read_courses())
        return self._courses

    def _read_courses(self) -> Iterator[tuple[NamedNode, Literal, Literal | None]]:
        said: defaultdict[object, dict[NamedNode, list[object]]] = defaultdict(dict)
        for triple in self.triples:
            said[triple.subject].setdefault(triple.predicate, []).append(triple.object)
        for facts in said.values():
            doubts = facts.keys() & {term("codeMatch"), term("pastHistory")}
            sure = facts.get(term("verificationStatus"), [term("Confirmed")]) == [term("Confirmed")]
            onset, (abatement, *_) = facts.get(term("onset")), facts.get(term("abatement"), [None])
            if doubts or not sure or onset is None or facts[TYPE] != [term("Condition")]:
                continue
            for concept in facts.get(term("condition"), []):
                if isinstance(concept, NamedNode) and isinstance(onset[0], Literal):
                    yield concept, onset[0], abatement if isinstance(abatement, Literal) else None

    def finish(self, common: Notes) -> PatientRecord:
        """Return the record, with what was noted of the input as a whole."""
        return PatientRecord(
            self.patient,
            self.resource_id or self.patient.value,
            tuple(self.triples),
            (*self.notes.remarks(), *common.remarks()),
            (*self.notes.faults(), *common.faults()),
        )

    def _describe(self, node: NamedNode, kind: str, path: str, resource_id: str) -> Draft:
        self.triples[Triple(node, TYPE, term(kind))] = None
        draft = Draft(node, self)
        draft.say("inputPath", path)
        draft.say("resourceId", resource_id or None)
        return draft
