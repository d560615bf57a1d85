"""One answer in all its forms."""

import datetime as dt
import io
import json
import sys
from decimal import Decimal

import pandas as pd
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, QueryResultsFormat, RdfFormat, Triple, parse, parse_query_results

from kg_service import Answer, KgServiceError, KnowledgeGraph
from kg_service.errors import NotAcceptable
from kg_service.knowledge.formats import FORMATS

READERS = {"json": QueryResultsFormat.JSON, "xml": QueryResultsFormat.XML, "tsv": QueryResultsFormat.TSV}
ROW = """
SELECT ?iri ?text ?integer ?decimal ?double ?boolean ?date ?time ?other ?wrong ?none {
  VALUES (?iri ?text ?integer ?decimal ?double ?boolean ?date ?time ?other ?wrong) {
    (<https://example.org/knots/knot/reef> "a"@en 1 2.50 1e3 true
     "2026-01-31"^^<http://www.w3.org/2001/XMLSchema#date>
     "2026-01-31T10:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>
     "x"^^<http://example.org/type>
     "many"^^<http://www.w3.org/2001/XMLSchema#integer>)
  }
}
"""


@pytest.fixture
def row(knots: KnowledgeGraph) -> Answer:
    return knots.sparql(ROW)


class TestRows:
    def test_values_are_python_values(self, row: Answer) -> None:
        assert row.rows == [
            {
                "iri": "https://example.org/knots/knot/reef",
                "text": "a",
                "integer": 1,
                "decimal": Decimal("2.5"),
                "double": 1000.0,
                "boolean": True,
                "date": dt.date(2026, 1, 31),
                "time": dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC),
                "other": "x",
                "wrong": "many",
                "none": None,
            }
        ]
        assert type(row.rows[0]["boolean"]) is bool

    def test_columns_keep_the_querys_order(self, row: Answer) -> None:
        assert row.variables[:3] == ["iri", "text", "integer"]
        assert list(row.rows[0]) == list(row.readable()[0]) == row.variables

    def test_readable_shows_labels_and_texts(self, row: Answer) -> None:
        shown = row.readable()[0]
        assert (shown["iri"], shown["integer"], shown["boolean"], shown["none"]) == ("reef knot", "1", "true", "")

    def test_an_answer_names_its_release(self, knots: KnowledgeGraph, row: Answer) -> None:
        assert row.digest == knots.digest
        assert knots.digest.startswith("sha256:")
        assert len(knots.digest) == 71

    def test_what_has_no_label_shows_as_curie_or_iri(self, knots: KnowledgeGraph) -> None:
        labels = knots.labels
        assert labels["https://example.org/knots/knot/overhand"] == "overhand knot"
        assert labels["https://example.org/knots/knot/unnamed"] == "knot:unnamed"
        assert labels["https://example.org/knots/advice/A-1"] == "A-1"
        assert labels["https://example.org/knots/core/"] == "Knots: core"
        assert labels["https://example.org/elsewhere"] == "https://example.org/elsewhere"

    def test_yes_and_no(self, knots: KnowledgeGraph) -> None:
        yes, no = knots.sparql("ASK {}"), knots.sparql("ASK { <a:b> ?p ?o }")
        assert (yes.kind, yes.boolean, no.boolean) == ("ask", True, False)
        assert (yes.rows, yes.variables, yes.to_table(), no._repr_html_()) == ([], [], "yes", "<p>no</p>")
        assert json.loads(no.serialize("json")) == {"head": {}, "boolean": False}

    def test_a_graph_is_a_set_of_triples(self, knots: KnowledgeGraph) -> None:
        answer = knots.sparql("CONSTRUCT { <a:a> <a:b> 1 } { ?s ?p ?o }")
        assert answer.triples == [Triple(NamedNode("a:a"), NamedNode("a:b"), Literal(1))]
        assert answer.rows == [{"subject": "a:a", "predicate": "a:b", "object": 1}]
        assert answer.boolean


