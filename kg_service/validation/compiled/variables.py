"""Which variables a part of a query binds, and which it only speaks of."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from kg_service.knowledge.pattern import Constraint, Group, Nested, SubSelect, TriplePattern, Union
from kg_service.knowledge.tokens import tokens
from kg_service.validation.compiled.expressions import Aggregate, Call, Exists, Variable

if TYPE_CHECKING:
    from kg_service.knowledge.pattern import Element
    from kg_service.validation.compiled.expressions import Expression

ASSIGNED = re.compile(r"\bAS\s+[?$](\w+)\s*\)", re.IGNORECASE)
Names = frozenset[str]


@lru_cache(maxsize=8192)
def named(text: str) -> Names:
    """Return the variables in a piece of text."""
    return frozenset(token.text[1:] for token in tokens(text) if token.kind == "variable")


def in_scope(part: Group | Element) -> Names:
    """Return the variables that a solution of the part may have (https://www.w3.org/TR/sparql11-query/#variableScope)."""
    if isinstance(part, Group):
        return Names().union(*map(in_scope, part.elements))
    if isinstance(part, TriplePattern):
        return named(str(part))
    if isinstance(part, Union):
        return Names().union(*map(in_scope, part.groups))
    if isinstance(part, SubSelect):
        return selected(part.head)
    if isinstance(part, Nested):
        return in_scope(part.group)
    return frozenset(ASSIGNED.findall(str(part.parts[-1]))) if part.word == "BIND" else Names()


def bound(part: Group | Element) -> Names:
    """Return the variables that every solution of the part has."""
    if isinstance(part, Group):
        return Names().union(*map(bound, part.elements))
    if isinstance(part, TriplePattern):
        return named(str(part))
    if isinstance(part, Union):
        return Names.intersection(*map(bound, part.groups))
    return selected(part.head) & bound(part.group) if isinstance(part, SubSelect) else Names()


def selected(head: str) -> Names:
    """Return the variables that a SELECT clause shows."""
    depth, found, last = 0, set[str](), ""
    for token in tokens(head):
        depth += (token.text == "(") - (token.text == ")")
        if token.kind == "variable" and (not depth or (depth == 1 and last == "AS")):
            found.add(token.text[1:])
        last = token.text.upper()
    return frozenset(found)


def mentioned(part: Group | Element) -> Names:
    """Return all variables in the part, also those in conditions."""
    if isinstance(part, Group):
        return Names().union(*map(mentioned, part.elements))
    if isinstance(part, TriplePattern):
        return named(str(part))
    if isinstance(part, Union):
        return Names().union(*map(mentioned, part.groups))
    if isinstance(part, SubSelect):
        return named(part.head) | mentioned(part.group) | named(part.tail)
    if isinstance(part, Nested):
        return mentioned(part.group)
    assert isinstance(part, Constraint)  # noqa: S101 - narrows the type: what is left
    return Names().union(*(mentioned(one) if isinstance(one, Group) else named(one) for one in part.parts))


def named_in(expression: Expression) -> Names:
    """Return the variables in an expression, also those in the groups of EXISTS."""
    if isinstance(expression, Variable):
        return frozenset({expression.name})
    if isinstance(expression, Exists):
        return mentioned(expression.group)
    if isinstance(expression, Aggregate):
        return named_in(expression.of) if expression.of else Names()
    return Names().union(*map(named_in, expression.args)) if isinstance(expression, Call) else Names()
