"""Puts the release on a SPARQL server, by SPARQL 1.1 Update (https://www.w3.org/TR/sparql11-update/) alone.

The Graph Store Protocol would do for the triples, but has no way to swap many graphs at once. So the triples are staged
in graphs of other names, read back and compared, and moved into place by one request, which the standard wants to be
atomic: a reader sees the old release or the new one. A server without such transactions shows a mixture for a moment,
but never under the digest of a release: that is removed first and written last, when the server has been found to
answer every named question as the store in process does.
"""

from __future__ import annotations

import logging
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Dataset, NamedNode, Quad, QueryBoolean, QuerySolutions, Store, Triple

from kg_service.errors import QueryError, StoreError, StoreMismatch, StoreTimeout
from kg_service.knowledge.canonical import canonical_quads
from kg_service.knowledge.engine import Query
from kg_service.knowledge.remote import results
from kg_service.knowledge.remote.engine import RemoteEngine
from kg_service.knowledge.remote.held import PART, Held, read_mark
from kg_service.knowledge.remote.names import NOTHING, RELEASE, STAGED, UNION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg_service.knowledge.engine import Result
    from kg_service.knowledge.graph import KnowledgeGraph
    from kg_service.knowledge.remote.connection import Connection

logger = logging.getLogger(__name__)

QUADS_A_REQUEST = 500
"""Virtuoso refuses longer ones."""


def load(graph: KnowledgeGraph, connection: Connection, updates: Connection) -> bool:
    """Make the server hold the release, and nothing else in the graphs that are the release's.

    `connection` answers queries, `updates` takes updates. Returns False when the server held the release already, and
    nothing was done. Raises StoreMismatch when what arrived is not what was sent, StoreError when the server answers
    named questions otherwise than the store in process does.
    """
    held = Held.of(graph)
    if _is_there(held, connection):
        return False
    staged = {iri: f"{STAGED}{held.closed.removeprefix('sha256:')}/{n}" for n, iri in enumerate(sorted(held.graphs))}
    logger.info("Sending %s triples in %s graphs.", f"{len(graph.store):,}", len(staged))
    _update(updates, (f"CLEAR SILENT GRAPH <{name}>" for name in staged.values()))
    for request in _insertions(graph.store, staged):
        _update(updates, [request])
    logger.info("Reading them back.")
    _compare(graph.store, connection, staged)
    _update(updates, _swap(held, connection, staged))
    _read_whole(held, connection)
    logger.info("Comparing the answers to %s questions.", len(graph.questions))
    if differing := list(_differing_questions(graph, RemoteEngine(connection, held))):
        raise StoreError(
            f"The server at {connection.shown} does not answer as SPARQL 1.1 says, in the questions "
            f"{', '.join(differing)}, so it is not marked as holding the release. Use another server or version.",
            questions=differing,
        )
    _update(updates, [f"INSERT DATA {{ GRAPH <{RELEASE}> {{ {held.seal()} }} }}"])
    held.check(connection)
    return True


def _is_there(held: Held, connection: Connection) -> bool:
    try:
        held.check(connection)
    except StoreMismatch:
        return False
    return True


def _update(updates: Connection, operations: Iterable[str]) -> None:
    updates.write([("update", " ;\n".join(operations))])


def _insertions(store: Store, staged: Mapping[str, str]) -> Iterator[str]:
    """Yield requests that insert all quads; those with blank nodes in one, so that these stay the same nodes.

    INSERT rather than INSERT DATA for them, which Virtuoso takes no blank nodes in.
    """
    quads = sorted(store, key=lambda quad: str(quad.graph_name))
    blank = [quad for quad in quads if _has_blank(quad)]
    if blank:
        yield f"INSERT {{ {_pattern(blank, staged)} }} WHERE {{}}"
    plain = [quad for quad in quads if not _has_blank(quad)]
    for start in range(0, len(plain), QUADS_A_REQUEST):
        yield f"INSERT DATA {{ {_pattern(plain[start : start + QUADS_A_REQUEST], staged)} }}"


