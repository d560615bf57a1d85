"""The report as rows: one for each patient and rule; one for each fault of a record that was not judged."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, TypeAlias

from kg_service.knowledge.table import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import PatientVerdicts, Verdict

COLUMNS = (
    "patient", "rule", "outcome", "severity", "message", "missing", "resource", "input_path", "findings", "modality",
    "jurisdiction", "statements", "sources", "label",
)  # fmt: skip
Cell: TypeAlias = str | int | tuple[str, ...] | None
"""A text, a number, or several texts; None where there is no verdict to tell it of."""

END = "\r\n"
HEADER = ",".join(COLUMNS) + END


def write(report: Report) -> str:
    """Return the rows as CSV (RFC 4180); a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    row = RowWriter()
    return HEADER + "".join(map(row, report.patients))


class RowWriter:
    """Writes the rows of a patient as CSV; what is the same for all patients is written once."""

    def __init__(self) -> None:
        """Begin; one writer is for the verdicts of one judge."""
        self._known: dict[tuple[str, str, str], str] = {}

    def __call__(self, patient: PatientVerdicts) -> str:
        """Return the rows, without the header."""
        name = _line([patient.record.resource_id, ""]).removesuffix(END)
        rows = [name + self._rest(verdict) for verdict in patient.verdicts]
        return "".join([*rows, *(_line(map(as_text, fault)) for fault in _faults(patient))])

    def _rest(self, verdict: Verdict) -> str:
        """Return what comes after the patient's cell."""
        if verdict.findings:
            return _line(map(as_text, _row("", verdict)[1:]))
        key = verdict.rule.name, str(verdict.outcome), verdict.message
        if key not in self._known:
            self._known[key] = _line(map(as_text, _row("", verdict)[1:]))
        return self._known[key]


def rows_of(patient: PatientVerdicts) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of one patient, in the order of COLUMNS."""
    yield from (_row(patient.record.resource_id, verdict) for verdict in patient.verdicts)
    yield from _faults(patient)


def as_text(cell: Cell) -> str:
    """Return a cell as the CSV form has it."""
    return "; ".join(cell) if isinstance(cell, tuple) else "" if cell is None else str(cell)


def _row(name: str, verdict: Verdict) -> tuple[Cell, ...]:
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
        len(verdict.findings),
        verdict.grounds.modality,
        verdict.grounds.jurisdictions,
        verdict.grounds.statements,
        tuple(dict.fromkeys(citation.source for citation in verdict.grounds.citations)),
        verdict.rule.label,
    )


def _faults(patient: PatientVerdicts) -> Iterator[tuple[Cell, ...]]:
    for fault in patient.faults:
        told: dict[str, Cell] = {
            "patient": patient.record.resource_id,
            "outcome": "not judged",
            "message": fault.reason,
            "input_path": fault.path,
            "findings": None,
            **dict.fromkeys(("jurisdiction", "statements", "sources"), ()),
        }
        yield tuple(told.get(column, "") for column in COLUMNS)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator=END).writerow([harmless(cell) for cell in cells])
    return out.getvalue()
