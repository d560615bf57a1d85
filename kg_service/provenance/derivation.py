"""How a triple comes to hold: asserted, with statement and source, or derived, step by step, from asserted ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from kg_service.errors import InconsistencyError
from kg_service.knowledge.closure import axioms
from kg_service.knowledge.graph import is_part
from kg_service.knowledge.namespaces import CORE, DCTERMS, INFERRED, TYPE
from kg_service.provenance.closure import Closure
from kg_service.provenance.rules import FIRST, REST
from kg_service.provenance.shrink import shrunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyoxigraph import Literal, Quad, Store

    from kg_service.knowledge.labels import Term
    from kg_service.provenance.rules import Fact

PASSAGE, SOURCE = NamedNode(CORE + "Passage"), NamedNode(DCTERMS + "source")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an asserted triple stands: its graph, the statements that it is part of, and their sources.

    A triple of a patient's record has no graph; `record` says where in the input it stands.
    """

    graph: NamedNode | None = None
    statements: tuple[NamedNode, ...] = ()
    sources: tuple[NamedNode, ...] = ()
    record: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A triple, and why it holds: the rule with its premises, or, of an asserted one, its origin.

    `day` is what its object stands for, where that is a calendar index (see patients/calendar.py).
    """

    fact: Fact
    rule: str = ""
    premises: tuple[Derivation, ...] = ()
    origin: Origin = field(default_factory=Origin)
    day: Literal | None = None

    @property
    def steps(self) -> list[Derivation]:
        """The premises but for the links of lists, whose members `chain` gives."""
        return [premise for premise in self.premises if premise.fact[1] not in {FIRST, REST}]

    @property
    def chain(self) -> list[Term]:
        """The members of the list that a premise has as its object: the properties of a property chain."""
        return [premise.fact[2] for premise in self.premises if premise.fact[1] == FIRST]

    def leaves(self) -> Iterator[Derivation]:
        """Yield the asserted triples that it rests on, from left to right."""
        if not self.premises:
            yield self
        for premise in self.premises:
            yield from premise.leaves()


class Deriver:
    """Explains the triples of one closed graph."""

    def __init__(self, store: Store) -> None:
        """Explain the triples of `store`, which does not change."""
        self._store = store

    @cached_property
    def closure(self) -> Closure:
        """The asserted triples with all that follows, and why; about half a second the first time."""
        asserted = [quad for quad in self._store if quad.graph_name != INFERRED]
        return Closure(fact_of(quad) for quad in axioms(asserted))

    def __call__(self, fact: Fact) -> Derivation:
        """Return a smallest derivation: without any one of its leaves the triple would not follow from the others.

        Raises InconsistencyError for a triple that neither stands in the graph nor follows from it.
        """
        if any(quad.graph_name != INFERRED for quad in self._store.quads_for_pattern(*fact)):
            return Derivation(fact, origin=self.origin(fact))
        if fact not in self.closure:
            raise InconsistencyError("A triple of the graph follows by no rule known here: add the rule to rules.py.")
        return self._tree(fact, minimal(self.closure, fact))

    def origin(self, fact: Fact) -> Origin:
        """Return where an asserted triple stands; the first graph, where it stands in several."""
        quads = [quad for quad in self._store.quads_for_pattern(*fact) if quad.graph_name != INFERRED]
        graphs = sorted((q.graph_name for q in quads if isinstance(q.graph_name, NamedNode)), key=str)
        statements = tuple(sorted(self._statements(fact[0], set()), key=str))
        sources = {source for node in statements or fact[:1] for source in self._objects(node, SOURCE)}
        return Origin(graphs[0] if graphs else None, statements, tuple(sorted(sources, key=str)))

    def _tree(self, fact: Fact, closure: Closure) -> Derivation:
        reason = closure.reasons.get(fact)
        if reason is None:
            return Derivation(fact, origin=self.origin(fact))
        return Derivation(fact, reason.rule, tuple(self._tree(premise, closure) for premise in reason.premises))

    def _statements(self, node: Term, seen: set[Term]) -> Iterator[NamedNode]:
        """Yield the node, if it is a passage, or the passages that it is a part of."""
        seen.add(node)
        if isinstance(node, NamedNode) and any(self._store.quads_for_pattern(node, TYPE, PASSAGE)):
            yield node
        elif is_part(node):
            for quad in self._store.quads_for_pattern(None, None, node):
                if quad.subject not in seen:
                    yield from self._statements(quad.subject, seen)

    def _objects(self, node: Term, predicate: NamedNode) -> Iterator[NamedNode]:
        if isinstance(node, NamedNode):
            for quad in self._store.quads_for_pattern(node, predicate, None):
                if isinstance(quad.object, NamedNode):
                    yield quad.object


def minimal(closure: Closure, fact: Fact) -> Closure:
    """Return the closure of a smallest set of asserted triples from which `fact` follows."""

    def suffices(asserted: Sequence[Fact]) -> bool:
        return fact in Closure(asserted, closure.entries)

    return Closure(shrunk(_leaves(closure, fact), suffices), closure.entries)


def _leaves(closure: Closure, fact: Fact) -> list[Fact]:
    found: dict[Fact, None] = {}
    pending = [fact]
    while pending:
        one = pending.pop()
        reason = closure.reasons.get(one)
        if reason is None:
            found[one] = None
        else:
            pending += reversed(reason.premises)
    return list(found)


def fact_of(quad: Quad) -> Fact:
    """Return the triple of a quad as a tuple."""
    return quad.subject, quad.predicate, quad.object
