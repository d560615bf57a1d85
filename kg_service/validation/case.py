"""One patient made ready for rules: record, calendar and what is worked out from them, beside the guideline.

The result is an ordinary RDF graph, so that any SHACL engine can judge it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Store, Triple

from kg_service.knowledge.namespaces import PATIENT, TYPE
from kg_service.patients.dating import date_facts, judged_on

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.catalogue import Catalogue

SHOWN_AS = NamedNode(PATIENT + "shownAs")
RESOURCE_ID = NamedNode(PATIENT + "resourceId")
SUBJECT = NamedNode(PATIENT + "subject")
WHAT = tuple(NamedNode(PATIENT + name) for name in ("condition", "agent", "observable"))
WHEN = tuple(NamedNode(PATIENT + name) for name in ("onset", "effective", "start"))
RECORDED = NamedNode(PATIENT + "recorded")
MOST_NAMED = 3
"""What may be more things than this is not named."""

NAMING = frozenset({SUBJECT, RESOURCE_ID, RECORDED, *WHAT, *WHEN})


class CaseMaker:
    """Makes cases: holds the part of the guideline that rules can reach (`background`), closed and in base units."""

    def __init__(self, graph: KnowledgeGraph, catalogue: Catalogue) -> None:
        """Take the guideline's facts that the texts of `catalogue` name."""
        self._labels = graph.labels
        self._derivations = catalogue.derivations
        background = Store()
        background.extend(
            Quad(*quad.triple) for quad in graph.store if _is_reachable(quad.triple, catalogue.vocabulary)
        )
        _work_out(background, catalogue.guideline_derivations)
        self.background = tuple(quad.triple for quad in background)

    def __call__(self, record: PatientRecord, as_of: dt.date) -> Store:
        """Return the graph of one patient as of a day: triples in the default graph."""
        case = Store()
        case.extend(Quad(*triple) for triple in (*self.background, *self.recorded(record, as_of)))
        _work_out(case, self._derivations)
        return case

    def recorded(self, record: PatientRecord, as_of: dt.date) -> Iterator[Triple]:
        """Yield what a case begins with beside the guideline: the record, its calendar, the day, and names for it."""
        yield from record.triples
        yield from date_facts(record.triples)
        yield from judged_on(record.patient, as_of)
        yield from self._names(record.triples)

    def _names(self, triples: Iterable[Triple]) -> Iterator[Triple]:
        """Yield how messages name each record: what it is of, which resource, which date."""
        told: dict[NamedNode, dict[NamedNode, list[str]]] = {}
        for subject, predicate, obj in triples:
            if predicate in NAMING:
                told.setdefault(subject, {}).setdefault(predicate, []).append(
                    self._labels.shown(obj) if predicate in WHAT else obj.value
                )
        for node, said in told.items():
            if SUBJECT in said:
                yield Triple(node, SHOWN_AS, Literal(_name(node, said)))


def _name(node: NamedNode, said: dict[NamedNode, list[str]]) -> str:
    what = [text for predicate in WHAT for text in sorted(said.get(predicate, []))]
    when = [text for predicate in WHEN for text in said.get(predicate, [])]
    when += [f"recorded {text}" for text in said.get(RECORDED, [])]
    which = said.get(RESOURCE_ID) or [unquote(node.value.rpartition("/")[2])]
    named = " and ".join(what) if 0 < len(what) <= MOST_NAMED else "what is recorded"
    return f"{named} ({which[0]}, {when[0] if when else 'undated'})"


def _is_reachable(triple: Triple, vocabulary: frozenset[str]) -> bool:
    if triple.predicate == TYPE:
        return isinstance(triple.object, NamedNode) and triple.object.value in vocabulary
    return triple.predicate.value in vocabulary


def _work_out(store: Store, derivations: Iterable[str]) -> None:
    """Add to `store` what each CONSTRUCT finds, one after the other."""
    for text in derivations:
        found = store.query(text)
        assert isinstance(found, QueryTriples)  # noqa: S101 - narrows the type; the text is a CONSTRUCT
        store.extend([Quad(*triple) for triple in found])
