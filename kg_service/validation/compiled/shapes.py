"""SHACL shapes compiled: for each focus node of a case, what a shape reports.

Supported are the features that the shapes of this project use, and their nearest kin; any other is refused by its name
when the shapes are read, never passed over (https://www.w3.org/TR/shacl/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Store

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import RDF, RDFS, SH, TYPE
from kg_service.knowledge.shacl import Result
from kg_service.validation.compiled import operators, values
from kg_service.validation.compiled.codegen import compile_select
from kg_service.validation.compiled.expressions import Names
from kg_service.validation.compiled.facts import NOTHING, reached
from kg_service.validation.compiled.values import Value, term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kg_service.validation.compiled.facts import Facts
    from kg_service.validation.compiled.values import Found, Term

Node: TypeAlias = "NamedNode | BlankNode"
Check: TypeAlias = "Callable[[Facts, Term], Iterator[Result]]"
"""Yields what is to be reported of a focus node."""

TARGETS = frozenset({"targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"})
COUNTS = {"minCount": operators.at_least, "maxCount": operators.at_most}
BOUNDS = {
    "minExclusive": operators.greater, "minInclusive": operators.at_least,
    "maxExclusive": operators.less, "maxInclusive": operators.at_most,
}  # fmt: skip
CONSTRAINTS = frozenset({*COUNTS, *BOUNDS, "property", "sparql"})
ABOUT = frozenset({
    "path", "severity", "message", "deactivated", "name", "description", "order", "group", "rule", "prefixes",
})  # fmt: skip
"""What says something of a shape without being a constraint; rules are run before, as derivations."""
ELSEWHERE = ("target", "parameter", "entailment", "shapesGraph", "suggestedShapesGraph")
"""What makes shapes or constraints, or changes what they see, from a node that need not have a target."""
NOT_BOUND = re.compile(r"[?$](?:currentShape|shapesGraph|failure)\b")
OF_SPARQL = frozenset({"select", "message", "prefixes", "deactivated"})
PLACEHOLDER = re.compile(r"\{[?$](\w+)\}")
CLASSES = frozenset({RDFS + "Class", "http://www.w3.org/2002/07/owl#Class"})
SUBCLASS_OF = RDFS + "subClassOf"


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape with targets: the focus nodes it has in a case, and the checks on each.

    `classes` are those of which it needs an instance, where its targets are classes alone and data declare none.
    """

    iri: str
    classes: frozenset[str]
    targets: tuple[Callable[[Facts], Iterable[Term]], ...]
    checks: tuple[Check, ...]

    def results(self, facts: Facts) -> Iterator[Result]:
        """Yield what the shape reports of a case."""
        instances = facts.subjects.get(TYPE.value, NOTHING)
        if self.classes and SUBCLASS_OF not in facts.objects and self.classes.isdisjoint(instances):
            return
        for focus in dict.fromkeys(chain.from_iterable(target(facts) for target in self.targets)):
            for check in self.checks:
                yield from check(facts, focus)


def read_shapes(store: Store, guideline: Facts) -> list[Shape]:
    """Return the shapes of a graph that have targets, compiled for cases beside `guideline`.

    Raises ReleaseError, with the shape and the feature, for what is not supported.
    """
    reader = _Reader(store, guideline)
    reader.refuse(ELSEWHERE)
    named = {quad.subject for name in TARGETS for quad in store.quads_for_pattern(None, NamedNode(SH + name), None)}
    classes = {
        quad.subject
        for kind in CLASSES
        for quad in store.quads_for_pattern(None, TYPE, NamedNode(kind))
        if any(
            store.quads_for_pattern(quad.subject, TYPE, NamedNode(SH + one)) for one in ("NodeShape", "PropertyShape")
        )
    }
    nodes = (node for node in named | classes if isinstance(node, NamedNode | BlankNode))
    return [shape for node in sorted(nodes, key=str) if (shape := reader.shape(node)).checks]


