"""The reference engine: pySHACL, over the case as it lies in Oxigraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pyshacl
from pyshacl.graph_abstraction import OxigraphDataGraph
from rdflib.namespace import RDF, SH

from kg_service.errors import ReleaseError
from kg_service.validation.engine import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyoxigraph import Store
    from rdflib import Graph
    from rdflib.term import Node

    from kg_service.validation.catalogue import Catalogue


class ReferenceEngine:
    """Shapes as they stand, one query for each constraint and patient."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Take the shapes of `catalogue`, parsed once: pySHACL given text would change rdflib for all threads."""
        self._shapes = catalogue.graph

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
