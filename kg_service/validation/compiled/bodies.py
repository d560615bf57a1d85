"""Writes the bodies of compiled queries: what a group of patterns is as lines of Python."""

from __future__ import annotations

from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import TYPE
from kg_service.knowledge.pattern import Constraint, Group, Nested, SubSelect, TriplePattern, Union
from kg_service.validation.compiled import facts, values
from kg_service.validation.compiled.conditions import Conditions, refuse_aggregate
from kg_service.validation.compiled.expressions import Aggregate, Call, Constant, Exists, Expression, Names, Variable
from kg_service.validation.compiled.matching import matching, predicates
from kg_service.validation.compiled.paths import Either, Inverse, Link, Path, Repeated, Sequence_, read_path
from kg_service.validation.compiled.selection import Selection, assigned, read_selection
from kg_service.validation.compiled.values import Value
from kg_service.validation.compiled.variables import bound, in_scope, mentioned, named_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg_service.knowledge.pattern import Element
    from kg_service.validation.compiled.facts import Facts
    from kg_service.validation.compiled.values import Term

THIS = "this"
Side: TypeAlias = "Variable | Constant"
DEEPEST = 12  # loops within one another; a step adds up to three
FREE = 9  # the cost of a pattern of which neither end is known


class Match(NamedTuple):
    """A triple pattern whose path has one step."""

    subject: Side
    verb: Variable | Link | Either | Repeated
    object: Side


Step: TypeAlias = "Match | Constraint | Nested | Union | SubSelect"


