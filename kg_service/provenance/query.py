"""A SELECT query taken apart just far enough to ask for its whole solutions, not only for what it shows of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeAlias

from pyoxigraph import NamedNode, QuerySolutions, Store

from kg_service.errors import QueryError
from kg_service.knowledge import guard
from kg_service.knowledge.dataset import dataset_clauses
from kg_service.knowledge.namespaces import TYPE
from kg_service.knowledge.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.knowledge.labels import Term
    from kg_service.knowledge.tokens import Token

Row: TypeAlias = "dict[str, Term | None]"
"""The values of a solution's variables; None where unbound."""

AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT", "GROUP", "HAVING"})


@dataclass(frozen=True, slots=True)
class SelectQuery:
    """A SELECT query in pieces of its text; ORDER BY, LIMIT and OFFSET choose among solutions and are left out.

    `assignments` are the expressions it shows, as BIND clauses; `shown` are the variables it shows, `named` the IRIs it
    names; `union` tells whether its default graph is the union of all graphs.
    """

    prologue: str
    dataset: str
    where: str
    values: str
    assignments: str
    shown: tuple[str, ...]
    named: frozenset[NamedNode]
    union: bool

    @classmethod
    def read(cls, text: str) -> SelectQuery:
        """Take the query, which is valid, apart; QueryError when it is no SELECT, or shows aggregates."""
        found = guard.inspect(text)
        places = _places(found)
        if "select" not in places:
            raise QueryError("Only rows of a SELECT query can be explained: write the query as SELECT.")
        _refuse_aggregates([*found[places["select"] : places["{"]], *found[places["}"] :]])
        starts = [token.start for token in found] + [len(text)]
        return cls(
            prologue=text[: starts[places["select"]]],
            dataset=text[starts[places["dataset"]] : starts[places["{"]]],
            where=text[starts[places["{"]] : starts[places["}"]] + 1],
            values=text[starts[places["values"]] :],
            assignments=_assignments(text[starts[places["items"]] : starts[places["dataset"]]]),
            shown=_variables(text),
            named=frozenset(_named(found)),
            union=not dataset_clauses(found),
        )

    def whole(self, where: str = "", extra: str = "") -> str:
        """Return the query for all variables of its solutions, each solution once.

        Another WHERE may be given, and an extra condition on what the solutions have.
        """
        group = f"{{ {where or self.where} {self.values} {self.assignments} {extra} }}"
        return f"{self.prologue}SELECT DISTINCT *\n{self.dataset}{group}"

    def solutions(self, store: Store) -> Iterator[Row]:
        """Yield the solutions over the graphs of `store`."""
        return run(self.whole(), store, union=self.union)


def run(text: str, store: Store, *, union: bool = True) -> Iterator[Row]:
    """Yield the rows of a SELECT query."""
    result = store.query(text, use_default_graph_as_union=union)
    assert isinstance(result, QuerySolutions)  # noqa: S101 - narrows the type; the query is a SELECT
    names = [variable.value for variable in result.variables]
    return (dict(zip(names, solution, strict=True)) for solution in result)


def depths(found: Sequence[Token]) -> list[int]:
    """Return how many brackets are open after each token."""
    return list(accumulate((t.text in {"{", "(", "["}) - (t.text in {"}", ")", "]"}) for t in found))


def _places(found: Sequence[Token]) -> dict[str, int]:
    """Return the index of the token with which each piece begins; the last one ends where no piece follows."""
    deep = depths(found)
    words = [t.text.upper() if t.kind == "word" and not d else "" for t, d in zip(found, deep, strict=True)]
    if "SELECT" not in words:
        return {}
    select = words.index("SELECT")
    opened = next(i for i, token in enumerate(found) if token.text == "{" and deep[i] == 1)
    closed = next(i for i, token in enumerate(found) if token.text == "}" and deep[i] == 0)
    return {
        "select": select,
        "items": select + (2 if words[select + 1] in {"DISTINCT", "REDUCED"} else 1),
        "dataset": next((i for i in range(select, opened) if words[i] in {"FROM", "WHERE"}), opened),
        "{": opened,
        "}": closed,
        "values": next((i for i in range(closed, len(found)) if words[i] == "VALUES"), len(found)),
    }


def _assignments(items: str) -> str:
    """Return the expressions among the items of a SELECT clause as BIND clauses."""
    found = list(tokens(items))
    deep = depths(found)
    opened = [t.start for t, depth in zip(found, deep, strict=True) if t.text == "(" and depth == 1]
    closed = [t.start + 1 for t, depth in zip(found, deep, strict=True) if t.text == ")" and depth == 0]
    return " ".join(f"BIND{items[start:end]}" for start, end in zip(opened, closed, strict=True))


def _refuse_aggregates(found: Sequence[Token]) -> None:
    for token in found:
        if token.kind == "word" and token.text.upper() in AGGREGATES:
            raise QueryError(
                f"{token.text.upper()} makes one row of many solutions, and such a row is not explained: ask for the "
                "solutions without it, and explain those."
            )


def _variables(text: str) -> tuple[str, ...]:
    result = Store().query(text)
    assert isinstance(result, QuerySolutions)  # noqa: S101 - narrows the type; the query is a SELECT
    return tuple(variable.value for variable in result.variables)


def _named(found: Sequence[Token]) -> Iterator[NamedNode]:
    prefixes: dict[str, str] = {}
    for before, token in pairwise(found):
        if before.kind == "name" and token.kind == "iri":
            prefixes[before.text] = token.text[1:-1]
    for token in found:
        prefix, colon, local = token.text.partition(":")
        if token.kind == "iri":
            yield NamedNode(token.text[1:-1])
        elif token.kind == "name" and prefix + colon in prefixes:
            yield NamedNode(prefixes[prefix + colon] + local)
        elif token.text == "a":
            yield TYPE
