"""What words make possible, what is not understood, and what remarks may quote: nothing doubtful decides anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.patients.fhir import read_resource
from kg_service.patients.terminology import CONDITION, OBSERVABLE

from .fhir_data import (
    DENOSUMAB,
    INFARCTION,
    LOINC,
    OLD_INFARCTION,
    OSTEOPOROSIS,
    RXNORM,
    SNOMED,
    Json,
    bundle,
    concept,
    facts,
    only,
    patient,
    read_one,
    reasons,
    resource,
)

if TYPE_CHECKING:
    from kg_service.patients.terminology import Terminology

HEART, BRAIN = "myocardial-infarction", "stroke"
FAMILY = "family-history-of-cardiovascular-disease"


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Anterior MI", [HEART]),
        ("INFARCTED heart", [HEART]),
        ("state after Heart  attack", [HEART]),
        ("NSTEMI", [HEART]),
        ("mild", []),  # a short cue is a whole word
        ("reinfarction", []),  # a cue begins a word
        ("CVA, and DVT", [BRAIN, "venous-thromboembolism"]),
        ("x " * 2000 + "stroke", [BRAIN]),
        ("Sprain", []),
        ("Cerebral infarction", ["ischaemic-stroke"]),  # what a longer cue has taken is no infarct of the heart
        ("Cerebral infarction due to embolism of right vertebral artery", ["ischaemic-stroke"]),
        ("Cerebral infarction, and an old infarct", ["ischaemic-stroke", HEART]),
        ("Coronary thrombosis", [HEART]),
        ("Acute coronary thrombosis", [HEART]),  # two cues that overlap, and a third within one of them
        ("Cerebral thrombosis", ["ischaemic-stroke"]),
        ("Stroke, not specified as haemorrhage or infarction", [BRAIN]),
        ("Lacunar infarction", ["ischaemic-stroke"]),
        ("Nontraumatic intracranial hemorrhage, unspecified", ["haemorrhagic-stroke"]),
        ("Acute coronary syndrome", [HEART]),
        ("Other transient cerebral ischemic attacks", ["transient-ischaemic-attack"]),
        ("Family history of stroke", [FAMILY]),
        ("Family history of ischemic heart disease, own stroke in 2019", [FAMILY, BRAIN]),
        ("Infarction of kidney", ["chronic-kidney-disease"]),
        ("Unstable angina", ["other-ischaemic-heart-disease"]),
        ("Coronary heart disease", ["other-ischaemic-heart-disease"]),
        ("Secondary malignant neoplasm of bone", ["osteosarcoma-risk"]),
        ("Benign neoplasm of bone", []),
        ("Phlebitis and thrombophlebitis of unspecified deep vessels", ["venous-thromboembolism"]),
        ("Superficial phlebitis", []),
        ("Thrombocytopenia", []),
        ("Pulmonary thromboembolism", ["venous-thromboembolism"]),
        ("Bed confinement status", ["unable-to-stay-upright"]),
        ("Gestational diabetes mellitus", ["pregnancy"]),
        ("Acute tubular necrosis", ["acute-renal-impairment"]),
        ("Acute kidney injury", ["acute-renal-impairment", "chronic-kidney-disease"]),
        ("CKD stage 4", ["chronic-kidney-disease"]),
        ("Anaphylaxis to a drug", ["hypersensitivity"]),
        ("Allergic rhinitis", []),
        ("Akuter Myokardinfarkt", [HEART]),
        ("Hirninfarkt", ["ischaemic-stroke"]),
        ("Infarto agudo de miocardio", [HEART]),
        ("Infarctus du myocarde", [HEART]),
        ("Accident vasculaire cérébral", [BRAIN]),
        ("Beroerte", [BRAIN]),
    ],
)
def test_cues(terminology: Terminology, text: str, concepts: list[str]) -> None:
    assert [node.value.rpartition("/")[2] for node in terminology.find_cues(text, CONDITION)] == concepts


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Ca", ["serum-calcium"]),
        ("Ca++", ["serum-calcium"]),
        ("Kalzium i.S.", ["serum-calcium"]),
        ("iCa++ (POC)", ["ionised-calcium"]),
        ("Calcium, ionized", ["ionised-calcium"]),
        ("Corrected Ca", ["albumin-adjusted-calcium"]),
        ("CA 125", ["cancer-antigen"]),
        ("Carbon dioxide", []),
        ("CKD-EPI", ["egfr"]),
        ("Cockcroft-Gault", ["creatinine-clearance"]),
    ],
)
def test_cues_of_observables(terminology: Terminology, text: str, concepts: list[str]) -> None:
    assert [node.value.rpartition("/")[2] for node in terminology.find_cues(text, OBSERVABLE)] == concepts


def possible(terminology: Terminology, kind: str, code: Json, **members: object) -> list[list[str]]:
    """The conditions that only words make possible."""
    found = facts(read_one(terminology, resource(kind, code=code, **members)))
    return [fact["condition"] for fact in found if fact.get("codeMatch") == ["ByText"]]


@pytest.mark.parametrize(
    ("code", "further"),
    [
        (concept(OSTEOPOROSIS, text="Osteoporosis, and heart attack in November 2025"), [[HEART]]),
        ({"coding": [{"system": SNOMED, "code": OSTEOPOROSIS[1], "display": "x"}, {"display": "stroke"}]}, [[BRAIN]]),
        (concept((SNOMED, "1"), text="Anterior MI"), [[HEART]]),
        (concept(INFARCTION, text="Heart attack"), []),
        (concept((SNOMED, "57054005"), text="Acute heart attack"), []),  # a kind of what the cue stands for
        (concept(OSTEOPOROSIS, text="Osteoporosis"), []),
    ],
)
def test_cues_stand_beside_what_is_understood(terminology: Terminology, code: Json, further: list[list[str]]) -> None:
    assert possible(terminology, "Condition", code) == further


def test_the_onset_of_what_is_understood_is_not_that_of_a_cue(terminology: Terminology) -> None:
    code = concept(OSTEOPOROSIS, text="Osteoporosis, and heart attack in November 2025")
    known, cue = facts(read_one(terminology, resource("Condition", code=code, onsetDateTime="2019")))
    assert (known["condition"], known["onset"]) == (["osteoporosis"], ["2019"])
    assert not {"onset", "recorded", "abatement"} & cue.keys()


def test_cues_of_procedures_but_not_of_relatives(terminology: Terminology) -> None:
    assert possible(terminology, "Procedure", concept((SNOMED, "1"), text="Hemodialysis")) == [["dialysis"]]
    history = resource("FamilyMemberHistory", condition=[{"code": concept((SNOMED, "1"), text="Brain bleed")}])
    assert "condition" not in only(read_one(terminology, history))


@pytest.mark.parametrize(
    ("code", "is_unreadable"),
    [
        ({"text": "romosozumb"}, True),
        (concept(("urn:local", "1"), text="Paracetamol"), True),
        (concept((RXNORM, "1")), True),
        (concept((RXNORM, "1"), text="Paracetamol"), False),
    ],
)
def test_agents_not_understood(terminology: Terminology, code: Json, is_unreadable: bool) -> None:  # noqa: FBT001
    request = only(read_one(terminology, resource("MedicationRequest", medicationCodeableConcept=code)))
    allergy = only(read_one(terminology, resource("AllergyIntolerance", code=code)))
    assert request["unreadable"] == allergy["unreadable"] == ["true" if is_unreadable else "false"]


@pytest.mark.parametrize(
    ("members", "agent"),
    [
        ({"code": {"text": "No known allergies except Prolia"}}, ["denosumab"]),
        ({"code": {"text": "No known allergy"}, "reaction": [{"description": "rash after Prolia"}]}, ["denosumab"]),
        ({"code": {"text": "Drug"}, "reaction": [{"manifestation": [{"text": "Prolia rash"}]}]}, ["denosumab"]),
        ({"code": {"text": "No known allergies except one"}}, None),
        ({"code": {"text": "Drug allergy"}}, None),
        ({"code": {"text": "Fosavance"}}, ["alendronate"]),
        ({"code": {"text": "Bisphosphonat-Allergie"}}, ["alendronate", "ibandronate", "risedronate", "zoledronate"]),
    ],
)
def test_allergies_in_any_words(terminology: Terminology, members: Json, agent: list[str] | None) -> None:
    fact = only(read_one(terminology, resource("AllergyIntolerance", **members)))
    assert (fact.get("agent"), "unreadable" in fact) == (agent, agent is None)


@pytest.mark.parametrize(
    ("kind", "members", "recorded"),
    [
        ("MedicationRequest", {"authoredOn": "2024-05-01"}, ["2024-05-01"]),
        ("Procedure", {"performedDateTime": "2024-05-01"}, ["2024-05-01"]),
        ("Encounter", {"period": {"start": "2024-05-01", "end": "2024-05-03"}}, ["2024-05-03"]),
        ("Encounter", {}, None),
    ],
)
def test_reasons_make_a_condition_possible(
    terminology: Terminology, kind: str, members: Json, recorded: list[str] | None
) -> None:
    given = resource(kind, reasonCode=[concept(INFARCTION)], **members)
    found = [fact for fact in facts(read_one(terminology, given)) if "condition" in fact]
    assert [(f["condition"], f["verificationStatus"], f.get("recorded")) for f in found] == [
        ([HEART], ["Unconfirmed"], recorded)
    ]
    assert not [f for f in facts(read_one(terminology, given | {"status": "entered-in-error"})) if "condition" in f]


@pytest.mark.parametrize(
    ("code", "onset", "abatement", "is_told"),
    [
        (OSTEOPOROSIS, "2020", None, True),
        (OSTEOPOROSIS, "2020", "2024-12-31", True),
        (OSTEOPOROSIS, "2020", "2023", False),
        (INFARCTION, "2024-05-01", None, True),
        (INFARCTION, "2020", None, False),  # it happens anew, and is seldom said to be over
        (OLD_INFARCTION, "2020", None, True),  # that it happened is known
    ],
)
def test_a_reason_that_a_condition_tells_is_not_told_twice(
    terminology: Terminology,
    code: tuple[str, str],
    onset: str,
    abatement: str | None,
    is_told: bool,  # noqa: FBT001
) -> None:
    had = INFARCTION if code == OLD_INFARCTION else code
    known = resource("Condition", code=concept(had), onsetDateTime=onset, abatementDateTime=abatement)
    visit = resource("Encounter", reasonCode=[concept(code)], period={"start": "2024-05-01"})
    assert len(facts(read_one(terminology, visit, known))) == (1 if is_told else 2)


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("Encounter", {"reasonCode": [concept((SNOMED, "1"))], "period": {"start": "2024-05-01"}}),
        ("Procedure", {"code": concept((SNOMED, "1")), "performedDateTime": "2024-05-01"}),
    ],
)
def test_a_bare_code_that_is_not_known_may_be_any_condition(terminology: Terminology, kind: str, members: Json) -> None:
    record = read_one(terminology, resource(kind, **members))
    found = only(record)
    assert (found["type"], found["unreadable"], found["verificationStatus"]) == (
        ["Condition"],
        ["true"],
        ["Unconfirmed"],
    )
    assert found["recorded"] == ["2024-05-01"]
    assert "snomed.info/sct|1 is not known here, so this" in reasons(record)


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("Procedure", {"complication": [concept(INFARCTION)], "performedDateTime": "2024-05-01"}),
        ("Condition", {"evidence": [{"code": [concept(INFARCTION)]}], "recordedDate": "2024-05-01"}),
        ("Condition", {"stage": [{"summary": concept(INFARCTION)}], "recordedDate": "2024-05-01"}),
        ("Encounter", {"type": [concept(INFARCTION)], "period": {"end": "2024-05-01"}}),
    ],
)
def test_a_condition_coded_beside_the_matter_is_possible(terminology: Terminology, kind: str, member: Json) -> None:
    record = read_one(terminology, resource(kind, code=concept((SNOMED, "1"), text="Something else"), **member))
    found = [fact for fact in facts(record) if fact.get("condition") == [HEART]]
    assert [(fact["verificationStatus"], fact["recorded"]) for fact in found] == [(["Unconfirmed"], ["2024-05-01"])]


def test_what_came_back_did_so_on_a_day_that_is_not_told(terminology: Terminology) -> None:
    """The onset is that of the first time (FHIR R4, condition-clinical)."""
    status = concept(("http://terminology.hl7.org/CodeSystem/condition-clinical", "recurrence"))
    known = resource("Condition", code=concept(INFARCTION), onsetDateTime="2010", clinicalStatus=status)
    first, again = facts(read_one(terminology, known | {"recordedDate": "2024-05-01"}))
    assert (first["onset"], "verificationStatus" in first) == (["2010"], False)
    assert (again["condition"], again["verificationStatus"]) == ([HEART], ["Unconfirmed"])
    assert ("onset" in again, again["recorded"]) == (False, ["2024-05-01"])


@pytest.mark.parametrize("answer", [True, False])
def test_a_finding_under_a_heading_that_is_not_understood_is_only_possible(
    terminology: Terminology,
    answer: bool,  # noqa: FBT001
) -> None:
    """LOINC has panels of findings in the family, for one."""
    component = {"code": concept(INFARCTION), "valueBoolean": answer}
    panel = resource("Observation", code=concept((LOINC, "1")), component=[component], effectiveDateTime="2024-05-01")
    found = only(read_one(terminology, panel))
    assert (found["type"], found["verificationStatus"]) == (["Condition" if answer else "Absence"], ["Unconfirmed"])


def test_an_observation_without_any_code_may_be_of_anything(terminology: Terminology) -> None:
    record = read_one(terminology, resource("Observation", code=None, effectiveDateTime="2024-05-01"))
    found = only(record)
    assert {"serum-calcium", "egfr"} < set(found["observable"])
    assert (found["codeMatch"], found["effective"]) == (["ByWiderCode"], ["2024-05-01"])
    assert "anything may have been observed" in reasons(record)


@pytest.mark.parametrize("value", [(SNOMED, "77386006"), (LOINC, "LA15173-0")])
def test_the_pregnancy_status_of_the_international_patient_summary(
    terminology: Terminology, value: tuple[str, str]
) -> None:
    status = resource("Observation", code=concept((LOINC, "82810-3")), valueCodeableConcept=concept(value))
    found = only(read_one(terminology, status))
    assert (found["condition"], found["verificationStatus"]) == (["pregnancy"], ["Unconfirmed"])


@pytest.mark.parametrize(("focus", "status"), [("Patient/donor", "UnknownStatus"), ("Patient/1", "Done")])
def test_an_observation_of_something_else_is_only_possible(terminology: Terminology, focus: str, status: str) -> None:
    calcium = resource("Observation", code=concept((LOINC, "17861-6")), status="final", focus=[{"reference": focus}])
    assert only(read_one(terminology, calcium))["status"] == [status]


def test_what_is_contained_is_only_possible(terminology: Terminology) -> None:
    contained = [{"resourceType": "Observation", "id": "c", "code": concept((LOINC, "17861-6")), "status": "final"}]
    found = only(read_one(terminology, resource("DiagnosticReport", contained=contained)))
    assert (found["observable"], found["codeMatch"]) == (["serum-calcium"], ["ByWiderCode"])


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("Observation", {"code": concept(INFARCTION), "valueBoolean": True}),
        ("Encounter", {"reasonCode": [concept(INFARCTION)]}),
        ("DiagnosticReport", {"conclusionCode": [concept(INFARCTION)]}),
        ("Procedure", {"code": concept(INFARCTION)}),
    ],
)
def test_a_condition_in_passing_is_no_list_of_conditions(terminology: Terminology, kind: str, members: Json) -> None:
    assert only(read_one(terminology, resource(kind, **members)))["inPassing"] == ["true"]


def test_a_condition_of_its_own_is(terminology: Terminology) -> None:
    assert "inPassing" not in only(read_one(terminology, resource("Condition", code=concept(INFARCTION))))


@pytest.mark.parametrize("word", ["Mrs Smith", "born 1 May", "x" * 30])
def test_remarks_quote_no_words(terminology: Terminology, word: str) -> None:
    record = read_one(
        terminology,
        resource("Condition", code=concept((word, word), text=word)),
        resource("Observation", code=concept((SNOMED, word)), valueQuantity={"value": 1, "unit": word}),
        resource("MedicationRequest", medicationCodeableConcept={"text": word}),
        resource("MedicationStatement"),
    )
    said = reasons(record)
    assert word not in said
    assert "a code not known here" in said
    assert not [awkward for awkward in ("no code stands", "understood:  is", "no code of") if awkward in said]


@pytest.mark.parametrize(
    "made",
    [
        resource("Condition", code=concept(INFARCTION), modifierExtension=[{"url": "urn:x", "valueBoolean": True}]),
        resource("Condition", code={**concept(INFARCTION), "modifierExtension": [{"url": "urn:x"}]}),
        resource("Condition", code=concept(INFARCTION), implicitRules="urn:x"),
        resource(
            "MedicationRequest",
            medicationCodeableConcept=concept(DENOSUMAB),
            dosageInstruction=[{"modifierExtension": [{"url": "urn:x"}]}],
        ),
    ],
    ids=["resource", "concept", "rules", "dosage"],
)
def test_what_may_turn_the_meaning_around_is_a_fault(terminology: Terminology, made: Json) -> None:
    (fault,) = read_one(terminology, made).faults
    assert "may turn the meaning around" in fault.reason


@pytest.mark.parametrize(
    ("members", "faults"),
    [
        ({"link": [{"relation": "self"}, {"relation": "next"}]}, ["Bundle.link[1].relation"]),
        ({"link": [{"relation": "previous"}]}, ["Bundle.link[0].relation"]),  # the last page has no next one
        ({"link": [{"relation": "prev"}]}, ["Bundle.link[0].relation"]),
        ({"link": [{"relation": "self"}, {"relation": "first"}, {"relation": "last"}], "total": 2}, []),
        ({"total": 57}, ["Bundle.total"]),
    ],
)
def test_one_page_of_several_is_no_whole_record(terminology: Terminology, members: Json, faults: list[str]) -> None:
    page = bundle(patient(), resource("Condition", code=concept(OSTEOPOROSIS)), kind="searchset")
    (record,) = read_resource({**page, **members}, terminology)
    assert [fault.path for fault in record.faults] == faults


def test_what_is_only_included_is_not_counted_as_found(terminology: Terminology) -> None:
    """Of a total of two, one is there; the Patient came with it."""
    page = bundle(patient(), resource("Condition", code=concept(OSTEOPOROSIS)), kind="searchset")
    page["entry"][0]["search"] = {"mode": "include"}
    (record,) = read_resource({**page, "total": 2}, terminology)
    assert [fault.path for fault in record.faults] == ["Bundle.total"]


def test_two_patient_resources_of_one_person(terminology: Terminology) -> None:
    def link(kind: str, other: str) -> list[Json]:
        return [{"type": kind, "other": {"reference": f"Patient/{other}"}}]

    (replaced,) = read_resource(bundle(patient(link=link("replaced-by", "9"))), terminology)
    assert "replaced this one" in replaced.faults[0].reason
    (alone,) = read_resource(bundle(patient(link=link("replaces", "9"))), terminology)
    assert alone.faults == ()
    assert "another Patient resource" in reasons(alone)
    first, _ = read_resource(bundle(patient(link=link("replaces", "9")), patient(id="9")), terminology)
    assert "are one person" in first.faults[0].reason


@pytest.mark.parametrize(
    ("language", "is_unreadable"), [("de", True), ("de-AT", True), ("en-GB", False), (None, False)]
)
def test_words_of_another_language_do_not_tell_that_it_is_something_else(
    terminology: Terminology,
    language: str | None,
    is_unreadable: bool,  # noqa: FBT001 - of the table
) -> None:
    code = concept((SNOMED, "1"), text="Akuter Verschluss eines Herzkranzgefäßes")
    found = only(read_one(terminology, resource("Condition", code=code, language=language)))
    assert found["unreadable"] == ["true" if is_unreadable else "false"]


@pytest.mark.parametrize(
    ("around", "language", "is_unreadable"),
    [
        ({"language": "de"}, None, True),
        ({"language": "de"}, "en", False),  # its own language goes first
        ({"composition": "de"}, None, True),
        ({"language": "en", "composition": "de"}, None, False),
        ({"composition": None}, None, False),
    ],
)
def test_the_language_of_a_bundle_is_that_of_its_resources(
    terminology: Terminology,
    around: dict[str, str | None],
    language: str | None,
    is_unreadable: bool,  # noqa: FBT001 - of the table
) -> None:
    condition = resource("Condition", code=concept((SNOMED, "1"), text="Verschluss"), language=language)
    first = [resource("Composition", language=around["composition"])] if "composition" in around else []
    document = bundle(*first, patient(), condition) | {"language": around.get("language")}
    (record,) = read_resource(document, terminology)
    assert only(record)["unreadable"] == ["true" if is_unreadable else "false"]


@pytest.mark.parametrize(
    ("text", "is_unreadable"),
    [("Disease", True), ("Unknown", True), ("Disorder (disorder)", True), ("Crohn's disease", False)],
)
def test_a_text_that_names_nothing_is_as_good_as_none(
    terminology: Terminology,
    text: str,
    is_unreadable: bool,  # noqa: FBT001 - of the table
) -> None:
    found = only(read_one(terminology, resource("Condition", code=concept((SNOMED, "1"), text=text))))
    assert found["unreadable"] == ["true" if is_unreadable else "false"]


@pytest.mark.parametrize("kind", ["MedicationRequest", "Encounter"])
def test_a_contained_condition_that_is_a_reason_is_possible(terminology: Terminology, kind: str) -> None:
    """It is read as all that is contained; that it is the reason says no more."""
    contained = [{"resourceType": "Condition", "id": "mi", "code": concept(INFARCTION)}]
    reference = {"reference": "#mi"}
    named = {"diagnosis": [{"condition": reference}]} if kind == "Encounter" else {"reasonReference": [reference]}
    dated = {"period": {"start": "2015"}} if kind == "Encounter" else {"authoredOn": "2015"}
    found = facts(read_one(terminology, resource(kind, contained=contained, **named, **dated)))
    conditions = [fact for fact in found if fact["type"] == ["Condition"]]
    assert [fact["recorded"] for fact in conditions] == [["2015"]]
    assert [(fact["condition"], fact["codeMatch"]) for fact in conditions] == [([HEART], ["ByWiderCode"])]


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("DiagnosticReport", {"conclusionCode": [concept(INFARCTION)], "effectiveDateTime": "2025-06-01"}),
        (
            "ExplanationOfBenefit",
            {"diagnosis": [{"diagnosisCodeableConcept": concept(INFARCTION)}], "created": "2025-06-01"},
        ),
        ("Flag", {"code": concept(INFARCTION), "period": {"start": "2025-06-01"}}),
    ],
)
def test_a_condition_coded_in_what_is_not_read_is_possible(terminology: Terminology, kind: str, members: Json) -> None:
    mention = resource(kind, status="active", **members)
    found = only(read_one(terminology, mention))
    assert (found["condition"], found["verificationStatus"]) == ([HEART], ["Unconfirmed"])
    assert found["recorded"] == ["2025-06-01"]
    known = resource("Condition", id="8", code=concept(INFARCTION), onsetDateTime="2025-06-01")
    assert len(facts(read_one(terminology, mention, known))) == 1
    assert facts(read_one(terminology, {**mention, "status": "entered-in-error"})) == []


def test_words_of_a_procedure_make_an_agent_possible(terminology: Terminology) -> None:
    code = {"coding": [{"system": "urn:x", "code": "J0897", "display": "Injection, denosumab, 1 mg"}]}
    found = only(read_one(terminology, resource("Procedure", code=code, performedDateTime="2025-06-03")))
    assert (found["agent"], found["codeMatch"], found["start"]) == (["denosumab"], ["ByWiderCode"], ["2025-06-03"])


@pytest.mark.parametrize(
    "code", [concept((LOINC, "0-0"), text="Calcium [Mass/volume] in Blood"), concept(text="Calcium")]
)
def test_words_of_an_observation_make_what_was_observed_possible(terminology: Terminology, code: Json) -> None:
    found = only(read_one(terminology, resource("Observation", code=code)))
    assert (found["observable"], found["codeMatch"]) == (["serum-calcium"], ["ByWiderCode"])


@pytest.mark.parametrize("of", [{"age": {"high": {"value": 28, "unit": "d"}}}, {"appliesTo": [{"text": "dialysis"}]}])
def test_a_range_for_some_people_is_not_used(terminology: Terminology, of: Json) -> None:
    value = {"value": 7.8, "system": "http://unitsofmeasure.org", "code": "mg/dL"}
    limits = {"low": {**value, "value": 7.6}}
    plain, of_some = (
        only(
            read_one(
                terminology,
                resource("Observation", code=concept(text="serum calcium"), valueQuantity=value, referenceRange=[one]),
            )
        )
        for one in (limits, {**limits, **of})
    )
    assert plain["lowLimit"] == ["7.6"]
    assert "lowLimit" not in of_some
