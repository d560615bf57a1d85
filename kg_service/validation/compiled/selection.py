"""The SELECT clause of a query, with its GROUP BY."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg_service.errors import ReleaseError
from kg_service.knowledge.tokens import tokens
from kg_service.validation.compiled.expressions import Aggregate, Call, Expression, Names, Variable
from kg_service.validation.compiled.variables import named_in

if TYPE_CHECKING:
    from collections.abc import Iterator

SELECT = re.compile(r"\s*SELECT\s+(DISTINCT\s+)?(.*?)\s*(?:\bWHERE\s*)?$", re.IGNORECASE | re.DOTALL)
ASSIGNED = re.compile(r"\(\s*(.*)\bAS\s*[?$](\w+)\s*\)", re.IGNORECASE | re.DOTALL)
GROUP_BY = re.compile(r"GROUP\s+BY\s+((?:[?$]\w+\s*)+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a query shows: names with their expressions; by which variables it groups, if it does."""

    items: tuple[tuple[str, Expression], ...]
    distinct: bool
    grouped: tuple[str, ...] | None


def read_selection(head: str, tail: str, names: Names) -> Selection:
    """Take the text before a WHERE and after it apart; ReleaseError for what is not supported there."""
    match = SELECT.match(head)
    if match is None:
        raise ReleaseError(f"{head.split(maxsplit=1)[0]} is not supported where SELECT is expected: rewrite the query.")
    grouping = GROUP_BY.fullmatch(tail.strip())
    if tail.strip() and not grouping:
        raise ReleaseError(f"After the WHERE only GROUP BY with variables is supported, not: {tail}.")
    items = tuple(_items(match[2], names))
    _refuse_reuse(items)
    if not items:
        raise ReleaseError("SELECT * is not supported in a rule: name the variables.")
    keys = tuple(re.findall(r"\w+", grouping[1])) if grouping else ()
    aggregated = grouping is not None or any(_aggregates(of) for _, of in items)
    return Selection(items, bool(match[1]), keys if aggregated else None)


def _items(text: str, names: Names) -> Iterator[tuple[str, Expression]]:
    """Yield the name and the expression of each item."""
    depth, start = 0, 0
    for token in tokens(text):
        if not depth and token.kind in {"iri", "name", "word"}:
            raise ReleaseError(
                f"{token.text} in a SELECT clause is not supported: name variables, with DISTINCT or not."
            )
        if token.text == "(":
            start = token.start if not depth else start
            depth += 1
        elif token.text == ")":
            depth -= 1
            if not depth:
                yield assigned(text[start : token.start + 1], names)
        elif not depth and token.kind == "variable":
            yield token.text[1:], Variable(token.text[1:])


def assigned(bracketed: str, names: Names) -> tuple[str, Expression]:
    """Return name and expression of `(expression AS ?name)`."""
    match = ASSIGNED.fullmatch(bracketed)
    if match is None or match[2] == "this":
        raise ReleaseError(
            f"{bracketed} gives no new variable a value: write (… AS ?name), with another name than $this."
        )
    return match[2], names.expression([match[1]])


def _refuse_reuse(items: tuple[tuple[str, Expression], ...]) -> None:
    """Refuse an expression that uses what one before it gives a value."""
    new: set[str] = set()
    for name, of in items:
        if again := sorted(new & named_in(of)):
            raise ReleaseError(f"?{again[0]} is used in the SELECT clause that gives it a value: use BIND.")
        if of != Variable(name):
            new.add(name)


def _aggregates(of: Expression) -> bool:
    return isinstance(of, Aggregate) or (isinstance(of, Call) and any(map(_aggregates, of.args)))
