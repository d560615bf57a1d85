"""Codes, words and units to concepts of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg_service.knowledge.namespaces import BASE, CODE_SYSTEM, CORE, DENOTES, NOTATION, PREF_LABEL, TYPE
from kg_service.patients.terminology import AGENT, CONDITION, OBSERVABLE, ROUTE, Terminology

from .fhir_data import ATC, ICD, LOINC, RXNORM, SNOMED

if TYPE_CHECKING:
    from kg_service import KnowledgeGraph


def found(terminology: Terminology, system: str, code: str) -> set[tuple[str, str, str]]:
    matches = terminology.find_code(system, code)
    return {(match.concept.value.rpartition("/")[2], match.kind, match.by) for match in matches}


def named(terminology: Terminology, text: str, kind: NamedNode) -> set[tuple[str, str]]:
    return {(m.concept.value.rpartition("/")[2], m.kind) for m in terminology.find_text(text, kind)}


@pytest.mark.parametrize(
    ("system", "code", "meaning"),
    [
        (SNOMED, "64859006", {("osteoporosis", "denotes", "code")}),
        (SNOMED, "399211009", {("myocardial-infarction", "history", "code")}),
        (SNOMED, "306171000000106", {("osteoporotic-fracture", "denotes", "code")}),  # of the UK edition, same URI
        (RXNORM, "993452", {("denosumab", "product", "code")}),
        (LOINC, "1994-3", {("ionised-calcium", "covers", "code")}),
        (LOINC, "49765-1", {("serum-calcium", "covers", "code")}),
        (LOINC, "2164-2", {("creatinine-clearance", "denotes", "code")}),
        (ICD, "M81.0", {("osteoporosis", "denotes", "code"), ("postmenopausal-osteoporosis", "covers", "code")}),
        (ATC, "M05BX04", {("denosumab", "denotes", "code")}),
        (SNOMED, "1", set()),
        ("http://example.org/codes", "64859006", set()),
        ("", "64859006", set()),
    ],
)
def test_codes(terminology: Terminology, system: str, code: str, meaning: set[tuple[str, str, str]]) -> None:
    assert found(terminology, system, code) == meaning


@pytest.mark.parametrize(
    "system",
    [
        "http://snomed.info/sct", "https://snomed.info/sct", "http://snomed.info/sct/", "HTTP://SNOMED.INFO/SCT",
        "http://snomed.info/sct|http://snomed.info/sct/731000124108", "urn:oid:2.16.840.1.113883.6.96", "SNOMED CT",
    ],
)  # fmt: skip
def test_systems_in_every_spelling(terminology: Terminology, system: str) -> None:
    assert found(terminology, system, "64859006") == {("osteoporosis", "denotes", "code")}


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("I63.9", {("ischaemic-stroke", "denotes", "wider")}),
        ("I639", {("ischaemic-stroke", "denotes", "wider")}),
        ("i21.4", {("acute-myocardial-infarction", "denotes", "wider")}),
        ("M80.08XD", {
            ("osteoporosis", "denotes", "wider"),
            ("osteoporotic-fracture", "history", "wider"),  # D: seen again, not broken again
            ("postmenopausal-osteoporosis", "covers", "wider"),
        }),
        ("S72.001A", {("hip-fracture", "denotes", "wider")}),
        ("S72.001D", {("hip-fracture", "history", "wider")}),
        ("S72.001S", {("hip-fracture", "history", "wider")}),
        ("M80.08XA", {
            ("osteoporosis", "denotes", "code"),
            ("osteoporotic-fracture", "denotes", "code"),
            ("vertebral-fracture", "denotes", "code"),
        }),
        ("E83.5", set()),  # wider than the known E83.51: no proof of it
        ("I2", set()),
    ],
)  # fmt: skip
def test_a_longer_icd_code_is_a_kind_of_the_shorter(
    terminology: Terminology, code: str, meaning: set[tuple[str, str, str]]
) -> None:
    assert found(terminology, ICD, code) == meaning


def test_only_hierarchical_systems_have_kinds_by_length(terminology: Terminology) -> None:
    assert found(terminology, ATC, "M05BX03") == set()  # another drug of the class that covers two known ones
    assert found(terminology, SNOMED, "648590061") == set()


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("Alendronic acid 10 MG Oral Tablet", AGENT, {("alendronate", "denotes")}),
        ("1 ML denosumab 60 MG/ML Prefilled Syringe [Prolia]", AGENT, {("denosumab", "denotes")}),
        ("calcium carbonate 1250 MG / cholecalciferol 400 UNT", AGENT, {
            ("calcium-carbonate", "denotes"),
            ("colecalciferol", "denotes"),
        }),
        ("rosuvastatin calcium 10 MG", AGENT, {("calcium", "covers")}),  # a salt of something else
        ("no denosumab", AGENT, {("denosumab", "covers")}),
        ("denosumab declined", AGENT, {("denosumab", "begins")}),
        ("denosumab 60mg s.c. q6mo", AGENT, {("denosumab", "denotes")}),
        ("Raloxifene HCl 60 mg", AGENT, {("raloxifene", "denotes")}),
        ("Colecalciferol 20.000 I.E.", AGENT, {("colecalciferol", "denotes")}),
        ("Calcium channel blocker", AGENT, {("calcium", "begins")}),
        ("Vitamin D level", AGENT, {("vitamin-d", "begins")}),
        ("Vitamin D3 1,000 international units softgel", AGENT, {("colecalciferol", "denotes")}),
        ("Risedronate sodium 35mg film-coated tablets, once weekly", AGENT, {("risedronate", "denotes")}),
        ("Prolia 60 mg Injektionslösung in einer Fertigspritze", AGENT, {("denosumab", "denotes")}),
        ("Fosamax Plus D", AGENT, {("alendronate", "begins")}),
        ("ROMOSOZUMAB", AGENT, {("romosozumab", "denotes")}),
        ("romosozumabs", AGENT, set()),
        ("Postmenopausal osteoporosis of the spine", CONDITION, {("postmenopausal-osteoporosis", "denotes")}),
        ("family history of osteoporosis", CONDITION, {("family-history-of-osteoporosis", "denotes")}),
        ("TIA", CONDITION, {("transient-ischaemic-attack", "denotes")}),
        ("possible TIA", CONDITION, set()),  # too short to be sought within a text
        ("Simvastatin 10 MG", AGENT, set()),
        ("Subcutaneous route (qualifier value)", ROUTE, {("subcutaneous", "denotes")}),
        ("denosumab", CONDITION, set()),
        ("", AGENT, set()),
    ],
)  # fmt: skip
def test_texts(terminology: Terminology, text: str, kind: NamedNode, names: set[tuple[str, str]]) -> None:
    assert named(terminology, text, kind) == names


def test_is_called(terminology: Terminology) -> None:
    (match,) = terminology.find_text("Serum calcium", OBSERVABLE)
    assert terminology.is_called(match.concept, "serum  CALCIUM")
    assert not terminology.is_called(match.concept, "serum calcium, corrected")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("mg", "mg"), ("MG", "mg"), ("mcg", "ug"), ("µg", "ug"), ("ug", "ug"), ("%", "percent"), ("percent", "percent"),
        ("mL/min", "mL-per-min"), ("ml/min", "mL-per-min"),
        ("mL/min/1.73m2", "mL-per-min-1.73m2"), ("mL/min/1.73 m2", "mL-per-min-1.73m2"),
        ("mL/min/{1.73_m2}", "mL-per-min-1.73m2"), ("mL/min/1.73 m²", "mL-per-min-1.73m2"),
        ("{T-score}", "t-score"), ("T-score", "t-score"), ("{score}", "t-score"),
        ("wk", "wk"), ("mo", "mo"), ("d", "d"), ("a", "a"), ("h", "h"), ("years", "a"), ("[IU]", "iu"), ("g", "g"),
        ("mg/dL", "mg-per-dL"), ("mmol/L", "mmol-per-L"), ("umol/L", "umol-per-L"), ("1", "ratio"),
        ("Mg", None), ("Mg/dL", None), ("Milligrams", "mg"), ("A", None), ("G", None), ("tablet", None), ("", None),
    ],
)  # fmt: skip
def test_units(terminology: Terminology, text: str, unit: str | None) -> None:
    assert terminology.find_unit(text) == (NamedNode(f"{BASE}unit/{unit}") if unit else None)


def test_every_ucum_code_finds_a_unit_with_that_code(terminology: Terminology, guideline: KnowledgeGraph) -> None:
    units = {q.subject for q in guideline.store.quads_for_pattern(None, TYPE, NamedNode(CORE + "Unit"))}
    for unit in units:
        code = terminology.ucum(unit)
        assert terminology.ucum(terminology.find_unit(code)) == code


def test_members_of_a_class(terminology: Terminology) -> None:
    members = terminology.members(NamedNode(BASE + "concept/bisphosphonate"))
    names = [member.value.rpartition("/")[2] for member in members]
    assert names == ["alendronate", "ibandronate", "risedronate", "zoledronate"]


def test_a_graph_that_has_nothing_to_do_with_medicine() -> None:
    store = Store()
    system, code, knot = (NamedNode(f"https://example.org/{name}") for name in ("system", "code", "knot"))
    for triple in (
        (system, TYPE, NamedNode(CORE + "CodeSystem")),
        (system, PREF_LABEL, Literal("Ashley")),
        (code, CODE_SYSTEM, system),
        (code, NOTATION, Literal("47")),
        (code, DENOTES, knot),
    ):
        store.add(Quad(*triple))
    (match,) = Terminology(store).find_code("ashley", "47")
    assert match.concept == knot


def test_a_report_in_place_of_a_name_takes_no_time(terminology: Terminology) -> None:
    assert named(terminology, "1 mg, denosumab " * 50_000, AGENT) == {("denosumab", "denotes")}
