"""Writes the bodies of compiled queries: what a group of patterns is as lines of Python."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import TYPE
from kg_service.knowledge.pattern import Constraint, Group, Nested, SubSelect, TriplePattern, Union
from kg_service.validation.compiled.conditions import Conditions, refuse_aggregate
from kg_service.validation.compiled.expressions import Aggregate, Call, Constant, Exists, Expression, Variable
from kg_service.validation.compiled.invariants import with_settled
from kg_service.validation.compiled.lines import as_tuple
from kg_service.validation.compiled.matches import Matches
from kg_service.validation.compiled.paths import Inverse, Link, Path, Sequence_, read_path
from kg_service.validation.compiled.selection import Selection, assigned, read_selection
from kg_service.validation.compiled.steps import THIS, Match, Step, bound_by, is_filter, one_of, spoken_of
from kg_service.validation.compiled.variables import bound, in_scope, mentioned, named_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.knowledge.pattern import Element
    from kg_service.validation.compiled.steps import Side

DEEPEST = 12  # loops within one another; a step adds up to three


class Body(Matches):
    """A function for a group of patterns, or for a whole query."""

    def group(self, group: Group, needed: frozenset[str] | None, seen: frozenset[str] = frozenset()) -> None:
        """Write a group: its joins in a good order, each filter as soon as its variables have their last values.

        Its filters see the variables `seen` beside its own. `needed` are the variables that are asked for afterwards;
        of solutions that differ in others only, one is enough. None: all solutions count.
        """
        own = in_scope(group)
        outside = frozenset(self.known)
        self._begun, self._base, self._given_first = len(self.lines), self._depth, self._locals()
        self._settled = dict[Call, Variable]()
        filters = [one for element in group.elements for one in self._filters(element)]
        self._allowed = {**self._allowed, **dict(filter(None, map(one_of, filters)))}
        steps = [step for one in group.elements if not is_filter(one) for step in self._steps(one)]
        visible = outside if self._sees_all else frozenset({THIS})
        while True:
            sure = {name for name, is_sure in self.known.items() if is_sure}
            self._visible = own | visible | seen
            for condition in [one for one in filters if not (named_in(one) & bound_by(steps)) - sure]:
                filters.remove(condition)
                self.require(self._conditions().true(condition))
            if not steps:
                self._visible = own | visible
                return
            filters = [with_settled(one, sure & self._visible, self._settle) for one in filters]
            self._visible = own | visible
            if self._depth - self._base > DEEPEST:
                self._spill()
            step = self._best(steps)
            steps.remove(step)
            later = frozenset().union(*map(spoken_of, steps), *map(named_in, filters))
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
        if not isinstance(element, Constraint) or not is_filter(element):
            return ()
        found = self.unit.names.expression(element.parts)
        return found.args if isinstance(found, Call) and found.name == "&&" else (found,)

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
        found.write(f"yield {as_tuple(map(found.place, shown))}")
        found.close()
        found.write("if not found:")
        found.write(f"    yield {as_tuple(before.values())}")
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
            inner.write(f"yield {as_tuple(yielded)}")
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
        self.unit.functions.append([f"{name} = once({name}_rows)"])
        row = self.unit.fresh("t")
        self.loop(f"for {row} in {name}()")
        for number, (shown, of) in enumerate(selection.items):
            self._take_perhaps(
                shown, f"{row}[{number}]", sure=isinstance(of, Variable) and inner.known.get(of.name, False)
            )

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
        self.loop(f"for {as_tuple(map(self._anew, shown)) if shown else '_'} in {call}")

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
        is_own = name[0] == "/" or name in {*self._visible, THIS}
        return self.place(name) if name in self.known and is_own else "None"

    def _settle(self, of: Call) -> Variable:
        """Write that a calculation is done here, once, and return the variable that has its value."""
        if of not in self._settled:
            found = self._settled[of] = Variable(self.unit.fresh("/"))
            self.write(f"{self._target(found)} = {self._conditions().value(of)}")
        return self._settled[of]

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
        self.write(f"{'    ' * bool(unsure)}yield {as_tuple(made)}")

    def select(self, selection: Selection, where: Group, *, counted: bool = False) -> None:
        """Write a query: its WHERE, and a row for each solution or group of solutions.

        Where rows are not `counted`, each is given once at least.
        """
        if selection.grouped is None:
            needed = None if counted else frozenset().union(*(named_in(of) for _, of in selection.items))
            self.group(where, needed)
            self._visible = frozenset(self.known)
            row = as_tuple(self._conditions().value(of) for _, of in selection.items)
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
        row = as_tuple("TRUE" if one.of is None else plain.value(one.of) for one in aggregates)
        key = as_tuple(self._given(Variable(name)) for name in keys)
        self.write(f"groups.setdefault({key}, []).append({row})")
        self.close()
        self.loop("for key, rows in groups.items()")
        for number, name in enumerate(keys):
            if name == THIS:
                continue  # it has its value from outside
            self.write(f"{self.place(name)} = key[{number}]")
        for number, one in enumerate(aggregates):
            self.write(f"a{number} = {_worked_out(one, f'[row[{number}] for row in rows]')}")
        self.write(f"yield {as_tuple(shown)}")


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
