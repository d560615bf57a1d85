"""Pages and documents of statements, sources and concepts."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
from rdflib import Graph, Namespace

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service import Guideline

BASE = "https://w3id.org/guideline-kg/"
GKG = Namespace(BASE + "core/")
CITO = Namespace("http://purl.org/spar/cito/")
STATEMENT = Namespace(BASE + "statement/")
HTML = {"Accept": "text/html"}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")  # rdflib's own reader of JSON-LD
@pytest.mark.parametrize(
    "media_type", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_document(client: FlaskClient, media_type: str) -> None:
    response = client.get("/statements/T-1", headers={"Accept": media_type})
    assert response.content_type == f"{media_type}; charset=utf-8"
    found = Graph().parse(data=response.data, format=media_type)
    assert (STATEMENT["T-1"], CITO.isDisputedBy, STATEMENT["T-2"]) in found
    assert [value.toPython() for value in found.objects(None, GKG.value)] == [70]


def test_nanopublication(client: FlaskClient, graph: Guideline) -> None:
    response = client.get("/statements/T-1", headers={"Accept": "application/trig"})
    assert response.content_type == "application/trig; charset=utf-8"
    assert response.text == graph.nanopub("T-1").serialize()
    found = list(ox.parse(response.data, format=ox.RdfFormat.TRIG))
    graphs = {quad.graph_name.value.partition("#")[2]: quad.graph_name for quad in found}
    assert sorted(graphs) == ["Head", "assertion", "provenance", "pubinfo"]
    said = [quad for quad in found if quad.predicate.value == GKG.value.toPython()]
    assert [(quad.object.value, quad.graph_name) for quad in said] == [("70", graphs["assertion"])]
    disputed = [quad for quad in found if quad.predicate.value == CITO.isDisputedBy.toPython()]
    assert [quad.graph_name for quad in disputed] == [graphs["provenance"]]


def test_only_statements_are_nanopublications(client: FlaskClient) -> None:
    for path in ("/sources/SRC-LEAF", "/concepts/green-tea"):
        assert client.get(path, headers={"Accept": "application/trig"}).status_code == 406
    accepting_both = {"Accept": "application/trig;q=0.5, text/turtle"}
    assert client.get("/statements/T-1", headers=accepting_both).mimetype == "text/turtle"


def test_links_to_the_statement_are_in_its_document(client: FlaskClient) -> None:
    response = client.get("/statements/T-2")
    found = Graph().parse(data=response.data, format="turtle")
    assert (STATEMENT["T-1"], CITO.isDisputedBy, STATEMENT["T-2"]) in found


def test_page_reads_like_a_page(client: FlaskClient) -> None:
    page = client.get("/statements/T-1", headers=HTML).text
    assert "<h1>T-1</h1>" in page
    assert '<p class="lead">Brew green tea at 70 °C &lt;not&gt; hotter.</p>' in page
    order = [page.index(f'<th scope="row">{label}</th>') for label in ("modality", "locator", "figure")]
    assert order == sorted(order)
    assert "recommended" in page
    assert "section: Brewing" in page
    assert "value: 70" in page
    assert '<a href="/statements/T-2">T-2</a>' in page


def test_page_shows_both_directions(client: FlaskClient) -> None:
    page = client.get("/statements/T-2", headers=HTML).text
    mentioned = page.partition("Where it is named")[2]
    assert "is disputed by" in mentioned
    assert '<a href="/statements/T-1">T-1</a>' in mentioned


def test_page_tells_inferred_from_asserted(client: FlaskClient) -> None:
    page = client.get("/statements/T-1", headers=HTML).text
    types = page.partition("<tbody>")[2].partition("</tr>")[0]
    assert "statement</a>\n" in types or "statement</a></li>" in types
    assert types.index("passage") < types.index('">inferred</a>)')


def test_what_is_inferred_leads_to_why(client: FlaskClient) -> None:
    page = client.get("/statements/T-1", headers=HTML).text
    (address,) = set(re.findall(r'href="(/explain[^"]+passage)"', page, re.IGNORECASE))
    why = client.get(unescape(address), headers=HTML)
    assert (why.status_code, "by cax-sco" in why.text) == (200, True)


def test_lists(client: FlaskClient) -> None:
    page = client.get("/statements", headers=HTML).text
    assert page.index('<a href="/statements/T-1">T-1</a> Brew green tea') < page.index("/statements/T-2")
    found = client.get("/concepts").json
    assert found is not None
    assert [one["label"] for one in found["concepts"]] == ["black tea", "green tea"]
    assert found["concepts"][1] == {"iri": f"{BASE}concept/green-tea", "label": "green tea", "says": ""}
    assert client.get("/conflicts").json == {"conflicts": []}
    home = client.get("/", headers=HTML).text
    assert all(f'<a href="/{door}">' in home for door in ("statements", "sources", "concepts", "conflicts", "explain"))


@pytest.mark.parametrize(("path", "title"), [("/sources/SRC-LEAF", "SRC-LEAF"), ("/concepts/green-tea", "green tea")])
def test_other_doors(client: FlaskClient, path: str, title: str) -> None:
    page = client.get(path, headers=HTML)
    assert f"<h1>{title}</h1>" in page.text
    assert '<a href="/statements/T-1"' in page.text


def test_only_addresses_of_the_web_are_links(client: FlaskClient) -> None:
    page = client.get("/sources/SRC-LEAF", headers=HTML).text
    assert '<a href="https://example.org/leaf">' in page
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize("identifier", [" ", "T-1 ", "%00", "..", "<T-1>", "T-1%0A", "é"])
def test_odd_names_are_unknown(client: FlaskClient, identifier: str) -> None:
    assert client.get(f"/statements/{identifier}").status_code == 404
