"""The released graph, served: every entity has its page and its document, every question its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from kg_service.web import create_app
from kg_service.web.pages import DOORS

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service.knowledge import KnowledgeGraph

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(guideline: KnowledgeGraph) -> FlaskClient:
    return create_app(guideline).test_client()


@pytest.mark.parametrize("door", DOORS)
def test_every_entity_has_a_page_and_a_document(client: FlaskClient, guideline: KnowledgeGraph, door: str) -> None:
    subjects = {quad.subject.value for quad in guideline.store if isinstance(quad.subject, ox.NamedNode)}
    names = sorted(iri.removeprefix(DOORS[door]) for iri in subjects if iri.startswith(DOORS[door]))
    assert len(names) > 10
    for name in filter(None, names):
        page = client.get(f"/{door}/{name}", headers=HTML)
        assert (name, page.status_code) == (name, 200)
        document = client.get(f"/{door}/{name}", headers={"Accept": "application/n-triples"})
        assert f"<{DOORS[door]}{name}>" in document.text


def test_every_question_answers_its_own_example(client: FlaskClient, guideline: KnowledgeGraph) -> None:
    assert len(guideline.questions) > 10
    for name, question in guideline.questions.items():
        for headers in (HTML, {"Accept": "text/csv"}):
            response = client.get(f"/queries/{name}", query_string=question.example(), headers=headers)
            assert (name, response.status_code) == (name, 200), response.text


def test_a_disputed_statement_shows_what_contradicts_it(client: FlaskClient, guideline: KnowledgeGraph) -> None:
    disputed = guideline.sparql(
        "PREFIX cito: <http://purl.org/spar/cito/> SELECT ?s ?other WHERE { ?s cito:isDisputedBy ?other }"
    ).rows
    assert disputed
    for row in disputed:
        statement, other = (str(row[name]).rpartition("/")[2] for name in ("s", "other"))
        assert f'<a href="/statements/{other}">' in client.get(f"/statements/{statement}", headers=HTML).text
        assert f'<a href="/statements/{statement}">' in client.get(f"/statements/{other}", headers=HTML).text


def test_description_and_data_agree(client: FlaskClient, guideline: KnowledgeGraph) -> None:
    page = client.get("/sparql", headers=HTML).text
    assert f"their union has {len({quad.triple for quad in guideline.store})} triples" in page
    for graph in guideline.store.named_graphs():
        assert graph.value in page


def test_the_description_of_the_data_stays_short(client: FlaskClient) -> None:
    """Editors fetch it before one can type."""
    assert len(client.get("/.well-known/void").data) < 200_000
