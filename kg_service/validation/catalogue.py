"""The rules of a release: which shapes hold patient records against which statements, and what is worked out before.

Everything is read from the Turtle files of `shapes/`: rules are SHACL shapes (https://www.w3.org/TR/shacl/),
derivations SPARQL rules of SHACL Advanced Features (https://www.w3.org/TR/shacl-af/#SPARQLRule).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pyoxigraph import Dataset, Literal, NamedNode, Quad, Store

from kg_service.errors import ReleaseError
from kg_service.knowledge.bridge import to_rdflib
from kg_service.knowledge.canonical import canonical_quads, sha256
from kg_service.knowledge.namespaces import CORE, RDFS_LABEL, SH, TYPE
from kg_service.knowledge.release import read_turtle

if TYPE_CHECKING:
    from collections.abc import Iterator

    import rdflib
    from pyoxigraph import BlankNode, Triple

    from kg_service.knowledge.release import Release

RULE = NamedNode(CORE + "Rule")
ENFORCES = NamedNode(CORE + "enforces")
MISSING_DATA_SHAPE = NamedNode(CORE + "missingDataShape")
SATISFIED_MEANS = NamedNode(CORE + "satisfiedMeans")
OTHERWISE = NamedNode(CORE + "otherwise")
(
    SEVERITY, TARGET_CLASS, SELECT, CONSTRUCT, ORDER, PREFIXES, DECLARE, PREFIX, NAMESPACE, SPARQL_RULE, SPARQL,
    SPARQL_STEP,
) = (
    NamedNode(SH + name)
    for name in (
        "severity", "targetClass", "select", "construct", "order", "prefixes", "declare", "prefix", "namespace",
        "SPARQLRule", "sparql", "rule",
    )
)  # fmt: skip
PREFIXED = re.compile(r"\b([A-Za-z][\w-]*):([A-Za-z][\w-]*)")


class Step(NamedTuple):
    """A derivation: its place in the order, its name, and its CONSTRUCT without prologue."""

    order: float
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One guideline rule: its shape, whom it applies to, what it enforces."""

    iri: NamedNode
    label: str
    target: NamedNode
    otherwise: str
    satisfied: str
    severity: str
    statements: tuple[NamedNode, ...]
    missing_data_shape: NamedNode

    @property
    def name(self) -> str:
        """The last part of the IRI, by which people call the rule."""
        return self.iri.value.rpartition("/")[2]


