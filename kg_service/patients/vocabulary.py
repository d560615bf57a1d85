"""The patient vocabulary as the graph declares it: what a record may say, and with what values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from kg_service.knowledge.namespaces import OWL, PATIENT, RDFS, TYPE, XSD
from kg_service.patients.calendar import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import Store

RECORD = NamedNode(PATIENT + "Record")
TREATMENT = NamedNode(PATIENT + "Treatment")
DOSE = NamedNode(PATIENT + "Dose")
SUBCLASS, RANGE = NamedNode(RDFS + "subClassOf"), NamedNode(RDFS + "range")
WORKED_OUT = NamedNode(PATIENT + "workedOut")
KINDS = (NamedNode(OWL + "ObjectProperty"), NamedNode(OWL + "DatatypeProperty"))
NUMBERS = frozenset(XSD + name for name in ("decimal", "integer", "double", "float"))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Classes of records that are written, and properties with their range (a class or datatype IRI; empty: a date)."""

    classes: frozenset[NamedNode]
    properties: Mapping[NamedNode, str]
    worked_out: frozenset[NamedNode]

    @classmethod
    def of(cls, store: Store) -> Vocabulary:
        """Read the vocabulary from the closed graph."""
        classes = {q.subject for q in store.quads_for_pattern(None, SUBCLASS, RECORD)}
        declared = {q.subject for kind in KINDS for q in store.quads_for_pattern(None, TYPE, kind)}
        own = {node for node in declared if isinstance(node, NamedNode) and node.value.startswith(PATIENT)}
        worked_out = {q.subject for q in store.quads_for_pattern(None, WORKED_OUT, None)}
        return cls(
            classes=frozenset(node for node in classes - {RECORD, TREATMENT, DOSE} if isinstance(node, NamedNode)),
            properties={node: _range(store, node) for node in own - worked_out},
            worked_out=frozenset(node for node in worked_out if isinstance(node, NamedNode)),
        )


def is_well_typed(value: NamedNode | Literal, wanted: str) -> bool:
    """Tell whether a literal is one of the datatype wanted (empty: a date, a month or a year)."""
    if not isinstance(value, Literal):
        return False
    if wanted in NUMBERS:
        return value.datatype.value in NUMBERS
    return value.datatype.value == wanted if wanted else value.datatype in FORMS


def _range(store: Store, node: NamedNode) -> str:
    own = (PATIENT, XSD)
    found = sorted(
        q.object.value for q in store.quads_for_pattern(node, RANGE, None) if isinstance(q.object, NamedNode)
    )
    near = [iri for iri in found if iri.startswith(own)] or found
    return near[0] if near else ""