class Unit:
    """What all bodies of one query share: constants, the indexes they look things up in, functions within."""

    def __init__(self, names: Names, guideline: Facts) -> None:
        """Look the predicates of `guideline` up there, all others in the case."""
        self.names = names
        self.guideline = guideline
        self.constants: dict[str, Any] = {
            "NOTHING": facts.NOTHING, "ONCE": (None,), "UNBOUND": (None,), "cache": cache,
            "reached": facts.reached, "matching": matching, "predicates": predicates, "guideline": guideline,
            **{name: getattr(values, name) for name in (
                "TRUE", "FALSE", "truth", "same", "less", "greater", "at_most", "at_least", "added", "subtracted",
                "multiplied", "divided", "shown", "iri", "concatenated", "coalesced", "number", "total", "least",
                "most",
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


class Body:
    """The lines of one function, written from the outside of its loops to the inside.

    `known` are the variables with a value: surely (True) or perhaps. `sees_all` says that every known variable is
    visible in every scope, as within EXISTS; `at_end` is the statement that gives up where there is no loop.
    """

    def __init__(self, unit: Unit, known: Mapping[str, bool], *, at_end: str, sees_all: bool = False) -> None:
        """Begin a function to which the `known` variables are given."""
        self.unit = unit
        self.known = {THIS: True, **known}
        self.lines: list[str] = []
        self._depth = 0
        self._at_end = at_end
        self._sees_all = sees_all
        self._visible: frozenset[str] = frozenset()
        self._needed: frozenset[str] | None = None
        self._allowed: Mapping[str, tuple[str, ...]] = {}  # the names that a variable may be
        self._local: dict[str, str] = {}  # what variables are called that have got another value
        self._begun, self._base, self._given_first = 0, 0, self._locals()

    # Lines

    def write(self, line: str) -> None:
        """Add a line within the loops that are open."""
        self.lines.append("    " * self._depth + line)

    def loop(self, head: str) -> None:
        """Open a loop."""
        self.write(f"{head}:")
        self._depth += 1

    def require(self, condition: str) -> None:
        """Go on only where a condition holds."""
        self.write(f"if not {condition}:")
        self.write(f"    {'continue' if self._depth else self._at_end}")

    def close(self) -> None:
        """Leave all loops."""
        self._depth = 0

    def _spill(self) -> None:
        """Make what is written of a group so far a function of its own: Python nests no more than 20 loops."""
        names = self._locals()
        self.write(f"yield {_tuple(names)}")
        lines = [line[4 * self._base :] for line in self.lines[self._begun :]]
        self.lines[self._begun :] = []
        self._depth = self._base
        name = self.unit.fresh("g")
        params = ", ".join(self._given_first)
        self.unit.functions.append(
            [f"def {name}({params}):", "    for _ in ONCE:", *(f"        {one}" for one in lines)]
        )
        self.loop(f"for {_tuple(names)} in {name}({params})")

    # Names

    def place(self, name: str) -> str:
        """Write where the value of a variable is."""
        own = f"s_{name[1:]}" if name[0] == "/" else f"v_{name}"  # between the steps of a path no query has a name
        return self._local.get(name, own)

    def restart(self, allowed: Mapping[str, tuple[str, ...]]) -> None:
        """Begin with the values that were given, and what is known of them."""
        self._local, self._allowed = {}, allowed

    def _anew(self, name: str) -> str:
        """Write where another value of a variable goes: what it had is needed at the next turn of a loop."""
        if name in self.known:
            self._local[name] = self.unit.fresh("w")
        return self.place(name)

    def _locals(self) -> tuple[str, ...]:
        return tuple(self.place(name) for name in self.known if name != THIS)

    # Groups

    def group(self, group: Group, needed: frozenset[str] | None, seen: frozenset[str] = frozenset()) -> None:
        """Write a group: its joins in a good order, each filter as soon as its variables have their last values.

        Its filters see the variables `seen` beside its own. `needed` are the variables that are asked for afterwards;
        of solutions that differ in others only, one is enough. None: all solutions count.
        """
        own = in_scope(group)
        outside = frozenset(self.known)
        self._begun, self._base, self._given_first = len(self.lines), self._depth, self._locals()
        filters = [one for element in group.elements for one in self._filters(element)]
        self._allowed = {**self._allowed, **dict(filter(None, map(_one_of, filters)))}
        steps = [step for one in group.elements if not _is_filter(one) for step in self._steps(one)]
        visible = outside if self._sees_all else frozenset({THIS})
        while True:
            sure = {name for name, is_sure in self.known.items() if is_sure}
            for condition in [one for one in filters if not (named_in(one) & _bound_by(steps)) - sure]:
                filters.remove(condition)
                self._visible = own | visible | seen
                self.require(self._conditions().true(condition))
            self._visible = own | visible
            if not steps:
                return
            if self._depth - self._base > DEEPEST:
                self._spill()
            step = self._best(steps)
            steps.remove(step)
            later = frozenset().union(*map(_spoken_of, steps), *map(named_in, filters))
            self._needed = None if needed is None else needed | later
            self._step(step)

    def _step(self, step: Step) -> None:
        if isinstance(step, Match):
            self._match(step)
        elif isinstance(step, Constraint):
            self._bind(step)
        elif isinstance(step, Nested):
            self._optional(step)
        elif isinstance(step, Union):
            self._union(step)
        else:
            self._sub_select(step)

    def _filters(self, element: Element) -> Sequence[Expression]:
        """Return the conditions of a FILTER, one by one where they are joined by &&."""
        if not isinstance(element, Constraint) or not _is_filter(element):
            return ()
        found = self.unit.names.expression(element.parts)
        return found.args if isinstance(found, Call) and found.name == "&&" else (found,)

    def _is_needed(self, name: str) -> bool:
        return self._needed is None or name in self._needed

    def _steps(self, element: Element) -> Iterator[Step]:
        """Yield what an element has to be done for: a pattern with a path of several steps is several matches."""
        if not isinstance(element, TriplePattern):
            if isinstance(element, Nested) and element.word != "OPTIONAL":
                raise ReleaseError(f"{element.word} in a rule is not supported: write FILTER NOT EXISTS, if it can be.")
            if isinstance(element, Constraint) and element.word != "BIND":
                raise ReleaseError("VALUES in a rule is not supported, nor is it in SHACL: write FILTER (… IN …).")
            yield element
            return
        names = self.unit.names
        subject, obj = names.term(element.subject), names.term(element.object)
        verb = names.term(element.verb) if element.verb[0] in "?$" else read_path(element.verb, names)
        if isinstance(verb, Constant):
            verb = Link(str(verb.term))
        yield from self._walk(subject, verb, obj)

    def _walk(self, subject: Side, path: Path | Variable, obj: Side) -> Iterator[Match]:
        if isinstance(path, Inverse):
            yield from self._walk(obj, path.path, subject)
        elif isinstance(path, Sequence_):
            ends = [subject, *(Variable(self.unit.fresh("/")) for _ in path.paths[1:]), obj]
            for number, step in enumerate(path.paths):
                yield from self._walk(ends[number], step, ends[number + 1])
        else:
            yield Match(subject, path, obj)

    def _best(self, steps: Sequence[Step]) -> Step:
        """Return what to do next: the cheapest of the joins before the first OPTIONAL or BIND, whose place matters."""
        joins = list(takewhile(lambda step: not isinstance(step, Nested | Constraint), steps))
        return min(joins, key=self._cost) if joins else steps[0]

    def _cost(self, step: Step) -> int:
        if not isinstance(step, Match):
            return 5
        subject, obj = self._is_known(step.subject), self._is_known(step.object)
        if subject and obj:
            return 0
        if subject:
            return 1
        if obj:
            is_type = isinstance(step.verb, Link) and step.verb.predicate == TYPE.value
            return 4 if isinstance(step.object, Variable) else 3 if is_type else 2
        if self._is_listed(step.object):
            return 3
        return FREE + (not isinstance(step.verb, Link))

    def _is_known(self, side: Side) -> bool:
        return isinstance(side, Constant) or self.known.get(side.name, False)

    # Triple patterns

    def _is_listed(self, side: Side) -> bool:
        """Tell whether a side has no value yet, but a condition says which few it may have."""
        return isinstance(side, Variable) and side.name not in self.known and side.name in self._allowed

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
        self.loop(f"for {p}, {q} in {_tuple(f'({one}, {other})' for one, other in indexes)}")
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

    def _is_doubtful(self, side: Side) -> bool:
        return isinstance(side, Variable) and self.known.get(side.name) is False

    def _given(self, side: Side) -> str:
        """Write what is known of a side: a term, or None."""
        if isinstance(side, Constant):
            return self.unit.constant(side.term)
        return self.place(side.name) if side.name in self.known else "None"

    def _target(self, side: Side) -> str:
        """Write where the value of a side goes, that has none yet."""
        assert isinstance(side, Variable)  # noqa: S101 - narrows the type: constants are known
        self.known[side.name] = True
        return self.place(side.name)

    def _take(self, side: Side, found: str) -> None:
        """Give a side the value that was found, or, if it has one, hold it to that."""
        if self._is_known(side):
            self.require(f"{self._given(side)} == {found}")
        elif isinstance(side, Variable) and self._is_doubtful(side):
            given = self._given(side)
            self.require(f"({given} is None or {given} == {found})")
            self.write(f"{self._anew(side.name)} = {found}")
            self.known[side.name] = True
        else:
            self.write(f"{self._target(side)} = {found}")

    # What stands in braces

    def _optional(self, element: Nested) -> None:
        shown = self._unsure(in_scope(element.group))
        if not any(map(self._is_needed, shown)) and self._needed is not None:
            return  # it takes no solution away
        steps = [
            step
            for one in element.group.elements
            for step in ([one] if isinstance(one, Constraint) else self._steps(one))
        ]
        if len(steps) == 1 and isinstance(match := steps[0], Match) and isinstance(match.verb, Link):
            obj = match.object
            if self._is_known(match.subject) and isinstance(obj, Variable) and obj.name not in self.known:
                objects, _ = self.unit.index(match.verb.predicate, obj)
                self.loop(f"for {self.place(obj.name)} in {objects}.get({self._given(match.subject)}) or UNBOUND")
                self.known[obj.name] = False
                return
        self._refuse_perhaps(element.group)
        found = self._inner(element.group, at_end="continue")
        shown = [name for name in shown if self._is_needed(name)]
        before = {name: f"v_{name}" if name in self.known else "None" for name in shown}
        found.write("found = False")
        found.loop("for _ in ONCE")
        found.group(element.group, self._asked(shown), self._visible)
        found.write("found = True")
        found.write(f"yield {_tuple(map(found.place, shown))}")
        found.close()
        found.write("if not found:")
        found.write(f"    yield {_tuple(before.values())}")
        self._call(found, "o", element.group, shown)
        self.known.update(dict.fromkeys((name for name in shown), False))

    def _union(self, element: Union) -> None:
        inner = self._inner(*element.groups, at_end="continue")
        given = dict(inner.known)
        scopes = [in_scope(group) for group in element.groups]
        shown = [name for name in self._unsure(frozenset().union(*scopes)) if self._is_needed(name)]
        sure = set(shown)
        one_is_enough = not shown and self._needed is not None
        for group, scope in zip(element.groups, scopes, strict=True):
            self._refuse_perhaps(group)
            inner.known = {name: is_sure for name, is_sure in given.items() if self._sees_all or name in {*scope, THIS}}
            inner.restart(self._allowed)
            inner.loop("for _ in ONCE")
            inner.group(group, self._asked(shown))
            yielded = (inner.place(name) if name in inner.known or name in given else "None" for name in shown)
            inner.write(f"yield {_tuple(yielded)}")
            if one_is_enough:
                inner.write("return")
            sure &= {name for name in shown if inner.known.get(name)}
            inner.close()
        self._call(inner, "u", Group((element,)), shown)
        self.known.update({name: name in sure for name in shown})

    def _sub_select(self, element: SubSelect) -> None:
        selection = read_selection(element.head, element.tail, self.unit.names)
        if THIS not in dict(selection.items):
            raise ReleaseError("A subquery does not show $this, as SHACL wants it to: add $this to its SELECT.")
        inner = Body(self.unit, {}, at_end="return")
        inner.select(selection, element.group, counted=self._needed is None)
        name = self.unit.fresh("s")
        # The rows are the same for every outer solution: worked out once, and only if asked for.
        self.unit.functions.append([f"def {name}_rows():", *(f"    {line}" for line in inner.lines)])
        self.unit.functions.append([f"{name} = cache(lambda: list({name}_rows()))"])
        row = self.unit.fresh("t")
        self.loop(f"for {row} in {name}()")
        for number, (shown, of) in enumerate(selection.items):
            self._take_perhaps(
                shown, f"{row}[{number}]", sure=isinstance(of, Variable) and inner.known.get(of.name, False)
            )

    def _take_perhaps(self, name: str, found: str, *, sure: bool) -> None:
        """Give a variable a value that may be None."""
        if name not in self.known:
            self.write(f"{self.place(name)} = {found}")
            self.known[name] = sure
        elif sure:
            self._take(Variable(name), found)
        else:
            given = self.place(name)
            self.require(f"({given} is None or {found} is None or {given} == {found})")
            if not self.known[name]:
                self.write(f"{self._anew(name)} = {found} if {given} is None else {given}")

    def _exists(self, condition: Exists) -> str:
        """Write the call of a function that tells whether a group has a solution for the values that are known."""
        inner = self._inner(condition.group, at_end="return False", sees_all=True)
        inner.group(condition.group, frozenset())
        inner.write("return True")
        if inner.lines[-1].startswith(" "):
            inner.close()
            inner.write("return False")
        return self._define(inner, "e", condition.group)

    def _asked(self, shown: Sequence[str]) -> frozenset[str] | None:
        """Return what is asked of an inner group, of whose variables some are shown."""
        return None if self._needed is None else frozenset(shown)

    def _inner(self, *groups: Group, at_end: str, sees_all: bool = False) -> Body:
        """Begin the function of groups in braces: it is given the known variables that they speak of."""
        named = frozenset[str]().union(*map(mentioned, groups))
        known = {name: sure for name, sure in self.known.items() if name in named & self._visible}
        inner = Body(self.unit, known, at_end=at_end, sees_all=sees_all or self._sees_all)
        inner._allowed = self._allowed
        return inner

    def _define(self, inner: Body, letter: str, group: Group) -> str:
        """Add a function to the unit, and return its call."""
        name = self.unit.fresh(letter)
        given = [one for one in self.known if one in mentioned(group) & self._visible and one != THIS]
        params = ", ".join(f"v_{one}" for one in given)
        self.unit.functions.append([f"def {name}({params}):", *(f"    {line}" for line in inner.lines)])
        return f"{name}({', '.join(map(self.place, given))})"

    def _refuse_perhaps(self, group: Group) -> None:
        """Refuse a group that perhaps gives a value to a variable that has one before: it would have to come first."""
        if any(isinstance(one, SubSelect) for one in group.elements):  # which stands alone
            return  # its rows are joined as they are
        if again := sorted((in_scope(group) - bound(group)) & self.known.keys() - {THIS}):
            raise ReleaseError(
                f"?{again[0]} has a value before a group that may or may not give it one: rename it there."
            )

    def _call(self, inner: Body, letter: str, group: Group, shown: Sequence[str]) -> None:
        """Loop over the solutions of an inner function, which gives values to `shown`."""
        call = self._define(inner, letter, group)
        self.loop(f"for {_tuple(map(self._anew, shown)) if shown else '_'} in {call}")

    def _unsure(self, names: frozenset[str]) -> list[str]:
        """Return those of some variables that have no sure value yet, in a stable order."""
        return sorted(name for name in names if not self.known.get(name))

    # Values and results

    def _bind(self, element: Constraint) -> None:
        name, expression = (
            assigned(str(element.parts[-1]), self.unit.names) if len(element.parts) == 1 else _refuse_bind()
        )
        value = self.unit.fresh("t")
        self.write(f"{value} = {self._conditions().value(expression)}")
        self._take_perhaps(name, value, sure=isinstance(expression, Constant))

    def _conditions(self) -> Conditions:
        return Conditions(self.unit.constant, self._variable, self._exists, refuse_aggregate)

    def _variable(self, name: str) -> str:
        return self.place(name) if name in self.known and name in {*self._visible, THIS} else "None"

    def construct(self, triple: TriplePattern) -> None:
        """Write that a solution makes a triple, if all of it is bound."""
        sides = [
            self.unit.names.term(one) if one != "a" else Constant(TYPE.value)
            for one in (triple.subject, triple.verb, triple.object)
        ]
        _, verb, obj = sides
        if isinstance(verb, Constant) and self.unit.in_guideline(str(verb.term), obj):
            raise ReleaseError(f"{triple} is looked up in the guideline alone: derive another predicate or class.")
        made = [self._given(side) for side in sides]
        unsure = [name for name, side in zip(made, sides, strict=True) if not self._is_known(side)]
        if unsure:
            self.write(f"if {' and '.join(f'{name} is not None' for name in unsure)}:")
        self.write(f"{'    ' * bool(unsure)}yield {_tuple(made)}")

    def select(self, selection: Selection, where: Group, *, counted: bool = False) -> None:
        """Write a query: its WHERE, and a row for each solution or group of solutions.

        Where rows are not `counted`, each is given once at least.
        """
        if selection.grouped is None:
            needed = None if counted else frozenset().union(*(named_in(of) for _, of in selection.items))
            self.group(where, needed)
            self._visible = frozenset(self.known)
            row = _tuple(self._conditions().value(of) for _, of in selection.items)
            if selection.distinct:
                self.lines.insert(0, "seen = set()")
                self.write(f"row = {row}")
                self.require("row not in seen")
                self.write("seen.add(row)")
                row = "row"
            self.write(f"yield {row}")
            return
        self._aggregate(selection, where)

    def _aggregate(self, selection: Selection, where: Group) -> None:
        aggregates: list[Aggregate] = []

        def hook(of: Aggregate) -> str:
            aggregates.append(of)
            return f"a{len(aggregates) - 1}"

        keys = selection.grouped or ()
        self.write("groups = {}" if keys else "groups = {(): []}")
        self.loop("for _ in ONCE")
        self.group(where, None)
        self._visible = frozenset(self.known)
        conditions = Conditions(self.unit.constant, self._variable, self._exists, hook)
        shown = [conditions.value(of) for _, of in selection.items]
        plain = self._conditions()
        row = _tuple("TRUE" if one.of is None else plain.value(one.of) for one in aggregates)
        key = _tuple(self._given(Variable(name)) for name in keys)
        self.write(f"groups.setdefault({key}, []).append({row})")
        self.close()
        self.loop("for key, rows in groups.items()")
        for number, name in enumerate(keys):
            if name == THIS:
                continue  # it has its value from outside
            self.write(f"{self.place(name)} = key[{number}]")
        for number, one in enumerate(aggregates):
            self.write(f"a{number} = {_worked_out(one, f'[row[{number}] for row in rows]')}")
        self.write(f"yield {_tuple(shown)}")


def _worked_out(of: Aggregate, column: str) -> str:
    """Write an aggregate over the values of a column."""
    distinct = f"list(dict.fromkeys({column}))" if of.distinct else column
    if of.of is None and of.distinct:
        raise ReleaseError("COUNT(DISTINCT *) is not supported: count a variable.")
    if of.name == "COUNT":
        return f"number(len([one for one in {distinct} if one is not None]))"
    return f"{ {'SUM': 'total', 'MIN': 'least', 'MAX': 'most'}[of.name] }({distinct})"


def _refuse_bind() -> tuple[str, Any]:
    raise ReleaseError("EXISTS within BIND is not supported: write it in a FILTER or an OPTIONAL.")


def _one_of(condition: Expression) -> tuple[str, tuple[str, ...]] | None:
    """Return the variable, and the names, if a condition lets a variable be only one of some names."""
    if not isinstance(condition, Call) or condition.name != "IN" or not isinstance(condition.args[0], Variable):
        return None
    names = [one.term for one in condition.args[1:] if isinstance(one, Constant) and isinstance(one.term, str)]
    return (condition.args[0].name, tuple(dict.fromkeys(names))) if len(names) == len(condition.args) - 1 else None


def _is_filter(element: Element) -> bool:
    return isinstance(element, Constraint) and element.word == "FILTER"


def _spoken_of(step: Step) -> frozenset[str]:
    """Return all variables in a step."""
    if isinstance(step, Match):
        return frozenset(side.name for side in step if isinstance(side, Variable))
    return mentioned(step)


def _bound_by(steps: Iterable[Step]) -> frozenset[str]:
    """Return the variables that may get a value in steps still to come."""
    found: set[str] = set()
    for step in steps:
        if isinstance(step, Match):
            found |= {side.name for side in step if isinstance(side, Variable)}
        else:
            found |= in_scope(step)
    return frozenset(found)


def _tuple(parts: Iterable[str]) -> str:
    joined = ", ".join(parts)
    return f"({joined},)" if joined else "()"