class _Reader:
    """Reads the shapes of one graph."""

    def __init__(self, store: Store, guideline: Facts) -> None:
        self._store = store
        self._guideline = guideline
        self._names: dict[frozenset[Node], Names] = {}

    def refuse(self, features: Iterable[str]) -> None:
        """Refuse a graph that has one of some properties anywhere."""
        for name in features:
            for quad in self._store.quads_for_pattern(None, NamedNode(SH + name), None):
                raise self._refused(quad.subject, f"sh:{name}")

    def shape(self, node: Node) -> Shape:
        needed = {one for given in self._objects(node, "targetClass") for one in self._narrower(str(term(given)))}
        others = any(self._objects(node, name) for name in TARGETS - {"targetClass"}) or self._is_class(node)
        return Shape(
            iri=str(term(node)),
            classes=frozenset() if others else frozenset(needed),
            targets=tuple(self._targets(node)),
            checks=tuple(self._checks(node)),
        )

    # Targets

    def _targets(self, node: Node) -> Iterator[Callable[[Facts], Iterable[Term]]]:
        for given in self._objects(node, "targetClass"):
            yield self._instances(str(term(given)))
        for given in self._objects(node, "targetNode"):
            yield _fixed(term(given))
        for given in self._objects(node, "targetSubjectsOf"):
            yield _subjects_of(str(term(given)))
        for given in self._objects(node, "targetObjectsOf"):
            yield _objects_of(str(term(given)))
        if self._is_class(node):
            yield self._instances(str(term(node)))

    def _is_class(self, node: Node) -> bool:
        return not CLASSES.isdisjoint(
            str(term(quad.object)) for quad in self._store.quads_for_pattern(node, TYPE, None)
        )

    def _narrower(self, cls: str) -> list[str]:
        """Return a class and its subclasses in the guideline."""
        return [
            str(one) for one in reached(self._guideline.subjects.get(SUBCLASS_OF, NOTHING), cls, least=0, most=None)
        ]

    def _instances(self, cls: str) -> Callable[[Facts], Iterable[Term]]:
        """Return what finds the instances of a class and of its subclasses, those of the guideline or of the data."""
        known = self._narrower(cls)

        def found(facts: Facts) -> Iterable[Term]:
            instances = facts.subjects.get(TYPE.value, NOTHING)
            narrower = facts.subjects.get(SUBCLASS_OF, NOTHING)
            classes = reached(self._beside_guideline(narrower), cls, least=0, most=None) if narrower else known
            return chain.from_iterable(instances.get(one, ()) for one in classes)

        return found

    def _beside_guideline(self, narrower: Mapping[Term, list[Term]]) -> Mapping[Term, list[Term]]:
        known = self._guideline.subjects.get(SUBCLASS_OF, NOTHING)
        return {cls: [*known.get(cls, ()), *narrower.get(cls, ())] for cls in known.keys() | narrower.keys()}

    # Constraints

    def _checks(self, node: Node) -> Iterator[Check]:
        """Yield the checks of a shape; those of a property shape look at what its path leads to."""
        self._refuse_others(node, TARGETS | CONSTRAINTS | ABOUT)
        if self._flag(node, "deactivated"):
            return
        path = next(iter(self._objects(node, "path")), None)
        walk, shown = self._path(path) if path else (_itself, "")
        for name, holds in COUNTS.items():
            for limit in self._objects(node, name):
                yield self._count(node, name, holds, term(limit), walk, shown)
        for name, holds in BOUNDS.items():
            for limit in self._objects(node, name):
                yield self._bound(node, name, holds, term(limit), walk, shown)
        for constraint in self._objects(node, "sparql"):
            yield from self._sparql(node, constraint, shown)
        for inner in self._objects(node, "property"):
            if path:
                raise self._refused(node, "sh:property within a property shape")
            yield from self._checks(inner)

    def _count(self, node: Node, name: str, holds: Compare, limit: Term, walk: Walk, path: str) -> Check:
        severity, message = self._severity(node), self._message(node, f"{name} {_text(limit)}")
        kind = f"{SH}{name[:1].upper()}{name[1:]}ConstraintComponent"
        shape = str(term(node))

        def check(facts: Facts, focus: Term) -> Iterator[Result]:
            if not holds(values.number(len(walk(facts, focus))), limit):
                yield Result(shape, _text(focus), "", path, message, severity, kind)

        return check

    def _bound(self, node: Node, name: str, holds: Compare, limit: Term, walk: Walk, path: str) -> Check:
        severity, message = self._severity(node), self._message(node, f"{name} {_text(limit)}")
        kind = f"{SH}{name[:1].upper()}{name[1:]}ConstraintComponent"
        shape = str(term(node))

        def check(facts: Facts, focus: Term) -> Iterator[Result]:
            for value in walk(facts, focus):
                if not holds(value, limit):
                    yield Result(shape, _text(focus), _text(value), path, message, severity, kind)

        return check

    def _sparql(self, node: Node, constraint: Node, path: str) -> Iterator[Check]:
        self._refuse_others(constraint, OF_SPARQL)
        if self._flag(constraint, "deactivated"):
            return
        shape, severity = str(term(node)), self._severity(node)
        written = self._literals(constraint, "message") or self._literals(node, "message")
        select = self._literals(constraint, "select")
        if len(select) != 1:
            raise self._refused(constraint, "anything but one sh:select in sh:sparql")
        if path and "$PATH" in select[0]:
            raise self._refused(node, "$PATH in a query")
        if match := NOT_BOUND.search(select[0]):
            raise self._refused(node, f"{match[0]} in a query")
        try:
            run, columns = compile_select(select[0], self._names_of(constraint), self._guideline)
        except ReleaseError as error:
            raise ReleaseError(f"shapes/: a query of {shape} cannot be compiled. {error}") from error

        def check(facts: Facts, focus: Term) -> Iterator[Result]:
            for row in run(facts, focus):
                found = dict(zip(columns, row, strict=True))
                told = written or [_shown(found.get("message"))]
                yield Result(
                    shape=shape,
                    focus=_text(found.get("this") or focus),
                    value=_text(found.get("value") or ("" if path else focus)),
                    path=_text(found.get("path") or path),
                    message="; ".join(sorted({_filled(one, {"this": focus, **found}) for one in told if one})),
                    severity=severity,
                    component=f"{SH}SPARQLConstraintComponent",
                )

        yield check

    # What the graph says

    def _path(self, path: Node) -> tuple[Walk, str]:
        """Return what walks a SHACL path, and how a report shows it: a predicate, or the kind of an expression."""
        if isinstance(path, NamedNode):
            predicate = path.value
            return (lambda facts, focus: facts.objects.get(predicate, NOTHING).get(focus, [])), predicate
        if either := self._objects(path, "alternativePath"):
            walks = [self._path(one)[0] for one in self._list(either[0])]
            return (lambda facts, focus: _once(one for walk in walks for one in walk(facts, focus))), "alternativePath"
        if inverse := self._objects(path, "inversePath"):
            if not isinstance(inverse[0], NamedNode):
                raise self._refused(path, "sh:inversePath of a path expression")
            name = inverse[0].value
            return (lambda facts, focus: facts.subjects.get(name, NOTHING).get(focus, [])), "inversePath"
        raise self._refused(path, "this kind of sh:path (a predicate, alternative or inverse path is)")

    def _list(self, head: Node) -> Iterator[Node]:
        while head != NamedNode(RDF + "nil"):
            (first,) = self._nodes(head, RDF + "first")
            (head,) = self._nodes(head, RDF + "rest")
            yield first

    def _names_of(self, constraint: Node) -> Names:
        """Return the prefixes that a constraint declares."""
        declared = frozenset(self._objects(constraint, "prefixes"))
        if declared not in self._names:
            nodes = [node for one in declared for node in self._objects(one, "declare")]
            self._names[declared] = Names(
                {self._literals(node, "prefix")[0]: self._literals(node, "namespace")[0] for node in nodes}
            )
        return self._names[declared]

    def _severity(self, node: Node) -> str:
        given = self._objects(node, "severity")
        return str(term(given[0])).rpartition("#")[2].lower() if given else "violation"

    def _message(self, node: Node, default: str) -> str:
        return "; ".join(sorted(self._literals(node, "message"))) or f"The limit is {default}."

    def _flag(self, node: Node, name: str) -> bool:
        return "true" in self._literals(node, name)

    def _refuse_others(self, node: Node, known: frozenset[str]) -> None:
        said = sorted(quad.predicate.value for quad in self._store.quads_for_pattern(node, None, None))
        for name in (iri.removeprefix(SH) for iri in said if iri.startswith(SH)):
            if name not in known:
                raise self._refused(node, f"sh:{name}")

    @staticmethod
    def _refused(node: object, feature: str) -> ReleaseError:
        return ReleaseError(f"shapes/: {feature}, at {term(node)}, is not supported. Write the shape without it.")

    def _objects(self, node: Node, name: str) -> list[Node]:
        return self._nodes(node, SH + name)

    def _nodes(self, node: Node, predicate: str) -> list[Node]:
        found = [quad.object for quad in self._store.quads_for_pattern(node, NamedNode(predicate), None)]
        return sorted(found, key=str)  # type: ignore[arg-type]

    def _literals(self, node: Node, name: str) -> list[str]:
        found = [quad.object for quad in self._store.quads_for_pattern(node, NamedNode(SH + name), None)]
        return [one.value for one in sorted(found, key=str) if isinstance(one, Literal)]


Walk: TypeAlias = "Callable[[Facts, Term], Sequence[Term]]"
Compare: TypeAlias = "Callable[[Found, Found], bool | None]"


def _fixed(node: Term) -> Callable[[Facts], Iterable[Term]]:
    return lambda _: (node,)


def _subjects_of(predicate: str) -> Callable[[Facts], Iterable[Term]]:
    return lambda facts: facts.objects.get(predicate, NOTHING)


def _objects_of(predicate: str) -> Callable[[Facts], Iterable[Term]]:
    return lambda facts: facts.subjects.get(predicate, NOTHING)


def _itself(_: Facts, focus: Term) -> Sequence[Term]:
    return (focus,)


def _once(terms: Iterable[Term]) -> Sequence[Term]:
    return list(dict.fromkeys(terms))


def _text(of: Term) -> str:
    return of.lexical if isinstance(of, Value) else of


def _shown(of: Found) -> str:
    return "" if of is None else _text(of)


def _filled(message: str, found: Mapping[str, Found]) -> str:
    """Put the values of a solution into a message; what has none stays as it is written."""

    def value(match: re.Match[str]) -> str:
        given = found.get(match[1])
        return match[0] if given is None else _text(given)

    return PLACEHOLDER.sub(value, message)
