"""The reference engine: pySHACL, over the case as it lies in Oxigraph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode
from pyshacl.graph_abstraction import OxigraphDataGraph

from kg_service.knowledge.shacl import validate

if TYPE_CHECKING:
    import datetime as dt

    from pyoxigraph import Store

    from kg_service.knowledge.shacl import Result
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.case import CaseMaker
    from kg_service.validation.catalogue import Catalogue


class ReferenceEngine:
    """Shapes as they stand, one query for each constraint and patient."""

    def __init__(self, catalogue: Catalogue, make_case: CaseMaker) -> None:
        """Take the shapes of `catalogue`, parsed once."""
        self._shapes = catalogue.graph
        self._make_case = make_case

    def __call__(self, record: PatientRecord, as_of: dt.date) -> tuple[StoreCase, list[Result]]:
        """Return the case of a patient and all validation results, sorted."""
        case = self._make_case(record, as_of)
        return StoreCase(case), self.results(case)

    def results(self, case: Store) -> list[Result]:
        """Return all validation results, sorted; ReleaseError when the shapes cannot be used."""
        return validate(_CaseGraph(case), self._shapes)


class StoreCase:
    """A case that lies in an Oxigraph store."""

    def __init__(self, store: Store) -> None:
        """Look things up in `store`."""
        self._store = store

    def texts(self, subject: str, predicate: str) -> list[str]:
        """Return the IRIs and lexical forms that a node has for a predicate."""
        found = self._store.quads_for_pattern(NamedNode(subject), NamedNode(predicate), None, None)
        return [quad.object.value for quad in found if isinstance(quad.object, NamedNode | Literal)]

    def nodes(self, predicate: str, obj: str) -> list[str]:
        """Return the nodes that have an IRI for a predicate."""
        found = self._store.quads_for_pattern(None, NamedNode(predicate), NamedNode(obj), None)
        return [quad.subject.value for quad in found if isinstance(quad.subject, NamedNode)]


class _CaseGraph(OxigraphDataGraph):
    """A case as pySHACL takes it. It asks with each result whether the graph is empty: there is no need to count it."""

    def __bool__(self) -> bool:
        return True
