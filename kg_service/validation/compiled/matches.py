"""Writes triple patterns: each is a loop over an index, or a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import TYPE
from kg_service.validation.compiled.expressions import Variable
from kg_service.validation.compiled.lines import Lines, as_tuple
from kg_service.validation.compiled.paths import Either, Link, Repeated
from kg_service.validation.compiled.steps import THIS, Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.validation.compiled.steps import Side, Step

FREE = 9  # the cost of a pattern of which neither end is known
FEW = 2  # of the guideline; of more, those that the case has are sooner found from the case


class Matches(Lines):
    """Lines that match triple patterns."""

    def _cost(self, step: Step) -> int:
        """Return how much work a step may make: its place in the order of joins."""
        if not isinstance(step, Match):
            return 5
        if self._is_known(step.subject):
            return 0 if self._is_known(step.object) else 1
        if self._is_known(step.object):
            return self._cost_of_subjects(step)
        if self._is_listed(step.object):
            return 3
        return FREE + (not isinstance(step.verb, Link))

    def _cost_of_subjects(self, step: Match) -> int:
        """Return how much work it may be to go through the subjects of a known object."""
        if step.object == Variable(THIS):
            return 4  # all that the patient has
        if not isinstance(step.verb, Link):
            return 2
        if self.unit.in_guideline(step.verb.predicate, step.object):
            return 2 if self.unit.width(step.verb.predicate, step.object) <= FEW else 6
        return 3 if step.verb.predicate == TYPE.value else 2

    def _match(self, step: Match) -> None:
        subject, verb, obj = step
        if isinstance(obj, Variable) and self._is_listed(obj) and not self._is_known(subject):
            self.loop(f"for {self._target(obj)} in {self._allowed[obj.name]!r}")
        if isinstance(verb, Variable):
            self._match_any(subject, verb, obj)
        elif isinstance(verb, Link):
            self._match_either(subject, (verb.predicate,), obj)
        elif isinstance(verb, Either):
            self._match_either(subject, verb.predicates, obj)
        else:
            self._reach(subject, verb, obj)

    def _match_either(self, subject: Side, predicates: Sequence[str], obj: Side) -> None:
        """Match a pattern that has one of some predicates."""
        allowed = self._allowed.get(obj.name) if isinstance(obj, Variable) else None
        indexes = [index for predicate in predicates for index in self.unit.indexes(predicate, obj, allowed)]
        if len(indexes) == 1:
            self._look_up(subject, indexes[0], obj)
            return
        p, q = self.unit.fresh("x"), self.unit.fresh("x")
        self.loop(f"for {p}, {q} in {as_tuple(f'({one}, {other})' for one, other in indexes)}")
        self._look_up(subject, (p, q), obj)

    def _look_up(self, subject: Side, index: tuple[str, str], obj: Side) -> None:
        """Match a pattern in the indexes by subject and by object that the two names stand for."""
        objects, subjects = index
        if subject == obj or self._is_doubtful(subject) or self._is_doubtful(obj):
            pair = self.unit.fresh("t")
            self.loop(f"for {pair} in matching({objects}, {subjects}, {self._given(subject)}, {self._given(obj)})")
            self._take(subject, f"{pair}[0]")
            self._take(obj, f"{pair}[1]")
        elif self._is_known(subject) and self._is_known(obj):
            self.require(f"{self._given(obj)} in {objects}.get({self._given(subject)}, ())")
        elif self._is_known(subject):
            self._each(obj, f"{objects}.get({self._given(subject)}, ())")
        elif self._is_known(obj):
            self._each(subject, f"{subjects}.get({self._given(obj)}, ())")
        else:
            found = self.unit.fresh("t")
            self.loop(f"for {self._target(subject)}, {found} in {objects}.items()")
            self.loop(f"for {self._target(obj)} in {found}")

    def _each(self, side: Side, found: str) -> None:
        """Go through what was found for a side; where nobody asks for it, one is as good as many."""
        if isinstance(side, Variable) and not self._is_needed(side.name):
            self.require(found)
        else:
            self.loop(f"for {self._target(side)} in {found}")

    def _match_any(self, subject: Side, verb: Variable, obj: Side) -> None:
        """Match a pattern whose predicate is a variable."""
        if self._is_doubtful(verb):
            raise ReleaseError(f"?{verb.name}, which may be unbound, stands for a predicate: this is not supported.")
        if not self._is_known(verb):
            names = self._allowed.get(verb.name)
            self.loop(f"for {self._target(verb)} in {names or 'predicates(facts, guideline)'}")
        source, p, q = self.unit.fresh("x"), self.unit.fresh("x"), self.unit.fresh("x")
        self.loop(f"for {source} in (facts, guideline)")
        for name, side in ((p, "objects"), (q, "subjects")):
            self.write(f"{name} = {source}.{side}.get({self.place(verb.name)}, NOTHING)")
        self._look_up(subject, (p, q), obj)

    def _reach(self, subject: Side, path: Repeated, obj: Side) -> None:
        objects, subjects = self.unit.index(path.predicate, obj)
        start, index, end = (subject, objects, obj) if self._is_known(subject) else (obj, subjects, subject)
        if not self._is_known(start):
            raise ReleaseError("A path with ?, * or + must have one end that is bound: add a pattern that binds it.")
        walked = f"reached({index}, {self._given(start)}, least={path.least}, most={path.most})"
        if self._is_known(end):
            self.require(f"{self._given(end)} in {walked}")
            return
        found = self.unit.fresh("t")
        self.loop(f"for {found} in {walked}")
        self._take(end, found)
