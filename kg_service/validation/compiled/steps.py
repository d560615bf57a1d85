"""The steps that a group of patterns is worked through in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kg_service.knowledge.pattern import Constraint, Nested, SubSelect, Union
from kg_service.validation.compiled.expressions import Call, Constant, Expression, Variable
from kg_service.validation.compiled.variables import in_scope, mentioned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg_service.knowledge.pattern import Element
    from kg_service.validation.compiled.paths import Either, Link, Repeated

THIS = "this"
"""The variable that has its value from outside."""

Side: TypeAlias = "Variable | Constant"


class Match(NamedTuple):
    """A triple pattern whose path has one step."""

    subject: Side
    verb: Variable | Link | Either | Repeated
    object: Side


Step: TypeAlias = "Match | Constraint | Nested | Union | SubSelect"


def one_of(condition: Expression) -> tuple[str, tuple[str, ...]] | None:
    """Return the variable, and the names, if a condition lets a variable be only one of some names."""
    if not isinstance(condition, Call) or condition.name != "IN" or not isinstance(condition.args[0], Variable):
        return None
    names = [one.term for one in condition.args[1:] if isinstance(one, Constant) and isinstance(one.term, str)]
    return (condition.args[0].name, tuple(dict.fromkeys(names))) if len(names) == len(condition.args) - 1 else None


def is_filter(element: Element) -> bool:
    """Tell whether an element is a FILTER."""
    return isinstance(element, Constraint) and element.word == "FILTER"


def spoken_of(step: Step) -> frozenset[str]:
    """Return all variables in a step."""
    if isinstance(step, Match):
        return frozenset(side.name for side in step if isinstance(side, Variable))
    return mentioned(step)


def bound_by(steps: Iterable[Step]) -> frozenset[str]:
    """Return the variables that may get a value in steps still to come."""
    found: set[str] = set()
    for step in steps:
        if isinstance(step, Match):
            found |= {side.name for side in step if isinstance(side, Variable)}
        else:
            found |= in_scope(step)
    return frozenset(found)
