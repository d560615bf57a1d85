"""Ways found to get "satisfied" out of missing or odd data; each is closed, and stays closed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from kg_service.patients.rdf import read_rdf

from .conftest import PROLOGUE

if TYPE_CHECKING:
    from kg_service import Guideline

AS_OF = dt.date(2026, 1, 31)
PERSON = """
ex:p a patient:Patient ; patient:sex patient:Female ; patient:birthDate "1950-03-04"^^xsd:date .
ex:o a patient:Condition ; patient:subject ex:p ; patient:condition concept:osteoporosis ;
    patient:onset "2020-01-01"^^xsd:date ; patient:clinicalStatus patient:Active .
"""
DOSES = "".join(
    f"ex:d{month} a patient:Administration ; patient:subject ex:p ; patient:agent concept:romosozumab ; "
    f'patient:status patient:Done ; patient:start "2025-{month:02}-01"^^xsd:date ; patient:dose 210 ; '
    "patient:unit unit:mg ; patient:route concept:subcutaneous .\n"
    for month in range(1, 13)
)
ORDER = """
ex:r a patient:Order ; patient:subject ex:p ; patient:agent concept:romosozumab ; patient:status patient:Ongoing ;
    patient:start "2025-01-01"^^xsd:date ; patient:recorded "2025-01-01"^^xsd:date .
"""
HEART_ATTACK = "ex:mi a patient:Condition ; patient:subject ex:p ; patient:condition concept:myocardial-infarction "

FOUND = {
    "an undated history decides an ever-rule": (DOSES + HEART_ATTACK + ".", "romosozumab-event-ever", "violated"),
    "and not one with a window": (DOSES + HEART_ATTACK + ".", "romosozumab-event-within-year", "undecided"),
    "an order still open after the event": (
        ORDER + HEART_ATTACK + '; patient:onset "2025-06-01"^^xsd:date .',
        "romosozumab-event-ever",
        "violated",
    ),
    "a good eGFR beside end-stage disease": (
        DOSES
        + 'ex:e a patient:Observation ; patient:subject ex:p ; patient:observable concept:egfr ; patient:value 90 ; '
        'patient:unit unit:mL-per-min-1.73m2 ; patient:effective "2024-12-01"^^xsd:date .\n'
        "ex:k a patient:Condition ; patient:subject ex:p ; patient:condition concept:end-stage-renal-disease ; "
        'patient:onset "2024-01-01"^^xsd:date ; patient:clinicalStatus patient:Active .',
        "romosozumab-severe-renal-impairment",
        "undecided",
    ),
    "a follow-on drug whose order was stopped": (
        DOSES + "ex:f a patient:Order ; patient:subject ex:p ; patient:agent concept:alendronate ; "
        'patient:status patient:Stopped ; patient:start "2026-01-05"^^xsd:date .',
        "romosozumab-then-antiresorptive",
        "undecided",
    ),
    "a denial of some day of the year, perhaps before the doses": (
        # Its list of conditions is empty, so only the denial could show that there was no event.
        DOSES
        + 'ex:n a patient:Absence ; patient:subject ex:p ; patient:recorded "2025"^^xsd:gYear ; '
        "patient:condition concept:myocardial-infarction , concept:stroke .",
        "romosozumab-event-within-year",
        "undecided",
    ),
    "a death without a date": (
        DOSES + "ex:p patient:deceased true .",
        "romosozumab-then-antiresorptive",
        "undecided",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_no_satisfied_out_of(guideline: Guideline, name: str) -> None:
    turtle, rule, expected = FOUND[name]
    person = PERSON.partition("ex:o a")[0] if "patient:Absence" in turtle else PERSON
    (record,) = read_rdf((PROLOGUE + person + turtle).encode(), "text/turtle", guideline)
    (found,) = guideline.judge([record], AS_OF)
    assert not found.faults
    (verdict,) = [verdict for verdict in found.verdicts if verdict.rule.name == rule]
    assert verdict.outcome == expected, verdict.message


def test_a_condition_cannot_be_recorded_before_it_happens(guideline: Guideline) -> None:
    """Dated after the day of judgement it would not count, and the ever-rule be satisfied."""
    turtle = HEART_ATTACK + '; patient:onset "2026-12-01"^^xsd:date ; patient:recorded "2025-12-01"^^xsd:date .'
    (record,) = read_rdf((PROLOGUE + PERSON + DOSES + turtle).encode(), "text/turtle", guideline)
    (found,) = guideline.judge([record], AS_OF)
    (fault,) = found.faults
    assert fault.path == "https://example.org/mi"


def test_a_medication_that_cannot_be_read_is_not_passed_over(guideline: Guideline) -> None:
    turtle = "ex:u a patient:Order ; patient:subject ex:p ; patient:unreadable true ; patient:status patient:Ongoing ."
    (record,) = read_rdf((PROLOGUE + PERSON + turtle).encode(), "text/turtle", guideline)
    report = guideline.validate(record, as_of=AS_OF)
    assert report.undecided
    assert all("could not be read" in verdict.message for verdict in report.verdicts)
