"""The report as people read it: for each patient first what is wrong, then what is open, then the rest in short."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from kg_service.knowledge.table import clean
from kg_service.validation.report import INFO, is_violation
from kg_service.validation.verdicts import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg_service.patients.record import Fault, Remark
    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import PatientVerdicts, Verdict

WIDEST = 120
STEP = "  "
REASONS = 4
"""How many reasons for which rules do not apply are told."""


def write(report: Report) -> str:
    """Return the report as text, as wide as the terminal and at most 120 characters."""
    width = min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    lines = [line for patient in report.patients for line in (*_patient(patient, width), "")]
    return "\n".join([*lines, *_summary(report, width)]) + "\n"


def _patient(patient: PatientVerdicts, width: int) -> Iterator[str]:
    if patient.faults:
        yield f"{patient.record.resource_id}: not judged, the record is of the wrong form"
        yield from _places("FAULTS", patient.faults, width)
    else:
        counts = Counter(_heading(verdict) for verdict in patient.verdicts)
        told = ", ".join(f"{number} {heading.lower()}" for heading, number in _in_order(counts))
        unread = "; a medication could not be read" if patient.unread_treatment else ""
        yield f"{patient.record.resource_id}: {told}{unread}"
    by_heading: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in patient.verdicts:
        by_heading[_heading(verdict)].append(verdict)
    for heading, write_section in (
        ("VIOLATED", _in_full),
        ("UNDECIDED", _in_full),
        ("FOR INFORMATION", _in_full),
        ("SATISFIED", _in_a_line),
        ("NOT APPLICABLE", _by_reason),
    ):
        if verdicts := by_heading[heading]:
            yield from ("", heading, *write_section(verdicts, width))
    yield from _places("NOT UNDERSTOOD, OR NOT COUNTED", patient.not_understood, width)


def _heading(verdict: Verdict) -> str:
    if verdict.outcome == Outcome.VIOLATED and verdict.rule.severity == INFO:
        return "FOR INFORMATION"
    return str(verdict.outcome).replace("-", " ").upper()


def _in_order(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    for heading in ("VIOLATED", "UNDECIDED", "FOR INFORMATION", "SATISFIED", "NOT APPLICABLE"):
        if counts[heading]:
            yield heading, counts[heading]


def _in_full(verdicts: Sequence[Verdict], width: int) -> Iterator[str]:
    """Gravest first: message, how many more there are, what it rests on, where in the input."""
    order = ("violation", "warning", INFO)
    for verdict in sorted(verdicts, key=lambda v: (order.index(v.rule.severity), v.rule.name)):
        first = verdict.findings[0]
        places = f"{verdict.grounds.modality}; {', '.join(verdict.grounds.jurisdictions)}"
        sources = ", ".join(f"{c.statement} ({c.source})" for c in verdict.grounds.citations)
        yield from _wrapped(f"{verdict.rule.label} [{places}]", width, STEP)
        yield from _wrapped(verdict.message, width, STEP * 2)
        if more := len(verdict.findings) - 1:
            yield f"{STEP * 2}and {more} more of this rule"
        if first.missing:
            yield f"{STEP * 2}missing: {first.missing}"
        yield from _wrapped(f"rule {verdict.rule.name}, by {sources}; at {first.input_path}", width, STEP * 2)


def _in_a_line(verdicts: Sequence[Verdict], width: int) -> Iterator[str]:
    for verdict in verdicts:
        yield from _wrapped(f"{verdict.rule.name}: {verdict.message}", width, STEP)


def _by_reason(verdicts: Sequence[Verdict], width: int) -> Iterator[str]:
    """Tell the commonest reasons; the other forms of the report have each rule with its own."""
    reasons = Counter(verdict.message for verdict in verdicts)
    for reason, rules in reasons.most_common(REASONS):
        yield from _wrapped(f"{reason} ({rules} rule{'' if rules == 1 else 's'})", width, STEP)
    if more := reasons.total() - sum(rules for _, rules in reasons.most_common(REASONS)):
        yield f"{STEP}{more} more rules; -f csv or -f json tells the reason of each"


def _places(heading: str, told: Iterable[Remark | Fault], width: int) -> Iterator[str]:
    lines = [line for one in told for line in _wrapped(f"{one.path}: {one.reason}", width, STEP)]
    if lines:
        yield from ("", heading, *lines)


def _summary(report: Report, width: int) -> Iterator[str]:
    """Count the patients by what was found."""
    patients = len(report.patients)
    faulty = sum(bool(patient.faults) for patient in report.patients)
    where = f", for {', '.join(report.jurisdictions)}" if report.jurisdictions else ""
    violated = sum(any(map(is_violation, patient.verdicts)) for patient in report.patients)
    open_ones = sum(any(v.outcome == Outcome.UNDECIDED for v in patient.verdicts) for patient in report.patients)
    yield from _wrapped(
        f"{patients} patient{'' if patients == 1 else 's'} as of {report.as_of}{where}: {violated} with a violated "
        f"rule, {open_ones} with an undecided one, {faulty} not judged.",
        width,
        "",
    )


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        clean(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent + STEP,
        break_long_words=False,
        break_on_hyphens=False,
    )
