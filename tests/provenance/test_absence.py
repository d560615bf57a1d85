"""Why a row did not come: the fewest conditions that keep it away, with the values that fail them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kg_service.provenance.absence import obstacles
from kg_service.provenance.query import SelectQuery

if TYPE_CHECKING:
    from kg_service import Guideline

PREFIXES = """PREFIX gkg: <https://w3id.org/guideline-kg/core/>
PREFIX concept: <https://w3id.org/guideline-kg/concept/>
PREFIX statement: <https://w3id.org/guideline-kg/statement/>
"""


def kept_away(guideline: Guideline, text: str, **wanted: str) -> list[tuple[tuple[str, ...], list[dict[str, str]]]]:
    """The conditions that fail, and the values for which they do, as people read both."""
    found = obstacles(SelectQuery.read(PREFIXES + text), {k: [v] for k, v in wanted.items()}, guideline.store)
    shown = guideline.labels.shown
    return [(one.conditions, [{k: shown(v) for k, v in row.items()} for row in one.values]) for one in found]


def test_one_filter_keeps_a_row_away(guideline: Guideline) -> None:
    """The order of modalities: required 1, recommended 2, suggested 3."""
    text = "SELECT ?m { ?m gkg:order ?n FILTER (?n < 2) }"
    wanted = "https://w3id.org/guideline-kg/core/Suggested"
    assert kept_away(guideline, text, m=wanted) == [(("FILTER (?n < 2)",), [{"n": "3"}])]


def test_a_condition_that_is_met_by_what_the_query_names_keeps_nothing_away(guideline: Guideline) -> None:
    """F-CA-2a has a modality; that it could have another one is no reason."""
    text = "SELECT * { statement:F-CA-2a gkg:modality ?m . ?m gkg:order ?n FILTER (?n > 2) }"
    assert kept_away(guideline, text) == [(("FILTER (?n > 2)",), [{"n": "2"}])]


def test_two_conditions_that_fail_together(guideline: Guideline) -> None:
    text = "SELECT * { statement:F-CA-2a gkg:modality ?m FILTER (?m = gkg:Required) FILTER (?m != gkg:Recommended) }"
    assert kept_away(guideline, text) == [
        (("FILTER (?m = gkg:Required)", "FILTER (?m != gkg:Recommended)"), [{"m": "recommended"}]),
    ]


def test_more_than_two_conditions_are_told_as_one_set(guideline: Guideline) -> None:
    text = "SELECT * { statement:F-CA-2a gkg:modality ?m FILTER (?m = 1) FILTER (?m = 2) FILTER (?m = 3) }"
    assert kept_away(guideline, text) == [
        (("FILTER (?m = 1)", "FILTER (?m = 2)", "FILTER (?m = 3)"), [{"m": "recommended"}]),
    ]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("SELECT * { ?s gkg:priorAgent concept:denosumab MINUS { ?s gkg:modality gkg:Recommended } }", "MINUS"),
        (
            "SELECT * { ?s gkg:priorAgent concept:denosumab FILTER NOT EXISTS { ?s gkg:nextClass ?c } }",
            "FILTER NOT EXISTS",
        ),
        ("SELECT * { VALUES ?p { concept:romosozumab } ?s gkg:priorAgent ?p }", "VALUES"),
        (
            "SELECT * { { ?s gkg:priorAgent concept:denosumab FILTER (1 = 2) } UNION { ?s gkg:order 1 } }",
            "FILTER (1 = 2)",
        ),
        ("SELECT * { { SELECT ?s { ?s gkg:priorAgent concept:denosumab FILTER (1 = 2) } } }", "FILTER (1 = 2)"),
    ],
)
def test_conditions_of_every_kind_and_depth(guideline: Guideline, text: str, condition: str) -> None:
    found = kept_away(guideline, text, s="https://w3id.org/guideline-kg/statement/F-CA-2a")
    assert any(conditions[0].startswith(condition) for conditions, _ in found)


def test_a_row_of_a_named_question_that_did_not_come(guideline: Guideline) -> None:
    """ECTS speaks for Europe, and the question was asked for Canada."""
    which = {"statement": "F-DMAB-1a"}
    explanation = guideline.explain.row("sequential-agents", which, after="denosumab", jurisdiction="Canada")
    (part,) = explanation.parts
    assert part.says == "No such row. It would be there but for:"
    values = [guideline.labels.shown(v) for one in part.obstacles for row in one.values for v in row.values()]
    assert "Europe" in values
    assert "with jurisdiction = Europe" in str(explanation)
    (told,) = explanation.to_dict()["parts"]
    assert not told["triples"]
    assert len(told["obstacles"]) == len(part.obstacles)


def test_a_row_that_no_relaxation_brings(guideline: Guideline) -> None:
    (part,) = guideline.explain.sparql("SELECT ?x { BIND (1 AS ?x) }", {"x": 2}).parts
    assert (part.says, part.obstacles) == ("No such row, whatever conditions of the query are left out.", ())
