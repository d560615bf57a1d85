"""Asking the graph through its public door."""

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from kg_service import KnowledgeGraph, load
from kg_service.errors import (
    MalformedQuery,
    ParameterError,
    QueryError,
    RefusedQuery,
    ReleaseError,
    UnknownName,
)

MINI = Path(__file__).parents[1] / "data" / "mini"
KNOT = "https://example.org/knots/knot/"
CORE_GRAPH = "https://example.org/knots/core/"
HANDBOOK = "https://example.org/knots/handbook"
INFERRED = "https://w3id.org/guideline-kg/graph/inferred"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


def count(graph: KnowledgeGraph, text: str, **dataset: list[str]) -> object:
    return graph.sparql(text, **dataset).rows[0]["n"]


class TestQuestions:
    @pytest.mark.parametrize(
        "value",
        [
            "overhand knot",
            "  Overhand \t KNOT ",
            "thumb knot",
            "overhad knot",
            "hausknoten",
            "knot:overhand",
            f"{KNOT}overhand",
            f"<{KNOT}overhand>",
            "Ashley:46",
            "abok: 46",
            "abok:47",
            "Ashley:48",
            "46",
            "ABOK:47 ",
            "https://example.org/abok|46",
            "ABOK | 48",
        ],
    )
    def test_a_value_is_found_by_label_synonym_curie_iri_and_code(self, knots: KnowledgeGraph, value: str) -> None:
        assert knots.query("after", knot=value).rows == [
            {"next": f"{KNOT}carrick", "strength": None},
            {"next": f"{KNOT}reef", "strength": Decimal("0.45")},
        ]

    def test_an_optional_parameter_narrows(self, knots: KnowledgeGraph) -> None:
        assert knots.query("after", knot="overhand knot", least="45").readable() == [
            {"next": "reef knot", "strength": "0.45"}
        ]
        assert knots.query("after", knot="overhand knot", least="46").rows == []

    def test_a_date_parameter(self, knots: KnowledgeGraph) -> None:
        rows = knots.query("advice", since="2026-01-31").rows
        assert [(row["advice"], row["created"]) for row in rows] == [
            ("https://example.org/knots/advice/A-1", dt.date(2026, 1, 31))
        ]
        assert knots.query("advice", since="2026-02-01").rows == []

    def test_a_text_parameter_can_be_projected(self, knots: KnowledgeGraph) -> None:
        assert knots.query("search", q="REEF knot").readable() == [{"thing": "reef knot", "asked": "REEF knot"}]

    def test_a_code_of_a_product_of_several_things_offers_them(self, knots: KnowledgeGraph) -> None:
        with pytest.raises(ParameterError, match="several things") as caught:
            knots.query("after", knot="Ashley:49")
        assert caught.value.nearest == ["knot:overhand", "knot:reef"]

    @pytest.mark.parametrize("code", ["49", "https://example.org/abok|49"])
    def test_a_code_alone_or_as_fhir_writes_it_is_as_good(self, knots: KnowledgeGraph, code: str) -> None:
        with pytest.raises(ParameterError, match="several things"):
            knots.query("after", knot=code)
        with pytest.raises(ParameterError, match="is the name of no knot"):
            knots.query("after", knot="https://example.org/other|46")

    def test_lookup_finds_a_code_as_fhir_writes_it(self, guideline: KnowledgeGraph) -> None:
        found = guideline.query("lookup", q="http://snomed.info/sct|22298006")
        assert found.rows == guideline.query("lookup", q="SNOMED CT:22298006").rows
        assert found.readable()[0]["label"] == "myocardial infarction"

    def test_two_things_of_one_synonym_are_offered(self, knots: KnowledgeGraph) -> None:
        with pytest.raises(ParameterError, match="several things") as caught:
            knots.query("after", knot="square knot")
        assert caught.value.nearest == ["knot:carrick", "knot:reef"]

    @pytest.mark.parametrize(
        ("value", "nearest"),
        [
            ("reaf knot", "reef knot"),
            ("overhand", "overhand knot"),
            ("BEND", "carrick bend"),
            ("A-1", "thumb knot"),
            (CORE_GRAPH, "reef knot"),
        ],
    )
    def test_an_unknown_value_names_the_nearest(self, knots: KnowledgeGraph, value: str, nearest: str) -> None:
        with pytest.raises(ParameterError, match="is the name of no knot in this graph") as caught:
            knots.query("after", knot=value)
        assert nearest in caught.value.nearest

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({}, "needs knot: The knot already known. Example: knot=overhand knot"),
            ({"knot": "reef knot", "leest": "1"}, r"no parameter 'leest'\. It has: knot, least\. Nearest: least"),
            ({"knot": "reef knot", "name": "a", "self": "b"}, r"no parameter 'name'\. It has: knot, least\."),
            ({"knot": "reef knot", "least": " "}, "value of least is empty: give one, or leave least out"),
            ({"knot": "reef knot", "least": "many"}, "'many' is not a whole number"),
            ({"knot": "\ud800"}, "is the name of no knot"),
        ],
    )
    def test_a_wrong_parameter_says_what_to_do(
        self, knots: KnowledgeGraph, params: dict[str, str], message: str
    ) -> None:
        with pytest.raises(ParameterError, match=message):
            knots.query("after", **params)

    def test_wrong_literals(self, knots: KnowledgeGraph) -> None:
        with pytest.raises(ParameterError, match="is not a date: write it like 2026-01-31"):
            knots.query("advice", since="yesterday")
        with pytest.raises(ParameterError, match="lone surrogate"):
            knots.query("search", q="\ud800")

    def test_an_unknown_question_names_the_nearest(self, knots: KnowledgeGraph) -> None:
        with pytest.raises(UnknownName, match=r"no question named 'afther'\. Nearest: after\."):
            knots.query("afther")

    def test_a_question_can_be_a_graph(self, knots: KnowledgeGraph) -> None:
        answer = knots.query("map")
        assert answer.kind == "graph"
        assert {(t.subject.value, t.object.value) for t in answer.triples} == {
            (f"{KNOT}overhand", f"{KNOT}reef"),
            (f"{KNOT}overhand", f"{KNOT}carrick"),
            (f"{KNOT}reef", f"{KNOT}carrick"),
        }


