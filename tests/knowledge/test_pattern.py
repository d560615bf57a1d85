"""The tree of a query says which pattern stands in which group, whatever its texts look like."""

from __future__ import annotations

import pytest

from kg_service.knowledge.pattern import (
    Constraint,
    Group,
    Nested,
    SubSelect,
    TriplePattern,
    Union,
    read_group,
    read_query,
)


def triples(text: str) -> list[tuple[str, str, str]]:
    elements = read_group(text).elements
    assert all(isinstance(one, TriplePattern) for one in elements)
    return [(one.subject, one.verb, one.object) for one in elements]


@pytest.mark.parametrize(("text", "expected"), [
    ("{}", []),
    ("{ ?a :p ?b }", [("?a", ":p", "?b")]),
    ("{ ?a :p ?b . }", [("?a", ":p", "?b")]),
    ("{ ?a :p ?b , ?c ; :q 1 ; . ?d a :C }", [
        ("?a", ":p", "?b"), ("?a", ":p", "?c"), ("?a", ":q", "1"), ("?d", "a", ":C"),
    ]),
    ("{?a:p?b.?b:q<x>}", [("?a", ":p", "?b"), ("?b", ":q", "<x>")]),
    ("{ ?a ^:p/(:q|:r)*/:s? ?b }", [("?a", "^:p/(:q|:r)*/:s?", "?b")]),
    ("{ ?a !(:p|^:q) ?b }", [("?a", "!(:p|^:q)", "?b")]),
    ("{ ?a ?p '} . { ?x' }", [("?a", "?p", "'} . { ?x'")]),
    ("{ ?a :p 'x'@en , '1'^^xsd:int , -2 , +1.5 , true }", [
        ("?a", ":p", "'x'@en"), ("?a", ":p", "'1'^^xsd:int"), ("?a", ":p", "-2"), ("?a", ":p", "+1.5"),
        ("?a", ":p", "true"),
    ]),
    ("{ ?a :p [ :q ?b ; :r [ ] ] . ?a :s ( 1 ?c ) }", [("?a", ":p", "[ :q ?b ; :r [ ] ]"), ("?a", ":s", "( 1 ?c )")]),
    ("{ ?a :p ?b # . ?c :q ?d }\n . ?b :r ?c }", [("?a", ":p", "?b"), ("?b", ":r", "?c")]),
])  # fmt: skip
def test_triple_patterns(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert triples(text) == expected


def test_what_stands_in_braces() -> None:
    text = """{ ?a :p ?b OPTIONAL { ?b :q ?c FILTER(?c > 1) } { ?a :r ?d } UNION { ?a :s ?d } UNION { { ?d :t ?e } }
        MINUS { ?a :u ?f } GRAPH ?g { ?a :v ?h } { SELECT ?i (COUNT(*) AS ?n) WHERE { ?i :w ?j } GROUP BY ?i } }"""
    first, optional, union, minus, graph, subquery = read_group(text).elements
    assert first == TriplePattern("?a", ":p", "?b")
    assert isinstance(optional, Nested)
    assert (optional.word, len(optional.group.elements)) == ("OPTIONAL", 2)
    assert isinstance(union, Union)
    assert [len(group.elements) for group in union.groups] == [1, 1, 1]
    assert isinstance(union.groups[2].elements[0], Union)
    assert isinstance(minus, Nested)
    assert isinstance(graph, Nested)
    assert (minus.word, graph.word, graph.head) == ("MINUS", "GRAPH", "GRAPH ?g")
    assert isinstance(subquery, Union)
    (inner,) = subquery.groups[0].elements
    assert isinstance(inner, SubSelect)
    assert (inner.head, inner.tail) == ("SELECT ?i (COUNT(*) AS ?n) WHERE", "GROUP BY ?i")
    assert inner.group == Group((TriplePattern("?i", ":w", "?j"),))


def test_conditions_keep_the_groups_of_exists_apart() -> None:
    text = """{ FILTER (?a = '}' || NOT EXISTS { ?a :p ?b FILTER EXISTS { ?b :q ?c } } && (?d))
        FILTER NOT EXISTS { ?a :r ?b } }"""
    both, alone = read_group(text).elements
    assert isinstance(both, Constraint)
    assert isinstance(alone, Constraint)
    before, group, after = both.parts
    assert (before, after) == ("(?a = '}' || NOT EXISTS", "&& (?d))")
    assert isinstance(group, Group)
    assert isinstance(group.elements[1], Constraint)
    assert alone.parts == ("NOT EXISTS", Group((TriplePattern("?a", ":r", "?b"),)))


def test_functions_and_values() -> None:
    text = "{ FILTER regex(?a, '{') BIND (IF(?a, 1, 2) AS ?b) VALUES (?c ?d) { (1 UNDEF) (:x ')') } }"
    condition, bind, values = read_group(text).elements
    assert [str(one) for one in (condition, bind)] == ["FILTER regex(?a, '{')", "BIND (IF(?a, 1, 2) AS ?b)"]
    assert str(values) == "VALUES (?c ?d) { (1 UNDEF) (:x ')') }"


def test_queries() -> None:
    select = read_query("SELECT DISTINCT ?a (STR(?b) AS ?c) { ?a :p ?b } ORDER BY ?a LIMIT 3")
    assert (select.head, select.tail) == ("SELECT DISTINCT ?a (STR(?b) AS ?c)", "ORDER BY ?a LIMIT 3")
    assert select.template is None
    construct = read_query("CONSTRUCT { ?a :q ?b ; a :C } WHERE { ?a :p ?b }")
    assert construct.template == Group((TriplePattern("?a", ":q", "?b"), TriplePattern("?a", "a", ":C")))
    assert construct.where == Group((TriplePattern("?a", ":p", "?b"),))
