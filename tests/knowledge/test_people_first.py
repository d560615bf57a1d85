"""Small things that save a person time: what an answer says of itself, values of any type, a prefix at hand."""

import pytest

from kg_service import KnowledgeGraph
from kg_service.errors import MalformedQuery, ParameterError


def test_an_answer_says_what_it_is(guideline: KnowledgeGraph) -> None:
    assert repr(guideline.sparql("ASK {}")) == "<Answer ask: yes=True>"
    assert repr(guideline.sparql("SELECT (1 AS ?n) (2 AS ?m) {}")) == "<Answer select: 1 rows of n, m>"


def test_a_missing_prefix_comes_with_its_line(guideline: KnowledgeGraph) -> None:
    with pytest.raises(
        MalformedQuery, match=r"near 'gkg:modality \?m \}'.*Prefix not found\. Put before the query: PREFIX gkg: <"
    ):
        guideline.sparql("SELECT * { ?s gkg:modality ?m }")
    with pytest.raises(MalformedQuery, match=r"Prefix not found\.$"):
        guideline.sparql("SELECT * { ?s nobody:knows ?m }")


def test_none_is_as_good_as_not_given(guideline: KnowledgeGraph) -> None:
    given = guideline.query("sequential-agents", after="denosumab", jurisdiction=None)
    assert given.rows == guideline.query("sequential-agents", after="denosumab").rows
    with pytest.raises(ParameterError, match="needs after"):
        guideline.query("sequential-agents", after=None)


def test_a_number_is_read_as_its_text(guideline: KnowledgeGraph) -> None:
    """993449 is the RxNorm code of denosumab."""
    assert guideline.query("lookup", q=993449).rows == guideline.query("lookup", q="993449").rows != []
    with pytest.raises(ParameterError, match="'5' is the name of no therapy"):
        guideline.query("sequential-agents", after=5)
