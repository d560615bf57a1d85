"""The graph held against its own shapes, by pySHACL (https://www.w3.org/TR/shacl/)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from kg_service.errors import ReleaseError
from kg_service.knowledge.bridge import to_rdflib
from kg_service.knowledge.release import read_turtle

if TYPE_CHECKING:
    import rdflib
    from pyoxigraph import Store
    from rdflib.term import Node

    from kg_service.knowledge.release import Release

VIOLATION = "violation"
GRAVEST_FIRST = (VIOLATION, "warning", "info")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One result: how grave (violation, warning, info), which shape, on what node, and what is wrong."""

    severity: str
    focus: str
    path: str
    message: str
    value: str
    shape: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All results, gravest first. The graph conforms when there is no violation."""

    results: tuple[CheckResult, ...]
    shapes: int

    @property
    def conforms(self) -> bool:
        """Whether no result is a violation."""
        return not any(result.severity == VIOLATION for result in self.results)


def check(release: Release, store: Store) -> CheckReport:
    """Validate all triples of `store`, asserted and inferred, against the release's graph shapes.

    Raises ReleaseError when there are no such shapes or they cannot be read.
    """
    import pyshacl  # noqa: PLC0415 - 0.3 s that only this needs

    paths = release.graph_shapes
    if not paths:
        raise ReleaseError(f"No shapes to check against: shapes/graph-*.ttl are missing in {release.root}.")
    shapes = to_rdflib(quad for path in paths for quad in read_turtle(path, release.name_of(path))[0])
    data = to_rdflib(store)
    # Only graphs parsed here go in, never a path or text: those pySHACL would open or fetch.
    _, report, text = pyshacl.validate(data, shacl_graph=shapes, inference="none", do_owl_imports=False, js=False)
    if isinstance(report, Exception) or not hasattr(report, "subjects"):
        raise ReleaseError(f"The shapes cannot be used: {text}")
    results = sorted(
        _results(cast("rdflib.Graph", report)),
        key=lambda result: (
            GRAVEST_FIRST.index(result.severity),
            result.focus,
            result.path,
            result.message,
            result.value,
        ),
    )
    return CheckReport(tuple(results), _count_shapes(shapes))


def _results(report: rdflib.Graph) -> list[CheckResult]:
    from rdflib.namespace import RDF, SH  # noqa: PLC0415 - loaded by pyshacl

    def text(node: Node, predicate: Node) -> str:
        return "; ".join(sorted(str(o) for o in report.objects(node, predicate)))

    return [
        CheckResult(
            severity=text(node, SH.resultSeverity).rpartition("#")[2].lower(),
            focus=text(node, SH.focusNode),
            path=text(node, SH.resultPath),
            message=text(node, SH.resultMessage),
            value=text(node, SH.value),
            shape=text(node, SH.sourceShape),
        )
        for node in report.subjects(RDF.type, SH.ValidationResult)
    ]


def _count_shapes(shapes: rdflib.Graph) -> int:
    from rdflib.namespace import RDF, SH  # noqa: PLC0415 - loaded by pyshacl

    return len(set(shapes.subjects(RDF.type, SH.NodeShape)))
