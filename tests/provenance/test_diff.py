"""The difference of two releases, on a small release that is edited, and on the released rules."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg_service import Guideline, load
from kg_service.provenance.diff import Change, Changed, ChangedVerdict, Changes

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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the release to edit."""
    for folder in ("ontology", "shapes", "queries"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_differs_from_itself(tmp_path: Path) -> None:
    same = edited(tmp_path / "new", lambda text: text).difference(load(TEA))
    nothing = Changes((), (), ())
    assert (same.statements, same.things, same.rules, same.derivations) == (nothing,) * 4
    assert (same.links_added, same.links_withdrawn, same.verdicts) == ((), (), ())
    assert same.before == same.after
    table = same.to_table().splitlines()
    assert [line.split()[0] for line in table[2:4]] == ["graph", "rules"]
    assert table[2].split()[1:] == [same.before.graph, same.after.graph]
    kinds = ("Statements", "Concepts, codes, quantities, sources and other things", "Derived links", "Rules")
    wanted = "".join(f"{kind} that differ: none\n\n" for kind in (*kinds, "Derivations and other shapes"))
    assert same.to_table().endswith(wanted.removesuffix("\n"))


def test_statements_added_withdrawn_and_changed_in_modality_and_figure(tmp_path: Path) -> None:
    """T-1 gets another modality and figure, T-2 goes (and with it the dispute), T-3 comes."""

    def change(text: str) -> str:
        without = text.partition("statement:T-2 a")[0].replace(" ;\n    cito:isDisputedBy statement:T-2", "")
        return without.replace("gkg:Recommended", "gkg:AdvisedAgainst").replace("gkg:value 70", "gkg:value 80") + ADDED

    found = edited(tmp_path / "new", change).difference(load(TEA))
    assert (found.statements.added, found.statements.withdrawn) == (("T-3",), ("T-2",))
    assert found.statements.changed == (
        Changed(
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
    assert found.to_dict()["statements"]["changed"][0]["changes"][1]["after"] == ("advised against",)


def test_what_is_no_statement_is_compared_property_by_property(guideline: Guideline, copy: Path) -> None:
    """Raloxifene leaves its class, so it no longer follows denosumab as one of the antiresorptives; a code moves."""
    ontology = copy / "ontology"
    replace(
        ontology / "concepts.ttl",
        'gkg:cue "raloxifen"@en ;\n    gkg:memberOf concept:serm ;',
        'gkg:cue "raloxifen"@en ;',
    )
    replace(
        ontology / "codes.ttl",
        'skos:notation "G03XC01" ;\n    gkg:denotes concept:raloxifene',
        'skos:notation "G03XC01" ;\n    gkg:denotes concept:bazedoxifene',
    )
    replace(
        ontology / "quantities.ttl",
        'rdfs:label "15 min"@en ;\n    gkg:value 15.0',
        'rdfs:label "15 min"@en ;\n    gkg:value 20',
    )
    replace(
        ontology / "sources.ttl",
        'gkg:textSeen "abstract"@en ;\n    foaf:page <https://researchain.net/papers/10z99z1007w99ws11914-020-00652-w>',
        'gkg:textSeen "all of it"@en ;\n    foaf:page <https://researchain.net/papers/10z99z1007w99ws11914-020-00652-w>',
    )
    replace(
        ontology / "conflicts.ttl",
        "gkg:takenBy statement:F-ARCH-2 , statement:S-EFF-1.1 .",
        "gkg:takenBy statement:F-ARCH-2 .",
    )
    found = load(copy).difference(guideline)
    assert found.things == Changes(
        (),
        (),
        (
            Changed("code:ATC-G03XC01", (Change("denotes", ("raloxifene",), ("bazedoxifene",)),)),
            Changed("concept:raloxifene", (Change("member of", ("selective oestrogen receptor modulator",), ()),)),
            Changed(
                "conflict:X-12", (Change("part:X-12.side-1 / taken by", ("F-ARCH-2", "S-EFF-1.1"), ("F-ARCH-2",)),)
            ),
            Changed("qty:15-min", (Change("value", ("15",), ("20",)),)),
            Changed("source:SRC-FIXEN-2021", (Change("text seen", ("abstract",), ("all of it",)),)),
        ),
    )
    assert found.statements == Changes((), (), ())
    assert "denosumab may be followed by raloxifene" in found.links_withdrawn
    assert found.links_added == ()
    assert "qty:15-min" in found.to_table(200)


def test_rules_and_what_is_worked_out_for_them_are_compared(guideline: Guideline, copy: Path) -> None:
    shapes = copy / "shapes"
    replace(
        shapes / "rules-other-agents.ttl",
        "gkg:enforces statement:F-DOSE-ABLb , statement:F-ACOG-1c ;",
        "gkg:enforces statement:F-DOSE-ABLb ;",
    )
    label = 'rdfs:label "a kidney measurement against the limit"@en ;\n    sh:order '
    replace(shapes / "rules-bisphosphonates.ttl", f"{label}11 ;", f"{label}11.5 ;")
    found = load(copy).difference(guideline)
    (rule,) = found.rules.changed
    assert rule.changes == (Change("enforces", ("F-ACOG-1c", "F-DOSE-ABLb"), ("F-DOSE-ABLb",)),)
    assert found.derivations.changed == (
        Changed("derivation/clearance-reading", (Change("sh:order", ("11",), ("11.5",)),)),
    )
    assert found.before.graph == found.after.graph
    assert found.before.rules != found.after.rules


def test_whose_verdicts_change(guideline: Guideline, copy: Path) -> None:
    """The new release reports doses over 200 mg only: the patient with 105 mg is no longer certainly in violation."""
    replace(copy / "shapes" / "rules-romosozumab-course.ttl", "FILTER (?given != ?milligrams)", "FILTER (?given > 200)")
    records = guideline.records.from_bytes(RECORD.encode(), "text/turtle")
    found = load(copy).difference(guideline, records, as_of="2026-01-31")
    assert not found.statements.changed
    (rule,) = found.rules.changed
    assert (rule.name, [change.property for change in rule.changes]) == ("romosozumab-dose", ["sh:sparql / sh:select"])
    assert "romosozumab-dose  sh:sparql / sh:select  (a query)  (a query)" in found.to_table()
    assert found.verdicts == (ChangedVerdict("https://example.org/p", "romosozumab-dose", "violated", "undecided"),)


def test_rules_that_went_are_told_of_without_patients(guideline: Guideline, copy: Path) -> None:
    (copy / "shapes" / "rules-other-agents.ttl").unlink()
    found = load(copy).difference(guideline)
    assert found.rules.added == ()
    assert {name.partition("-")[0] for name in found.rules.withdrawn} == {"abaloparatide", "raloxifene", "teriparatide"}
    assert "Verdicts" not in found.to_table()


@pytest.mark.parametrize("key", ["statements", "things", "links_added", "rules", "verdicts", "before", "after"])
def test_the_parts_of_the_json_form(key: str) -> None:
    assert key in load(TEA).difference(load(TEA)).to_dict()
