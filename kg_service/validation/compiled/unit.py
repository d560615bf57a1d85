"""What all functions of one compiled query share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg_service.knowledge.namespaces import TYPE
from kg_service.validation.compiled import facts, operators, values
from kg_service.validation.compiled.expressions import Constant
from kg_service.validation.compiled.matching import matching, once, predicates
from kg_service.validation.compiled.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.validation.compiled.expressions import Names
    from kg_service.validation.compiled.facts import Facts
    from kg_service.validation.compiled.steps import Side
    from kg_service.validation.compiled.values import Term


class Unit:
    """What all bodies of one query share: constants, the indexes they look things up in, functions within."""

    def __init__(self, names: Names, guideline: Facts) -> None:
        """Look the predicates of `guideline` up there, all others in the case."""
        self.names = names
        self.guideline = guideline
        self.constants: dict[str, Any] = {
            "NOTHING": facts.NOTHING, "ONCE": (None,), "UNBOUND": (None,), "once": once,
            "reached": facts.reached, "matching": matching, "predicates": predicates, "guideline": guideline,
            "TRUE": values.TRUE, "FALSE": values.FALSE, "number": values.number,
            **{name: getattr(operators, name) for name in (
                "truth", "same", "less", "greater", "at_most", "at_least", "added", "subtracted", "multiplied",
                "divided", "shown", "iri", "concatenated", "coalesced", "total", "least", "most",
            )},
        }  # fmt: skip
        self.functions: list[list[str]] = []
        self._literals: dict[Value, str] = {}
        self._fetched: dict[str, str] = {}
        self._made = 0

    def constant(self, term: Term) -> str:
        """Return how the text names a term."""
        if not isinstance(term, Value):
            return repr(term)
        if term not in self._literals:
            name = self._literals[term] = self.fresh("k")
            self.constants[name] = term
        return self._literals[term]

    def fresh(self, letter: str) -> str:
        """Return a name that is not taken."""
        self._made += 1
        return f"{letter}{self._made}"

    def indexes(self, predicate: str, obj: Side, allowed: Sequence[str] | None) -> Sequence[tuple[str, str]]:
        """Return the names of the indexes of a predicate; types that are not named may be of case and guideline.

        `allowed` are the names that `obj` may be, where they are known.
        """
        own = self.index(predicate, obj)
        classes = self.guideline.subjects.get(TYPE.value, facts.NOTHING)
        if predicate != TYPE.value or isinstance(obj, Constant) or classes.keys().isdisjoint(allowed or classes):
            return [own]
        self.constants["p_type"], self.constants["q_type"] = self.guideline.objects[predicate], classes
        return [own, ("p_type", "q_type")]

    def in_guideline(self, predicate: str, obj: Side) -> bool:
        """Tell whether a pattern is looked up in the guideline, and therefore not in the case."""
        if predicate != TYPE.value:
            return predicate in self.guideline.objects
        return isinstance(obj, Constant) and obj.term in self.guideline.subjects.get(predicate, facts.NOTHING)

    def width(self, predicate: str, obj: Side) -> int:
        """Return how many subjects the guideline has for a predicate and an object: at most, where that is open."""
        known = self.guideline.subjects[predicate]
        return len(known.get(obj.term, ())) if isinstance(obj, Constant) else max(map(len, known.values()))

    def index(self, predicate: str, obj: Side) -> tuple[str, str]:
        """Return the names of the indexes of a predicate, by subject and by object."""
        in_guideline = self.in_guideline(predicate, obj)
        key = predicate + "|" * in_guideline
        if key not in self._fetched:
            number = self._fetched[key] = self.fresh("")
            if in_guideline:
                self.constants[f"p{number}"] = self.guideline.objects[predicate]
                self.constants[f"q{number}"] = self.guideline.subjects[predicate]
        return f"p{self._fetched[key]}", f"q{self._fetched[key]}"

    def fetches(self) -> dict[str, str]:
        """Return, by the names of the indexes of the case, the lines that look them up."""
        return {
            f"{letter}{number}": f"{letter}{number} = facts.{side}.get({key!r}, NOTHING)"
            for key, number in self._fetched.items()
            if f"p{number}" not in self.constants
            for letter, side in (("p", "objects"), ("q", "subjects"))
        }
