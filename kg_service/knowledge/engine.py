"""What answers a query: the store in this process here, or a SPARQL server elsewhere (see `remote`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, QueryBoolean, QuerySolutions, Store, Triple

from kg_service.knowledge import guard
from kg_service.knowledge.dataset import Clause, dataset_clauses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.knowledge.tokens import Token

Result: TypeAlias = QuerySolutions | QueryBoolean | Iterable[Triple]
"""What an engine finds: rows, a yes or no, or triples."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query as inspected: its text and tokens, and the dataset that it is asked of.

    The graphs given from outside win over the `clauses` (FROM, FROM NAMED) of the text. With neither, the default graph
    is the union of all graphs.
    """

    text: str
    tokens: Sequence[Token]
    clauses: Sequence[Clause]
    default_graphs: Sequence[str] = ()
    named_graphs: Sequence[str] = ()
    base_iri: str | None = None

    @classmethod
    def inspect(
        cls,
        text: str,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        base_iri: str | None = None,
    ) -> Query:
        """Take a query for whatever engine; RefusedQuery for what is never run, see guard."""
        found = guard.inspect(text)
        return cls(text, found, dataset_clauses(found), default_graphs, named_graphs, base_iri)

    @property
    def is_given_graphs(self) -> bool:
        """Whether the dataset is chosen from outside."""
        return bool(self.default_graphs or self.named_graphs)

    @property
    def graphs(self) -> list[str]:
        """The graphs that the query is asked of, each once; none: all."""
        given = [*self.default_graphs, *self.named_graphs]
        return list(dict.fromkeys(given or [clause.iri for clause in self.clauses]))


class Engine(Protocol):
    """Evaluates queries over the closed release."""

    def query(self, query: Query) -> Result:
        """Return what the query finds.

        Raises SyntaxError, with Oxigraph's place and words, for a text that is no SPARQL 1.1 query, and ValueError,
        RuntimeError, OSError or a KgServiceError for one that cannot be evaluated.
        """


class LocalEngine:
    """Oxigraph in this process."""

    def __init__(self, store: Store) -> None:
        """Ask `store`."""
        self._store = store

    def query(self, query: Query) -> Result:
        """Return what the query finds: see Engine."""
        given = query.is_given_graphs
        return self._store.query(
            query.text,
            base_iri=query.base_iri,
            use_default_graph_as_union=not given and not query.clauses,
            default_graph=_nodes(query.default_graphs) if given else None,
            named_graphs=[NamedNode(iri) for iri in query.named_graphs] if given else None,
        )


def _nodes(iris: Sequence[str]) -> list[NamedNode | BlankNode | DefaultGraph]:
    return [NamedNode(iri) for iri in iris]
