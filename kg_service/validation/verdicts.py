"""From validation results to verdicts: one outcome for every rule and every patient.

A rule that reports something is violated; else one whose missing-data shape reports something is undecided; else it is
satisfied. It applies to the patients in its target class, and to the others it is not applicable.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad

from kg_service.knowledge.namespaces import PATIENT, TYPE
from kg_service.patients.record import Fault, Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyoxigraph import Store

    from kg_service.knowledge.labels import Labels
    from kg_service.patients.record import PatientRecord
    from kg_service.validation.catalogue import Rule
    from kg_service.validation.engine import Result
    from kg_service.validation.grounds import Grounds

SUBJECT, CERTAINTY, INPUT_PATH, RESOURCE_ID, SHOWN_AS, AS_OF = (
    NamedNode(PATIENT + name) for name in ("subject", "certainty", "inputPath", "resourceId", "shownAs", "asOf")
)
UNREAD, TREATMENT = NamedNode(PATIENT + "unreadRecord"), NamedNode(PATIENT + "Treatment")
EXCLUDING = frozenset(
    NamedNode(PATIENT + name) for name in ("EnteredInError", "Cancelled", "Planned", "NotDone", "Refuted")
)
"""Statuses for which derive:certainty leaves a record out; else it is left out for its date."""
REASONS = tuple(NamedNode(PATIENT + name) for name in ("status", "verificationStatus"))


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
        self._shapes = {shape.value for rule, _ in rules for shape in (rule.iri, rule.missing_data_shape)}

    def __call__(self, record: PatientRecord, case: Store, results: Iterable[Result]) -> PatientVerdicts:
        """Return the verdicts that `results` mean for the patient of `case`."""
        by_shape: dict[str, list[Result]] = {}
        for result in results:
            by_shape.setdefault(result.shape, []).append(result)
        remarks = tuple(sorted({*record.not_understood, *self._left_out(record, case)}))
        faults = tuple(sorted({*record.faults, *self._malformed(by_shape, case)}))
        if faults:
            return PatientVerdicts(record, (), remarks, faults)
        verdicts = tuple(self._verdict(rule, grounds, record, case, by_shape) for rule, grounds in self._rules)
        return PatientVerdicts(record, verdicts, remarks, unread_treatment=_has_unread_treatment(record, case))

    def _malformed(self, by_shape: dict[str, list[Result]], case: Store) -> Iterator[Fault]:
        """Tell what shapes of records, which are those of no rule, have found."""
        for shape in by_shape.keys() - self._shapes:
            for result in by_shape[shape]:
                path = _text(case, NamedNode(result.focus), INPUT_PATH) or result.focus
                yield Fault(path, result.message)

    def _verdict(
        self, rule: Rule, grounds: Grounds, record: PatientRecord, case: Store, by_shape: dict[str, list[Result]]
    ) -> Verdict:
        if not grounds.applies:
            return Verdict(rule, grounds, Outcome.NOT_APPLICABLE, grounds.elsewhere)
        if Quad(record.patient, TYPE, rule.target) not in case:
            unread = " But a medication could not be read." if _has_unread_treatment(record, case) else ""
            return Verdict(rule, grounds, Outcome.NOT_APPLICABLE, rule.otherwise + unread)
        for outcome, shape in (
            (Outcome.VIOLATED, rule.iri.value),
            (Outcome.UNDECIDED, rule.missing_data_shape.value),
        ):
            if found := by_shape.get(shape):
                findings = tuple(self._finding(result, record, case) for result in found)
                return Verdict(rule, grounds, outcome, findings[0].message, findings)
        return Verdict(rule, grounds, Outcome.SATISFIED, rule.satisfied)

    def _finding(self, result: Result, record: PatientRecord, case: Store) -> Finding:
        about = NamedNode(result.value) if result.value else record.patient
        return Finding(
            message=result.message,
            value=result.value,
            missing=self._labels[result.path] if result.path else "",
            input_path=_text(case, about, INPUT_PATH) or about.value,
            resource_id=_text(case, about, RESOURCE_ID) or about.value,
            result=result,
        )

    def _left_out(self, record: PatientRecord, case: Store) -> Iterator[Remark]:
        """Tell of every record that does not count, and why."""
        for quad in case.quads_for_pattern(None, SUBJECT, record.patient, None):
            node = quad.subject
            if isinstance(node, NamedNode) and not any(case.quads_for_pattern(node, CERTAINTY, None, None)):
                yield Remark(_text(case, node, INPUT_PATH) or node.value, f"Not counted: {self._reason(node, case)}.")

    def _reason(self, node: NamedNode, case: Store) -> str:
        stated = [q.object for p in REASONS for q in case.quads_for_pattern(node, p, None, None)]
        excluding = sorted(self._labels.shown(term) for term in stated if term in EXCLUDING)
        return " and ".join(excluding) or "dated after the day of judgement"


def _has_unread_treatment(record: PatientRecord, case: Store) -> bool:
    unread = [quad.object for quad in case.quads_for_pattern(record.patient, UNREAD, None, None)]
    return any(isinstance(node, NamedNode) and Quad(node, TYPE, TREATMENT) in case for node in unread)


def _text(case: Store, node: NamedNode, predicate: NamedNode) -> str:
    for quad in case.quads_for_pattern(node, predicate, None, None):
        if isinstance(quad.object, Literal):
            return quad.object.value
    return ""
