"""Which triples made a row: a smallest part of the graphs on which the query still has the very same solution."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Store

from kg_service.errors import QueryError
from kg_service.provenance.shrink import shrunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyoxigraph import Quad

    from kg_service.knowledge.labels import Term
    from kg_service.provenance.query import Row, SelectQuery

ROUNDS = 3
"""How far from the row's own terms its triples are looked for, before the whole graph is taken."""

CHANCE = (
    "The query does not give this row a second time: it depends on chance, on the time of day, or on the order in "
    "which GROUP_CONCAT meets its values. Ask without chance, or order the values in a sub-select."
)


def solution_of(query: SelectQuery, row: Row, store: Store) -> Row:
    """Return the first whole solution behind a row of the query's answer; QueryError when there is none."""
    for solution in query.solutions(store):
        if all(solution.get(name) == value for name, value in row.items()):
            return solution
    raise QueryError(CHANCE)


def quads_behind(query: SelectQuery, solution: Row, store: Store) -> list[Quad]:
    """Return a smallest part of `store` on which the query has this solution: nothing of it can be left out."""

    def gives(quads: Sequence[Quad]) -> bool:
        part = Store()
        part.extend(quads)
        return any(found == solution for found in query.solutions(part))

    for candidates in _growing(query, solution, store):
        if gives(candidates):
            return shrunk(candidates, gives)
    raise QueryError(CHANCE)


def _growing(query: SelectQuery, solution: Row, store: Store) -> Iterator[list[Quad]]:
    """Yield ever more quads that may have made the solution, the whole store at last.

    First those between terms of query and solution, then those from them, then those to and from them, then also what
    is near to these; all this by predicates that query and solution name, and then by any.
    """
    start: set[Term] = {term for term in solution.values() if term is not None} | query.named
    named = [term for term in start if isinstance(term, NamedNode) and _is_predicate(term, store)]
    for predicates in (named, [None]):
        terms = set(start)
        for _ in range(ROUNDS):
            outgoing = [*_links(terms, predicates, store)]
            yield [quad for quad in outgoing if quad.object in terms]
            yield outgoing
            around = list(dict.fromkeys(chain(outgoing, _links_to(terms, predicates, store))))
            yield around
            terms.update(end for q in around for end in (q.subject, q.object) if not isinstance(end, Literal))
    yield list(store)


def _links(terms: Iterable[Term], predicates: Sequence[NamedNode | None], store: Store) -> Iterator[Quad]:
    for term in terms:
        if not isinstance(term, Literal):
            for predicate in predicates:
                yield from store.quads_for_pattern(term, predicate, None)


def _links_to(terms: Iterable[Term], predicates: Sequence[NamedNode | None], store: Store) -> Iterator[Quad]:
    for term in terms:
        for predicate in predicates:
            yield from store.quads_for_pattern(None, predicate, term)


def _is_predicate(term: NamedNode, store: Store) -> bool:
    return next(iter(store.quads_for_pattern(None, term, None)), None) is not None
