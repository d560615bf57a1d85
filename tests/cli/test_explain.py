"""The commands `explain`, `impact` and `diff`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kg_service import Guideline
from kg_service.cli import main

if TYPE_CHECKING:
    from click.testing import Result

TEA = Path(__file__).parents[1] / "web" / "release"
RECORD = """@prefix patient: <https://w3id.org/guideline-kg/patient/> .
@prefix concept: <https://w3id.org/guideline-kg/concept/> .
@prefix unit: <https://w3id.org/guideline-kg/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://example.org/p> a patient:Patient .
<https://example.org/d> a patient:Administration ; patient:subject <https://example.org/p> ;
    patient:agent concept:romosozumab ; patient:effective "2025-01-01"^^xsd:date ; patient:dose 105 ;
    patient:unit unit:mg .
"""


@pytest.fixture(autouse=True)
def loaded_once(guideline: Guideline, monkeypatch: pytest.MonkeyPatch) -> None:
    load = Guideline.load
    monkeypatch.setattr(Guideline, "load", lambda root=None: load(root) if root else guideline)


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=given)


def test_a_triple() -> None:
    result = run("explain", "triple", "F-CA-2a", "next agent", "alendronate")
    assert result.exit_code == 0
    assert "  F-CA-2a | next agent | alendronate  by prp-spo2\n" in result.output
    assert run("explain", "triple", "F-CA-2a", "next agent", "tea").exit_code == 2


def test_a_row_by_number_by_values_and_one_that_is_not_there() -> None:
    asked = ("explain", "row", "sequential-agents", "--param", "after=denosumab", "--param", "jurisdiction=Canada")
    assert run(*asked, "--row", "4").output.startswith("Row 4 of sequential-agents\n\nMade by ")
    assert "\nMade by " in run(*asked, "--where", "next=alendronate", "--where", "statement=F-CA-2a").output
    assert "\nNo such row. It would be there but for:\n" in run(*asked, "--where", "statement=F-DMAB-1a").output
    assert run(*asked, "--row", "400").exit_code == 2
    assert "Write --where NAME=VALUE" in run(*asked, "--where", "next").output


def test_a_free_query_from_standard_input() -> None:
    result = run("explain", "sparql", "-", "-f", "json", given="SELECT ?s { ?s ?p 'F-CA-2a' }")
    assert json.loads(result.output)["parts"][0]["triples"][0]["object"] == '"F-CA-2a"'
    assert "makes one row" in run("explain", "sparql", "-", given="SELECT (COUNT(?s) AS ?n) { ?s ?p ?o }").output


def test_a_verdict_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "p.ttl"
    path.write_text(RECORD, encoding="utf-8")
    for place, given in ((str(path), None), ("-", RECORD)):
        result = run(
            "explain",
            "verdict",
            place,
            "--rule",
            "romosozumab-dose",
            "--as-of",
            "2026-01-31",
            "-f",
            "turtle",
            given=given,
        )
        assert result.exit_code == 0
        assert "prov:wasDerivedFrom" in result.output
    assert run("explain", "verdict", str(path), "--rule", "dose").exit_code == 2
    assert run("explain", "verdict", str(tmp_path / "none.ttl"), "--rule", "romosozumab-dose").exit_code == 2


def test_what_the_program_cannot_explain_is_its_own_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "p.ttl"
    path.write_text(RECORD, encoding="utf-8")
    monkeypatch.setattr("kg_service.provenance.case.date_facts", lambda _: [])
    result = run("explain", "verdict", str(path), "--rule", "romosozumab-dose", "--as-of", "2026-01-31")
    assert (result.exit_code, result.stderr[:37]) == (3, "Error: A fact of the case comes from ")


def test_impact() -> None:
    result = run("impact", "--statement", "F-FDA-3", "-f", "json")
    assert result.exit_code == 0
    assert json.loads(result.output)["statements"] == ["F-FDA-3"]
    assert "one of the two" in run("impact").output
    assert run("impact", "--source", "SRC-NOWHERE").exit_code == 2


def test_diff() -> None:
    result = run("diff", str(TEA), str(TEA))
    assert result.exit_code == 0
    assert "\nStatements that differ: none\n" in result.output
    assert json.loads(run("diff", str(TEA), str(TEA), "-f", "json").output)["statements"]["changed"] == []
    assert run("diff", str(TEA), "no-such-folder").exit_code == 2
