"""Rules as SHACL shapes, engines that judge by them, verdicts and reports."""

from kg_service.validation.report import Report
from kg_service.validation.validator import Validator
from kg_service.validation.verdicts import Finding, Outcome, PatientVerdicts, Verdict

__all__ = ["Finding", "Outcome", "PatientVerdicts", "Report", "Validator", "Verdict"]
