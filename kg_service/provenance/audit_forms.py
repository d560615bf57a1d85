"""The forms in which an audit is written: text for people, JSON, CSV, and Turtle."""

from __future__ import annotations

import csv
import io
import json
import shutil
import textwrap
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from kg_service.errors import NotAcceptable
from kg_service.knowledge.answer import to_python
from kg_service.knowledge.table import harmless, to_table
from kg_service.provenance import audit_rdf
from kg_service.provenance.checks import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.knowledge.labels import Labels, Term
    from kg_service.provenance.audit import Audit, Finding, Section

WIDTH = 120  # where no terminal says how wide it is


def write(audit: Audit, form: str) -> str:
    """Write the audit in the form of this short name or media type; NotAcceptable when there is none."""
    for name, media_type, writer in FORMATS:
        if form in {name, media_type}:
            return writer(audit)
    raise NotAcceptable(f"An audit cannot be written as {form}.", [name for name, _, _ in FORMATS])


def write_text(audit: Audit) -> str:
    """Return the audit as people read it: for each check that found something a sentence and a table, then the sums."""
    width = shutil.get_terminal_size((WIDTH, 0)).columns
    labels = audit.graph.labels
    told = [_section(section, labels, width) for section in audit.sections if section.findings]
    silent = [section.name for section in audit.sections if not section.findings]
    nothing = [textwrap.fill(f"Nothing found by: {', '.join(silent)}.", width)] if silent else []
    return "\n\n".join([*told, *nothing, _sums(audit)]) + "\n"


def as_document(audit: Audit) -> dict[str, Any]:
    """Return what the JSON form holds."""
    labels = audit.graph.labels
    return {
        "graph_digest": audit.graph.digest,
        "source": None if audit.source is None else labels[audit.source.value],
        "counts": {level.label: audit.counts[level] for level in Level if level},
        "checks": [
            {
                "name": section.name,
                "summary": section.summary,
                "description": section.description,
                "level": section.level.label,
                "columns": dict(section.columns),
                "findings": [_as_object(section, finding, labels) for finding in section.findings],
            }
            for section in audit.sections
        ],
    }


def write_json(audit: Audit) -> str:
    """Return the JSON form; an IRI stands as object with `iri` and `label`, what is unbound as null."""
    return json.dumps(as_document(audit), ensure_ascii=False, indent=2, default=_plain) + "\n"


def write_csv(audit: Audit) -> str:
    """Return one row for each finding under the columns of all checks (RFC 4180).

    A text that a spreadsheet would run as a formula begins with an apostrophe.
    """
    columns = list(dict.fromkeys(column for section in audit.sections for column in section.columns))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["check", "level", *columns])
    writer.writerows(_rows(audit, columns))
    return out.getvalue()


def _section(section: Section, labels: Labels, width: int) -> str:
    rows = [[labels.shown(term) for term in finding.cells] for finding in section.findings]
    gravest = max(finding.level for finding in section.findings)
    heading = f"{gravest.label.upper()}  {section.summary} ({section.name}: {len(rows)})"
    return "\n".join(
        [
            textwrap.fill(heading, width),
            textwrap.fill(section.description, width),
            "",
            to_table(list(section.columns), rows, width),
        ]
    )


def _sums(audit: Audit) -> str:
    counts = audit.counts
    told = ", ".join(
        f"{counts[level]} {level.label}{'' if counts[level] == 1 else 's'}" for level in reversed(Level) if level
    )
    of = "" if audit.source is None else f" on {audit.graph.labels[audit.source.value]}"
    return f"{len(audit.sections)} checks{of}: {told}."


def _as_object(section: Section, finding: Finding, labels: Labels) -> dict[str, Any]:
    cells = zip(section.columns, finding.cells, strict=True)
    return {"level": finding.level.label, "values": {column: _cell(term, labels) for column, term in cells}}


def _cell(term: Term | None, labels: Labels) -> object:
    return {"iri": term.value, "label": labels[term.value]} if isinstance(term, NamedNode) else to_python(term)


def _plain(value: object) -> float | str:
    """Return what JSON has no form for: decimals as numbers, dates as text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _rows(audit: Audit, columns: Sequence[str]) -> Iterator[list[str]]:
    labels = audit.graph.labels
    for section in audit.sections:
        for finding in section.findings:
            cells = {
                column: _harmless(term, labels) for column, term in zip(section.columns, finding.cells, strict=True)
            }
            yield [section.name, finding.level.label, *(cells.get(column, "") for column in columns)]


def _harmless(term: Term | None, labels: Labels) -> str:
    shown = labels.shown(term)
    is_text = not isinstance(term, Literal) or isinstance(to_python(term), str)
    return harmless(shown) if is_text else shown


FORMATS = (
    ("table", "text/plain", write_text),
    ("json", "application/json", write_json),
    ("csv", "text/csv", write_csv),
    ("turtle", "text/turtle", audit_rdf.write),
)
"""Short name, media type and writer of each form."""
