"""Reads patient records written as RDF in the patient vocabulary (ontology/patient.ttl).

Turtle, N-Triples, N-Quads, TriG and JSON-LD 1.1 are read; graph names are ignored. A JSON-LD context must stand in the
document: none is fetched. RDF/XML is not read, as its entities can be made to grow without end.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse, serialize

from kg_service.errors import MalformedRecord, WrongRecord
from kg_service.knowledge.names import nearest
from kg_service.knowledge.namespaces import BASE, PATIENT, TYPE, XSD
from kg_service.patients import calendar
from kg_service.patients.dating import TRUE
from kg_service.patients.record import Fault, PatientRecord, Remark
from kg_service.patients.vocabulary import NUMBERS, Vocabulary, is_well_typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg_service.knowledge import KnowledgeGraph

FORMATS: Mapping[str, RdfFormat] = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/n-quads": RdfFormat.N_QUADS,
    "application/trig": RdfFormat.TRIG,
    "application/ld+json": RdfFormat.JSON_LD,
}
"""Media types read here (https://www.w3.org/ns/formats/)."""

WRITTEN: Mapping[str, RdfFormat] = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
}
SUBJECT = NamedNode(PATIENT + "subject")
PERSON = NamedNode(PATIENT + "Patient")
INPUT_PATH = NamedNode(PATIENT + "inputPath")
IN_PASSING = NamedNode(PATIENT + "inPassing")
CODE_MATCH, BY_WIDER_CODE = NamedNode(PATIENT + "codeMatch"), NamedNode(PATIENT + "ByWiderCode")
OF_RECORDS = f"<{PATIENT}".encode()
"""What lines of triples hold when they say something of a record."""
BLANK = BASE + "record/blank/"
DECIMAL_FORM = re.compile(r"[+-]?(?=[\d.]{1,19}$)(?:\d+\.?\d*|\.\d+)", re.ASCII)
NUMBER_FORMS: Mapping[str, re.Pattern[str]] = {
    XSD + "integer": re.compile(r"[+-]?\d{1,18}", re.ASCII),
    **dict.fromkeys(
        (XSD + "double", XSD + "float"),
        re.compile(r"[+-]?(?=[\d.]{1,19}(?:[eE]|$))(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII),
    ),
}
"""How numbers are written: as XSD has it, and no longer than every store can hold."""


class Fact(NamedTuple):
    """A triple of an IRI: all that a record is made of."""

    subject: NamedNode
    predicate: NamedNode
    object: NamedNode | Literal


Described: TypeAlias = dict[NamedNode, list[Fact]]


def read_rdf(data: bytes, media_type: str, graph: KnowledgeGraph) -> list[PatientRecord]:
    """Return the records of all patients in an RDF document, in the order of their IRIs.

    Raises MalformedRecord, with line and column, for what is no such RDF, and WrongRecord when no patient is in it.
    """
    return read_facts(facts(data, media_type), graph)


def read_facts(stated: Iterable[Fact], graph: KnowledgeGraph) -> list[PatientRecord]:
    """Return the records of all patients in facts, in the order of their IRIs; WrongRecord when there is none."""
    described: Described = defaultdict(list)
    for fact in stated:
        described[fact.subject].append(fact)
    reader = _Reader(described, graph)
    if not reader.patients:
        raise WrongRecord(
            f"No patient in the document: it needs a node of type <{PERSON.value}>, and records that name it by "
            f"<{SUBJECT.value}>."
        )
    return [reader.record(patient) for patient in reader.patients]


def facts(data: bytes, media_type: str, *, first_line: int = 1) -> Iterator[Fact]:
    """Yield the triples of a document, blank nodes named, without those of terms that records have no use for.

    `first_line` is the number of its first line in what the user gave. Raises as `read_rdf`.
    """
    form = FORMATS[media_type]
    if form == RdfFormat.JSON_LD:
        _refuse_remote_contexts(data)
    try:
        for quad in parse(data, format=form, rename_blank_nodes=False, base_iri=BASE + "record/"):
            subject, obj = _named(quad.subject), _named(quad.object)
            if isinstance(subject, NamedNode) and not isinstance(obj, Triple):
                yield Fact(subject, quad.predicate, obj)
    except SyntaxError as error:  # its message quotes the document
        line = first_line - 1 + (error.lineno or 1)
        raise MalformedRecord(
            f"Not readable as {form.name} at line {line}, column {error.offset}: correct the document, or name its "
            "right format.",
            line=line,
            column=error.offset or 1,
        ) from None
    except ValueError:
        raise MalformedRecord(f"Not readable as {form.name}: save it as UTF-8.", line=1, column=1) from None


def _named(term: object) -> NamedNode | Literal | Triple:
    if isinstance(term, BlankNode):
        return NamedNode(BLANK + term.value)
    assert isinstance(term, NamedNode | Literal | Triple)  # noqa: S101 - narrows the type
    return term


def _refuse_remote_contexts(data: bytes) -> None:
    """Raise WrongRecord where a JSON-LD context is named instead of written (the parser fetches none either)."""
    try:
        pending = [json.loads(data)]
    except (ValueError, RecursionError):
        return  # the parser tells where
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            contexts = node.get("@context", [])
            named = [c for c in (contexts if isinstance(contexts, list) else [contexts]) if isinstance(c, str)]
            if named or "@import" in node:
                raise WrongRecord(
                    "The document names a JSON-LD context by address, and none is fetched: write the context into the "
                    "document, or send Turtle."
                )
            pending.extend(node.values())


class _Reader:
    """Sorts the nodes of a document by patient, and holds each to the vocabulary."""

    def __init__(self, described: Described, graph: KnowledgeGraph) -> None:
        self._described = described
        self._graph = graph
        self._vocabulary = Vocabulary.of(graph.store)
        self._of: defaultdict[NamedNode, list[NamedNode]] = defaultdict(list)
        self._stray: list[NamedNode] = []
        persons = {node for node, triples in described.items() if PERSON in _types(triples)}
        for node, triples in described.items():
            subjects = [t.object for t in triples if t.predicate == SUBJECT and isinstance(t.object, NamedNode)]
            for subject in subjects:
                self._of[subject].append(node)
            if not subjects and node not in persons:
                self._stray.append(node)
        self.patients: Sequence[NamedNode] = sorted(persons | set(self._of), key=str)

    def record(self, patient: NamedNode) -> PatientRecord:
        """Return one patient's record; records that name nobody may be of any patient, and are possible in each."""
        triples: list[Triple] = []
        of_all = [node for node in self._stray if _types(self._described[node]) & self._vocabulary.classes]
        remarks = [
            Remark(node.value, f"Names no patient, so it is {'only possible' if node in of_all else 'not used'}.")
            for node in self._stray
        ]
        faults: list[Fault] = []
        if patient not in self._described:
            remarks.append(Remark(patient.value, "The patient is not described: sex, birth date unknown."))
        for node in (patient, *sorted(self._of[patient], key=str), *of_all):
            for triple in self._possible(node, patient) if node in of_all else self._described.get(node, []):
                problem = self._problem(triple, is_patient=node == patient)
                if problem is None:
                    triples.append(Triple(*triple))
                elif isinstance(problem, Fault):
                    faults.append(problem)
                else:
                    remarks.append(problem)
            if all(triple.predicate != INPUT_PATH for triple in self._described.get(node, [])):
                triples.append(Triple(node, INPUT_PATH, Literal(node.value)))
        return PatientRecord(patient, patient.value, tuple(triples), tuple(sorted(set(remarks))), tuple(sorted(faults)))

    def _possible(self, node: NamedNode, patient: NamedNode) -> list[Fact]:
        """Return what a record says, as one that may be of the patient."""
        own = [fact for fact in self._described[node] if fact.predicate != CODE_MATCH]
        passing = Fact(node, IN_PASSING, TRUE)
        return [*own, Fact(node, SUBJECT, patient), Fact(node, CODE_MATCH, BY_WIDER_CODE), passing]

    def _problem(self, triple: Fact, *, is_patient: bool) -> Remark | Fault | None:
        """Return what keeps a triple from being used: nothing, a remark, or a fault of form."""
        place = f"{triple.subject.value} {self._graph.labels.curie(triple.predicate.value)}"
        if triple.predicate == TYPE:
            known = {PERSON} if is_patient else self._vocabulary.classes
            return None if triple.object in known else Remark(place, "A class that is none of a record's here.")
        if triple.predicate in self._vocabulary.worked_out:
            return Fault(place, "This is worked out from the record and cannot be written in it: leave it out.")
        if triple.predicate not in self._vocabulary.properties:
            return Remark(place, "A property that is not in the patient vocabulary.")
        wanted = self._vocabulary.properties[triple.predicate]
        if not wanted or wanted.startswith(XSD):
            return None if _is_literal_of(triple.object, wanted) else Fault(place, _literal_wanted(wanted))
        return self._unknown_thing(triple, place, wanted)

    def _unknown_thing(self, triple: Fact, place: str, wanted: str) -> Fault | None:
        """Return a fault, with the nearest names, when the object is no known member of the class wanted."""
        if triple.predicate == SUBJECT:
            return None
        store, kind = self._graph.store, NamedNode(wanted)
        if isinstance(triple.object, NamedNode) and any(store.quads_for_pattern(triple.object, TYPE, kind)):
            return None
        members = [quad.subject for quad in store.quads_for_pattern(None, TYPE, kind)]
        curies = {self._graph.labels.curie(node.value) for node in members if isinstance(node, NamedNode)}
        shown = self._graph.labels.curie(triple.object.value)
        offers = f" Nearest: {', '.join(near)}." if (near := nearest(shown, curies)) else ""
        return Fault(place, f"Its value is no {self._graph.labels[wanted]} known here.{offers}")


def _types(triples: list[Fact]) -> set[object]:
    return {triple.object for triple in triples if triple.predicate == TYPE}


def _is_literal_of(value: object, wanted: str) -> bool:
    """Tell whether the value is a literal of the datatype, in a form that means something."""
    if not isinstance(value, Literal) or not is_well_typed(value, wanted):
        return False
    if not wanted:
        return calendar.days(value) is not None
    if wanted in NUMBERS:
        return NUMBER_FORMS.get(value.datatype.value, DECIMAL_FORM).fullmatch(value.value) is not None
    return value.value in {"true", "false", "1", "0"} if wanted == XSD + "boolean" else True


def _literal_wanted(wanted: str) -> str:
    if not wanted:
        return 'Its value is no date: write "2024-05-31"^^xsd:date, "2024-05"^^xsd:gYearMonth or "2024"^^xsd:gYear.'
    return f"Its value is no xsd:{wanted.removeprefix(XSD)}: write one."


def write_rdf(records: Sequence[PatientRecord], form: str, prefixes: Mapping[str, str]) -> str:
    """Return the facts of records as turtle, ntriples or jsonld, shortened by `prefixes`; `read_rdf` reads it again."""
    triples = sorted({triple for record in records for triple in record.triples}, key=str)
    text = " ".join(map(str, triples))
    used = {prefix: namespace for prefix, namespace in prefixes.items() if namespace in text}
    return (serialize(triples, format=WRITTEN[form], prefixes=used) or b"").decode()
