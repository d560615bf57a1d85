"""The W3C SHACL test suite: what the compiled engine supports it reports as expected, and it refuses the rest by name.

https://w3c.github.io/data-shapes/data-shapes-test-suite/. The suite lies beside the project, in
`../shared/conformance/shacl`.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, Store

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import SH, TYPE
from kg_service.validation.compiled.facts import Facts
from kg_service.validation.compiled.shapes import read_shapes
from kg_service.validation.compiled.values import Value, term

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = Path(__file__).parents[3] / "shared" / "conformance" / "shacl"
SHT = "http://www.w3.org/ns/shacl-test#"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="no W3C SHACL test suite in ../shared/conformance/shacl")

SUPPORTED = frozenset(
    {
        "core/node/maxExclusive-001",
        "core/node/maxInclusive-001",
        "core/node/minExclusive-001",
        "core/node/minInclusive-001",
        "core/node/minInclusive-002",
        "core/node/minInclusive-003",
        "core/path/path-alternative-001",
        "core/path/path-inverse-001",
        "core/property/maxCount-002",
        "core/property/maxExclusive-001",
        "core/property/maxInclusive-001",
        "core/property/minCount-002",
        "core/property/minExclusive-001",
        "core/property/minExclusive-002",
        "core/targets/targetClass-001",
        "core/targets/targetSubjectsOf-001",
        "core/targets/targetSubjectsOf-002",
        "sparql/node/sparql-001",
        "sparql/pre-binding/pre-binding-001",
        "sparql/pre-binding/pre-binding-002",
        "sparql/pre-binding/pre-binding-003",
        "sparql/pre-binding/pre-binding-004",
        "sparql/pre-binding/pre-binding-005",
        "sparql/pre-binding/pre-binding-007",
    }
)
"""The tests that are passed, by hand: all whose shapes use targets, counts, bounds and queries alone."""

REFUSED = {
    "sh:datatype": 19,
    "sh:class": 10,
    "sh:nodeKind": 5,
    "sh:parameter": 5,
    "this kind of sh:path": 5,
    "sh:or": 4,
    "sh:and": 3,
    "sh:closed": 3,
    "sh:in": 3,
    "sh:not": 3,
    "sh:qualifiedMaxCount": 3,
    "sh:disjoint": 2,
    "sh:equals": 2,
    "sh:hasValue": 2,
    "sh:languageIn": 2,
    "sh:lessThan": 2,
    "sh:node": 2,
    "sh:property within a property shape": 2,
    "sh:select": 2,
    "sh:uniqueLang": 2,
    "sh:xone": 2,
    "$PATH in a query": 1,
    "$shapesGraph in a query": 1,
    "(true AS $this)": 1,
    "A subquery does not show $this": 1,
    "MINUS": 1,
    "SELECT *": 1,
    "SERVICE": 1,
    "VALUES": 1,
    "declare its prefix": 1,
    "sh:flags": 1,
    "sh:lessThanOrEquals": 1,
    "sh:maxLength": 1,
    "sh:minLength": 1,
    "sh:pattern": 1,
}
"""How many tests are refused, by the feature that the refusal names first."""

FEATURE = re.compile(
    r"(sh:\w+(?: within a property shape)?|\$\w+ in a query|SELECT \*|this kind of sh:path|declare its prefix"
    r"|MINUS|VALUES|SERVICE|A subquery does not show \$this|\(true AS \$this\))"
)


class Expected(NamedTuple):
    """A validation result; absent parts are empty. A path that is no predicate is `an expression`."""

    focus: str
    value: str
    path: str
    severity: str
    component: str
    shape: str


class Test(NamedTuple):
    """An entry of a manifest: shapes and data; the expected report, or None where a failure is expected."""

    name: str
    shapes: Store
    data: Store
    expected: frozenset[Expected] | None

    __test__ = False


@cache
def loaded(address: str) -> Store:
    """A file of the suite, read once, so that blank nodes keep their names."""
    store = Store()
    path = Path(address.removeprefix("file://"))
    store.load(path=str(path), format=RdfFormat.TURTLE, base_iri=address, to_graph=DefaultGraph())
    return store


def objects(store: Store, node: object, predicate: str) -> list[object]:
    return [quad.object for quad in store.quads_for_pattern(node, NamedNode(predicate), None)]


def suite() -> Iterator[Test]:
    """All tests of the suite."""
    for path in sorted(SUITE.rglob("*.ttl")):
        store = loaded(path.as_uri())
        for quad in store.quads_for_pattern(None, TYPE, NamedNode(SHT + "Validate")):
            (action,) = objects(store, quad.subject, MF + "action")
            (shapes,) = objects(store, action, SHT + "shapesGraph")
            (data,) = objects(store, action, SHT + "dataGraph")
            (report,) = objects(store, quad.subject, MF + "result")
            failure = report == NamedNode(SHT + "Failure")
            yield Test(
                name=str(path.relative_to(SUITE).with_suffix("")),
                shapes=loaded(shapes.value),
                data=loaded(data.value),
                expected=None if failure else frozenset(results(store, report)),
            )


def results(store: Store, report: object) -> Iterator[Expected]:
    """The results of an expected report."""
    found = objects(store, report, SH + "result")
    assert objects(store, report, SH + "conforms")[0].value == str(not found).lower()
    for node in found:

        def text(name: str, node: object = node) -> str:
            return "".join(shown(one) for one in objects(store, node, SH + name))

        yield Expected(
            focus=text("focusNode"),
            value=text("value"),
            path=comparable(text("resultPath")),
            severity=text("resultSeverity").rpartition("#")[2].lower(),
            component=text("sourceConstraintComponent"),
            shape=comparable(text("sourceShape")),
        )


def shown(node: object) -> str:
    """A term as results show it: numbers as a store gives them back."""
    found = term(node)
    return found.lexical if isinstance(found, Value) else found


def comparable(name: str) -> str:
    """The name of a path or shape; blank nodes are all one."""
    return name if not name or name.startswith(("http:", "file:", "urn:")) else "an expression"


def reported(test: Test) -> set[Expected] | str:
    """What the compiled engine reports, or the feature for which it refuses the shapes."""
    try:
        shapes = read_shapes(test.shapes, Facts())
    except ReleaseError as error:
        match = FEATURE.search(str(error))
        return match[1] if match else f"no feature: {error}"
    facts = Facts(quad.triple for quad in test.data)
    return {
        Expected(r.focus, r.value, comparable(r.path), r.severity, r.component, comparable(r.shape))
        for shape in shapes
        for r in shape.results(facts)
    }


def test_supported_tests_are_passed_and_all_others_refused() -> None:
    found = {test.name: (reported(test), test.expected) for test in suite()}
    refused = Counter(report for report, _ in found.values() if isinstance(report, str))
    passed = {name for name, (report, expected) in found.items() if report == expected}
    wrong = {name: both for name, both in found.items() if name not in passed and not isinstance(both[0], str)}
    assert not wrong
    assert passed == SUPPORTED
    assert refused == REFUSED
    assert len(passed) + sum(REFUSED.values()) == len(found) == 121
