"""The report as JUnit XML: a suite for each patient, a case for each rule.

A violated rule is a failure, an undecided or not applicable one is skipped with the reason, a record of the wrong form
is an error. Information that applies passes, and is told in the case's output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kg_service.validation.report import is_violation
from kg_service.validation.verdicts import Outcome

if TYPE_CHECKING:
    from kg_service.validation.report import Report
    from kg_service.validation.verdicts import PatientVerdicts, Verdict

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def write(report: Report) -> str:
    """Return the document."""
    root = ET.Element("testsuites", name="guideline rules")
    for patient in report.patients:
        root.append(_suite(patient))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(patient: PatientVerdicts) -> ET.Element:
    skipped = [v for v in patient.verdicts if v.outcome in {Outcome.UNDECIDED, Outcome.NOT_APPLICABLE}]
    suite = ET.Element(
        "testsuite",
        name=_clean(patient.record.resource_id),
        tests=str(len(patient.verdicts) + len(patient.faults)),
        failures=str(sum(is_violation(v) for v in patient.verdicts)),
        errors=str(len(patient.faults)),
        skipped=str(len(skipped)),
    )
    for fault in patient.faults:
        case = ET.SubElement(suite, "testcase", name="record", classname=_clean(fault.path))
        ET.SubElement(case, "error", message=_clean(fault.reason))
    for verdict in patient.verdicts:
        _case(suite, verdict)
    return suite


def _case(suite: ET.Element, verdict: Verdict) -> None:
    statements = "; ".join(verdict.grounds.statements)
    case = ET.SubElement(suite, "testcase", name=verdict.rule.name, classname=statements)
    told = "\n".join(f"{finding.message} ({finding.input_path})" for finding in verdict.findings)
    if is_violation(verdict):
        ET.SubElement(case, "failure", message=_clean(verdict.message), type=verdict.rule.severity).text = _clean(told)
    elif verdict.outcome in {Outcome.UNDECIDED, Outcome.NOT_APPLICABLE}:
        ET.SubElement(case, "skipped", message=_clean(f"{verdict.outcome}: {verdict.message}"))
    elif told:
        ET.SubElement(case, "system-out").text = _clean(told)


def _clean(text: str) -> str:
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
