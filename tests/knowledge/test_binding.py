"""Parameters are bound as terms, everywhere in a query, and no value can be more than a term."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, QueryBoolean, Store, Variable

from kg_service.errors import ReleaseError
from kg_service.knowledge.binding import bind
from kg_service.knowledge.tokens import tokens

A, B, C, D = (NamedNode(f"http://e/{name}") for name in "abcd")
P = NamedNode("http://e/p")
PREFIX = "PREFIX e: <http://e/> "


@pytest.fixture(scope="module")
def store() -> Store:
    """a p b. c p d."""
    store = Store()
    store.extend([Quad(A, P, B), Quad(C, P, D)])
    return store


def ask(store: Store, text: str, **values: NamedNode | Literal) -> object:
    result = store.query(bind(PREFIX + text, values))
    if isinstance(result, QueryBoolean):
        return bool(result)
    return sorted(tuple(term and term.value.removeprefix("http://e/") for term in row) for row in result)


PLACES = [
    ("SELECT ?o { ?_x e:p ?o }", [("b",)]),
    ("SELECT ?o { $_x e:p ?o }", [("b",)]),
    ("SELECT ?_x ?o { ?_x e:p ?o }", [("a", "b")]),
    ("SELECT DISTINCT ?_x ?o { ?_x e:p ?o } ORDER BY ?_x DESC(?_x)", [("a", "b")]),
    ("SELECT ?s { ?s e:p ?o FILTER(?s = ?_x) }", [("a",)]),
    ("SELECT ?s { ?s e:p ?o FILTER(!BOUND(?_x) || ?s = ?_x) }", [("a",)]),
    ("SELECT ?s { ?s e:p ?o FILTER bound ( ?_x ) }", [("a",), ("c",)]),
    ("SELECT ?s { ?s e:p ?o FILTER(IF(BOUND(?_x), ?s = ?_x, true)) }", [("a",)]),
    ("SELECT ?s { ?s e:p ?o FILTER(?s IN (?_x)) }", [("a",)]),
    ("SELECT ?y { BIND(?_x AS ?y) }", [("a",)]),
    ("SELECT (?_x AS ?y) {}", [("a",)]),
    ("SELECT ?s ?y { ?s e:p ?o OPTIONAL { ?s e:p ?y FILTER(?s = ?_x) } }", [("a", "b"), ("c", None)]),
    ("SELECT ?s { ?s e:p ?o FILTER EXISTS { ?_x e:p ?o } }", [("a",)]),
    ("SELECT ?s { ?s e:p ?o FILTER NOT EXISTS { ?_x e:p ?o } }", [("c",)]),
    ("SELECT ?s { ?s e:p ?o MINUS { ?_x e:p ?o } }", [("c",)]),
    ("SELECT ?s { { ?s e:p e:d } UNION { ?s e:p ?o FILTER(?s = ?_x) } }", [("a",), ("c",)]),
    ("SELECT ?o { { SELECT ?o { ?_x e:p ?o } } }", [("b",)]),
    ("SELECT ?o { { SELECT ?_x ?o { ?_x e:p ?o } } }", [("b",)]),
    ("SELECT ?n { { SELECT (COUNT(*) AS ?n) { ?_x e:p ?o } } }", [("1",)]),
    ("SELECT ?o (COUNT(?_x) AS ?n) { ?_x e:p ?o } GROUP BY ?o ?_x", [("b", "1")]),
    ("SELECT ?_x (COUNT(?o) AS ?n) { ?_x e:p ?o } GROUP BY ?_x HAVING(?_x = e:a)", [("a", "1")]),
    ("SELECT ?o { VALUES ?s { e:a e:c } ?s e:p ?o FILTER(?s = ?_x) }", [("b",)]),
    ("SELECT ?o { ?_x e:p+ ?o }", [("b",)]),
    ("SELECT ?s { ?s ?_x ?o }", []),
    ("ASK { ?s e:p ?o { SELECT ?o { ?_x e:p ?o } } }", True),
    ("CONSTRUCT { ?s e:q ?_x } { ?s e:p ?o FILTER(?s = ?_x) }", [("a", "q", "a")]),
    ("SELECT ?o { ?_x e:p ?o # ?_x\n FILTER(STR(?o) != '?_x') }", [("b",)]),
]


@pytest.mark.parametrize(("text", "expected"), PLACES, ids=[text for text, _ in PLACES])
def test_a_value_reaches_every_place(store: Store, text: str, expected: object) -> None:
    assert ask(store, text, _x=A) == expected


def test_a_parameter_not_given_stays_an_unbound_variable(store: Store) -> None:
    text = "SELECT ?s ?_x { ?s e:p ?o FILTER(!BOUND(?_x) || ?s = ?_x) }"
    assert ask(store, text) == [("a", None), ("c", None)]


def test_other_variables_that_begin_alike_are_left_alone() -> None:
    assert bind("SELECT ?_xy { ?_xy ?p ?x }", {"_x": A}) == "SELECT ?_xy { ?_xy ?p ?x }"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { BIND(1 AS ?_x) }",
        "SELECT (1 AS ?_x) {}",
        "SELECT * { VALUES ?_x { 1 } }",
        "SELECT * { VALUES (?a ?_x) { (1 2) } }",
    ],
)
def test_a_query_that_assigns_to_its_parameter_is_refused(text: str) -> None:
    with pytest.raises(ReleaseError, match=r"assigns to its parameter \?_x"):
        bind(text, {"_x": A})


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_text_stays_one_literal(value: str) -> None:
    """Quotes, braces, backslashes, line ends, comment signs …: the query around the value never changes."""
    literal = Literal(value)
    bound = list(tokens(bind("SELECT * { ?s ?p ?_q . FILTER(?o = ?_q) }", {"_q": literal})))
    plain = list(tokens('SELECT * { ?s ?p "" . FILTER(?o = "") }'))
    assert [token.kind for token in bound] == [token.kind for token in plain]
    assert [t.text for t in bound if t.kind != "string"] == [t.text for t in plain if t.kind != "string"]
    (row,) = Store().query(bind("SELECT (?_q AS ?x) {}", {"_q": literal}))
    assert row["x"] == literal


@pytest.mark.parametrize(
    "value", ['"} DROP ALL #', "'''", '"""', "\\", "\\u0022", "}", "> . ?s ?p <", "\n#", "?_q", "$_q"]
)
def test_well_known_tricks_stay_text(value: str) -> None:
    (row,) = Store().query(bind("SELECT (?_q AS ?x) {}", {"_q": Literal(value)}))
    assert row["x"] == Literal(value)