class TestFormats:
    @pytest.mark.parametrize("form", [f.media_type for f in FORMATS if "select" in f.kinds])
    def test_select(self, row: Answer, form: str) -> None:
        reader = QueryResultsFormat.from_media_type(form)
        assert reader is not None
        content = row.serialize(form)
        if reader == QueryResultsFormat.CSV:  # keeps no types
            header, line, _ = content.decode().split("\r\n")
            assert header.split(",") == row.variables
            assert line.split(",")[:4] == ["https://example.org/knots/knot/reef", "a", "1", "2.5"]
        else:
            assert [list(r) for r in parse_query_results(content, format=reader)] == row.terms

    @pytest.mark.parametrize("form", [f.media_type for f in FORMATS if "graph" in f.kinds])
    def test_graphs(self, knots: KnowledgeGraph, form: str) -> None:
        answer = knots.query("map")
        reader = RdfFormat.from_media_type(form)
        assert {q.triple for q in parse(answer.serialize(form), format=reader)} == set(answer.triples)

    @pytest.mark.parametrize(
        ("wanted", "media_type"),
        [
            ("application/json", "application/sparql-results+json"),
            ("text/javascript", "application/sparql-results+json"),
            ("json", "application/sparql-results+json"),
            ("text/xml", "application/sparql-results+xml"),
        ],
    )
    def test_aliases(self, row: Answer, wanted: str, media_type: str) -> None:
        assert row.serialize(wanted) == row.serialize(media_type)

    def test_what_does_not_fit_is_told_with_the_list(self, knots: KnowledgeGraph, row: Answer) -> None:
        with pytest.raises(NotAcceptable, match=r"cannot be written as text/turtle\. Available: application/sparql"):
            row.serialize("text/turtle")
        with pytest.raises(NotAcceptable, match=r"An ASK answer cannot .* as csv\. Available: json, xml\."):
            knots.sparql("ASK {}").serialize("csv")
        with pytest.raises(NotAcceptable) as caught:
            knots.query("map").serialize("text/csv")
        assert caught.value.available == [
            "text/turtle",
            "application/n-triples",
            "application/rdf+xml",
            "application/ld+json",
        ]

    def test_an_answer_that_a_format_has_no_form_for_is_told_with_the_others(self, knots: KnowledgeGraph) -> None:
        answer = knots.sparql("CONSTRUCT { <a:a> <a:b> <<(<a:a> <a:b> 1)>> } {}")
        with pytest.raises(NotAcceptable, match="This answer cannot be written as jsonld") as caught:
            answer.serialize("jsonld")
        assert caught.value.available == ["text/turtle", "application/n-triples", "application/rdf+xml"]
        assert b"<<( <a:a> <a:b> 1 )>>" in answer.serialize("turtle")

    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("SELECT ('\\u0000' AS ?x) {}", "xml"),
            ("SELECT ('\\uFFFE' AS ?x) {}", "xml"),
            ("CONSTRUCT { <a:a> <a:b> '\\u001F' } {}", "rdfxml"),
            ("CONSTRUCT { <a:a> <http://example.org/1> 1 } {}", "rdfxml"),
            ("CONSTRUCT { <a:a> <http://example.org/> <a:b> } {}", "rdfxml"),
        ],
    )
    def test_what_xml_has_no_form_for_is_not_written_as_broken_xml(
        self, knots: KnowledgeGraph, text: str, form: str
    ) -> None:
        with pytest.raises(NotAcceptable, match="XML has no form for"):
            knots.sparql(text).serialize(form)

    # XML 1.0 has no form for most control characters, and reads \r as \n.
    TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
    TERM = st.one_of(
        st.builds(Literal, TEXT),
        st.builds(Literal, TEXT, language=st.sampled_from(["en", "de-AT"])),
        st.builds(Literal, st.integers()),
        st.builds(Literal, TEXT, datatype=st.just(NamedNode("http://example.org/type"))),
        st.builds(lambda text: NamedNode(f"http://example.org/{text.encode().hex()}"), TEXT),
    )

    @given(st.lists(st.tuples(st.none() | TERM, st.none() | TERM), max_size=5))
    def test_all_formats_carry_the_same_rows(
        self, knots: KnowledgeGraph, rows: list[tuple[Literal | NamedNode | None, Literal | NamedNode | None]]
    ) -> None:
        lines = " ".join(f"({' '.join('UNDEF' if t is None else str(t) for t in row)})" for row in rows)
        answer = knots.sparql(f"SELECT ?a ?b {{ VALUES (?a ?b) {{ {lines} }} }}")
        assert answer.terms == [list(row) for row in rows]
        for name, form in READERS.items():
            again = parse_query_results(answer.serialize(name), format=form)
            assert [list(row) for row in again] == answer.terms, name
        by_rdflib = rdflib.query.Result.parse(format="csv", source=io.BytesIO(answer.serialize("csv")))
        texts = [["" if term is None else term.value for term in row] for row in rows]
        assert [["" if term is None else str(term) for term in row] for row in by_rdflib] == [
            row for row in texts if any(row)
        ]  # it skips empty lines


class TestNotebook:
    def test_cells_are_escaped_and_only_web_addresses_are_links(self, knots: KnowledgeGraph) -> None:
        values = """SELECT ?a ?b ?c { VALUES (?a ?b ?c) {
            ("<script>alert(1)</script>" <javascript:alert(1)> <https://example.org/?a=1&b='2'>) } }"""
        page = knots.sparql(values)._repr_html_()
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert page.count("<a ") == 1
        assert '<a href="https://example.org/?a=1&amp;b=&#x27;2&#x27;">' in page

    def test_the_whole_table(self, knots: KnowledgeGraph) -> None:
        assert knots.query("search", q="reef knot")._repr_html_() == (
            "<table><thead><tr><th>thing</th><th>asked</th></tr></thead><tbody><tr>"
            '<td><a href="https://example.org/knots/knot/reef">reef knot</a></td><td>reef knot</td>'
            "</tr></tbody></table>"
        )


class TestPandas:
    def test_labels_numbers_and_gaps(self, row: Answer) -> None:
        frame = row.to_pandas()
        assert list(frame.columns) == row.variables
        assert frame.loc[0, ["iri", "text", "integer", "decimal"]].tolist() == ["reef knot", "a", 1, 2.5]
        assert frame["decimal"].dtype == float
        assert pd.isna(frame.loc[0, "none"])

    def test_no_rows_keep_the_columns(self, knots: KnowledgeGraph) -> None:
        assert list(knots.query("search", q="nothing").to_pandas().columns) == ["thing", "asked"]

    def test_without_pandas_the_cure_is_named(self, row: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(KgServiceError, match=r"pip install 'guideline-kg\[pandas\]'"):
            row.to_pandas()