class Catalogue:
    """The rules and derivations in the `shapes/` folder of a release."""

    def __init__(self, release: Release) -> None:
        """Read all shapes of patients; ReleaseError when a file or a rule is incomplete, or a query is malformed."""
        self.shapes = Store()
        for path in release.patient_shapes:
            self.shapes.extend(Quad(*quad.triple) for quad in read_turtle(path, release.name_of(path))[0])
        self.namespaces = self._declared()
        self._prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in sorted(self.namespaces.items()))
        self._check_queries()
        self.rules = tuple(sorted((self._rule(iri) for iri in self._instances(RULE)), key=lambda rule: rule.name))
        steps = sorted(self._steps(), key=lambda step: (step.order, step.text))
        self.steps = tuple(step for step in steps if step.order >= 1)
        self.guideline_derivations = tuple(self._prologue + step.text for step in steps if step.order < 1)
        self.derivations = tuple(self._prologue + step.text for step in self.steps)

    @cached_property
    def graph(self) -> rdflib.Graph:
        """All shapes as one rdflib graph, for engines that read that."""
        return to_rdflib(self.shapes)

    @cached_property
    def digest(self) -> str:
        """The digest of all shapes and derivations (RDFC-1.0): what a verdict depends on beside graph and record."""
        return sha256(canonical_quads(Dataset(self.shapes)))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """IRIs that the SPARQL texts of shapes and derivations name: what of the guideline they can reach."""
        names = {match for _, text in self._queries() for match in PREFIXED.findall(text)}
        return frozenset(self.namespaces[prefix] + local for prefix, local in names if prefix in self.namespaces)

    @cached_property
    def step_names(self) -> dict[str, str]:
        """Names of the derivations, by the texts in `guideline_derivations` and `derivations`."""
        return {self._prologue + step.text: step.name for step in self._steps()}

    def selects(self, shape: NamedNode) -> list[str]:
        """Return the SELECT texts, with prefixes, by which a shape judges `$this`."""
        constraints = [quad.object for quad in self.shapes.quads_for_pattern(shape, SPARQL, None)]
        return [self._prologue + self._text(one, SELECT) for one in constraints if not isinstance(one, Literal)]

    def constructs(self, target: NamedNode) -> list[str]:
        """Return the CONSTRUCT texts, with prefixes, that put `$this` into a target class."""
        steps = [quad.object for quad in self.shapes.quads_for_pattern(target, SPARQL_STEP, None)]
        return [self._prologue + self._text(step, CONSTRUCT) for step in steps if not isinstance(step, Literal)]

    def _rule(self, iri: NamedNode) -> Rule:
        target = self._node(iri, TARGET_CLASS)
        return Rule(
            iri=iri,
            label=self._text(iri, RDFS_LABEL),
            target=target,
            otherwise=self._text(target, OTHERWISE),
            satisfied=self._text(iri, SATISFIED_MEANS),
            severity=self._node(iri, SEVERITY).value.rpartition("#")[2].lower(),
            statements=tuple(sorted(self._nodes(iri, ENFORCES), key=str)),
            missing_data_shape=self._node(iri, MISSING_DATA_SHAPE),
        )

    def _steps(self) -> Iterator[Step]:
        """Yield the derivations; those of an order under 1 are of the guideline alone."""
        for step in self._instances(SPARQL_RULE):
            order = float(self._text(step, ORDER))
            if order >= 1 and not any(self.shapes.quads_for_pattern(None, SPARQL_STEP, step)):
                raise ReleaseError(f"shapes/: {step} is the sh:rule of no shape, so it is passed over. Add it to one.")
            yield Step(order, step.value.rpartition("/")[2], self._text(step, CONSTRUCT))

    def _queries(self) -> Iterator[tuple[NamedNode | BlankNode | Triple, str]]:
        """Yield every SPARQL text, as it stands, with its node."""
        for predicate in (SELECT, CONSTRUCT):
            for quad in self.shapes.quads_for_pattern(None, predicate, None):
                if isinstance(quad.object, Literal):
                    yield quad.subject, quad.object.value

    def _check_queries(self) -> None:
        """Raise ReleaseError for a malformed query: an engine would come upon it only when a patient is judged."""
        nothing = Store()
        for node, text in self._queries():
            try:
                nothing.query(self._prologue + text)
            except SyntaxError as error:
                owners = [quad.subject for quad in self.shapes.quads_for_pattern(None, None, node)]
                raise ReleaseError(
                    f"shapes/: the query of {(owners or [node])[0]} is malformed ({error}): correct it."
                ) from error

    def _declared(self) -> dict[str, str]:
        declared = [quad.object for quad in self.shapes.quads_for_pattern(None, DECLARE, None)]
        return {
            self._text(node, PREFIX): self._text(node, NAMESPACE) for node in declared if not isinstance(node, Literal)
        }

    def _instances(self, kind: NamedNode) -> list[NamedNode]:
        found = [quad.subject for quad in self.shapes.quads_for_pattern(None, TYPE, kind)]
        return [node for node in found if isinstance(node, NamedNode)]

    def _nodes(self, subject: NamedNode, predicate: NamedNode) -> list[NamedNode]:
        found = [quad.object for quad in self.shapes.quads_for_pattern(subject, predicate, None)]
        if not found:
            raise ReleaseError(f"shapes/: {subject} lacks <{predicate.value}>. Add it.")
        return [node for node in found if isinstance(node, NamedNode)]

    def _node(self, subject: NamedNode, predicate: NamedNode) -> NamedNode:
        return self._nodes(subject, predicate)[0]

    def _text(self, subject: NamedNode | BlankNode | Triple, predicate: NamedNode) -> str:
        for quad in self.shapes.quads_for_pattern(subject, predicate, None):
            if isinstance(quad.object, Literal):
                return quad.object.value
        raise ReleaseError(f"shapes/: {subject} lacks <{predicate.value}>. Add it.")
