"""The semantic difference of two releases: what their files say differently, and whose verdicts change.

Whatever has a name is described by what is asserted of it and of its parts, and the descriptions are compared.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pyoxigraph import BlankNode, NamedNode

from kg_service.knowledge.graph import is_part
from kg_service.knowledge.labels import Labels
from kg_service.knowledge.namespaces import BASE, INFERRED, OWL, RDF, RDFS, SH, TYPE
from kg_service.provenance.derivation import PASSAGE, fact_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyoxigraph import Store

    from kg_service.guideline import Guideline
    from kg_service.patients.record import PatientRecord
    from kg_service.provenance.rules import Fact

Said: TypeAlias = dict[tuple[str, ...], dict[str, str]]
"""The values by the path of properties and parts that leads to them, each as RDF writes it and as people read it."""

OF_TERMS = (RDF, RDFS, OWL)
"""Where the properties are that speak of classes and terms: links of these kinds are not told."""


@dataclass(frozen=True, slots=True)
class Change:
    """One property of a thing that differs, by label; that of a part or locator stands under the part's name."""

    property: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A thing that both releases have, and what of it differs."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What one release has and the other has not, or says otherwise, of one kind of thing; all by name."""

    added: tuple[str, ...]
    withdrawn: tuple[str, ...]
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class ChangedVerdict:
    """A patient for whom a rule has another outcome; empty where a release has no such rule."""

    patient: str
    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of a release: of its graph, and of its rules with all that is worked out for them."""

    graph: str
    rules: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How a release differs from an older one.

    `statements` are told by identifier, `rules` by name; `things` are all else that the ontology files speak of,
    `derivations` what else is in the shapes of patients. `links_added` and `links_withdrawn` are derived links between
    things. `verdicts` are those that changed among the records of as many `patients` as were compared. Named questions
    and the shapes of the graph itself are not compared.
    """

    before: Digests
    after: Digests
    statements: Changes
    things: Changes
    links_added: tuple[str, ...]
    links_withdrawn: tuple[str, ...]
    rules: Changes
    derivations: Changes
    verdicts: tuple[ChangedVerdict, ...] = ()
    patients: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as the JSON form has it; `before` and `after` are the releases' digests."""
        return asdict(self)

    def to_table(self, width: int | None = None) -> str:
        """Lay the difference out for people, at most `width` characters wide where that is given."""
        from kg_service.provenance.sections import difference_text  # noqa: PLC0415 - which imports this module

        return difference_text(self, width)


def difference(
    old: Guideline, new: Guideline, records: Sequence[PatientRecord] = (), as_of: dt.date | None = None
) -> Difference:
    """Compare all that two releases say, and their verdicts on `records` as of a day, which these need."""
    before, after = _Release(old), _Release(new)
    links_before, links_after = before.links(), after.links()
    return Difference(
        before=before.digests(),
        after=after.digests(),
        statements=_compared(before.statements(), after.statements()),
        things=_compared(before.things(), after.things()),
        links_added=tuple(sorted(links_after[one] for one in links_after.keys() - links_before.keys())),
        links_withdrawn=tuple(sorted(links_before[one] for one in links_before.keys() - links_after.keys())),
        rules=_compared(before.rules(), after.rules()),
        derivations=_compared(before.derivations(), after.derivations()),
        verdicts=tuple(_verdicts(old, new, records, as_of)) if as_of else (),
        patients=len(records),
    )


