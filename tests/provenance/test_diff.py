"""The difference of two releases, on a small release that is edited, and on the released rules."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg_service import Guideline, load
from kg_service.provenance.diff import Change, ChangedStatement, ChangedVerdict

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
TEA = ROOT / "tests" / "web" / "release"
ADDED = """
statement:T-3 a gkg:Statement ; dcterms:identifier "T-3" ; dcterms:description "Black tea, hot."@en ;
    dcterms:source source:SRC-LEAF ; gkg:about concept:black-tea ; gkg:modality gkg:Recommended .
"""
RECORD = """@prefix patient: <https://w3id.org/guideline-kg/patient/> .
@prefix concept: <https://w3id.org/guideline-kg/concept/> .
@prefix unit: <https://w3id.org/guideline-kg/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://example.org/p> a patient:Patient .
<https://example.org/d> a patient:Administration ; patient:subject <https://example.org/p> ;
    patient:agent concept:romosozumab ; patient:effective "2025-01-01"^^xsd:date ; patient:dose 105 ;
    patient:unit unit:mg .
"""


def edited(place: Path, change: Callable[[str], str]) -> Guideline:
    shutil.copytree(TEA, place)
    path = place / "ontology" / "tea.ttl"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return load(place)


def test_nothing_differs_from_itself(tmp_path: Path) -> None:
    same = edited(tmp_path / "new", lambda text: text).difference(load(TEA))
    assert (same.added, same.withdrawn, same.changed, same.verdicts) == ((), (), (), ())
    assert same.before == same.after
    assert same.to_table() == (
        "Statements added: none\n\nStatements withdrawn: none\n\nStatements changed: none\n\n"
        "Rules added: none\n\nRules withdrawn: none\n"
    )


def test_statements_added_withdrawn_and_changed_in_modality_and_figure(tmp_path: Path) -> None:
    """T-1 gets another modality and figure, T-2 goes (and with it the dispute), T-3 comes."""

    def change(text: str) -> str:
        without = text.partition("statement:T-2 a")[0].replace(" ;\n    cito:isDisputedBy statement:T-2", "")
        return without.replace("gkg:Recommended", "gkg:AdvisedAgainst").replace("gkg:value 70", "gkg:value 80") + ADDED

    found = edited(tmp_path / "new", change).difference(load(TEA))
    assert (found.added, found.withdrawn) == (("T-3",), ("T-2",))
    assert found.changed == (
        ChangedStatement(
            "T-1",
            (
                Change("is disputed by", ("T-2",), ()),
                Change("modality", ("recommended",), ("advised against",)),
                Change("part:T-1.temperature / value", ("70",), ("80",)),
            ),
        ),
    )
    assert found.before != found.after
    assert "part:T-1.temperature / value  70" in found.to_table()
    assert found.to_dict()["changed"][0]["changes"][1]["after"] == ("advised against",)


def test_whose_verdicts_change(guideline: Guideline, tmp_path: Path) -> None:
    """The new release reports doses over 200 mg only: the patient with 105 mg is no longer certainly in violation."""
    for folder in ("ontology", "shapes", "queries"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / "shapes" / "rules-romosozumab-course.ttl"
    text = path.read_text(encoding="utf-8")
    assert "FILTER (?given != ?milligrams)" in text
    path.write_text(text.replace("FILTER (?given != ?milligrams)", "FILTER (?given > 200)"), encoding="utf-8")
    records = guideline.records.from_bytes(RECORD.encode(), "text/turtle")
    found = load(tmp_path).difference(guideline, records, as_of="2026-01-31")
    assert not found.changed
    assert found.verdicts == (ChangedVerdict("https://example.org/p", "romosozumab-dose", "violated", "undecided"),)


def test_rules_that_went_are_told_of_without_patients(guideline: Guideline, tmp_path: Path) -> None:
    for folder in ("ontology", "shapes", "queries"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "shapes" / "rules-other-agents.ttl").unlink()
    found = load(tmp_path).difference(guideline)
    assert found.rules_added == ()
    assert {name.partition("-")[0] for name in found.rules_withdrawn} == {"abaloparatide", "raloxifene", "teriparatide"}
    assert "Verdicts" not in found.to_table()


@pytest.mark.parametrize("key", ["added", "withdrawn", "changed", "verdicts", "before", "after"])
def test_the_parts_of_the_json_form(key: str) -> None:
    assert key in load(TEA).difference(load(TEA)).to_dict()
