"""Expressions bind as the grammar of SPARQL says."""

from __future__ import annotations

import pytest

from kg_service.errors import ReleaseError
from kg_service.knowledge.pattern import Constraint, read_group
from kg_service.validation.compiled.expressions import Aggregate, Call, Constant, Exists, Expression, Variable

from .conftest import NAMES, PREFIXES


def written(of: Expression) -> str:
    """The tree with all its brackets."""
    if isinstance(of, Variable):
        return f"?{of.name}"
    if isinstance(of, Constant):
        return of.term.removeprefix(PREFIXES[""]) if isinstance(of.term, str) else of.term.lexical
    if isinstance(of, Aggregate):
        return f"{of.name}({'distinct ' * of.distinct}{written(of.of) if of.of else '*'})"
    assert isinstance(of, Call)
    return f"({of.name} {' '.join(map(written, of.args))})"


@pytest.mark.parametrize(("text", "tree"), [
    ("?a || ?b && ! ?c = ?d", "(|| ?a (&& ?b (= (! ?c) ?d)))"),
    ("?a + ?b * ?c - ?d / 2 < 5", "(< (- (+ ?a (* ?b ?c)) (/ ?d 2)) 5)"),
    ("?a - ?b - ?c", "(- (- ?a ?b) ?c)"),
    ("?a -5", "(- ?a 5)"),
    ("-?a", "(- 0 ?a)"),
    ("(?a<?b&&?b>=?c)", "(&& (< ?a ?b) (>= ?b ?c))"),
    ("?a NOT IN (:x, <https://example.org/y>) || bound(?b)", "(|| (NOT IN ?a x y) (BOUND ?b))"),
    ("?a in (1)", "(IN ?a 1)"),
    ("IF(?a, 'b', COALESCE(?c, 1.50))", "(IF ?a b (COALESCE ?c 1.5))"),
    ("(?a = (true))", "(= ?a true)"),
    ("SUM(DISTINCT ?a) + COUNT(*)", "(+ SUM(distinct ?a) COUNT(*))"),
    (r"'a\tb\u00e9' = '''it's'''", "(= a\tb\u00e9 it's)"),
    ("'2024-01-01'^^xsd:date <= '2024-01-02'^^<http://www.w3.org/2001/XMLSchema#date>", "(<= 2024-01-01 2024-01-02)"),
    ("a = 'x'@EN-us", "(= http://www.w3.org/1999/02/22-rdf-syntax-ns#type x)"),
])  # fmt: skip
def test_trees(text: str, tree: str) -> None:
    assert written(NAMES.expression([text])) == tree


def test_groups_of_exists_are_part_of_the_tree() -> None:
    (condition,) = read_group("{ FILTER (?a && NOT EXISTS { ?a :p ?b }) }").elements
    assert isinstance(condition, Constraint)
    tree = NAMES.expression(condition.parts)
    assert isinstance(tree, Call)
    exists = tree.args[1]
    assert isinstance(exists, Exists)
    assert exists.negated


@pytest.mark.parametrize("text", [
    "", "?a ?b", "?a +", "(?a", "IF(?a", ":own(?a)", "none:a", "_:a", "+ ?a", "?a = = ?b",
])  # fmt: skip
def test_what_is_no_expression_here(text: str) -> None:
    with pytest.raises(ReleaseError):
        NAMES.expression([text])
