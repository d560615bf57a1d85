"""The description of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rdflib import RDF, VOID, Graph, Namespace, URIRef
from rdflib.namespace import DCTERMS

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from kg_service.knowledge import KnowledgeGraph

GKG = Namespace("https://w3id.org/guideline-kg/core/")

EDITOR_QUERY = """
PREFIX void: <http://rdfs.org/ns/void#>
PREFIX void-ext: <http://ldf.fi/void-ext#>
SELECT DISTINCT ?subjectClass ?prop ?objectClass ?objectDatatype WHERE {
    { ?cp void:class ?subjectClass ; void:propertyPartition ?pp .
      ?pp void:property ?prop .
      OPTIONAL {
        { ?pp void:classPartition [ void:class ?objectClass ] }
        UNION { ?pp void-ext:datatypePartition [ void-ext:datatype ?objectDatatype ] } } }
    UNION
    { ?linkset void:subjectsTarget ?subjectClass ; void:linkPredicate ?prop ; void:objectsTarget ?objectClass }
}"""
"""What SIB's SPARQL editor asks for."""


@pytest.fixture(scope="module")
def void(app: object) -> Graph:
    response = app.test_client().get("/.well-known/void")  # type: ignore[attr-defined]
    assert response.mimetype == "text/turtle"
    return Graph().parse(data=response.data, format="turtle")


def test_dataset(void: Graph, graph: KnowledgeGraph) -> None:
    dataset = void.value(predicate=RDF.type, object=VOID.Dataset)
    triples = {quad.triple for quad in graph.store}
    assert void.value(dataset, VOID.triples).toPython() == len(triples)  # type: ignore[union-attr]
    assert void.value(dataset, VOID.sparqlEndpoint) == URIRef("http://localhost/sparql")
    assert void.value(dataset, DCTERMS.license) == URIRef("https://www.apache.org/licenses/LICENSE-2.0")
    assert URIRef(str(GKG)) in set(void.objects(dataset, VOID.vocabulary))
    assert URIRef("https://w3id.org/guideline-kg/statement/T-1") in set(void.objects(dataset, VOID.exampleResource))


def test_numbers_of_members_and_triples(void: Graph) -> None:
    statements = next(
        node
        for node in void.subjects(VOID["class"], GKG.Statement)
        if (None, VOID.classPartition, node) in void and (node, VOID.entities, None) in void
    )
    assert void.value(statements, VOID.entities).toPython() == 2  # type: ignore[union-attr]
    dataset = void.value(predicate=RDF.type, object=VOID.Dataset)
    about = [node for node in void.objects(dataset, VOID.propertyPartition) if (node, VOID.property, GKG.about) in void]
    assert [void.value(node, VOID.triples).toPython() for node in about] == [2]  # type: ignore[union-attr]


def test_editors_find_classes_and_properties(void: Graph) -> None:
    rows = {tuple(row) for row in void.query(EDITOR_QUERY)}  # type: ignore[arg-type]
    assert (GKG.Statement, GKG.about, None, None) in rows
    assert (GKG.Figure, GKG.value, None, None) in rows
    assert (GKG.Figure, GKG.about, None, None) not in rows


def test_a_second_request_gives_the_same_bytes(client: FlaskClient) -> None:
    assert client.get("/.well-known/void").data == client.get("/.well-known/void").data
