"""Parts of conditions that can be worked out before the loops in which the conditions are tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.validation.compiled.expressions import Call, Constant, Expression, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Container

ARITHMETIC = frozenset("+-*/")


def with_settled(condition: Expression, known: Container[str], settle: Callable[[Call], Variable]) -> Expression:
    """Replace the largest calculations in a condition that need `known` variables only by what `settle` returns."""
    if not isinstance(condition, Call):
        return condition
    if _is_settled(condition, known):
        return settle(condition)
    return Call(condition.name, tuple(with_settled(one, known, settle) for one in condition.args))


def _is_settled(of: Expression, known: Container[str]) -> bool:
    if isinstance(of, Call):
        return of.name in ARITHMETIC and all(_is_settled(one, known) for one in of.args)
    return isinstance(of, Constant) or (isinstance(of, Variable) and of.name in known)
