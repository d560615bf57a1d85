"""SHACL engines behind one small interface: a case goes in, validation results come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from kg_service.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import rdflib
    from pyoxigraph import Store
    from rdflib.term import Node

    from kg_service.validation.catalogue import Catalogue


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


class Engine(Protocol):
    """Judges a case by the shapes of a catalogue."""

    def results(self, case: Store) -> list[Result]:
        """Return all validation results, sorted."""
        ...


class ReferenceEngine:
    """pySHACL, the reference: shapes as they stand, one query for each constraint and patient."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Take the shapes of `catalogue`, parsed once: pySHACL given text would change rdflib for all threads."""
        self._shapes = catalogue.graph

    def results(self, case: Store) -> list[Result]:
        """Return all validation results, sorted; ReleaseError when the shapes cannot be used."""
        import pyshacl  # noqa: PLC0415 - 0.3 s that only this needs

        _, report, text = pyshacl.validate(
            case,  # type: ignore[arg-type]  # pySHACL takes a store of Oxigraph, its types do not say so
            shacl_graph=self._shapes,
            inference="none",
            do_owl_imports=False,
            js=False,
            inplace=True,
        )
        if isinstance(report, Exception) or not hasattr(report, "subjects"):
            raise ReleaseError(f"The shapes cannot be used: {text}")
        return sorted(_results(cast("rdflib.Graph", report)))


def _results(report: rdflib.Graph) -> Iterator[Result]:
    from rdflib.namespace import RDF, SH  # noqa: PLC0415 - loaded by pyshacl

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
