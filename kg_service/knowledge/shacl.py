"""pySHACL run, and its reports read, in the one way that is safe (https://www.w3.org/TR/shacl/)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from kg_service.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyshacl.graph_abstraction import OxigraphDataGraph
    from rdflib import Graph
    from rdflib.term import Node


@dataclass(frozen=True, slots=True, order=True)
class Result:
    """One sh:ValidationResult (https://www.w3.org/TR/shacl/#results-validation-result); absent parts are empty."""

    shape: str
    focus: str
    value: str
    path: str
    message: str
    severity: str
    component: str


def validate(data: Graph | OxigraphDataGraph, shapes: Graph) -> list[Result]:
    """Return all validation results, sorted; ReleaseError when the shapes cannot be used.

    Both are graphs, never a path or text, which pySHACL would open or fetch, and for which it changes rdflib for all
    threads. `data` is left to pySHACL, which makes no copy of it.
    """
    import pyshacl  # noqa: PLC0415 - 0.3 s that a question does not need

    _, report, text = pyshacl.validate(
        data, shacl_graph=shapes, inference="none", do_owl_imports=False, js=False, inplace=True
    )
    if isinstance(report, Exception) or not hasattr(report, "subjects"):
        raise ReleaseError(f"The shapes cannot be used: {text}")
    return sorted(read_results(cast("Graph", report)))


def read_results(report: Graph) -> Iterator[Result]:
    """Yield the results of a SHACL report graph."""
    from rdflib.namespace import RDF, SH  # noqa: PLC0415 - as above

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
