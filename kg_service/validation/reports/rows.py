"""The report as rows: one for each patient and rule; one for each fault of a record that was not judged."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from kg_service.knowledge.table import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg_service.patients.record import Fault
    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import PatientVerdicts, Verdict

COLUMNS = (
    "patient", "rule", "outcome", "severity", "message", "missing", "resource", "input_path", "findings", "modality",
    "jurisdiction", "statements", "sources", "label",
)  # fmt: skip


def write(report: Report) -> str:
    """Return the rows as CSV (RFC 4180); a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([harmless(cell) for cell in row] for row in rows(report))
    return out.getvalue()


def rows(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the rows, in the order of COLUMNS."""
    return (row for patient in report.patients for row in rows_of(patient))


def rows_of(patient: PatientVerdicts) -> Iterator[tuple[str, ...]]:
    """Yield the rows of one patient."""
    name = patient.record.resource_id
    yield from (_row(name, verdict) for verdict in patient.verdicts)
    yield from fault_rows(name, patient.faults)


def _row(name: str, verdict: Verdict) -> tuple[str, ...]:
    first = verdict.findings[0] if verdict.findings else None
    return (
        name,
        verdict.rule.name,
        str(verdict.outcome),
        verdict.rule.severity,
        verdict.message,
        first.missing if first else "",
        first.resource_id if first else "",
        first.input_path if first else "",
        str(len(verdict.findings)),
        verdict.grounds.modality,
        "; ".join(verdict.grounds.jurisdictions),
        "; ".join(verdict.grounds.statements),
        "; ".join(dict.fromkeys(citation.source for citation in verdict.grounds.citations)),
        verdict.rule.label,
    )


def fault_rows(name: str, faults: Iterable[Fault]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of faults in the record of the patient `name`; empty when nobody knows whose it is."""
    for fault in faults:
        told = {"patient": name, "outcome": "not judged", "message": fault.reason, "input_path": fault.path}
        yield tuple(told.get(column, "") for column in COLUMNS)
