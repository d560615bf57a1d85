"""Answers queries by sending them to a SPARQL server that holds the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Store

from kg_service.knowledge.remote import results
from kg_service.knowledge.remote.names import NOTHING, UNION
from kg_service.knowledge.remote.portable import portable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.knowledge.engine import Query, Result
    from kg_service.knowledge.remote.connection import Connection
    from kg_service.knowledge.remote.held import Held

TRIPLES = frozenset({"CONSTRUCT", "DESCRIBE"})
CONTRADICTION = "should not be set at the same time"
FORMS = frozenset({"SELECT", "ASK"}) | TRIPLES


class RemoteEngine:
    """A SPARQL 1.1 server that holds the release. Threads may share it."""

    def __init__(self, connection: Connection, expected: Held) -> None:
        """Ask over `connection`, of the graphs in `expected`."""
        self._connection = connection
        self._expected = expected

    def query(self, query: Query) -> Result:
        """Return what the server finds: see Engine.

        Raises StoreMismatch when the server has come to hold another release, and the other errors of Connection.
        """
        found = self.ask(query)
        self._expected.check_mark(self._connection)  # afterwards: so nobody has loaded another release in between
        return found

    def ask(self, query: Query) -> Result:
        """Return what the server finds, whichever release it holds."""
        read_only(query)
        wants_triples = _form(query) in TRIPLES
        form = [("query", portable(query)), *self._dataset(query)]
        content = self._connection.read(form, results.TRIPLES if wants_triples else results.ROWS)
        return results.triples(content) if wants_triples else results.rows(content)

    def _dataset(self, query: Query) -> Iterator[tuple[str, str]]:
        """Yield the protocol's parameters for the dataset: graphs of the release, whatever else the server holds."""
        default: Sequence[str] = query.default_graphs
        named: Sequence[str] = query.named_graphs
        if not query.is_given_graphs:
            default = [clause.iri for clause in query.clauses if not clause.named]
            named = [clause.iri for clause in query.clauses if clause.named]
        if not query.graphs:
            default, named = [UNION], sorted(self._expected.graphs)
        else:
            default, named = ([iri for iri in chosen if iri in self._expected.graphs] for chosen in (default, named))
        yield from (("default-graph-uri", iri) for iri in default or [NOTHING])
        yield from (("named-graph-uri", iri) for iri in named or [NOTHING])


def read_only(query: Query) -> None:
    """Have Oxigraph read the query, and not run it: the guard's reading is proven against Oxigraph's.

    Raises SyntaxError as the store in process does. No function of pyoxigraph reads a query alone; this one reads it
    before it finds that its arguments contradict each other.
    """
    try:
        Store().query(
            query.text, base_iri=query.base_iri, use_default_graph_as_union=True, default_graph=[DefaultGraph()]
        )
    except ValueError as error:
        if CONTRADICTION not in str(error):  # what else is wrong, such as the base IRI
            raise
        return
    raise AssertionError("pyoxigraph ran a query that it was only to read")


def _form(query: Query) -> str:
    """Return what kind of query it is; Oxigraph needs no space after the keyword."""
    words = (token.text.upper() for token in query.tokens if token.kind == "word")
    return next(form for word in words for form in FORMS if word.startswith(form))
