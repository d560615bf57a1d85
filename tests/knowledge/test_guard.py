"""SERVICE never gets through, and what only looks like it always does."""

import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_service import KnowledgeGraph
from kg_service.errors import QueryError, RefusedQuery
from kg_service.knowledge.guard import inspect
from kg_service.knowledge.tokens import tokens

SPELLING = st.sampled_from(["SERVICE", "service", "SerVice"])
HARMLESS = st.sampled_from(
    [
        "# {0} <http://a/> {{}}\n",
        "# {0} <http://a/> {{}}\r",
        "?s ?p '{0} <http://a/> {{}}' .\n",
        '?s ?p "{0} ?x {{}}" .\n',
        "?s ?p '''it''s\n{0} ex:a {{}}''' .\n",
        '?s ?p """a "quoted" \\""" {0} ex:a {{}}""" .\n',
        '?s ?p "\\" {0} ex:a {{}}" .\n',
        "?s ?p <http://a/#{0}> .\n",
        "?s ?p ex:{0} .\n",
        "?s {0}:p ?o .\n",
        "?{0} ?p ${0} .\n",
        "?s ?p _:{0} .\n",
        "GRAPH {0}:g {{ ?s ?p ?o }}\n",
        "FILTER(?a < 1 && ?{0} > 2)\n",
        '?s ?p "x"@{0} .\n',
    ]
)
CALLS = st.sampled_from(
    [
        "{0} <http://127.0.0.1/> {{ ?s ?p ?o }}",
        "{0}<http://127.0.0.1/>{{}}",
        "{0} SILENT <http://127.0.0.1/> {{}}",
        "{0} # comment\n ex:a {{}}",
        "{0} ?v {{ ?s ?p ?o }}",
        "{0}?v{{}}",
        "{0}ex:a{{}}",
        "{0}SILENTex:a{{}}",
        "{0}:a {{}}",
        "{0}: # comment\n {{}}",
        "?s ?p ex:.{0} ex:a {{}}",
        "?s ?p true{0}ex:a{{}}",
        "?s ?p 1{0} ex:a{{}}",
        '?s ?p ""{0} ex:a{{}}',
        "FILTER EXISTS {{ {0} ex:a {{}} }}",
        "FILTER(?a<?b&&?c>1) {0} ex:a {{}}",
        "OPTIONAL {{ {{ {0} ex:a {{}} }} }}",
    ]
)
QUERY = (
    "PREFIX ex: <http://127.0.0.1/> PREFIX service: <http://s/> PREFIX SERVICE: <http://s/> "
    "SELECT * {{ BIND(1 AS ?a) BIND(2 AS ?b) {} }}"
)


@given(st.lists(st.builds(str.format, HARMLESS, SPELLING), max_size=6))
def test_the_word_passes_where_it_is_no_call(parts: list[str]) -> None:
    assert inspect(QUERY.format(" ".join(parts)))


@given(
    st.lists(st.builds(str.format, HARMLESS, SPELLING), max_size=4),
    st.builds(str.format, CALLS, SPELLING),
    st.lists(st.builds(str.format, HARMLESS, SPELLING), max_size=4),
)
def test_a_call_is_refused_wherever_it_stands(before: list[str], call: str, after: list[str]) -> None:
    with pytest.raises(RefusedQuery, match="SERVICE would send data"):
        inspect(QUERY.format(" ".join([*before, call, *after])))


@given(st.lists(st.sampled_from([*"<>{}()'\"\\#?.:;,@^|!\n\r aex1", "SERVICE", "ex:a", "'''", '"""'])).map("".join))
@settings(max_examples=500)
def test_what_the_guard_lets_pass_calls_nobody(knots: KnowledgeGraph, text: str) -> None:
    """Oxigraph's own reader is the judge: it never finds a call in what was not refused.

    Its message on an address it will not contact, or cannot, is the sign of a call that got through.
    """
    try:
        knots.sparql(QUERY.format(text))
    except RefusedQuery:
        return
    except QueryError as error:
        message = str(error)
    else:
        return
    assert not any(sign in message for sign in ("not allowed for HTTP", "service name", "Connection"))


LEFT = ["?a", "1", "true", "ex:a", "'#'", "<http://a/\\u0041'>", "EXISTS{}", "(1<2)"]
RIGHT = [*LEFT, "<x#y>", "<it's>", "'''>'''", '"<"', "?a>2", "?a>'>'"]


@pytest.mark.parametrize(
    "comment", ["", " ", "#>\n", "#'>\n", "#>'''\n", "#>'''#\n", '#>"""\n', "#(<\n", "#SERVICE>\n"]
)
def test_a_call_behind_a_comparison_is_refused(comment: str) -> None:
    """`<` opens an IRI or compares, and comments may stand anywhere: however it is written, the call is seen."""
    for left, sign, right, place in product(LEFT, ["<", "<=", "&&?b<"], RIGHT, range(5)):
        words = [f"FILTER({left}{sign}{right}", ")", "SERVICE", "ex:a", "{}"]
        text = "".join(word + comment * (number == place) for number, word in enumerate(words))
        with pytest.raises(RefusedQuery):
            inspect(f"PREFIX ex: <http://127.0.0.1/> SELECT * {{ {text} #'''\n }}")