class TestSparql:
    def test_the_default_graph_is_the_union_of_all(self, knots: KnowledgeGraph) -> None:
        asserted_and_inferred = count(knots, "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }")
        assert count(knots, COUNT) == asserted_and_inferred == len(knots.store)

    @pytest.mark.parametrize(
        ("clauses", "expected"),
        [
            (f"FROM <{INFERRED}>", 8),
            (f"from <{INFERRED}> FROM <https://example.org/nowhere>", 8),
            ("FROM <https://example.org/nowhere>", 0),
            ("FROM <file:///etc/passwd>", 0),
            (f"FROM NAMED <{INFERRED}>", 0),
        ],
    )
    def test_from_chooses_among_loaded_graphs(self, knots: KnowledgeGraph, clauses: str, expected: int) -> None:
        assert count(knots, f"SELECT (COUNT(*) AS ?n) {clauses} {{ ?s ?p ?o }}") == expected

    def test_from_named_limits_graph(self, knots: KnowledgeGraph) -> None:
        text = f"SELECT DISTINCT ?g FROM NAMED <{HANDBOOK}> {{ GRAPH ?g {{ ?s ?p ?o }} }}"
        assert knots.sparql(text).rows == [{"g": HANDBOOK}]

    def test_the_protocols_dataset_wins(self, knots: KnowledgeGraph) -> None:
        text = f"SELECT (COUNT(*) AS ?n) FROM <{HANDBOOK}> {{ ?s ?p ?o }}"
        assert count(knots, text, default_graphs=[INFERRED]) == 8
        assert count(knots, text, named_graphs=[INFERRED]) == 0
        assert count(knots, "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", named_graphs=[INFERRED]) == 8
        assert count(knots, "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", default_graphs=[INFERRED]) == 0

    def test_relative_iris_take_the_base(self, knots: KnowledgeGraph) -> None:
        assert knots.sparql("ASK { <reef> ?p ?o }", base_iri=KNOT).boolean is True

    @pytest.mark.parametrize(
        ("text", "line", "column", "hint"),
        [
            ("SELECT *\n{ ?s ?p }", 2, 10, "line 2, column 10, at its end"),
            ("SELECT * {", 1, 11, "at its end"),
            ("SELCT *", 1, 8, "at or before line 1, column 8, at its end"),
            ("", 1, 1, "at its end"),
            ("SELECT ?s\n{ ?s x:y ?o }", 2, 11, r"near '\?o }'"),
            ("SELECT ?s { ?s ?p ?o } GROUP BY ?p", 1, 35, "The SELECT contains a variable that is unbound"),
        ],
    )
    def test_malformed_text_gives_the_place(
        self, knots: KnowledgeGraph, text: str, line: int, column: int, hint: str
    ) -> None:
        with pytest.raises(MalformedQuery, match=hint) as caught:
            knots.sparql(text)
        assert (caught.value.line, caught.value.column) == (line, column)
        assert caught.value.extras == {"line": line, "column": column}

    def test_other_faults_are_query_errors(self, knots: KnowledgeGraph) -> None:
        with pytest.raises(QueryError, match="lone surrogate"):
            knots.sparql("SELECT * { ?s ?p '\ud800' }")
        with pytest.raises(QueryError, match="cannot be evaluated"):
            knots.sparql(COUNT, default_graphs=["no iri"])

    def test_an_update_is_refused(self, knots: KnowledgeGraph) -> None:
        with pytest.raises(RefusedQuery, match="read-only"):
            knots.sparql("PREFIX a: <http://a/> # c\n insert data { a:a a:b a:c }")


