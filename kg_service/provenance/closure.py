"""All that follows from asserted triples by the rules, with the reason of each: forward chaining, each triple once."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from pyoxigraph import Literal, NamedNode

from kg_service.provenance.rules import Fact, Pattern, Rule, rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg_service.knowledge.labels import Term

Bindings: TypeAlias = dict[str, "Term"]

Entries: TypeAlias = dict["Term | None", list[tuple[Rule, int]]]
"""The premises of all rules, as rule and place, by their predicate (None: a variable)."""


class Reason(NamedTuple):
    """Why a triple holds: the rule that gave it first, and what the rule was applied to."""

    rule: str
    premises: tuple[Fact, ...]


class Closure:
    """The asserted triples and what follows; `reasons` holds a reason for each triple that follows.

    A premise is always known before what follows from it, so that reasons lead down to asserted triples and never
    round in a circle.
    """

    def __init__(self, asserted: Iterable[Fact], entries: Entries | None = None) -> None:
        """Chain over `asserted`; `entries` are those of a closure of more than that, which spares making them again."""
        self.asserted = tuple(dict.fromkeys(asserted))
        self.entries = _entries(rules(self.asserted)) if entries is None else entries
        self.reasons: dict[Fact, Reason] = {}
        self._known: set[Fact] = set()
        self._index: defaultdict[tuple[Term | None, ...], list[Fact]] = defaultdict(list)
        self._chain()

    def __contains__(self, fact: Fact) -> bool:
        """Tell whether a triple is asserted or follows."""
        return fact in self._known

    def _chain(self) -> None:
        pending = deque(self.asserted)
        seen = set(self.asserted)
        while pending:
            fact = pending.popleft()
            self._add(fact)
            for follows, reason in self._consequences(fact):
                if follows not in seen:
                    seen.add(follows)
                    self.reasons[follows] = reason
                    pending.append(follows)

    def _add(self, fact: Fact) -> None:
        subject, predicate, obj = fact
        self._known.add(fact)
        for key in ((subject, predicate, None), (None, predicate, obj), (None, predicate, None)):
            self._index[key].append(fact)

    def _consequences(self, fact: Fact) -> Iterator[tuple[Fact, Reason]]:
        """Yield what follows from a triple together with those added before it."""
        for rule, place in (*self.entries.get(fact[1], ()), *self.entries.get(None, ())):
            bound = _match(rule.premises[place], fact, {})
            if bound is None:
                continue
            for found in self._join(rule.premises[:place] + rule.premises[place + 1 :], bound):
                subject, predicate, obj = _filled(rule.conclusion, found)
                if not isinstance(subject, Literal) and isinstance(predicate, NamedNode):
                    premises = tuple(_filled(premise, found) for premise in rule.premises)
                    yield (subject, predicate, obj), Reason(rule.name, cast("tuple[Fact, ...]", premises))

    def _join(self, premises: tuple[Pattern, ...], bound: Bindings) -> Iterator[Bindings]:
        if not premises:
            yield bound
            return
        for fact in self._candidates(premises[0], bound):
            found = _match(premises[0], fact, bound)
            if found is not None:
                yield from self._join(premises[1:], found)

    def _candidates(self, pattern: Pattern, bound: Bindings) -> list[Fact]:
        """Return the added triples that can fit; a rule's variable predicate is bound by its first premise."""
        subject, predicate, obj = (bound.get(term) if isinstance(term, str) else term for term in pattern)
        if subject is not None:
            return self._index.get((subject, predicate, None), [])
        return self._index.get((None, predicate, obj), [])


def _entries(known: Iterable[Rule]) -> Entries:
    entries: Entries = {}
    for rule in known:
        for place, (_, predicate, _) in enumerate(rule.premises):
            entries.setdefault(None if isinstance(predicate, str) else predicate, []).append((rule, place))
    return entries


def _match(pattern: Pattern, fact: Fact, bound: Bindings) -> Bindings | None:
    """Return the bindings under which the pattern is the triple, or None."""
    found = bound
    for wanted, term in zip(pattern, fact, strict=True):
        if not isinstance(wanted, str):
            if wanted != term:
                return None
        elif wanted not in found:
            found = {**found, wanted: term}
        elif found[wanted] != term:
            return None
    return found


def _filled(pattern: Pattern, bound: Bindings) -> tuple[Term, Term, Term]:
    subject, predicate, obj = (bound[term] if isinstance(term, str) else term for term in pattern)
    return subject, predicate, obj
