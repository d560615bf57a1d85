"""Which release a server holds: the mark that `kg-service load` leaves, and how much there is of each graph."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph

from kg_service.errors import StoreError, StoreMismatch
from kg_service.knowledge.namespaces import DCTERMS, IDENTIFIER
from kg_service.knowledge.remote.names import NOTHING, RELEASE, UNION
from kg_service.knowledge.remote.results import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from kg_service.knowledge.graph import KnowledgeGraph
    from kg_service.knowledge.remote.connection import Connection

CLOSED = DCTERMS + "hasVersion"
PART = DCTERMS + "hasPart"

MARK = f"SELECT ?property ?value {{ GRAPH <{RELEASE}> {{ <{RELEASE}> ?property ?value }} }}"
SIZES = "SELECT ?graph (COUNT(*) AS ?size) { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph"


@dataclass(frozen=True, slots=True)
class Held:
    """A release as a server is to hold it: its digest, the digest of its closure, and the size of each graph."""

    digest: str
    closed: str
    graphs: Mapping[str, int]
    size: int

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Self:
        """Describe a release."""
        sizes = Counter(quad.graph_name.value for quad in graph.store if not isinstance(quad.graph_name, DefaultGraph))
        return cls(graph.digest, graph.closed_digest, sizes, len({quad.triple for quad in graph.store}))

    def check(self, connection: Connection) -> None:
        """Make sure that the server holds this release, all of it; StoreMismatch says what it holds instead."""
        self.check_mark(connection)
        wrong = self.differing_sizes(connection)
        if wrong:
            raise StoreMismatch(
                f"The store at {connection.shown} has lost or gained triples in {len(wrong)} graphs, among them "
                f"{min(wrong)}: {_load(connection)}."
            )

    def check_mark(self, connection: Connection) -> None:
        """Make sure that the server is marked as holding this release."""
        mark = read_mark(connection)
        held, closed = mark.get(IDENTIFIER.value, [""])[0], mark.get(CLOSED, [""])[0]
        if not held:
            raise StoreMismatch(f"The store at {connection.shown} holds no release: {_load(connection)}.")
        if (held, closed) != (self.digest, self.closed):
            other = held if held != self.digest else f"another closure ({closed}) of it"
            raise StoreMismatch(
                f"The store at {connection.shown} holds {other}, this service {self.digest}: use the release that is "
                f"there, or {_load(connection)}.",
                held=held,
                expected=self.digest,
            )

    def differing_sizes(self, connection: Connection) -> set[str]:
        """Return the graphs whose number of triples is another at the server."""
        wanted = {**self.graphs, UNION: self.size}
        found = {row["graph"]: int(row["size"]) for row in select(connection, SIZES, wanted)}
        return {iri for iri, size in wanted.items() if found.get(iri) != size}

    def parts(self) -> str:
        """Return the triples that say which graphs are the release's."""
        return " ".join(f"<{RELEASE}> <{PART}> <{iri}> ." for iri in sorted(self.graphs))

    def seal(self) -> str:
        """Return the triples that say which release it is: what makes the mark valid."""
        return f'<{RELEASE}> {IDENTIFIER} "{self.digest}" . <{RELEASE}> <{CLOSED}> "{self.closed}" .'


def read_mark(connection: Connection) -> Mapping[str, list[str]]:
    """Return what the mark at a server says, by property; nothing when there is none."""
    mark: dict[str, list[str]] = {}
    for row in select(connection, MARK, [RELEASE]):
        mark.setdefault(row["property"], []).append(row["value"])
    return mark


def select(connection: Connection, query: str, graphs: Iterable[str]) -> list[dict[str, str]]:
    """Return the rows of an own query to named graphs, terms as their texts."""
    form = [("query", query), ("default-graph-uri", NOTHING), *(("named-graph-uri", iri) for iri in graphs)]
    content = connection.read(form, ROWS)
    try:
        found = json.loads(content.body)["results"]["bindings"]
        return [{name: term["value"] for name, term in row.items()} for row in found]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{connection.shown} does not answer as a SPARQL endpoint: check the URL.") from error


def _load(connection: Connection) -> str:
    return f"put this one there with kg-service load {connection.shown}"