class TestInferences:
    def test_they_stand_apart_and_speak_of_the_domain_only(self, knots: KnowledgeGraph) -> None:
        text = f"SELECT ?s ?p ?o {{ GRAPH <{INFERRED}> {{ ?s ?p ?o }} }}"
        found = {
            (knots.labels[r["s"]], r["p"].rpartition("/")[2], knots.labels[r["o"]]) for r in knots.sparql(text).rows
        }
        is_a = "22-rdf-syntax-ns#type"
        assert found == {
            ("overhand knot", "learnedBefore", "carrick bend"),
            ("reef knot", "learnedAfter", "overhand knot"),
            ("carrick bend", "learnedAfter", "overhand knot"),
            ("carrick bend", "learnedAfter", "reef knot"),
            ("reef knot", is_a, "knot"),
            ("carrick bend", is_a, "knot"),
            ("A-1", is_a, "k:Loaded"),
            ("A-2", is_a, "k:Loaded"),
        }

    def test_a_contradiction_is_refused(self, tmp_path: Path) -> None:
        release = copy(tmp_path)
        append(release / "ontology/knots.ttl", "knot:reef a k:Rope .")
        with pytest.raises(ReleaseError, match=r"inconsistent: .*Rope"):
            load(release)


class TestDescribe:
    def test_a_thing_comes_with_its_parts_and_what_points_to_it(self, knots: KnowledgeGraph) -> None:
        triples = knots.describe("https://example.org/knots/advice/A-1")
        subjects = {t.subject.value for t in triples}
        assert subjects == {
            "https://example.org/knots/advice/A-1",
            "https://w3id.org/guideline-kg/part/A-1.figure-1",
        }
        reef = knots.describe(f"{KNOT}reef")
        assert NamedNode("https://example.org/knots/advice/A-1") in {t.subject for t in reef}

    def test_an_unknown_thing_names_the_nearest(self, knots: KnowledgeGraph) -> None:
        with pytest.raises(UnknownName, match=r"says nothing of .*A-12\. Nearest: A-1, A-2|A-2, A-1"):
            knots.describe("https://example.org/knots/advice/A-12")
        with pytest.raises(UnknownName, match="says nothing of no iri"):
            knots.describe("no iri")


class TestCheck:
    def test_results_are_listed_gravest_first(self, knots: KnowledgeGraph) -> None:
        report = knots.check()
        assert not report.conforms
        assert report.shapes == 2
        assert [(r.severity, r.focus, r.message) for r in report.results] == [
            ("violation", f"{KNOT}unnamed", "A knot has a label."),
            ("warning", "https://example.org/knots/advice/A-2", "Advice is better with a figure."),
        ]

    def test_warnings_alone_conform(self, tmp_path: Path) -> None:
        release = copy(tmp_path)
        append(release / "ontology/knots.ttl", 'knot:unnamed skos:prefLabel "nameless knot"@en .')
        report = load(release).check()
        assert report.conforms
        assert [r.severity for r in report.results] == ["warning"]

    def test_without_shapes_nothing_conforms_by_accident(self, tmp_path: Path) -> None:
        release = copy(tmp_path)
        (release / "shapes/graph-knots.ttl").unlink()
        with pytest.raises(ReleaseError, match="No shapes to check against"):
            load(release).check()


def copy(folder: Path) -> Path:
    return Path(shutil.copytree(MINI, folder / "release"))


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "\n" + text + "\n", encoding="utf-8")
