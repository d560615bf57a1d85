"""From validation results to verdicts: one outcome for every rule and every patient.

A rule that reports something is violated; else one whose missing-data shape reports something is undecided; else it is
satisfied. It applies to the patients in its target class, and to the others it is not applicable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kg_service.knowledge.namespaces import PATIENT, TYPE
from kg_service.patients.record import Fault, Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg_service.knowledge.labels import Labels
    from kg_service.knowledge.shacl import Result
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.catalogue import Rule
    from kg_service.validation.engine import Case
    from kg_service.validation.grounds import Grounds

SUBJECT, CERTAINTY, INPUT_PATH, RESOURCE_ID = (
    PATIENT + name for name in ("subject", "certainty", "inputPath", "resourceId")
)
UNREAD, TREATMENT = PATIENT + "unreadRecord", PATIENT + "Treatment"
EXCLUDING = frozenset(PATIENT + name for name in ("EnteredInError", "Cancelled", "Planned", "NotDone", "Refuted"))
"""Statuses for which derive:certainty leaves a record out; else it is left out for its date."""
NUMBER, DIGITS = re.compile(r"\d+"), 9
REASONS = tuple(PATIENT + name for name in ("status", "verificationStatus"))


class Outcome(StrEnum):
    """What a rule says of a patient."""

    VIOLATED = "violated"
    UNDECIDED = "undecided"
    SATISFIED = "satisfied"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found: the message, the record it is about, and which datum is missing, if one is.

    `input_path` and `resource_id` are those of the record, or of the patient where no one record is to blame.
    """

    message: str
    value: str
    missing: str
    input_path: str
    resource_id: str
    result: Result


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one rule for one patient; `message` is the first finding's, or says why it is as it is."""

    rule: Rule
    grounds: Grounds
    outcome: Outcome
    message: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientVerdicts:
    """All verdicts on one patient, in the order of the rules' names, and what of the record was not understood.

    With faults there are no verdicts: a record of the wrong form is not judged. `unread_treatment` says that a
    medication could not be read, which may be one for which rules would apply.
    """

    record: PatientRecord
    verdicts: tuple[Verdict, ...]
    not_understood: tuple[Remark, ...]
    faults: tuple[Fault, ...] = ()
    unread_treatment: bool = False


class Judge:
    """Reads verdicts out of a judged case."""

    def __init__(self, rules: Sequence[tuple[Rule, Grounds]], labels: Labels) -> None:
        """Take the rules with what they rest on; labels name what is missing."""
        self._rules = rules
        self._labels = labels
        self._otherwise = {
            unread: tuple(_not_applicable(rule, grounds, unread_treatment=unread) for rule, grounds in rules)
            for unread in (False, True)
        }
        self._shapes = {shape.value for rule, _ in rules for shape in (rule.iri, rule.missing_data_shape)}

    def __call__(self, record: PatientRecord, case: Case, results: Iterable[Result]) -> PatientVerdicts:
        """Return the verdicts that `results` mean for the patient of `case`."""
        by_shape: dict[str, list[Result]] = {}
        for result in results:
            by_shape.setdefault(result.shape, []).append(result)
        remarks = tuple(sorted({*record.not_understood, *self._left_out(record, case)}, key=_place))
        faults = tuple(sorted({*record.faults, *self._malformed(by_shape, record, case)}, key=_place))
        if faults:
            return PatientVerdicts(record, (), remarks, faults)
        unread = _has_unread_treatment(record, case)
        kinds = frozenset(case.texts(record.patient.value, TYPE.value))
        verdicts = tuple(
            self._verdict(rule, grounds, record, case, by_shape)
            if grounds.applies and rule.target.value in kinds
            else otherwise
            for (rule, grounds), otherwise in zip(self._rules, self._otherwise[unread], strict=True)
        )
        return PatientVerdicts(record, verdicts, remarks, unread_treatment=unread)

    def _malformed(self, by_shape: dict[str, list[Result]], record: PatientRecord, case: Case) -> Iterator[Fault]:
        """Tell what shapes of records, which are those of no rule, have found where reading found no fault itself."""
        for shape in by_shape.keys() - self._shapes:
            for result in by_shape[shape]:
                path = _text(case, result.focus, INPUT_PATH) or result.focus
                within = (f"{path}.", f"{path} ")
                if not any(fault.path == path or fault.path.startswith(within) for fault in record.faults):
                    yield Fault(path, result.message)

    def _verdict(
        self, rule: Rule, grounds: Grounds, record: PatientRecord, case: Case, by_shape: dict[str, list[Result]]
    ) -> Verdict:
        for outcome, shape in (
            (Outcome.VIOLATED, rule.iri.value),
            (Outcome.UNDECIDED, rule.missing_data_shape.value),
        ):
            if found := by_shape.get(shape):
                findings = tuple(self._finding(result, record, case) for result in found)
                return Verdict(rule, grounds, outcome, findings[0].message, findings)
        return Verdict(rule, grounds, Outcome.SATISFIED, rule.satisfied)

    def _finding(self, result: Result, record: PatientRecord, case: Case) -> Finding:
        about = result.value or record.patient.value
        return Finding(
            message=result.message,
            value=result.value,
            missing=self._labels[result.path] if result.path else "",
            input_path=_text(case, about, INPUT_PATH) or about,
            resource_id=_text(case, about, RESOURCE_ID) or about,
            result=result,
        )

    def _left_out(self, record: PatientRecord, case: Case) -> Iterator[Remark]:
        """Tell of every record that does not count, and why."""
        for node in case.nodes(SUBJECT, record.patient.value):
            if not case.texts(node, CERTAINTY):
                yield Remark(_text(case, node, INPUT_PATH) or node, f"Not counted: {self._reason(node, case)}.")

    def _reason(self, node: str, case: Case) -> str:
        stated = [text for predicate in REASONS for text in case.texts(node, predicate)]
        excluding = sorted(self._labels[iri] for iri in stated if iri in EXCLUDING)
        return " and ".join(excluding) or "dated after the day of judgement"


def _not_applicable(rule: Rule, grounds: Grounds, *, unread_treatment: bool) -> Verdict:
    if not grounds.applies:
        return Verdict(rule, grounds, Outcome.NOT_APPLICABLE, grounds.elsewhere)
    unread = " But a medication could not be read." if unread_treatment else ""
    return Verdict(rule, grounds, Outcome.NOT_APPLICABLE, rule.otherwise + unread)


def _has_unread_treatment(record: PatientRecord, case: Case) -> bool:
    return any(TREATMENT in case.texts(node, TYPE.value) for node in case.texts(record.patient.value, UNREAD))


def _place(told: Remark | Fault) -> tuple[str, str]:
    """Return what orders remarks and faults: the place, in which entry[3] comes before entry[12], then the reason."""
    return NUMBER.sub(lambda number: number[0].zfill(DIGITS), told.path), told.reason


def _text(case: Case, node: str, predicate: str) -> str:
    return next(iter(case.texts(node, predicate)), "")