def iri(text: str) -> NamedNode | None:
    try:
        return NamedNode(f"http://e/{text}")
    except ValueError:
        return None


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).map(iri).filter(lambda node: node is not None))
def test_an_iri_stays_one_iri(node: NamedNode) -> None:
    kinds = [token.kind for token in tokens(bind("SELECT * { ?_x ?p ?o }", {"_x": node}))]
    assert kinds == [token.kind for token in tokens("SELECT * { <http://e/> ?p ?o }")]


class TestWhySubstitutionsAreNotUsed:
    """Oxigraph's `substitutions`, 0.5.13: when one of these fails, look again whether they can replace binding.py."""

    @staticmethod
    def rows(store: Store, text: str) -> list[tuple[str | None, ...]]:
        result = store.query(PREFIX + text, substitutions={Variable("_x"): A})
        return sorted(tuple(term and term.value.removeprefix("http://e/") for term in row) for row in result)

    def test_the_variable_has_to_be_projected(self, store: Store) -> None:
        with pytest.raises(RuntimeError, match="in its SELECT projection"):
            self.rows(store, "SELECT ?o { ?_x e:p ?o }")

    def test_bound_stays_false(self, store: Store) -> None:
        text = "SELECT ?_x ?s { ?s e:p ?o FILTER(!BOUND(?_x) || ?s = ?_x) }"
        assert self.rows(store, text) == [("a", "a"), ("a", "c")]

    def test_bind_stays_unbound(self, store: Store) -> None:
        assert self.rows(store, "SELECT ?_x ?y { BIND(?_x AS ?y) }") == [("a", None)]

    def test_a_sub_select_is_not_reached(self, store: Store) -> None:
        text = "SELECT ?_x ?o { { SELECT ?o { ?_x e:p ?o } } }"
        assert self.rows(store, text) == [("a", "b"), ("a", "d")]

    def test_exists_optional_and_minus_are_reached(self, store: Store) -> None:
        assert self.rows(store, "SELECT ?_x ?s { ?s e:p ?o FILTER EXISTS { ?_x e:p ?o } }") == [("a", "a")]
        assert self.rows(store, "SELECT ?_x ?s { ?s e:p ?o MINUS { ?_x e:p ?o } }") == [("a", "c")]
        text = "SELECT ?_x ?s ?y { ?s e:p ?o OPTIONAL { ?s e:p ?y FILTER(?s = ?_x) } }"
        assert self.rows(store, text) == [("a", "a", "b"), ("a", "c", None)]
