"""The report as JSON: every rule for every patient, with all that it found."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg_service.validation.grounds import Citation
    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import Finding, PatientVerdicts, Verdict


def write(report: Report) -> str:
    """Return the whole report as one JSON object."""
    return json.dumps(as_document(report), ensure_ascii=False, indent=2) + "\n"


def write_lines(report: Report) -> str:
    """Return one JSON object a line for each patient, each naming the day and the graph."""
    line = LineWriter(frame(report))
    return "".join(line(patient) for patient in report.patients)


class LineWriter:
    """Writes patients as JSON, one a line; what is the same in all lines is put into JSON once."""

    def __init__(self, frame: Mapping[str, Any]) -> None:
        """Take what ends each line: see `frame`. One writer is for the verdicts of one judge."""
        self._frame = _dumps(frame).removeprefix("{")
        self._known: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._citations: dict[str, str] = {}

    def __call__(self, patient: PatientVerdicts) -> str:
        """Return the line."""
        focus = _dumps(patient.record.patient.value)
        rules = ", ".join(self._rule(verdict, patient, focus) for verdict in patient.verdicts)
        before, after = _dumps(_patient(patient, [])).split('"rules": []', 1)
        return f'{before}"rules": [{rules}]{after.removesuffix("}")}, {self._frame}\n'

    def _rule(self, verdict: Verdict, patient: PatientVerdicts, focus: str) -> str:
        if verdict.findings:
            return self._found(verdict, patient.record.patient.value)
        key = verdict.rule.name, str(verdict.outcome), verdict.message
        if key not in self._known:
            before, after = _dumps(_rule(verdict, "", verdict.grounds.citations)).split('"focus": ""', 1)
            self._known[key] = f'{before}"focus": ', after
        before, after = self._known[key]
        return f"{before}{focus}{after}"

    def _found(self, verdict: Verdict, focus: str) -> str:
        name = verdict.rule.name
        if name not in self._citations:
            self._citations[name] = _dumps([asdict(citation) for citation in verdict.grounds.citations])
        return _dumps(_rule(verdict, focus, [])).removesuffix("[]}") + self._citations[name] + "}"


def as_document(report: Report) -> dict[str, Any]:
    """Return the report as nested dictionaries and lists."""
    return {"patients": [as_patient(patient) for patient in report.patients], **frame(report)}


def frame(report: Report) -> dict[str, Any]:
    """Return what is said once of a report: day, jurisdictions, and which graph and rules it is of."""
    return {
        "as_of": report.as_of.isoformat(),
        "jurisdictions": list(report.jurisdictions),
        "graph_digest": report.graph_digest,
        "query_digest": report.query_digest,
    }


def as_patient(patient: PatientVerdicts) -> dict[str, Any]:
    """Return one patient's verdicts, what was not understood, and the faults for which there are no verdicts."""
    return _patient(patient, [_rule(v, patient.record.patient.value, v.grounds.citations) for v in patient.verdicts])


def _patient(patient: PatientVerdicts, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "patient": patient.record.patient.value,
        "resource_id": patient.record.resource_id,
        "unread_treatment": patient.unread_treatment,
        "rules": rules,
        "not_understood": [asdict(remark) for remark in patient.not_understood],
        "faults": [asdict(fault) for fault in patient.faults],
    }


def _rule(verdict: Verdict, focus: str, citations: Iterable[Citation]) -> dict[str, Any]:
    first = verdict.findings[0] if verdict.findings else None
    return {
        "rule": verdict.rule.name,
        "label": verdict.rule.label,
        "statements": list(verdict.grounds.statements),
        "outcome": str(verdict.outcome),
        "severity": verdict.rule.severity,
        "modality": verdict.grounds.modality,
        "jurisdiction": list(verdict.grounds.jurisdictions),
        "message": verdict.message,
        "focus": focus,
        "value": first.value if first else "",
        "missing": first.missing if first else "",
        "input_path": first.input_path if first else "",
        "findings": [_finding(finding) for finding in verdict.findings],
        "citations": [asdict(citation) for citation in citations],
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "message": finding.message,
        "value": finding.value,
        "resource_id": finding.resource_id,
        "missing": finding.missing,
        "input_path": finding.input_path,
    }


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
