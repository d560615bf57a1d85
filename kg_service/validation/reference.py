"""The reference engine: pySHACL, over the case as it lies in Oxigraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pyshacl
from pyoxigraph import Literal, NamedNode
from pyshacl.graph_abstraction import OxigraphDataGraph
from rdflib.namespace import RDF, SH

from kg_service.errors import ReleaseError
from kg_service.validation.engine import Result

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from pyoxigraph import Store
    from rdflib import Graph
    from rdflib.term import Node

    from kg_service.patients.record import PatientRecord
    from kg_service.validation.case import CaseMaker
    from kg_service.validation.catalogue import Catalogue


class ReferenceEngine:
    """Shapes as they stand, one query for each constraint and patient."""

    def __init__(self, catalogue: Catalogue, make_case: CaseMaker) -> None:
        """Take the shapes of `catalogue`, parsed once: pySHACL given text would change rdflib for all threads."""
        self._shapes = catalogue.graph
        self._make_case = make_case

    def __call__(self, record: PatientRecord, as_of: dt.date) -> tuple[StoreCase, list[Result]]:
        """Return the case of a patient and all validation results, sorted."""
        case = self._make_case(record, as_of)
        return StoreCase(case), self.results(case)

    def results(self, case: Store) -> list[Result]:
        """Return all validation results, sorted; ReleaseError when the shapes cannot be used."""
        _, report, text = pyshacl.validate(
            _CaseGraph(case),
            shacl_graph=self._shapes,
            inference="none",
            do_owl_imports=False,
            js=False,
            inplace=True,
        )
        if isinstance(report, Exception) or not hasattr(report, "subjects"):
            raise ReleaseError(f"The shapes cannot be used: {text}")
        return sorted(read_results(cast("Graph", report)))


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


def read_results(report: Graph) -> Iterator[Result]:
    """Yield the results of a SHACL report graph."""

    def text(node: Node, predicate: Node) -> str:
        return "; ".join(sorted(str(o) for o in report.objects(node, predicate)))

    for node in report.subjects(RDF.type, SH.ValidationResult):
        yield Result(
            shape=text(node, SH.sourceShape),
            focus=text(node, SH.focusNode),
            value=text(node, SH.value),
            path=text(node, SH.resultPath),
            message=text(node, SH.resultMessage),
            severity=text(node, SH.resultSeverity).rpartition("#")[2].lower(),
            component=text(node, SH.sourceConstraintComponent),
        )
