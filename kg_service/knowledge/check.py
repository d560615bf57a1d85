"""The graph held against its own shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from kg_service.errors import ReleaseError
from kg_service.knowledge.bridge import to_rdflib
from kg_service.knowledge.namespaces import SH, TYPE
from kg_service.knowledge.release import read_turtle
from kg_service.knowledge.shacl import validate

if TYPE_CHECKING:
    from pyoxigraph import Store

    from kg_service.knowledge.release import Release
    from kg_service.knowledge.shacl import Result

VIOLATION = "violation"
GRAVEST_FIRST = (VIOLATION, "warning", "info")
NODE_SHAPE = NamedNode(SH + "NodeShape")


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All results, gravest first. The graph conforms when there is no violation."""

    results: tuple[Result, ...]
    shapes: int

    @property
    def conforms(self) -> bool:
        """Whether no result is a violation."""
        return not any(result.severity == VIOLATION for result in self.results)


def check(release: Release, store: Store) -> CheckReport:
    """Validate all triples of `store`, asserted and inferred, against the release's graph shapes.

    Raises ReleaseError when there are no such shapes or they cannot be read.
    """
    paths = release.graph_shapes
    if not paths:
        raise ReleaseError(f"No shapes to check against: shapes/graph-*.ttl are missing in {release.root}.")
    shapes = [quad for path in paths for quad in read_turtle(path, release.name_of(path))[0]]
    results = sorted(
        validate(to_rdflib(store), to_rdflib(shapes)),
        key=lambda one: (GRAVEST_FIRST.index(one.severity), one.focus, one.path, one.message, one.value),
    )
    node_shapes = {quad.subject for quad in shapes if quad.predicate == TYPE and quad.object == NODE_SHAPE}
    return CheckReport(tuple(results), len(node_shapes))
