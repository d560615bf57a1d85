"""The audit: what the graph shows about its sources, and where statements disagree, lack support or go wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg_service.errors import ReleaseError
from kg_service.knowledge.binding import bind
from kg_service.provenance.checks import Check, Level, read_checks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import NamedNode

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.knowledge.labels import Term

SOURCE = "source"
"""The parameter by which a check is restricted to one document."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row: how grave it is, and its cells in the order of the section's columns."""

    level: Level
    cells: tuple[Term | None, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What one check found; `level` is the gravest that it can find, `columns` say what each column holds."""

    name: str
    summary: str
    description: str
    level: Level
    columns: Mapping[str, str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Audit:
    """The sections of one audit of a graph; `source` is the document that it is restricted to."""

    graph: KnowledgeGraph
    sections: tuple[Section, ...]
    source: NamedNode | None = None

    @property
    def counts(self) -> Counter[Level]:
        """How many findings there are of each level; measurements are not counted."""
        findings = (finding for section in self.sections for finding in section.findings)
        return Counter(finding.level for finding in findings if finding.level != Level.MEASUREMENT)

    def reaches(self, level: str) -> bool:
        """Tell whether any finding is as grave as this level (note, warning, error), or graver."""
        return any(found >= Level[level.upper()] for found in self.counts)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as the JSON form has it."""
        from kg_service.provenance.audit_forms import as_document  # noqa: PLC0415 - which imports this module

        return as_document(self)

    def serialize(self, form: str) -> str:
        """Write the audit as table, json, csv or turtle (or their media types); NotAcceptable for another form."""
        from kg_service.provenance.audit_forms import write  # noqa: PLC0415 - which imports this module

        return write(self, form)

    def __str__(self) -> str:
        """Return the audit as people read it."""
        return self.serialize("table")


def audit_graph(graph: KnowledgeGraph, source: NamedNode | None = None) -> Audit:
    """Run every check of the release; with a source, those that can be restricted to one.

    Raises ReleaseError when a check's header and query do not fit together.
    """
    return Audit(graph, tuple(_run(graph, check, source) for check in _fitting(graph, source)), source)


def _fitting(graph: KnowledgeGraph, source: NamedNode | None) -> list[Check]:
    checks = read_checks(graph.release)
    if source is None:
        return checks
    return [check for check in checks if SOURCE in {parameter.name for parameter in check.question.parameters}]


def _run(graph: KnowledgeGraph, check: Check, source: NamedNode | None) -> Section:
    question = check.question
    bound = {p.variable: source for p in question.parameters if p.name == SOURCE and source is not None}
    answer = graph.sparql(bind(question.text, bound))
    if answer.variables != list(check.columns):
        raise ReleaseError(
            f"queries/audit/{question.name}.rq: the header's columns are {', '.join(check.columns)}, "
            f"the query gives {', '.join(answer.variables)}. Name the same ones in the same order."
        )
    findings = tuple(Finding(check.level, tuple(row)) for row in answer.terms)
    return Section(question.name, question.summary, question.description, check.level, check.columns, findings)
