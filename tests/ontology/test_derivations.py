"""What must follow from the statements, worked out by hand from the evidence; and what must not."""

import pyoxigraph as ox
import pytest

from kg_service import KnowledgeGraph

BASE = "https://w3id.org/guideline-kg/"
INFERRED = f"{BASE}graph/inferred"

BISPHOSPHONATES = {"alendronate", "ibandronate", "risedronate", "zoledronate"}
SERMS = {"raloxifene", "bazedoxifene"}


def links(guideline: KnowledgeGraph, subject: str, link: str) -> set[str]:
    """Local names of what a concept is linked to in the graph of inferences."""
    quads = guideline.store.quads_for_pattern(
        ox.NamedNode(f"{BASE}concept/{subject}"), ox.NamedNode(f"{BASE}core/{link}"), None, ox.NamedNode(INFERRED)
    )
    return {q.object.value.rpartition("/")[2] for q in quads}


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("oral-bisphosphonate", {"alendronate", "risedronate", "ibandronate"}),
        ("intravenous-bisphosphonate", {"ibandronate", "zoledronate"}),
        ("bisphosphonate", BISPHOSPHONATES),
        ("antiresorptive-other-than-denosumab", BISPHOSPHONATES | SERMS),
        ("antiresorptive", BISPHOSPHONATES | SERMS | {"denosumab"}),
        ("pth-analogue", {"teriparatide", "abaloparatide"}),
        ("anabolic", {"romosozumab", "teriparatide", "abaloparatide"}),
        ("hormone-therapy", set()),
    ],
)
def test_members_of_a_class_at_any_depth(guideline: KnowledgeGraph, group: str, members: set[str]) -> None:
    assert links(guideline, group, "hasMember") == members


def test_what_may_follow_denosumab(guideline: KnowledgeGraph) -> None:
    """Another antiresorptive (ECTS, FDA, TGA) or a bisphosphonate (many); by ACR also the three anabolics."""
    expected = BISPHOSPHONATES | SERMS | {"teriparatide", "abaloparatide", "romosozumab"}
    assert links(guideline, "denosumab", "mayBeFollowedBy") == expected


def test_denosumab_never_follows_itself(guideline: KnowledgeGraph) -> None:
    for link in ("mayBeFollowedBy", "mayFollow", "studiedBefore", "cautionedBefore"):
        assert "denosumab" not in links(guideline, "denosumab", link)


def test_what_may_follow_romosozumab(guideline: KnowledgeGraph) -> None:
    """Any antiresorptive; nothing else is named by any source."""
    assert links(guideline, "romosozumab", "mayBeFollowedBy") == BISPHOSPHONATES | SERMS | {"denosumab"}


def test_what_is_cautioned_after_denosumab(guideline: KnowledgeGraph) -> None:
    """Teriparatide by DATA-Switch (F-DMAB-4)."""
    assert links(guideline, "denosumab", "cautionedBefore") == {"teriparatide"}


@pytest.mark.parametrize(
    "link", [("mayBeFollowedBy", "mayFollow"), ("studiedBefore", "studiedAfter"), ("cautionedBefore", "cautionedAfter")]
)
def test_sequences_hold_in_both_directions(guideline: KnowledgeGraph, link: tuple[str, str]) -> None:
    forth, back = link
    pairs = {
        direction: {
            (q.subject, q.object)
            for q in guideline.store.quads_for_pattern(None, ox.NamedNode(f"{BASE}core/{direction}"), None, None)
        }
        for direction in link
    }
    assert pairs[forth]
    assert {(b, a) for a, b in pairs[back]} == pairs[forth]


def test_contraindications_reach_narrower_conditions(guideline: KnowledgeGraph) -> None:
    """EMA: any heart attack or stroke, so also an acute, a recent, an ischaemic one. A passing attack is none."""
    found = links(guideline, "romosozumab", "contraindicatedIn")
    assert {"hypocalcaemia", "severe-hypocalcaemia", "hypersensitivity"} <= found
    assert {"myocardial-infarction", "acute-myocardial-infarction", "myocardial-infarction-within-year"} <= found
    assert {"stroke", "ischaemic-stroke", "haemorrhagic-stroke", "stroke-within-year"} <= found
    assert "transient-ischaemic-attack" not in found


def test_indications_reach_narrower_conditions_and_never_wider_ones(guideline: KnowledgeGraph) -> None:
    """EMA's severe osteoporosis at high risk covers NICE's narrower group; very high risk is not high risk (X-2)."""
    found = links(guideline, "romosozumab", "indicatedFor")
    assert "severe-postmenopausal-osteoporosis-recent-major-fracture" in found
    assert "postmenopausal-osteoporosis" not in found
    assert "osteoporosis" not in found
