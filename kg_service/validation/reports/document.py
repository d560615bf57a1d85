"""The report as JSON: every rule for every patient, with all that it found."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import Finding, PatientVerdicts, Verdict


def write(report: Report) -> str:
    """Return the whole report as one JSON object."""
    return json.dumps(as_document(report), ensure_ascii=False, indent=2) + "\n"


def write_lines(report: Report) -> str:
    """Return one JSON object a line for each patient, each naming the day and the graph."""
    frame = _frame(report)
    return "".join(
        json.dumps({**as_patient(patient), **frame}, ensure_ascii=False) + "\n" for patient in report.patients
    )


def as_document(report: Report) -> dict[str, Any]:
    """Return the report as nested dictionaries and lists."""
    return {"patients": [as_patient(patient) for patient in report.patients], **_frame(report)}


def _frame(report: Report) -> dict[str, Any]:
    return {
        "as_of": report.as_of.isoformat(),
        "jurisdictions": list(report.jurisdictions),
        "graph_digest": report.graph_digest,
        "query_digest": report.query_digest,
    }


def as_patient(patient: PatientVerdicts) -> dict[str, Any]:
    """Return one patient's verdicts, what was not understood, and the faults for which there are no verdicts."""
    return {
        "patient": patient.record.patient.value,
        "resource_id": patient.record.resource_id,
        "unread_treatment": patient.unread_treatment,
        "rules": [_rule(verdict, patient) for verdict in patient.verdicts],
        "not_understood": [asdict(remark) for remark in patient.not_understood],
        "faults": [asdict(fault) for fault in patient.faults],
    }


def _rule(verdict: Verdict, patient: PatientVerdicts) -> dict[str, Any]:
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
        "focus": patient.record.patient.value,
        "value": first.value if first else "",
        "missing": first.missing if first else "",
        "input_path": first.input_path if first else "",
        "findings": [_finding(finding) for finding in verdict.findings],
        "citations": [asdict(citation) for citation in verdict.grounds.citations],
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "message": finding.message,
        "value": finding.value,
        "resource_id": finding.resource_id,
        "missing": finding.missing,
        "input_path": finding.input_path,
    }
