"""`Guideline.validate`: what it takes and what it gives."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kg_service import Guideline, KgServiceError
from kg_service.errors import MalformedRecord, NotAcceptable, ParameterError, WrongRecord
from kg_service.validation import Outcome

if TYPE_CHECKING:
    from pathlib import Path

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-03-04"}
DOSE: dict[str, Any] = {
    "resourceType": "MedicationAdministration",
    "id": "d1",
    "status": "completed",
    "subject": {"reference": "Patient/p1"},
    "medicationCodeableConcept": {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "2123126"}]
    },
    "effectiveDateTime": "2025-01-01",
    "dosage": {"dose": {"value": 105, "system": "http://unitsofmeasure.org", "code": "mg"}},
}
BUNDLE = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}, {"resource": DOSE}]}
DAY = dt.date(2026, 1, 31)


def test_verdicts_can_be_gone_through_more_than_once(guideline: Guideline) -> None:
    verdicts = guideline.validate(BUNDLE, as_of=DAY).verdicts
    assert len(list(verdicts)) == len(list(verdicts)) == len(guideline.validator.catalogue.rules)


def test_a_day_that_is_none_is_told_with_the_name_of_its_parameter(guideline: Guideline) -> None:
    with pytest.raises(ParameterError, match="as_of is '2026-13-01', which is not a date: write it like 2026-01-31"):
        guideline.validate(BUNDLE, as_of="2026-13-01")
    with pytest.raises(
        ParameterError, match=r"'Atlantis' is the name of no jurisdiction .* Nearest: Australia, Canada"
    ):
        guideline.validate(BUNDLE, as_of=DAY, jurisdiction="Atlantis")


def outcome(guideline: Guideline, records: Any, rule: str = "romosozumab-dose", **options: Any) -> Outcome:  # noqa: ANN401
    (found,) = [v for v in guideline.validate(records, as_of=DAY, **options).verdicts if v.rule.name == rule]
    return found.outcome


def test_a_parsed_resource_a_path_a_folder_or_records_read_before(guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(BUNDLE), encoding="utf-8")
    read = list(guideline.records.from_path(path))
    for given in (BUNDLE, path, str(path), tmp_path, read, read[0], [BUNDLE]):
        assert outcome(guideline, given) == Outcome.VIOLATED


@pytest.mark.parametrize("given", [json.dumps(BUNDLE), [7], 7, [None]])
def test_what_is_no_record_is_told(guideline: Guideline, given: object) -> None:
    with pytest.raises(ParameterError, match=r"is no path: give json\.loads|is no record: give paths"):
        guideline.validate(given)  # type: ignore[arg-type]


def test_resources_one_by_one_and_bytes(guideline: Guideline) -> None:
    for given in ([PATIENT, DOSE], json.dumps(BUNDLE).encode(), [json.dumps(PATIENT).encode(), DOSE]):
        assert outcome(guideline, given) == Outcome.VIOLATED


def test_a_dose_after_death_is_a_fault(guideline: Guideline) -> None:
    for died, is_fault in (("2024-12-31", True), ("2024", True), ("2025", False), ("2025-01-01", False)):
        (found,) = guideline.validate([{**PATIENT, "deceasedDateTime": died}, DOSE], as_of=DAY).patients
        assert [fault.reason for fault in found.faults] == (
            ["It is a dose given after the death of the patient: correct one of the dates."] if is_fault else []
        )


@pytest.mark.parametrize(("words", "is_fault"), [("Serum calcium", True), ("Calcium in 24 hour urine", False)])
def test_what_may_be_another_observation_is_not_implausible(guideline: Guideline, words: str, is_fault: bool) -> None:  # noqa: FBT001
    calcium = {
        "resourceType": "Observation",
        "id": "c1",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": {"text": words},
        "valueQuantity": {"value": 200, "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        "effectiveDateTime": "2025-01-01",
    }
    (found,) = guideline.validate([PATIENT, DOSE, calcium], as_of=DAY).patients
    assert bool(found.faults) == is_fault


def test_several_records_give_several_patients(guideline: Guideline) -> None:
    other = {**BUNDLE, "entry": [{"resource": {**PATIENT, "id": "p2"}}]}
    report = guideline.validate([BUNDLE, other], as_of="2026-01-31")
    assert [patient.record.resource_id for patient in report.patients] == ["Patient/p1", "Patient/p2"]
    assert (report.as_of, report.graph_digest) == (DAY, guideline.digest)
    assert report.violated
    assert not report.faulty
    assert sum(report.outcomes.values()) == 2 * len(guideline.validator.catalogue.rules)


def test_what_is_missing_is_named(guideline: Guideline) -> None:
    """Denosumab is given, and neither calcium nor vitamin D is recorded."""
    denosumab = [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "993449"}]
    given = [PATIENT, {**DOSE, "medicationCodeableConcept": {"coding": denosumab}}]
    (verdict,) = [
        one
        for one in guideline.validate(given, as_of=DAY).verdicts
        if one.rule.name == "denosumab-calcium-and-vitamin-d"
    ]
    assert {finding.missing for finding in verdict.findings} == {"calcium", "vitamin D"}


def test_places_come_in_the_order_in_which_they_stand(guideline: Guideline) -> None:
    unknown = [
        {"resourceType": "Flag", "id": f"f{n}", "subject": {"reference": "Patient/p1"}, "code": {}, "status": n}
        for n in range(12)
    ]
    entries = [{"resource": one} for one in (PATIENT, *unknown)]
    (found,) = guideline.validate({**BUNDLE, "entry": entries}, as_of=DAY).patients
    assert [fault.path for fault in found.faults] == [f"Bundle.entry[{n}].resource.status" for n in range(1, 13)]


def test_today_is_the_day_of_judgement_when_none_is_given(guideline: Guideline) -> None:
    assert abs(guideline.validate(BUNDLE).as_of - dt.datetime.now(tz=dt.UTC).date()) <= dt.timedelta(days=1)


def test_what_lies_after_the_day_of_judgement_does_not_count(guideline: Guideline) -> None:
    report = guideline.validate(BUNDLE, as_of="2024-12-31")
    assert outcome(guideline, BUNDLE) == Outcome.VIOLATED
    assert all(verdict.outcome == Outcome.NOT_APPLICABLE for verdict in report.verdicts)
    (remark,) = report.patients[0].not_understood
    assert remark.path == "Bundle.entry[1].resource"
    assert "after the day of judgement" in remark.reason


def test_jurisdictions_by_name(guideline: Guideline) -> None:
    assert outcome(guideline, BUNDLE, jurisdiction="US") == Outcome.VIOLATED
    assert guideline.validate(BUNDLE, jurisdiction=["US", "USA", "EU"]).jurisdictions == (
        "United States",
        "European Union",
    )
    with pytest.raises(ParameterError, match="Japan"):
        guideline.validate(BUNDLE, jurisdiction="Japn")


def test_a_place_inside_another_is_reached_by_its_rules(guideline: Guideline) -> None:
    """England lies in the United Kingdom; a rule for the United States does not reach it."""
    rule = "romosozumab-event-within-year"
    assert outcome(guideline, BUNDLE, rule, jurisdiction="US") != Outcome.NOT_APPLICABLE
    assert outcome(guideline, BUNDLE, rule, jurisdiction="England") == Outcome.NOT_APPLICABLE


def test_a_data_frame(guideline: Guideline) -> None:
    frame = guideline.validate(BUNDLE, as_of=DAY).to_pandas()
    assert len(frame) == len(guideline.validator.catalogue.rules)
    (row,) = frame[frame["rule"] == "romosozumab-dose"].to_dict("records")
    assert (row["outcome"], row["patient"], row["resource"]) == (
        "violated",
        "Patient/p1",
        "MedicationAdministration/d1",
    )


def test_the_report_as_text_and_in_no_such_form(guideline: Guideline) -> None:
    report = guideline.validate(BUNDLE, as_of=DAY)
    assert "VIOLATED" in str(report)
    with pytest.raises(NotAcceptable, match="junit"):
        report.serialize("pdf")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ('{"resourceType": ', MalformedRecord),
        ('{"resourceType": "Questionnaire"}', WrongRecord),
        ("[]", KgServiceError),
    ],
)
def test_errors(guideline: Guideline, tmp_path: Path, content: str, error: type[KgServiceError]) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(error):
        guideline.validate(path)
    with pytest.raises(KgServiceError, match="cannot be read"):
        guideline.validate(tmp_path / "gone.json")


def test_threads_judge_alike(guideline: Guideline) -> None:
    """pySHACL changes rdflib for all threads while it parses shapes; ours are parsed before."""
    alone = guideline.validate(BUNDLE, as_of=DAY).to_dict()
    together: list[dict[str, Any]] = []

    def judge() -> None:
        together.extend(guideline.validate(BUNDLE, as_of=DAY).to_dict() for _ in range(5))

    threads = [threading.Thread(target=judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 20
