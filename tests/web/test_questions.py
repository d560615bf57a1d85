"""The named questions over HTTP, and as examples for SPARQL editors."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rdflib import RDF, RDFS, Graph, Literal, Namespace, URIRef

from kg_service import Guideline
from kg_service.web import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

SH = Namespace("http://www.w3.org/ns/shacl#")
SCHEMA = Namespace("https://schema.org/")
HTML = {"Accept": "text/html"}
RELEASE = Path(__file__).parent / "release"


def test_list(client: FlaskClient) -> None:
    response = client.get("/queries")
    assert response.mimetype == "application/json"
    assert response.json is not None
    listed = {question["name"]: question for question in response.json["queries"]}
    assert list(listed) == ["advice", "map", "teas"]
    assert listed["advice"]["href"] == "http://localhost/queries/advice"
    assert listed["advice"]["parameters"][0] == {
        "name": "about",
        "description": "The tea.",
        "kind": "gkg:Concept",
        "required": True,
        "example": "green tea",
    }


def test_list_as_a_page(client: FlaskClient) -> None:
    page = client.get("/queries", headers=HTML).text
    assert '<a href="/queries/advice">advice</a>' in page
    assert "What is advised on a tea?" in page


@pytest.mark.parametrize(
    "value",
    ["green tea", "GREEN Tea", "sencha", "concept:green-tea", "https://w3id.org/guideline-kg/concept/green-tea"],
)
def test_answer(client: FlaskClient, value: str) -> None:
    response = client.get("/queries/advice", query_string={"about": value}, headers={"Accept": "text/csv"})
    assert response.mimetype == "text/csv"
    assert [line.split(",")[0].rpartition("/")[2] for line in response.text.splitlines()] == ["statement", "T-1", "T-2"]


def test_optional_parameter(client: FlaskClient) -> None:
    asked = {"about": "green tea", "modality": "advised against"}
    response = client.get("/queries/advice", query_string=asked)
    assert response.json is not None
    assert [row["statement"]["value"].rpartition("/")[2] for row in response.json["results"]["bindings"]] == ["T-2"]


def test_blank_fields_of_a_form_are_not_given(client: FlaskClient) -> None:
    response = client.get("/queries/advice", query_string={"about": "green tea", "modality": "", "limit": " "})
    assert response.status_code == 200


def test_a_parameter_given_twice_is_refused(client: FlaskClient) -> None:
    assert client.get("/queries/advice?about=green+tea&about=black+tea").status_code == 400


@pytest.mark.parametrize("name", ["name", "self", "params", "abuot", "", "é"])
def test_an_unknown_parameter_is_refused_whatever_its_name(client: FlaskClient, name: str) -> None:
    response = client.get("/queries/advice", query_string={"about": "green tea", name: "x"})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["title"] == "Bad parameter"


def test_page_links_what_it_names(client: FlaskClient) -> None:
    page = client.get("/queries/advice", query_string={"about": "green tea"}, headers=HTML).text
    assert '<a href="/statements/T-1">T-1</a>' in page
    assert '<a href="/sources/SRC-LEAF">SRC-LEAF</a>' in page
    assert 'value="green tea"' in page
    assert "Brew green tea at 70 °C &lt;not&gt; hotter." in page


def test_graph_answer(client: FlaskClient) -> None:
    response = client.get("/queries/map", headers={"Accept": "application/n-triples"})
    assert response.text.count("<https://w3id.org/guideline-kg/core/about>") == 2
    assert client.get("/queries/map", headers={"Accept": "application/sparql-results+json"}).status_code == 406


def examples(client: FlaskClient, path: str) -> Graph:
    response = client.get(path, headers={"Accept": "text/turtle"})
    assert response.mimetype == "text/turtle"
    return Graph().parse(data=response.data, format="turtle")


@pytest.mark.parametrize("path", ["/queries", "/.well-known/sparql-examples"])
def test_as_examples_by_the_rules_of_the_collection(client: FlaskClient, path: str) -> None:
    """Hold the document to what the collection's own shapes demand of an example."""
    found = examples(client, path)
    nodes = set(found.subjects(RDF.type, SH.SPARQLExecutable))
    assert len(nodes) == 3
    for node in nodes:
        forms = [form for form in ("select", "ask", "construct", "describe") if (node, SH[form], None) in found]
        assert len(forms) == 1
        assert (node, RDF.type, SH[f"SPARQL{forms[0].capitalize()}Executable"]) in found
        comments = list(found.objects(node, RDFS.comment))
        assert [comment.language for comment in comments if isinstance(comment, Literal)] == ["en"]
        assert list(found.objects(node, SCHEMA.target)) == [URIRef("http://localhost/sparql")]
        assert all(re.fullmatch(r"\S.*\S", str(keyword)) for keyword in found.objects(node, SCHEMA.keywords))


def test_editors_find_examples_and_prefixes_with_their_own_queries(client: FlaskClient) -> None:
    found = examples(client, "/.well-known/sparql-examples")
    listed = found.query(
        """PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT DISTINCT ?sq ?comment ?query WHERE {
            ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct|sh:describe ?query .
        } ORDER BY ?sq"""
    )
    assert [str(row[0]).rpartition("/")[2] for row in listed] == ["advice", "map", "teas"]  # type: ignore[index]
    prefixes = found.query(
        """PREFIX sh: <http://www.w3.org/ns/shacl#>
        SELECT DISTINCT ?prefix ?namespace WHERE { [] sh:namespace ?namespace ; sh:prefix ?prefix } ORDER BY ?prefix"""
    )
    assert [str(row[0]) for row in prefixes] == ["dcterms", "gkg", "skos"]  # type: ignore[index]


def test_a_question_that_is_answered_otherwise_each_time_is_not_kept(tmp_path: Path) -> None:
    release = Path(shutil.copytree(RELEASE, tmp_path / "release"))
    header = "#+ summary: s\n#+ description: what is known\n"
    (release / "queries" / "now.rq").write_text(header + "SELECT (NOW() AS ?now) {}\n", encoding="utf-8")
    (release / "queries" / "one.rq").write_text(header + "SELECT (1 AS ?one) {}\n", encoding="utf-8")
    client = create_app(Guideline.load(release)).test_client()
    kept = {name: "ETag" in client.get(f"/queries/{name}").headers for name in ("now", "one")}
    assert kept == {"now": False, "one": True}
