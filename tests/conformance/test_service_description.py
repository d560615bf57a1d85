"""The W3C's SPARQL 1.1 Service Description tests: the manifest names three, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rdflib import RDF, BNode, Graph, Namespace, URIRef
from rdflib.collection import Collection

from kg_service.knowledge import KnowledgeGraph
from kg_service.web import create_app

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

SUITE = Path(__file__).parents[3] / "shared" / "conformance" / "service-description"
ENDPOINT = URIRef("http://www.example/sparql")
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
FORMATS = Namespace("http://www.w3.org/ns/formats/")
ENTAILMENT = Namespace("http://www.w3.org/ns/entailment/")
PROFILE = Namespace("http://www.w3.org/ns/owl-profile/")

SCHEMA = {
    SD.endpoint: (SD.Service, None),
    SD.feature: (SD.Service, SD.Feature),
    SD.defaultEntailmentRegime: (SD.Service, SD.EntailmentRegime),
    SD.defaultSupportedEntailmentProfile: (SD.Service, SD.EntailmentProfile),
    SD.entailmentRegime: (SD.NamedGraph, SD.EntailmentRegime),
    SD.supportedEntailmentProfile: (SD.NamedGraph, SD.EntailmentProfile),
    SD.extensionFunction: (SD.Service, SD.Function),
    SD.extensionAggregate: (SD.Service, SD.Aggregate),
    SD.languageExtension: (SD.Service, SD.Feature),
    SD.propertyFeature: (SD.Service, SD.Feature),
    SD.supportedLanguage: (SD.Service, SD.Language),
    SD.defaultDataset: (SD.Service, SD.Dataset),
    SD.availableGraphs: (SD.Service, SD.GraphCollection),
    SD.resultFormat: (SD.Service, FORMATS.Format),
    SD.inputFormat: (SD.Service, FORMATS.Format),
    SD.defaultGraph: (SD.Dataset, SD.Graph),
    SD.namedGraph: (SD.GraphCollection, SD.NamedGraph),
    SD["name"]: (SD.NamedGraph, None),
    SD["graph"]: (SD.NamedGraph, SD.Graph),
}
"""Domain and range of each property, as section 3.4 of the recommendation gives them (None: any resource)."""

SUPERCLASS = {SD.Dataset: SD.GraphCollection}

INSTANCES = {
    **dict.fromkeys((SD.DereferencesURIs, SD.UnionDefaultGraph, SD.RequiresDataset), SD.Feature),
    **dict.fromkeys((SD.EmptyGraphs, SD.BasicFederatedQuery), SD.Feature),
    **dict.fromkeys((SD.SPARQL10Query, SD.SPARQL11Query, SD.SPARQL11Update), SD.Language),
    **{
        FORMATS[name]: FORMATS.Format
        for name in [
            "JSON-LD",
            "N3",
            "N-Triples",
            "N-Quads",
            "RDF_XML",
            "RDFa",
            "Turtle",
            "TriG",
            "SPARQL_Results_XML",
            "SPARQL_Results_JSON",
            "SPARQL_Results_CSV",
            "SPARQL_Results_TSV",
        ]
    },
    **{ENTAILMENT[name]: SD.EntailmentRegime for name in ("Simple", "RDF", "RDFS", "D", "OWL-RDF-Based", "RIF")},
    **{PROFILE[name]: SD.EntailmentProfile for name in ("DL", "EL", "Full", "QL", "RL")},
}
"""What the W3C's own documents declare each of these resources to be."""


@pytest.fixture(scope="module")
def response(tmp_path_factory: pytest.TempPathFactory) -> TestResponse:
    root = tmp_path_factory.mktemp("release")
    for folder in ("ontology", "queries", "shapes"):
        (root / folder).mkdir()
    (root / "ontology" / "one.ttl").write_text(
        "<http://one.example/> a <http://www.w3.org/2002/07/owl#Ontology> ; <http://one.example/p> 1 .",
        encoding="utf-8",
    )
    client = create_app(KnowledgeGraph.load(root)).test_client()
    return client.get("/sparql", base_url="http://www.example")


@pytest.fixture(scope="module")
def description(response: TestResponse) -> Graph:
    return Graph().parse(data=response.data, format=response.mimetype, publicID=str(ENDPOINT))


@pytest.mark.skipif(not SUITE.is_dir(), reason="the W3C suite in ../shared/conformance is not here")
def test_the_manifest_holds_these_three_tests() -> None:
    manifest = Graph().parse(SUITE / "manifest.ttl", format="turtle")
    entries = Collection(
        manifest, manifest.value(predicate=MF.entries, subject=manifest.value(None, RDF.type, MF.Manifest))
    )
    assert [str(entry).rpartition("#")[2] for entry in entries] == [
        "has-endpoint-triple",
        "returns-rdf",
        "conforms-to-schema",
    ]


def test_returns_rdf(response: TestResponse, description: Graph) -> None:
    assert response.status_code == 200
    assert response.mimetype == "text/turtle"
    assert len(description) > 0


def test_has_endpoint_triple(description: Graph) -> None:
    services = list(description.subjects(SD.endpoint, ENDPOINT))
    assert len(services) == 1
    assert (services[0], RDF.type, SD.Service) in description


def is_a(description: Graph, node: URIRef | BNode, wanted: URIRef) -> bool:
    declared = {*description.objects(node, RDF.type), INSTANCES.get(node)}
    return wanted in declared | {SUPERCLASS.get(cls) for cls in declared}


def test_conforms_to_schema(description: Graph) -> None:
    used = [triple for triple in description if str(triple[1]).startswith(str(SD))]
    assert {predicate for _, predicate, _ in used} <= set(SCHEMA)
    for subject, predicate, value in used:
        domain, range_ = SCHEMA[predicate]
        assert is_a(description, subject, domain), (subject, predicate)
        assert range_ is None or is_a(description, value, range_), (predicate, value)


def test_says_what_this_service_is(description: Graph) -> None:
    service = description.value(predicate=SD.endpoint, object=ENDPOINT)
    assert list(description.objects(service, SD.supportedLanguage)) == [SD.SPARQL11Query]
    assert SD.UnionDefaultGraph in set(description.objects(service, SD.feature))
    dataset = description.value(service, SD.defaultDataset)
    named = {str(description.value(node, SD["name"])) for node in description.objects(dataset, SD.namedGraph)}
    assert "http://one.example/" in named


def test_inferences_alone_are_said_to_be_owl_rl(description: Graph) -> None:
    regimes = {
        str(description.value(node, SD["name"])): description.value(node, SD.entailmentRegime)
        for node in description.subjects(RDF.type, SD.NamedGraph)
    }
    assert regimes["http://one.example/"] == ENTAILMENT.Simple
    inferred = {name: regime for name, regime in regimes.items() if name.endswith("/graph/inferred")}
    assert set(inferred.values()) <= {ENTAILMENT["OWL-RDF-Based"]}