def _has_blank(quad: Quad) -> bool:
    return isinstance(quad.subject, BlankNode) or isinstance(quad.object, BlankNode)


def _pattern(quads: Sequence[Quad], staged: Mapping[str, str]) -> str:
    grouped = groupby(quads, key=lambda quad: quad.graph_name.value)  # type: ignore[union-attr]  # as above
    return "\n".join(
        f"GRAPH <{staged[iri]}> {{\n" + "\n".join(f"{quad.triple} ." for quad in group) + "\n}"
        for iri, group in grouped
    )


def _swap(held: Held, connection: Connection, staged: Mapping[str, str]) -> Iterator[str]:
    """Yield the operations of the one request that puts everything in place."""
    former = set(read_mark(connection).get(PART, ())) - set(staged)
    yield f"CLEAR SILENT GRAPH <{RELEASE}>"
    yield f"CLEAR SILENT GRAPH <{UNION}>"
    yield from (f"DROP SILENT GRAPH <{iri}>" for iri in sorted(former))
    for iri, name in staged.items():
        yield f"MOVE GRAPH <{name}> TO GRAPH <{iri}>"
        yield f"ADD GRAPH <{iri}> TO GRAPH <{UNION}>"
    yield f"INSERT DATA {{ GRAPH <{RELEASE}> {{ {held.parts()} }} }}"


def _read_whole(held: Held, connection: Connection) -> None:
    """Make sure that an answer as large as the graph arrives whole: Virtuoso cuts triples without a word."""
    arrived = len(set(_triples_of(UNION, connection)))
    if arrived != held.size:
        raise StoreError(
            f"The server at {connection.shown} cuts answers at {arrived:,} triples: raise its limit above "
            f"{held.size:,} (Virtuoso: ResultSetMaxRows)."
        )


def _compare(store: Store, connection: Connection, staged: Mapping[str, str]) -> None:
    """Read the staged graphs back and compare; numbers by value, since servers spell them in their own way."""
    found = Store()  # spells numbers as the other store does
    for iri, name in staged.items():
        received = _triples_of(name, connection)
        found.extend(Quad(t.subject, t.predicate, t.object, NamedNode(iri)) for t in received)
    sent, arrived = (canonical_quads(Dataset(quads)) for quads in (store, found))
    if sent != arrived:
        differing = len(set(sent.splitlines()) ^ set(arrived.splitlines()))
        raise StoreMismatch(
            f"What the store at {connection.shown} took is not what was sent: {differing} triples differ. The "
            "release that it held is untouched. Load again; if this stays, the server alters data."
        )


def _triples_of(name: str, connection: Connection) -> Iterable[Triple]:
    form = [
        ("query", f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{name}> {{ ?s ?p ?o }} }}"),
        ("default-graph-uri", NOTHING),
        ("named-graph-uri", name),
    ]
    return results.triples(connection.read(form, results.TRIPLES))


def _differing_questions(graph: KnowledgeGraph, remote: RemoteEngine) -> Iterator[str]:
    """Yield the named questions that the server answers otherwise, or, the last one, not in time."""
    for name, question in graph.questions.items():
        query = Query.inspect(graph.text_of(name, **question.example()))
        try:
            if _content(remote.ask(query)) != _content(graph.engine.query(query)):
                yield name
        except StoreTimeout:  # a server that hangs on one question may never wake up
            yield name
            return
        except (StoreError, QueryError):
            yield name


def _content(result: Result) -> Counter[tuple[str, ...]] | bool:
    """Return what was found, in no order."""
    if isinstance(result, QueryBoolean):
        return bool(result)
    if isinstance(result, QuerySolutions):
        return Counter(tuple(map(str, row)) for row in result)
    return Counter(tuple(map(str, triple)) for triple in set[Triple](result))
