"""The report as a FHIR R4 OperationOutcome (https://hl7.org/fhir/R4/operationoutcome.html)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kg_service.knowledge.namespaces import RULES
from kg_service.validation.verdicts import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import PatientVerdicts, Verdict

SEVERITIES = {"violation": "error", "warning": "warning", "info": "information"}
"""sh:severity as FHIR issue-severity."""


def write(report: Report) -> str:
    """Return the OperationOutcome as JSON."""
    return json.dumps(as_outcome(report), ensure_ascii=False, indent=2) + "\n"


def as_outcome(report: Report) -> dict[str, Any]:
    """Return the OperationOutcome: an issue for each finding, each fault and each thing not understood."""
    issues = [issue for patient in report.patients for issue in _issues(patient)]
    fine = {"severity": "information", "code": "informational", "diagnostics": "No rule that applies is violated."}
    return {"resourceType": "OperationOutcome", "issue": issues or [fine]}


def _issues(patient: PatientVerdicts) -> Iterator[dict[str, Any]]:
    for fault in patient.faults:
        yield _issue("error", "structure", f"{patient.record.resource_id}: {fault.reason}", fault.path)
    for verdict in patient.verdicts:
        yield from _verdict(verdict)
    for remark in patient.not_understood:
        told = f"{patient.record.resource_id}: {remark.reason}"
        yield _issue("information", "not-supported", told, remark.path)


def _verdict(verdict: Verdict) -> Iterator[dict[str, Any]]:
    undecided = verdict.outcome == Outcome.UNDECIDED
    severity = "warning" if undecided else SEVERITIES[verdict.rule.severity]
    for finding in verdict.findings:
        issue = _issue(
            severity,
            "incomplete" if undecided else "business-rule",
            f"{finding.resource_id}: {finding.message}",
            finding.input_path,
        )
        coding = {"system": RULES.rstrip("/"), "code": verdict.rule.name, "display": verdict.rule.label}
        rests_on = "; ".join(f"{c.statement}: {c.citation}" for c in verdict.grounds.citations)
        yield {**issue, "details": {"coding": [coding], "text": f"{verdict.rule.label} ({rests_on})"}}


def _issue(severity: str, code: str, diagnostics: str, path: str) -> dict[str, Any]:
    """Return one issue; only a place in FHIR input is a FHIRPath expression, the IRI of a node in RDF is none."""
    expression = {} if ":" in path else {"expression": [path]}
    return {"severity": severity, "code": code, "diagnostics": diagnostics, **expression}