class _Release:
    """A release as it is compared."""

    def __init__(self, graph: Guideline) -> None:
        self._graph = graph
        self._catalogue = graph.validator.catalogue
        self._labels = Labels(graph.store, {**graph.prefixes, "sh": SH})
        passages = (quad.subject for quad in graph.store.quads_for_pattern(None, TYPE, PASSAGE))
        self._passages = {node for node in passages if isinstance(node, NamedNode)}

    def digests(self) -> Digests:
        return Digests(self._graph.digest, self._catalogue.digest)

    def statements(self) -> dict[str, Said]:
        return {self._labels[node.value]: self._said(node, self._graph.store) for node in self._passages}

    def things(self) -> dict[str, Said]:
        store = self._graph.store
        nodes = {quad.subject for quad in store if quad.graph_name != INFERRED and not is_part(quad.subject)}
        return self._named(nodes - self._passages, store)

    def links(self) -> dict[Fact, str]:
        """Return the derived links between things, as RDF and as people read them."""
        facts = map(fact_of, self._graph.store.quads_for_pattern(None, None, None, INFERRED))
        return {
            fact: " ".join(map(self._labels.shown, fact))
            for fact in facts
            if not fact[1].value.startswith(OF_TERMS)
            and not any(is_part(term) or term in self._passages for term in (fact[0], fact[2]))
        }

    def rules(self) -> dict[str, Said]:
        """Return what is said of each rule, and of the shape that tells what is missing for it."""
        shapes = self._catalogue.shapes
        return {
            rule.name: self._said(rule.iri, shapes) | self._said(rule.missing_data_shape, shapes, ("missing data",))
            for rule in self._catalogue.rules
        }

    def derivations(self) -> dict[str, Said]:
        own = {shape for rule in self._catalogue.rules for shape in (rule.iri, rule.missing_data_shape)}
        return self._named({quad.subject for quad in self._catalogue.shapes} - own, self._catalogue.shapes)

    def _named(self, nodes: Iterable[object], store: Store) -> dict[str, Said]:
        """Return what is said of each node that has a name, by its short IRI."""
        named = (node for node in nodes if isinstance(node, NamedNode))
        return {self._labels.curie(node.value).removeprefix(BASE): self._said(node, store) for node in named}

    def _said(self, node: NamedNode, store: Store, under: tuple[str, ...] = ()) -> Said:
        said: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
        for path, value, shown in self._facts(node, store, under):
            said[path][value] = shown
        return dict(said)

    def _facts(
        self, node: NamedNode | BlankNode, store: Store, path: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], str, str]]:
        """Yield property path and value of all that is asserted of a node, its own parts taken apart."""
        for quad in store.quads_for_pattern(node, None, None):
            if quad.graph_name == INFERRED:
                continue
            here = (*path, self._labels[quad.predicate.value])
            if is_part(quad.object):
                is_blank = isinstance(quad.object, BlankNode)
                named = here if is_blank else (*path, self._labels.curie(quad.object.value))
                if not is_blank:
                    yield here, named[-1], named[-1]
                yield from self._facts(quad.object, store, named)
            else:
                yield here, str(quad.object), self._labels.shown(quad.object)


def _compared(before: Mapping[str, Said], after: Mapping[str, Said]) -> Changes:
    return Changes(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(
            Changed(name, changes)
            for name in sorted(before.keys() & after.keys())
            if (changes := tuple(_changes(before[name], after[name])))
        ),
    )


def _changes(before: Said, after: Said) -> Iterator[Change]:
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, {}), after.get(path, {})
        if old.keys() != new.keys():
            yield Change(" / ".join(path), tuple(sorted(old.values())), tuple(sorted(new.values())))


def _verdicts(
    old: Guideline, new: Guideline, records: Sequence[PatientRecord], as_of: dt.date
) -> Iterator[ChangedVerdict]:
    before, after = (_outcomes(graph, records, as_of) for graph in (old, new))
    for key in sorted(before.keys() | after.keys()):
        if before.get(key, "") != after.get(key, ""):
            yield ChangedVerdict(*key, before.get(key, ""), after.get(key, ""))


def _outcomes(graph: Guideline, records: Sequence[PatientRecord], as_of: dt.date) -> dict[tuple[str, str], str]:
    return {
        (patient.record.resource_id, verdict.rule.name): str(verdict.outcome)
        for patient in graph.judge(records, as_of)
        for verdict in patient.verdicts
    }
