"""What falls without a source or a statement, worked out by hand from the evidence for three sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from kg_service.errors import ParameterError

if TYPE_CHECKING:
    from kg_service import Guideline
    from kg_service.provenance.impact import Impact
    from kg_service.provenance.rules import Fact

EVIDENCE = Path(__file__).parents[2] / ".." / "shared" / "evidence"
BISPHOSPHONATES = ("alendronate", "ibandronate", "risedronate", "zoledronate")
OTHER_ANTIRESORPTIVES = ("raloxifene", "bazedoxifene")
DENOSUMAB, ROMOSOZUMAB = "denosumab", "romosozumab"


@pytest.fixture(scope="module")
def arch(guideline: Guideline) -> Impact:
    return guideline.impact(source="SRC-ARCH")


@pytest.fixture(scope="module")
def ects(guideline: Guideline) -> Impact:
    return guideline.impact(source="SRC-ECTS-2020")


@pytest.fixture(scope="module")
def fda(guideline: Guideline) -> Impact:
    return guideline.impact(source="SRC-FDA-EVENITY")


def links(facts: tuple[Fact, ...], guideline: Guideline) -> set[str]:
    return {" ".join(map(guideline.labels.shown, fact)) for fact in facts}


def standing(impact: Impact, guideline: Guideline) -> set[str]:
    return links(tuple(one.fact for one in impact.standing), guideline)


def holders(impact: Impact, guideline: Guideline, link: str) -> set[str]:
    (one,) = [one for one in impact.standing if link in links((one.fact,), guideline)]
    return {guideline.labels[node.value] for node in one.by}


def lost(impact: Impact) -> set[str]:
    return {one.question for one in impact.questions}


@pytest.mark.skipif(not EVIDENCE.is_dir(), reason="../shared/evidence, the evidence itself, is not here")
@pytest.mark.parametrize("source", ["SRC-ARCH", "SRC-ECTS-2020", "SRC-FDA-EVENITY"])
def test_all_that_a_source_says_falls(guideline: Guideline, source: str, request: pytest.FixtureRequest) -> None:
    """The statements are the verified facts of the evidence, with their atoms (a letter more)."""
    facts = yaml.safe_load((EVIDENCE / "companion-facts.yaml").read_text(encoding="utf-8"))["companion_facts"]
    wanted = {fact["id"] for fact in facts if fact["source"] == source and fact["verified"]}
    name = {"SRC-ARCH": "arch", "SRC-ECTS-2020": "ects", "SRC-FDA-EVENITY": "fda"}[source]
    found = {guideline.labels[node.value] for node in request.getfixturevalue(name).statements}
    assert wanted <= found
    assert {one.rstrip("abcdefgh") for one in found} == wanted


def test_without_arch_no_link_falls_but_the_article_is_left_alone_with_it(guideline: Guideline, arch: Impact) -> None:
    """That alendronate was studied after romosozumab is also said by S-SEQ-3.2, which leans on ARCH alone."""
    assert not arch.fallen
    assert standing(arch, guideline) == {
        f"{ROMOSOZUMAB} studied before alendronate", f"alendronate studied after {ROMOSOZUMAB}",
    }  # fmt: skip
    assert holders(arch, guideline, f"alendronate studied after {ROMOSOZUMAB}") == {"S-SEQ-3.2"}
    assert {
        "S-SEQ-3.2 cito:isConfirmedBy F-ARCH-2", "S-SEQ-3.2 cito:isConfirmedBy F-ARCH-6",
        "S-SAF-1.1 cito:isConfirmedBy F-ARCH-7", "S-EFF-1.1 cito:isConfirmedBy F-ARCH-2",
    } <= links(arch.references, guideline)  # fmt: skip
    assert {"efficacy", "adverse-events", "evidence-for"} <= lost(arch)
    assert not lost(arch) & {"sequential-agents", "indications", "dosing", "contraindications"}
    assert not arch.rules


def test_without_ects_2020_what_only_it_says_of_agents_before_denosumab_falls(
    guideline: Guideline, ects: Impact
) -> None:
    """Only F-DMAB-14b studies bisphosphonates before denosumab; the switch away from it has others behind it."""
    assert links(ects.fallen, guideline) == {
        link
        for agent in BISPHOSPHONATES
        for link in (f"{agent} studied before {DENOSUMAB}", f"{DENOSUMAB} studied after {agent}")
    }
    assert standing(ects, guideline) == {
        link
        for agent in (*BISPHOSPHONATES, *OTHER_ANTIRESORPTIVES)
        for link in (f"{agent} may follow {DENOSUMAB}", f"{DENOSUMAB} may be followed by {agent}")
    }
    for one in ects.standing:
        assert one.by
        assert not set(one.by) & set(ects.statements)
    (sequence,) = [one for one in ects.questions if one.question == "sequential-agents"]
    assert {row["statement"] for row in sequence.rows} == {"F-DMAB-1a", "F-DMAB-14c"}
    assert len([row for row in sequence.rows if row["statement"] == "F-DMAB-1a"]) >= 6  # each antiresorptive
    (rule,) = ects.rules  # the one rule that enforces a statement of it, and no other: it falls with it
    assert (rule.rule.name, rule.left) == ("denosumab-then-antiresorptive-in-time", ())
    assert [guideline.labels.shown(node) for node in rule.withdrawn] == ["F-DMAB-1a"]


def test_without_the_evenity_label_rules_lose_their_limit(guideline: Guideline, fda: Impact) -> None:
    """Both rules also enforce the article, but read dose and window from the label."""
    shown = guideline.labels.shown
    found = {
        one.rule.name: tuple({shown(node) for node in nodes} for nodes in (one.withdrawn, one.left, one.reads))
        for one in fda.rules
    }
    dose = {"S-LEAD-1a", "S-ADM-1", "F-EMA-2", "F-ES-1a", "F-JP-4"}  # 210 mg by the article, Europe, ES and Japan
    assert found["romosozumab-dose"] == ({"F-FDA-3"}, dose, {"part:F-FDA-3.regimen-1"})
    withdrawn, left, reads = found["romosozumab-event-within-year"]
    assert (withdrawn, left, reads) == ({"F-FDA-7a"}, {"S-IND-3.1", "S-SAF-1.2"}, {"F-FDA-7a"})


def test_without_the_evenity_label_other_sources_hold_its_links(guideline: Guideline, fda: Impact) -> None:
    """Europe, Japan, NICE, BHOF and the article say of romosozumab what the label says."""
    assert not fda.fallen
    held = standing(fda, guideline)
    assert {f"{ROMOSOZUMAB} may be followed by {agent}" for agent in (*BISPHOSPHONATES, DENOSUMAB)} <= held
    assert {
        f"{ROMOSOZUMAB} contraindicated in hypocalcaemia",
        f"{ROMOSOZUMAB} advised against in stroke in the preceding year",
        f"{ROMOSOZUMAB} indicated for postmenopausal osteoporosis at high fracture risk",
    } <= held
    assert holders(fda, guideline, f"{ROMOSOZUMAB} advised against in stroke in the preceding year") <= {
        "S-IND-3.1", "S-SAF-1.2",
    }  # fmt: skip
    assert {"S-LEAD-1a cito:isConfirmedBy F-FDA-3", "S-SEQ-1 cito:isDisputedBy F-FDA-2b"} <= links(
        fda.references, guideline
    )
    rows = {one.question: {row.get("statement") for row in one.rows} for one in fda.questions}
    assert rows["indications"] == {"F-FDA-1a"}
    assert rows["dosing"] == {
        "F-FDA-2a",
        "F-FDA-3",
        "F-FDA-4",
        "F-FDA-6",
        "F-FDA-11c",
    }  # the last: no change for kidneys
    assert rows["contraindications"] == {"F-FDA-7a", "F-FDA-7b", "F-FDA-8", "F-FDA-11a"}
    assert rows["renal-limits"] == {"F-FDA-11a"}


def test_a_statement_falls_with_its_parts_and_leaves_what_it_shares(guideline: Guideline) -> None:
    composite = guideline.impact(statement="F-ARCH-1")
    assert [guideline.labels[node.value] for node in composite.statements] == ["F-ARCH-1", "F-ARCH-1a", "F-ARCH-1b"]
    one = guideline.impact(statement="F-FDA-7a")  # its locator is that of F-FDA-7b as well
    assert [guideline.labels[node.value] for node in one.statements] == ["F-FDA-7a"]
    assert not one.fallen
    assert {name for rule in one.rules for name in [rule.rule.name]} >= {"romosozumab-event-within-year"}


def test_rows_that_changed_are_told_apart_from_rows_that_are_gone(guideline: Guideline, fda: Impact) -> None:
    """The article has 65 passages, of which one falls; what the label disputes is disputed no less, but by nobody."""
    impact = guideline.impact(statement="S-SPC-1.2")
    found = {one.question: one for one in impact.questions}
    (changed,) = found["sources"].changed
    assert not found["sources"].rows
    assert {name for name in changed.before if changed.before[name] != changed.after[name]} == {"passages"}
    assert int(changed.before["passages"]) - int(changed.after["passages"]) == 1
    assert [row["statement"] for row in found["unresolved-citations"].rows] == ["S-SPC-1.2"]
    assert not found["unresolved-citations"].changed
    disputed = next(one for one in fda.questions if one.question == "disputed-statements")
    assert [(one.before["statement"], one.before["counter"], one.after["counter"]) for one in disputed.changed] == [
        ("S-IND-2.4", "F-FDA-1b", ""), ("S-IND-2.5", "F-FDA-1b", ""),
    ]  # fmt: skip
    (line,) = [line for line in impact.to_table().splitlines() if line.startswith("sources ")]
    assert line.split()[-2:] == ["0", "1"]


def test_as_a_table_and_as_json(guideline: Guideline, ects: Impact) -> None:
    told = ects.to_dict()
    assert (told["withdrawn"], told["graph_digest"]) == ("SRC-ECTS-2020", guideline.digest)
    assert len(told["fallen"]) == 8
    assert told["standing"][0].keys() == {"subject", "predicate", "object", "by"}
    table = ects.to_table(100)
    assert "Derived links that fall: 8" in table
    assert "Patient rules: 1" in table
    assert max(map(len, table.splitlines())) <= 100


def test_one_of_source_and_statement_is_asked_for(guideline: Guideline) -> None:
    for given in ({}, {"source": "SRC-ARCH", "statement": "F-ARCH-1"}):
        with pytest.raises(ParameterError, match="one of the two"):
            guideline.impact(**given)
    with pytest.raises(ParameterError, match="name of no source"):
        guideline.impact(source="SRC-ARC")
