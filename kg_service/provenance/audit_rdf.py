"""An audit as RDF: annotations and measurements of the Data Quality Vocabulary, made by a PROV activity.

https://www.w3.org/TR/vocab-dqv/, https://www.w3.org/TR/annotation-vocab/, https://www.w3.org/TR/prov-o/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from kg_service import __version__
from kg_service.knowledge.namespaces import (
    BASE,
    DCTERMS,
    IDENTIFIER,
    PREF_LABEL,
    RDF,
    RDFS,
    RDFS_LABEL,
    SH,
    SKOS,
    TYPE,
    XSD,
)
from kg_service.provenance.checks import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.knowledge.labels import Term
    from kg_service.provenance.audit import Audit, Finding, Section

DQV = "http://www.w3.org/ns/dqv#"
OA = "http://www.w3.org/ns/oa#"
PROV = "http://www.w3.org/ns/prov#"
PREFIXES = {
    "check": BASE + "audit/",
    "dcterms": DCTERMS,
    "dqv": DQV,
    "oa": OA,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "sh": SH,
    "skos": SKOS,
    "xsd": XSD,
}
SEVERITIES = {Level.NOTE: SH + "Info", Level.WARNING: SH + "Warning", Level.ERROR: SH + "Violation"}

ACTIVITY, RELEASE, REPORT, SOFTWARE = map(BlankNode, ("audit", "release", "report", "software"))

Node = NamedNode | BlankNode


def write(audit: Audit) -> str:
    """Return the audit as Turtle."""
    prefixes = {**audit.graph.prefixes, **PREFIXES}
    return (serialize(_triples(audit), format=RdfFormat.TURTLE, prefixes=prefixes) or b"").decode()


def _triples(audit: Audit) -> Iterator[Triple]:
    yield from _about(
        REPORT, DQV + "QualityMetadata", (PROV + "wasGeneratedBy", ACTIVITY), (PROV + "wasDerivedFrom", RELEASE)
    )
    yield from _about(ACTIVITY, PROV + "Activity", (PROV + "used", RELEASE), (PROV + "wasAssociatedWith", SOFTWARE))
    yield from _about(RELEASE, PROV + "Entity", (IDENTIFIER.value, Literal(audit.graph.digest)))
    yield from _about(SOFTWARE, PROV + "SoftwareAgent", (RDFS_LABEL.value, Literal(f"guideline-kg {__version__}")))
    for section in audit.sections:
        yield from _dimension(section)
        for number, finding in enumerate(section.findings, start=1):
            told = _measurements if finding.level == Level.MEASUREMENT else _annotation
            yield from told(audit, section, finding, f"{section.name}-{number}")


def _dimension(section: Section) -> Iterator[Triple]:
    """Describe what a check looks at; its columns of numbers are the metrics."""
    yield from _about(
        _check(section),
        DQV + "Dimension",
        (PREF_LABEL.value, Literal(section.summary, language="en")),
        (SKOS + "definition", Literal(section.description, language="en")),
    )
    if section.level == Level.MEASUREMENT:
        for column, meaning in section.columns.items():
            yield from _about(
                _metric(section, column),
                DQV + "Metric",
                (DQV + "inDimension", _check(section)),
                (SKOS + "definition", Literal(meaning, language="en")),
                (DQV + "expectedDataType", NamedNode(XSD + "integer")),
            )


def _measurements(audit: Audit, section: Section, finding: Finding, name: str) -> Iterator[Triple]:
    """Write each number of a row as a measurement of what the row is about, or of the whole release."""
    about: Node = next(iter(_entities(audit, finding)), RELEASE)
    for column, term in zip(section.columns, finding.cells, strict=True):
        if isinstance(term, Literal):
            yield from _about(
                BlankNode(f"{name}-{column}"),
                DQV + "QualityMeasurement",
                (DQV + "computedOn", about),
                (DQV + "isMeasurementOf", _metric(section, column)),
                (DQV + "value", term),
                (PROV + "wasGeneratedBy", ACTIVITY),
            )


def _annotation(audit: Audit, section: Section, finding: Finding, name: str) -> Iterator[Triple]:
    """Write a row as an annotation of all statements, sources and conflicts that it names."""
    node, text, grade = BlankNode(name), BlankNode(f"{name}-text"), BlankNode(f"{name}-level")
    shown = [
        (column, audit.graph.labels.shown(term)) for column, term in zip(section.columns, finding.cells, strict=True)
    ]
    yield from _about(
        node,
        DQV + "QualityAnnotation",
        (OA + "motivatedBy", NamedNode(DQV + "qualityAssessment")),
        (DQV + "inDimension", _check(section)),
        *((OA + "hasTarget", target) for target in _entities(audit, finding)),
        (OA + "hasBody", text),
        (OA + "hasBody", grade),
        (PROV + "wasGeneratedBy", ACTIVITY),
    )
    yield from _about(
        text,
        OA + "TextualBody",
        (RDF + "value", Literal("; ".join(f"{column}: {value}" for column, value in shown if value))),
        (OA + "hasPurpose", NamedNode(OA + "describing")),
    )
    yield from _about(
        grade,
        OA + "SpecificResource",
        (OA + "hasSource", NamedNode(SEVERITIES[finding.level])),
        (OA + "hasPurpose", NamedNode(OA + "classifying")),
    )


def _entities(audit: Audit, finding: Finding) -> list[NamedNode]:
    """Return what a row is about: the terms with an identifier of their own, or else the first term that is an IRI."""
    named = list(dict.fromkeys(term for term in finding.cells if isinstance(term, NamedNode)))
    store = audit.graph.store
    return [term for term in named if any(store.quads_for_pattern(term, IDENTIFIER, None))] or named[:1]


def _check(section: Section) -> NamedNode:
    return NamedNode(f"{BASE}audit/{section.name}")


def _metric(section: Section, column: str) -> NamedNode:
    return NamedNode(f"{BASE}audit/{section.name}.{column}")


def _about(subject: Node, kind: str, *facts: tuple[str, Term]) -> Iterator[Triple]:
    yield Triple(subject, TYPE, NamedNode(kind))
    for predicate, term in facts:
        yield Triple(subject, NamedNode(predicate), term)
