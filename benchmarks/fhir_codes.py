"""From the concepts and units of a graph to codes of FHIR."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

if TYPE_CHECKING:
    from kg_service import Guideline

CORE = "https://w3id.org/guideline-kg/core/"
NOTATION = NamedNode("http://www.w3.org/2004/02/skos/core#notation")


class NoFhir(Exception):
    """The case says something that cannot be written as FHIR with the codes of the graph."""


class Codes:
    """The codes of a graph, each looked up once."""

    def __init__(self, graph: Guideline) -> None:
        """Take the codes and names of `graph`."""
        self._store = graph.store
        self._labels = graph.labels
        self.coding = cache(self._find_coding)
        self.notation = cache(self._find_notation)

    def has_code(self, concept: NamedNode, *, past: bool = False) -> bool:
        """Tell whether a code stands for this concept alone (`past`: for its having been there)."""
        try:
            return bool(self.coding(concept, "denotesHistoryOf" if past else "denotes"))
        except NoFhir:
            return False

    def _find_coding(self, concept: NamedNode, link: str) -> dict[str, str]:
        """Return a code that stands for this concept alone: the first of them, whatever the order of the store."""
        quads = self._store.quads_for_pattern(None, NamedNode(CORE + link), concept)
        for code in sorted((quad.subject for quad in quads), key=str):
            links = [
                quad
                for kind in ("denotes", "denotesHistoryOf", "covers", "denotesProductOf")
                for quad in self._store.quads_for_pattern(code, NamedNode(CORE + kind), None)
            ]
            uris = [
                uri.object.value
                for system in self._objects(code, CORE + "codeSystem")
                for uri in self._store.quads_for_pattern(system, NamedNode(CORE + "systemUri"), None)
                if isinstance(uri.object, Literal)
            ]
            notation = [o.value for o in self._objects(code, NOTATION.value) if isinstance(o, Literal)]
            if len(links) == 1 and uris and notation:
                return {"system": min(uris, key=lambda uri: (not uri.startswith("http"), uri)), "code": min(notation)}
        raise NoFhir(f"no code {link} {self._labels[concept.value]} alone")

    def _find_notation(self, unit: NamedNode) -> str:
        return str(self._objects(unit, NOTATION.value)[0].value)

    def _objects(self, subject: Any, predicate: str) -> list[Any]:  # noqa: ANN401 - a node of the store
        return [quad.object for quad in self._store.quads_for_pattern(subject, NamedNode(predicate), None)]