@pytest.mark.parametrize(
    "text",
    [
        "FILTER(?a<?b)SERVICEex:a#>\n{}",
        "FILTER(?a<?b)SERVICE?v#>\n{}",
        "FILTER(?a<2)SERVICEex:#>\n{}",
        "FILTER(?a<?b)#>'''\n SERVICE ex:a {} #'''\n",
        "FILTER(?a<'''>''')SERVICE ex:a {} #'''\n",
        "FILTER(EXISTS{}<?b)#>'''\n SERVICE ex:a {} #'''\n",
        "{SELECT (COUNT(DISTINCT1<?b)#>'''\n AS ?n) { SERVICE ex:a {} #'''\n }}",
        "FILTER(?a<<x#y>)SERVICE ex:a {}\n",
        "FILTER(?a<<<x#y> ex:b ex:c>>)SERVICE ex:a {}\n",
        "VALUES (?x ?y) {(1 <x'y>)} SERVICE ex:a {} #'\n",
        "VALUES (?x ?y) {(1 <x#y>)} SERVICE ex:a {}\n",
        "BIND(<http://a/\\u0041#> AS ?x) SERVICE ex:a {}\n",
        "BIND(<http://a/\\U00000041'> AS ?x) SERVICE ex:a {} #'\n",
    ],
)
def test_a_call_cannot_hide_behind_a_comparison_or_an_escape(text: str) -> None:
    """`<` opens an IRI or compares: the reading of what follows it, comments and strings, depends on which."""
    with pytest.raises(RefusedQuery, match=r"SERVICE would send data|may be an IRI or a comparison"):
        inspect(f"PREFIX ex: <http://127.0.0.1/> SELECT * {{ BIND(1 AS ?a) BIND(2 AS ?b) {text} }}")


@pytest.mark.parametrize(
    "text",
    [
        "FILTER(?a<5&&?b>3)",
        "FILTER(?a<?b || ?b > ?c)",
        "FILTER(?s IN (<#one>, <#two>, <it's>))",
        "FILTER(STR(?s) = STR(<#one>)) # > it's",
        "?s <#p> <it's> ; (<urn:a>/<urn:b>)+ ?o .",
        "VALUES (?x ?y) { (<http://a/#b> <http://a/it's>) (UNDEF <urn:a:b>) }",
    ],
)
def test_comparisons_and_iris_pass(knots: KnowledgeGraph, text: str) -> None:
    assert knots.sparql(f"SELECT * {{ {text}\n }}", base_iri="http://a/").kind == "select"


@pytest.mark.parametrize("word", ["INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"])
def test_every_update_is_refused_with_a_reason(word: str) -> None:
    with pytest.raises(RefusedQuery, match=f"{word} is SPARQL Update, and this graph is read-only"):
        inspect(f"BASE <http://a/> PREFIX a: <b> {word.lower()} <http://a/b>")


@pytest.mark.parametrize("form", ["SELECT ?insert", "ASK", "CONSTRUCT {?s ?p ?o}", "DESCRIBE ?s"])
def test_queries_pass(form: str) -> None:
    assert inspect(f"PREFIX load: <http://a/> {form} {{ ?s load:delete 'INSERT' }}")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT * {" + "{" * 5000 + "}" * 5000 + "}", id="groups"),
        pytest.param("SELECT (" + "(" * 5000 + "1" + ")" * 5000 + " AS ?x) {}", id="parentheses"),
        pytest.param("SELECT * {" + "FILTER EXISTS { ?s ?p ?o " * 1000 + "}" * 1000 + "}", id="exists"),
        pytest.param("SELECT * { ?s ?p " + "[ <http://a/b> " * 5000 + "]" * 5000 + "}", id="blank nodes"),
        pytest.param("SELECT (" + "!" * 20000 + "true AS ?x) {}", id="not"),
        pytest.param("SELECT (true" + "||true" * 20000 + " AS ?x) {}", id="or"),
        pytest.param("SELECT * {" + "MINUS{}" * 5000 + "}", id="minus"),
        pytest.param("SELECT * {" + "".join(f"BIND(1 AS ?x{i})" for i in range(5000)) + "}", id="bind"),
        pytest.param("ASK {" + "?a ?b ?c ." * 60000 + "}", id="patterns"),
        pytest.param("ASK { ?a <a:b> 1" + ";<a:b> 1" * 60000 + "}", id="predicates"),
        pytest.param("ASK { ?a <a:b> 1" + ",1" * 200000 + "}", id="objects"),
        pytest.param("ASK { ?s ?p (" + "1 " * 100000 + ") }", id="collection"),
        pytest.param("ASK { ?s " + "<a:b>/" * 1900 + "<a:b> ?o }", id="path"),
        pytest.param("DESCRIBE" + " <a:a>" * 100000, id="resources"),
        pytest.param("ASK { FILTER(1<" + "(" * 20000 + "2" + ")" * 20000 + "&&3>2) }", id="behind less-than"),
    ],
)
def test_texts_that_would_end_the_process_are_refused(knots: KnowledgeGraph, text: str) -> None:
    with pytest.raises(RefusedQuery, match=r"flatter|split it"):
        knots.sparql(text)


def test_long_lists_of_values_pass(knots: KnowledgeGraph) -> None:
    values = " ".join(f'"{n}"' for n in range(10000))
    assert len(knots.sparql(f"SELECT ?x {{ VALUES ?x {{ {values} }} }}").rows) == 10000
    rows = " ".join(f'("{n}" {n})' for n in range(10000))
    assert len(knots.sparql(f"SELECT ?x {{ VALUES (?x ?y) {{ {rows} }} }}").rows) == 10000
    assert knots.sparql(f"ASK {{ FILTER('7' IN ({values.replace(' ', ',')})) }}").boolean


@pytest.mark.parametrize("piece", ["a.", "a-", "'''a", "<a", '"\\', "?", "\\", ":%", "'", "_:a.", "'''\\", '"""\\'])
def test_reading_is_linear(piece: str) -> None:
    """300,000 characters of such pieces would take many minutes if each were read to the end of the text again."""
    began = time.process_time()
    assert sum(1 for _ in tokens(piece * (300_000 // len(piece)))) > 0
    assert time.process_time() - began < 10
