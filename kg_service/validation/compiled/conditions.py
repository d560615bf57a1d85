"""Writes SPARQL expressions as Python: for their value, or for when they are true or false.

A condition in error is neither, so that the three-valued logic of SPARQL needs no exceptions
(https://www.w3.org/TR/sparql11-query/#evaluation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.errors import ReleaseError
from kg_service.validation.compiled.expressions import Aggregate, Call, Constant, Exists, Expression, Variable
from kg_service.validation.compiled.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg_service.validation.compiled.values import Term

COMPARED = {"=": "same", "<": "less", ">": "greater", "<=": "at_most", ">=": "at_least"}
WORKED_OUT = {
    "+": "added", "-": "subtracted", "*": "multiplied", "/": "divided",
    "STR": "shown", "IRI": "iri", "CONCAT": "concatenated", "COALESCE": "coalesced",
}  # fmt: skip
LOGICAL = frozenset({"||", "&&", "!", "BOUND", "IN", "NOT IN", "!=", *COMPARED})


class Conditions:
    """Writes expressions; names in them are those of `values` and of the hooks' results."""

    def __init__(
        self,
        constant: Callable[[Term], str],
        variable: Callable[[str], str],
        exists: Callable[[Exists], str],
        aggregate: Callable[[Aggregate], str],
    ) -> None:
        """Write constants, variables, EXISTS and aggregates as these hooks say."""
        self._constant = constant
        self._variable = variable
        self._exists = exists
        self._aggregate = aggregate

    def value(self, of: Expression) -> str:
        """Write the value of an expression: a term, or None in error."""
        if isinstance(of, Variable):
            return self._variable(of.name)
        if isinstance(of, Constant):
            return self._constant(of.term)
        if isinstance(of, Aggregate):
            return self._aggregate(of)
        if isinstance(of, Exists) or of.name in LOGICAL:
            return f"(TRUE if {self.true(of)} else FALSE if {self.false(of)} else None)"
        if of.name == "IF":
            test, yes, no = of.args
            return f"({self.value(yes)} if {self.true(test)} else {self.value(no)} if {self.false(test)} else None)"
        return f"{WORKED_OUT[of.name]}({', '.join(map(self.value, of.args))})"

    def true(self, of: Expression) -> str:
        """Write the condition that an expression is true."""
        return self._test(of, wanted=True)

    def false(self, of: Expression) -> str:
        """Write the condition that an expression is false."""
        return self._test(of, wanted=False)

    def _test(self, of: Expression, *, wanted: bool) -> str:  # noqa: PLR0911 - one for each kind of operator
        if isinstance(of, Exists):
            return f"{'' if wanted is not of.negated else 'not '}{self._exists(of)}"
        if not isinstance(of, Call) or of.name not in LOGICAL:
            return f"(truth({self.value(of)}) is {wanted})"
        if of.name in {"||", "&&"}:
            joined = " or " if wanted is (of.name == "||") else " and "
            return f"({joined.join(self._test(one, wanted=wanted) for one in of.args)})"
        if of.name == "!":
            return self._test(of.args[0], wanted=not wanted)
        if of.name == "BOUND":
            return f"({self.value(of.args[0])} is {'not ' if wanted else ''}None)"
        if of.name in {"IN", "NOT IN"}:
            return self._member(of, wanted=wanted is (of.name == "IN"))
        return self._comparison(of, wanted=wanted)

    def _comparison(self, of: Call, *, wanted: bool) -> str:
        left, right = of.args
        if of.name in {"=", "!="} and _is_iri(left) is not _is_iri(right):
            # Beside an IRI nothing is in error but what is unbound.
            one, other = map(self.value, (left, right))
            if wanted is (of.name == "="):
                return f"({one} == {other})"
            open_side = one if _is_iri(right) else other
            return f"({open_side} is not None and {one} != {other})"
        name = COMPARED["=" if of.name == "!=" else of.name]
        return f"({name}({self.value(left)}, {self.value(right)}) is {wanted is (of.name != '!=')})"

    def _member(self, of: Call, *, wanted: bool) -> str:
        """Write that an operand is among the others, or that it is not."""
        operand, *others = of.args
        if all(map(_is_iri, others)) and not _is_iri(operand):
            tested, among = self.value(operand), ", ".join(map(self.value, others))
            if wanted:
                return f"({tested} in ({among},))"
            return f"({tested} is not None and {tested} not in ({among},))"
        equal = Call("||", tuple(Call("=", (operand, other)) for other in others))
        return self._test(equal, wanted=wanted)


def _is_iri(of: Expression) -> bool:
    return isinstance(of, Constant) and not isinstance(of.term, Value)


def refuse_aggregate(of: Aggregate) -> str:
    """Stand in for the hook where no aggregate can be."""
    raise ReleaseError(f"{of.name} stands where no solutions are grouped: move it into a subquery.")
