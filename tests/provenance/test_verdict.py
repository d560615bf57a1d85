"""Explanations of verdicts: from the rule to facts of the record and statements, or what kept it from firing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, parse

from kg_service.errors import FaultyRecord, NotAcceptable, UnknownName

from ..validation.conftest import library  # noqa: TID252 - tests are no package to import from

if TYPE_CHECKING:
    from kg_service import Guideline
    from kg_service.provenance.derivation import Derivation
    from kg_service.provenance.explanation import Explanation

PROLOGUE = """@prefix patient: <https://w3id.org/guideline-kg/patient/> .
@prefix concept: <https://w3id.org/guideline-kg/concept/> .
@prefix unit: <https://w3id.org/guideline-kg/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <https://example.org/> .
"""
WOMAN = 'ex:p a patient:Patient ; patient:birthDate "1950-03-04"^^xsd:date .'
DOSE = """ex:d a patient:Administration ; patient:subject ex:p ; patient:agent concept:romosozumab ;
  patient:effective "2025-01-01"^^xsd:date ; patient:dose {} ; patient:unit unit:mg ."""
ATTACK = """ex:c a patient:Condition ; patient:subject ex:p ; patient:condition concept:myocardial-infarction ;
  patient:onset {} ."""
DECIMAL = re.compile(rb'"([0-9.]+)"\^\^<http://www.w3.org/2001/XMLSchema#(?:integer|decimal)>')
YEAR, AMOUNT = "romosozumab-event-within-year", "romosozumab-dose"


def explained(guideline: Guideline, rule: str, *turtle: str, patient: str = "") -> Explanation:
    records = guideline.records.from_bytes((PROLOGUE + "\n".join(turtle)).encode(), "text/turtle")
    return guideline.explain.verdict(records, rule, as_of="2026-01-31", patient=patient)


def sentences(guideline: Guideline, derivations: tuple[Derivation, ...]) -> set[str]:
    shown = guideline.labels.shown
    return {" ".join(map(shown, d.fact)).replace("https://example.org/", "ex:") for d in derivations}


def test_a_violated_rule_leads_to_the_facts_of_the_record_and_to_the_statement(guideline: Guideline) -> None:
    """Heart attack 2024-06-01, dose 2025-01-01: seven months. The year is the window of F-FDA-7a."""
    explanation = explained(guideline, YEAR, WOMAN, DOSE.format(210), ATTACK.format('"2024-06-01"^^xsd:date'))
    (part,) = explanation.parts
    assert explanation.verdict is not None
    assert explanation.verdict.outcome == "violated"
    leaves = [leaf for derivation in part.derivations for leaf in derivation.leaves()]
    recorded = tuple(leaf for leaf in leaves if leaf.origin.record)
    assert {
        "ex:d effective 2025-01-01", "ex:d agent romosozumab", "ex:c onset 2024-06-01",
        "ex:c condition myocardial infarction", "ex:c subject ex:p", "ex:d subject ex:p",
    } <= sentences(guideline, recorded)  # fmt: skip
    assert not any("dose" in text for text in sentences(guideline, recorded))  # nor is the amount of any weight
    assert {leaf.origin.record for leaf in recorded} == {f"https://example.org/{x}" for x in "pcd"}
    statements = {guideline.labels[node.value] for leaf in leaves for node in leaf.origin.statements}
    assert statements == {"F-FDA-7a"}
    steps = {d.rule for d in part.derivations if d.rule}
    assert steps == {"treatment", "certainty", "calendar", "shown", "quantity"}
    assert "enforces F-FDA-7a, advised against" in str(explanation)


def test_what_is_worked_out_goes_down_to_what_is_recorded(guideline: Guideline) -> None:
    """The total of 105 mg is the sum of one administration, read off its dose and unit."""
    (part,) = explained(guideline, AMOUNT, WOMAN, DOSE.format(105)).parts
    (total,) = [d for d in part.derivations if guideline.labels.shown(d.fact[1]) == "total dose"]
    assert total.rule == "dose"
    assert {"ex:d dose in milligrams 105", "ex:d agent romosozumab"} <= sentences(guideline, total.premises)
    assert {"ex:d dose 105", "ex:d unit milligram"} <= sentences(guideline, tuple(total.leaves()))


@given(sign=st.sampled_from(["", "+"]), before=st.integers(0, 3), end=st.sampled_from(["", ".", ".0", ".000"]))
@settings(max_examples=25)
@pytest.mark.parametrize("dose", [105, 210])
def test_however_a_number_is_written_the_explanation_is_the_same(
    guideline: Guideline, dose: int, sign: str, before: int, end: str
) -> None:
    """+0105.0, 105.00 and 105 are one number: violated with 105 mg, satisfied with 210 mg."""
    written = f"{sign}{'0' * before}{dose}{end}"
    said = str(explained(guideline, AMOUNT, WOMAN, DOSE.format(f'"{written}"^^xsd:decimal')))
    assert said == str(explained(guideline, AMOUNT, WOMAN, DOSE.format(dose)))


@pytest.mark.parametrize(
    "name",
    ["bisphosphonates-oral: clearance 34.9 with alendronate", "romosozumab-safety: calcium under its low limit"],
)
def test_every_rule_is_explained_with_zeros_at_the_end_of_numbers(guideline: Guideline, name: str) -> None:
    (case,) = [one for one in library() if one.name == name]
    zeros = b'"%b00"^^<http://www.w3.org/2001/XMLSchema#decimal>'
    document, changed = DECIMAL.subn(lambda n: zeros % (n[1] if b"." in n[1] else n[1] + b"."), case.document())
    assert changed
    records = list(guideline.records.from_bytes(document, "text/turtle"))
    for rule in guideline.validator.catalogue.rules:
        explanation = guideline.explain.verdict(records, rule.name, as_of=case.as_of)
        assert explanation.to_dict()["outcome"] == case.expect.get(rule.name, "not-applicable")
        assert all(part.derivations or part.obstacles for part in explanation.parts)


def test_the_tree_tells_calendar_indexes_as_dates_and_what_goes_on_as_open(guideline: Guideline) -> None:
    """Alendronate has been used since 2025-03-01 and still is, on 2026-11-24, the day of judgement."""
    (case,) = [one for one in library() if one.name == "bisphosphonates-oral: clearance 34.9 with alendronate"]
    explanation = guideline.explain.verdict(
        case.records(guideline), "alendronate-creatinine-clearance", as_of=case.as_of
    )
    text, told = str(explanation), explanation.serialize("json")
    assert "/use | earliest | 2025-03-01  by calendar\n" in text
    assert "/use | latest end | open  by end-of-treatment\n" in text
    assert "/p | index of the day of judgement | 2026-11-24  [" in text
    assert not re.search(r" \| [0-9]{6}", text)
    assert '"day": "2025-03-01"' in told


def test_a_satisfied_rule_names_the_condition_with_the_days_as_dates(guideline: Guideline) -> None:
    """Heart attack 2022-01-01, dose 2025-01-01: three years."""
    explanation = explained(guideline, YEAR, WOMAN, DOSE.format(210), ATTACK.format('"2022-01-01"^^xsd:date'))
    (part,) = explanation.parts
    values = {
        one.conditions: [{k: guideline.labels.shown(v) for k, v in row.items()} for row in one.values]
        for one in part.obstacles
    }
    in_time = ("FILTER (?onsetUntil <= ?from && ?onsetFrom >= ?until - 32 * ?months)",)
    day, onset = "2025-01-01", "2022-01-01"
    assert values[in_time] == [{"onsetUntil": onset, "from": day, "onsetFrom": onset, "until": day, "months": "12"}]


def test_a_right_dose_fails_one_condition(guideline: Guideline) -> None:
    (part,) = explained(guideline, AMOUNT, WOMAN, DOSE.format(210)).parts
    (obstacle,) = part.obstacles
    assert obstacle.conditions == ("FILTER (?given != ?milligrams)",)
    assert [{k: guideline.labels.shown(v) for k, v in row.items()} for row in obstacle.values] == [
        {"given": "210", "milligrams": "210"}
    ]


def test_an_undecided_rule_names_the_missing_datum_and_what_keeps_it_from_firing(guideline: Guideline) -> None:
    """The heart attack has no date, so it may lie within the year: the onset is missing."""
    attack = ATTACK.partition(" ;\n  patient:onset")[0] + " ."
    explanation = explained(guideline, YEAR, WOMAN, DOSE.format(210), attack)
    made, absent = explanation.parts
    assert explanation.to_dict()["missing"] == ["onset"]
    assert "myocardial infarction (c, undated)" in made.says
    assert made.derivations
    assert any("?onsetUntil <= ?from" in text for one in absent.obstacles for text in one.conditions)


def test_a_rule_that_does_not_apply_names_what_its_target_asks_for(guideline: Guideline) -> None:
    """The patient has had another agent: of what makes the target, only the agent is another."""
    (part,) = explained(guideline, AMOUNT, WOMAN, DOSE.format(60).replace("romosozumab", "denosumab")).parts
    assert part.says == "The rule would apply but for:"
    (obstacle,) = part.obstacles
    assert obstacle.conditions == ("?dose patient:agent concept:romosozumab .",)
    (nothing,) = explained(guideline, AMOUNT, WOMAN).parts[0].obstacles
    assert len(nothing.conditions) == 4  # no dose at all: nothing that the target asks for is there


def test_forms_of_an_explanation(guideline: Guideline) -> None:
    explanation = explained(guideline, AMOUNT, WOMAN, DOSE.format(105))
    told = json.loads(explanation.serialize("json"))
    assert (told["rule"], told["outcome"]) == (AMOUNT, "violated")
    dose = {"F-FDA-3", "S-LEAD-1a", "S-ADM-1", "F-EMA-2", "F-ES-1a", "F-JP-4"}
    assert {c["statement"] for c in told["citations"]} == dose
    assert told["parts"][0]["row"]["given"].startswith('"105"')
    for form in (RdfFormat.TURTLE, RdfFormat.N_TRIPLES, RdfFormat.RDF_XML, RdfFormat.JSON_LD):
        triples = {str(q.triple) for q in parse(explanation.serialize(form.media_type).encode(), format=form)}
        assert len(triples) == len(set(explanation.to_rdf()))
        assert any("prov#wasDerivedFrom> <https://w3id.org/guideline-kg/statement/F-FDA-3>" in t for t in triples)
        assert any(
            "prov#hadPrimarySource> <https://w3id.org/guideline-kg/source/SRC-FDA-EVENITY>" in t for t in triples
        )
    with pytest.raises(NotAcceptable, match="cannot be written as csv"):
        explanation.serialize("csv")


def test_rules_patients_and_records_that_cannot_be_judged(guideline: Guideline) -> None:
    two = (WOMAN, WOMAN.replace("ex:p", "ex:q"), DOSE.format(105))
    assert explained(guideline, AMOUNT, *two, patient="https://example.org/p").parts
    with pytest.raises(UnknownName, match="records of 2 patients: say of which"):
        explained(guideline, AMOUNT, *two)
    with pytest.raises(UnknownName, match="no record of this patient"):
        explained(guideline, AMOUNT, WOMAN, patient="ex:q")
    with pytest.raises(UnknownName, match="no rule 'romosozumab-doze'") as caught:
        explained(guideline, "romosozumab-doze", WOMAN)
    assert AMOUNT in caught.value.nearest
    with pytest.raises(FaultyRecord):
        explained(
            guideline, AMOUNT, WOMAN, 'ex:d a patient:Administration ; patient:subject ex:p ; patient:dose "much" .'
        )
