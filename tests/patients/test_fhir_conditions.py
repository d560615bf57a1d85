"""Patient, Condition, FamilyMemberHistory, Procedure and AllergyIntolerance to the patient vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .fhir_data import (
    ATC,
    DENOSUMAB,
    ICD,
    INFARCTION,
    LOINC,
    OLD_INFARCTION,
    OSTEOPOROSIS,
    SNOMED,
    Json,
    concept,
    facts,
    only,
    patient,
    person,
    read_one,
    reasons,
    resource,
)

if TYPE_CHECKING:
    from kg_service.patients.terminology import Terminology

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
BIRTH_SEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"


def condition(**members: object) -> Json:
    return resource("Condition", **{"code": concept(OSTEOPOROSIS)} | members)


@pytest.mark.parametrize(
    ("gender", "at_birth", "sex"),
    [
        ("female", None, "Female"), ("male", None, "Male"), ("other", None, "OtherSex"), ("unknown", None, None),
        (None, None, None), (None, "F", "Female"), ("unknown", "M", "Male"), ("female", "F", "Female"),
        ("male", "F", None), ("female", "UNK", "Female"), ("female", "ASKU", "Female"), ("female", "OTH", None),
        ("other", "OTH", "OtherSex"),
    ],
)  # fmt: skip
def test_sex(terminology: Terminology, gender: str | None, at_birth: str | None, sex: str | None) -> None:
    extension = [{"url": BIRTH_SEX, "valueCode": at_birth}] if at_birth else []
    record = read_one(terminology, person=patient(gender=gender, extension=extension))
    assert person(record).get("sex") == sex
    assert ("differ" in reasons(record)) == ((gender, at_birth) in {("male", "F"), ("female", "OTH")})


@pytest.mark.parametrize(
    ("name", "value", "sex"),
    [
        ("sex", {"valueCode": "248152002"}, "Female"),
        ("sex", {"valueCode": "248153007"}, None),  # male, beside the gender female
        ("sex", {"valueCode": "unknown"}, "Female"),
        ("sex", {"valueCode": "asked-declined"}, "Female"),
        ("sex", {"valueCode": "184115007"}, "Female"),
        ("individual-sex", {"valueCoding": {"code": "male"}}, None),
        ("birthsex", {"valueCode": "X"}, None),
    ],
)
def test_what_else_says_the_sex(terminology: Terminology, name: str, value: Json, sex: str | None) -> None:
    """The gender is female; an extension that says otherwise, or is not understood, leaves the sex open."""
    url = BIRTH_SEX.replace("birthsex", name)
    record = read_one(terminology, person=patient(extension=[{"url": url, **value}]))
    assert person(record).get("sex") == sex
    assert ("sex is left open" in reasons(record)) == (sex is None)


@pytest.mark.parametrize(
    ("death", "date", "is_remarked"),
    [
        ({"deceasedDateTime": "2020-03-01T23:30:00-05:00"}, "2020-03-01", False),
        ({"deceasedBoolean": True}, None, False),
        ({"deceasedBoolean": False}, None, False),
    ],
)
def test_death(terminology: Terminology, death: Json, date: str | None, is_remarked: bool) -> None:  # noqa: FBT001
    record = read_one(terminology, person=patient(**death))
    assert person(record).get("deathDate") == date
    assert person(record).get("deceased") == ("true" if death.get("deceasedBoolean") else None)
    assert bool(record.not_understood) == is_remarked


@pytest.mark.parametrize("status", ["active", "recurrence", "relapse", "inactive", "remission", "resolved"])
def test_every_clinical_status(terminology: Terminology, status: str) -> None:
    record = read_one(terminology, condition(clinicalStatus=concept((CLINICAL, status))))
    assert facts(record)[0]["clinicalStatus"] == [status.capitalize()]


@pytest.mark.parametrize("status", ["confirmed", "provisional", "differential", "unconfirmed"])
def test_every_verification_status(terminology: Terminology, status: str) -> None:
    fact = only(read_one(terminology, condition(verificationStatus=concept((VERIFICATION, status)))))
    assert (fact["type"], fact["verificationStatus"]) == (["Condition"], [status.capitalize()])


def test_a_refuted_condition_is_an_absence_from_the_day_it_was_recorded(terminology: Terminology) -> None:
    refuted = condition(
        verificationStatus=concept((VERIFICATION, "refuted")), recordedDate="2024-03-01", onsetDateTime="2020"
    )
    fact = only(read_one(terminology, refuted))
    assert (fact["type"], fact["condition"]) == (["Absence"], ["osteoporosis"])
    assert (fact["recorded"], fact["effective"]) == (["2024-03-01"], ["2024-03-01"])
    assert "onset" not in fact


def test_what_was_entered_in_error_is_left_out_and_said(terminology: Terminology) -> None:
    record = read_one(terminology, condition(verificationStatus=concept((VERIFICATION, "entered-in-error"))))
    assert facts(record) == []
    assert reasons(record) == "Bundle.entry[1].resource: Entered in error: left out."


def test_a_verification_status_nobody_knows_does_not_confirm(terminology: Terminology) -> None:
    record = read_one(terminology, condition(verificationStatus=concept((VERIFICATION, "sure"))))
    assert only(record)["verificationStatus"] == ["Unconfirmed"]
    assert "none of FHIR R4" in reasons(record)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (concept(OSTEOPOROSIS), {"condition": ["osteoporosis"]}),
        (concept(OSTEOPOROSIS, INFARCTION), {"condition": ["myocardial-infarction", "osteoporosis"]}),
        (concept((SNOMED, "1"), OSTEOPOROSIS), {"condition": ["osteoporosis"]}),
        (concept((SNOMED, "240198002")), {"condition": ["osteoporotic-fracture", "vertebral-fracture"]}),
        (concept((SNOMED, "21454007")), {"condition": ["haemorrhagic-stroke"], "codeMatch": ["ByWiderCode"]}),
        (concept((ICD, "I63.9")), {"condition": ["ischaemic-stroke"]}),
    ],
)
def test_codes_prove_without_a_remark(terminology: Terminology, code: Json, says: dict[str, list[str]]) -> None:
    record = read_one(terminology, condition(code=code))
    fact = only(record)
    assert {name: fact[name] for name in ("condition", "codeMatch") if name in fact} == says
    assert record.not_understood == ()


def test_each_concept_is_as_sure_as_its_own_code(terminology: Terminology) -> None:
    """M81.0 denotes osteoporosis and only covers the postmenopausal kind: two records, of one resource."""
    sure, possible = facts(read_one(terminology, condition(code=concept((ICD, "M81.0")), recordedDate="2024")))
    assert (sure["condition"], possible["condition"]) == (["osteoporosis"], ["postmenopausal-osteoporosis"])
    assert ("codeMatch" in sure, possible["codeMatch"]) == (False, ["ByWiderCode"])
    assert sure["resourceId"] == possible["resourceId"]


def test_words_alone_are_said_to_be_only_words(terminology: Terminology) -> None:
    record = read_one(terminology, condition(code=concept(("urn:local", "X1"), text="Severe osteoporosis")))
    assert (only(record)["condition"], only(record)["codeMatch"]) == (["osteoporosis"], ["ByText"])
    assert reasons(record) == (
        "Bundle.entry[1].resource.code: Understood by its words only, as osteoporosis: urn:local|X1 is not known here."
    )


@pytest.mark.parametrize(
    ("code", "is_unreadable"),
    [
        (concept((SNOMED, "1"), text="Sprain"), False),
        (concept((SNOMED, "1")), True),
        (concept((ICD, "S93.4")), True),
        (concept(("urn:local", "X1"), text="Sprain"), True),
        (concept(("urn:local", "X1")), True),
        ({"text": "Koronarverschluss"}, True),
        ({"text": "see letter"}, True),
        ({"text": "?"}, True),
        (None, True),
        ({}, True),
    ],
)
def test_what_is_not_understood_is_still_there(
    terminology: Terminology,
    code: Json | None,
    is_unreadable: bool,  # noqa: FBT001
) -> None:
    record = read_one(terminology, condition(code=code, onsetDateTime="2020"))
    fact = only(record)
    assert (fact["type"], fact["onset"], "condition" in fact) == (["Condition"], ["2020"], False)
    assert fact["unreadable"] == ["true" if is_unreadable else "false"]
    assert len(record.not_understood) == 1


def test_a_history_code_says_when_it_had_happened_not_when_it_began(terminology: Terminology) -> None:
    past = condition(
        code=concept(OLD_INFARCTION), onsetDateTime="2024-01-05", clinicalStatus=concept((CLINICAL, "active"))
    )
    fact = only(read_one(terminology, past))
    assert (fact["condition"], fact["pastHistory"]) == (["myocardial-infarction"], ["true"])
    assert fact["recorded"] == ["2024-01-05"]
    assert "onset" not in fact
    assert "clinicalStatus" not in fact


@pytest.mark.parametrize(
    ("members", "onset", "onset_end"),
    [
        ({"onsetDateTime": "2020-02-29"}, "2020-02-29", None),
        ({"onsetDateTime": "2020-02-29T23:59:59.999+14:00"}, "2020-02-29", None),
        ({"onsetDateTime": "2020-02"}, "2020-02", None),
        ({"onsetDateTime": "2020"}, "2020", None),
        ({"onsetPeriod": {"start": "2019", "end": "2020-03"}}, "2019", "2020-03"),
        ({"onsetPeriod": {"start": "2019"}, "recordedDate": "2021"}, "2019", "2021"),
        ({"onsetPeriod": {"start": "2019"}}, None, None),
        ({"onsetPeriod": {"end": "2019"}}, None, None),
        # born on 15 June 1950: 70 years old from 15 June 2020 to 14 June 2021
        ({"onsetAge": {"value": 70, "code": "a", "system": "http://unitsofmeasure.org"}}, "2020-06-15", "2021-06-14"),
        ({"onsetAge": {"value": 70, "unit": "years"}}, "2020-06-15", "2021-06-14"),
        ({"onsetAge": {"value": 18, "code": "mo"}}, "1951-12-15", "1952-01-14"),
        ({"onsetAge": {"value": 2, "code": "wk"}}, "1950-06-29", "1950-07-05"),
        ({"onsetRange": {"low": {"value": 60, "code": "a"}, "high": {"value": 65, "code": "a"}}},
         "2010-06-15", "2016-06-14"),
        ({"onsetAge": {"value": 70, "code": "a", "comparator": ">"}}, None, None),
        ({"onsetAge": {"value": 70, "code": "kg"}}, None, None),
        ({"onsetString": "in her sixties"}, None, None),
    ],
)  # fmt: skip
def test_every_form_of_onset(terminology: Terminology, members: Json, onset: str | None, onset_end: str | None) -> None:
    record = read_one(terminology, condition(**members))
    assert only(record).get("onset") == ([onset] if onset else None)
    assert only(record).get("onsetEnd") == ([onset_end] if onset_end else None)
    assert bool(record.not_understood) == (onset is None)
    assert record.faults == ()


@pytest.mark.parametrize(
    ("birth", "onset", "end"),
    [
        ("1950", "2020-01-01", "2021-12-30"),
        ("1950-06", "2020-06-01", "2021-06-29"),
        ("1952-02-29", "2022-02-28", "2023-02-27"),
    ],
)
def test_ages_of_those_whose_birthday_is_not_known(terminology: Terminology, birth: str, onset: str, end: str) -> None:
    """Of 1950: 70 from 1 January 2020 at the earliest to the day before turning 71, 30 December 2021 at the latest."""
    aged = condition(onsetAge={"value": 70, "code": "a"})
    fact = only(read_one(terminology, aged, person=patient(birthDate=birth)))
    assert (fact["onset"], fact["onsetEnd"]) == ([onset], [end])


def test_an_age_without_date_of_birth_is_no_date(terminology: Terminology) -> None:
    record = read_one(terminology, condition(onsetAge={"value": 70, "code": "a"}), person=patient(birthDate=None))
    assert "onset" not in only(record)
    assert "without a date of birth" in reasons(record)


def test_an_age_of_nobody_is_a_fault(terminology: Terminology) -> None:
    record = read_one(terminology, condition(onsetAge={"value": 700, "code": "a"}))
    assert [fault.path for fault in record.faults] == ["Bundle.entry[1].resource.onsetAge.value"]


@pytest.mark.parametrize(
    ("members", "abatement", "clinical"),
    [
        ({"abatementDateTime": "2021-05"}, "2021-05", None),
        ({"abatementPeriod": {"start": "2020", "end": "2021"}}, "2021", None),
        ({"abatementAge": {"value": 70, "code": "a"}}, "2021-06-14", None),
        ({"abatementString": "yes"}, None, "Resolved"),
        ({"abatementString": "last spring"}, None, None),
        ({"abatementBoolean": True}, None, "Resolved"),
    ],
)
def test_every_form_of_abatement(
    terminology: Terminology, members: Json, abatement: str | None, clinical: str | None
) -> None:
    fact = only(read_one(terminology, condition(**members)))
    assert fact.get("abatement") == ([abatement] if abatement else None)
    assert fact.get("clinicalStatus") == ([clinical] if clinical else None)


def test_family_history_is_never_the_patients_own(terminology: Terminology) -> None:
    history = resource(
        "FamilyMemberHistory",
        date="2020-01-01",
        condition=[{"code": concept(OSTEOPOROSIS)}, {"code": {"text": "gout"}}],
    )
    first, second = facts(read_one(terminology, history))
    assert (first["type"], first["condition"], first["recorded"]) == (
        ["FamilyHistory"],
        ["osteoporosis"],
        ["2020-01-01"],
    )
    assert first["inputPath"] == ["Bundle.entry[1].resource.condition[0]"]
    assert (second["type"], "condition" in second) == (["FamilyHistory"], False)


@pytest.mark.parametrize("status", ["entered-in-error"])
def test_family_history_in_error(terminology: Terminology, status: str) -> None:
    history = resource("FamilyMemberHistory", status=status, condition=[{"code": concept(OSTEOPOROSIS)}])
    assert facts(read_one(terminology, history)) == []


DIALYSIS = concept((SNOMED, "105502003"))


@pytest.mark.parametrize(
    ("code", "match"),
    [
        (concept((SNOMED, "302497006")), None),
        (concept((SNOMED, "265764009")), None),
        (concept(text="Hämodialyse: Intermittierend"), ["ByText"]),
    ],
)
def test_dialysis_by_codes_and_words(terminology: Terminology, code: Json, match: list[str] | None) -> None:
    found = only(read_one(terminology, resource("Procedure", code=code, performedDateTime="2025-10-20")))
    assert (found["condition"], found.get("codeMatch")) == (["dialysis"], match)


@pytest.mark.parametrize(
    ("status", "verification"),
    [
        ("completed", "Confirmed"), ("in-progress", "Confirmed"), ("on-hold", "Confirmed"), ("stopped", "Confirmed"),
        ("unknown", "Unconfirmed"), ("preparation", None), ("not-done", None), ("entered-in-error", None),
    ],
)  # fmt: skip
def test_procedures_that_show_a_condition(terminology: Terminology, status: str, verification: str | None) -> None:
    procedure = resource("Procedure", status=status, code=DIALYSIS, performedPeriod={"start": "2020-01-01"})
    found = facts(read_one(terminology, procedure))
    assert [(f["condition"], f["onset"], f["verificationStatus"]) for f in found] == (
        [(["dialysis"], ["2020-01-01"], [verification])] if verification else []
    )


def test_a_procedure_that_gives_an_agent(terminology: Terminology) -> None:
    procedure = resource("Procedure", code=concept((ATC, "M05BX04")), performedDateTime="2024-02-01")
    fact = only(read_one(terminology, procedure))
    assert (fact["type"], fact["agent"], fact["status"]) == (["Administration"], ["denosumab"], ["Done"])
    assert fact["start"] == ["2024-02-01"]


def test_other_procedures_are_said_to_be_unused(terminology: Terminology) -> None:
    record = read_one(terminology, resource("Procedure", code=concept((SNOMED, "73761001"), text="osteoporosis")))
    assert facts(record) == []
    assert "a procedure" in reasons(record).lower()


def allergy(**members: object) -> Json:
    return resource("AllergyIntolerance", **members)


@pytest.mark.parametrize(
    ("members", "agents", "match"),
    [
        ({"code": concept(DENOSUMAB)}, ["denosumab"], None),
        ({"code": {"text": "?"}, "reaction": [{"substance": concept(DENOSUMAB)}]}, ["denosumab"], None),
        ({"code": {"text": "Allergy to denosumab"}}, ["denosumab"], ["ByText"]),
        ({"code": concept((ATC, "M05BA"))}, ["alendronate", "ibandronate", "risedronate", "zoledronate"], None),
        ({"code": concept((ATC, "M05BX"))}, ["denosumab", "romosozumab"], ["ByWiderCode"]),
        (
            {"code": {"text": "Bisphosphonates"}},
            ["alendronate", "ibandronate", "risedronate", "zoledronate"],
            ["ByText"],
        ),
        ({"code": concept((SNOMED, "91935009"), text="Peanut")}, None, None),
    ],
)
def test_allergies(terminology: Terminology, members: Json, agents: list[str] | None, match: list[str] | None) -> None:
    fact = only(read_one(terminology, allergy(recordedDate="2020", onsetDateTime="2019", **members)))
    assert (fact["type"], fact.get("agent"), fact.get("codeMatch")) == (["Allergy"], agents, match)
    assert (fact["recorded"], fact["onset"]) == (["2020"], ["2019"])
    assert fact.get("unreadable") == (None if agents else ["false"])


@pytest.mark.parametrize("text", [None, "Patient not asked", "Allergy to drug (finding)", "Unknown"])
def test_an_allergy_to_who_knows_what(terminology: Terminology, text: str | None) -> None:
    assert only(read_one(terminology, allergy(code=concept((SNOMED, "1"), text=text))))["unreadable"] == ["true"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"code": concept((SNOMED, "716186003"), text="No known allergy")}, "no allergy is known"),
        ({"code": {"text": "NKDA"}}, "no allergy is known"),
        ({"code": {"text": "No known drug allergies."}}, "no allergy is known"),
        ({"code": {"text": "NKA (no known allergies)"}}, "no allergy is known"),
        ({"code": {"text": "Keine bekannten Allergien"}}, "no allergy is known"),
        ({"code": {"text": "Keine Allergie bekannt"}}, "no allergy is known"),
        ({"code": concept(DENOSUMAB), "verificationStatus": concept((VERIFICATION, "refuted"))}, "was refuted"),
        ({"code": concept(DENOSUMAB), "verificationStatus": concept((VERIFICATION, "entered-in-error"))}, "in error"),
    ],
)
def test_no_allergy(terminology: Terminology, members: Json, said: str) -> None:
    record = read_one(terminology, allergy(**members))
    assert facts(record) == []
    assert said in reasons(record)


def test_an_allergy_keeps_its_statuses(terminology: Terminology) -> None:
    statuses = {
        "clinicalStatus": concept(("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "resolved")),
        "verificationStatus": concept((VERIFICATION, "unconfirmed")),
    }
    fact = only(read_one(terminology, allergy(code=concept(DENOSUMAB), **statuses)))
    assert (fact["clinicalStatus"], fact["verificationStatus"]) == (["Resolved"], ["Unconfirmed"])


@pytest.mark.parametrize(
    "written",
    [
        "2024-13-45", "yesterday", "2023-02-29", "24-01-01", "2024-1-1", "2024-01-01 10:00", "2024-01-01T25:00:00Z",
        "0000-01-01", "2024-01T10:00:00Z", "20240101", "2024-01-01Z", "\u0662\u0660\u0662\u0664-01-01",
    ],
)  # fmt: skip
@pytest.mark.parametrize("member", ["onsetDateTime", "recordedDate"])
def test_an_invalid_date_is_a_fault(terminology: Terminology, written: str, member: str) -> None:
    record = read_one(terminology, condition(**{member: written}))
    assert [fault.path for fault in record.faults] == [f"Bundle.entry[1].resource.{member}"]
    assert written not in str(record.faults)
    assert only(record)["condition"] == ["osteoporosis"]


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"onsetDateTime": 2024}, "onsetDateTime"),
        ({"onsetDateTime": {"value": "2024"}}, "onsetDateTime"),
        ({"code": "osteoporosis"}, "code"),
        ({"code": {"coding": {"code": "1"}}}, "code.coding"),
        ({"code": {"coding": ["1"]}}, "code.coding[0]"),
        ({"code": {"coding": [{"code": 64859006, "system": SNOMED}]}}, "code.coding[0].code"),
        ({"onsetAge": {"value": "70", "code": "a"}}, "onsetAge.value"),
        ({"onsetPeriod": "2019"}, "onsetPeriod"),
        ({"code": {"text": "\ud800"}}, "code.text"),
        ({"code": {"text": "x", "coding": [{"display": ["x"]}]}}, "code.coding[0].display"),
    ],
)
def test_a_wrong_json_type_is_a_fault(terminology: Terminology, members: Json, path: str) -> None:
    record = read_one(terminology, condition(**members))
    assert f"Bundle.entry[1].resource.{path}" in [fault.path for fault in record.faults]


def test_a_fault_of_the_bundle_is_every_patients(terminology: Terminology) -> None:
    record = read_one(terminology, {"id": "no resource type"})
    assert [fault.path for fault in record.faults] == ["Bundle.entry[1].resource"]


def test_codes_of_observables_are_no_conditions(terminology: Terminology) -> None:
    record = read_one(terminology, condition(code=concept((LOINC, "2160-0"))))
    assert "condition" not in only(record)
    assert "stands for no condition known here" in reasons(record)
