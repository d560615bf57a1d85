"""The semantic difference of two releases: what their statements say differently, and whose verdicts change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode

from kg_service.knowledge.graph import is_part
from kg_service.knowledge.namespaces import INFERRED, TYPE
from kg_service.provenance.derivation import PASSAGE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from pyoxigraph import BlankNode

    from kg_service.guideline import Guideline
    from kg_service.patients.record import PatientRecord


@dataclass(frozen=True, slots=True)
class Change:
    """One property of a statement that differs, by label; that of a part or locator stands under the part's name."""

    property: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangedStatement:
    """A statement that both releases have, and what of it differs."""

    statement: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ChangedVerdict:
    """A patient for whom a rule has another outcome; empty where a release has no such rule."""

    patient: str
    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How a release differs from an older one; statements are told by identifier, rules by name.

    `verdicts` are those that changed among the records of as many `patients` as were compared.
    """

    before: str
    after: str
    added: tuple[str, ...]
    withdrawn: tuple[str, ...]
    changed: tuple[ChangedStatement, ...]
    rules_added: tuple[str, ...]
    rules_withdrawn: tuple[str, ...]
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
    """Compare two releases statement by statement, and their verdicts on `records` as of a day, which these need."""
    before, after = _statements(old), _statements(new)
    rules_before, rules_after = _rules(old), _rules(new)
    return Difference(
        before=old.digest,
        after=new.digest,
        added=tuple(sorted(after.keys() - before.keys())),
        withdrawn=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(
            ChangedStatement(name, changes)
            for name in sorted(before.keys() & after.keys())
            if (changes := tuple(_changes(before[name], after[name])))
        ),
        rules_added=tuple(sorted(rules_after - rules_before)),
        rules_withdrawn=tuple(sorted(rules_before - rules_after)),
        verdicts=tuple(_verdicts(old, new, records, as_of)) if as_of else (),
        patients=len(records),
    )


Said = dict[str, tuple[str, ...]]
"""The values of each property, both as people read them."""


def _statements(graph: Guideline) -> dict[str, Said]:
    """Return what is asserted of each statement, by its identifier."""
    passages = (quad.subject for quad in graph.store.quads_for_pattern(None, TYPE, PASSAGE))
    return {graph.labels[node.value]: _said(node, graph) for node in passages if isinstance(node, NamedNode)}


def _rules(graph: Guideline) -> set[str]:
    return {rule.name for rule in graph.validator.catalogue.rules}


def _said(node: NamedNode, graph: Guideline) -> Said:
    said: defaultdict[str, set[str]] = defaultdict(set)
    for path, value in _facts(node, graph, ()):
        said[" / ".join(path)].add(value)
    return {name: tuple(sorted(values)) for name, values in said.items()}


def _facts(
    node: NamedNode | BlankNode, graph: Guideline, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield property path and value of all that is asserted of a node, its own parts taken apart."""
    for quad in graph.store.quads_for_pattern(node, None, None):
        if quad.graph_name == INFERRED:
            continue
        here = (*path, graph.labels[quad.predicate.value])
        if is_part(quad.object):
            named = (*path, _part_name(quad.object, graph))
            yield here, named[-1]
            yield from _facts(quad.object, graph, named)
        else:
            yield here, graph.labels.shown(quad.object)


def _part_name(part: NamedNode | BlankNode, graph: Guideline) -> str:
    return graph.labels.curie(part.value) if isinstance(part, NamedNode) else "blank node"


def _changes(before: Said, after: Said) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ()), after.get(name, ())
        if old != new:
            yield Change(name, old, new)


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
