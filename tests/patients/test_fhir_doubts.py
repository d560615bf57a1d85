"""What words make possible, what is not understood, and what remarks may quote: nothing doubtful decides anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.patients.terminology import CONDITION

from .fhir_data import INFARCTION, OSTEOPOROSIS, RXNORM, SNOMED, Json, concept, facts, only, read_one, reasons, resource

if TYPE_CHECKING:
    from kg_service.patients.terminology import Terminology

HEART, BRAIN = "myocardial-infarction", "stroke"


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
    ],
)
def test_cues(terminology: Terminology, text: str, concepts: list[str]) -> None:
    assert [node.value.rpartition("/")[2] for node in terminology.find_cues(text, CONDITION)] == concepts


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
    assert request.get("unreadable") == allergy.get("unreadable") == (["true"] if is_unreadable else None)


@pytest.mark.parametrize(
    ("members", "agent"),
    [
        ({"code": {"text": "No known allergies except Prolia"}}, ["denosumab"]),
        ({"code": {"text": "No known allergy"}, "reaction": [{"description": "rash after Prolia"}]}, ["denosumab"]),
        ({"code": {"text": "Drug"}, "reaction": [{"manifestation": [{"text": "Prolia rash"}]}]}, ["denosumab"]),
        ({"code": {"text": "No known allergies except one"}}, None),
        ({"code": {"text": "Drug allergy"}}, None),
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


@pytest.mark.parametrize(("abatement", "is_told"), [(None, True), ("2024-12-31", True), ("2023", False)])
def test_a_reason_that_a_condition_tells_is_not_told_twice(
    terminology: Terminology,
    abatement: str | None,
    is_told: bool,  # noqa: FBT001
) -> None:
    known = resource("Condition", code=concept(INFARCTION), onsetDateTime="2020", abatementDateTime=abatement)
    visit = resource("Encounter", reasonCode=[concept(INFARCTION)], period={"start": "2024-05-01"})
    assert len(facts(read_one(terminology, visit, known))) == (1 if is_told else 2)


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
