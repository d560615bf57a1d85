"""The Turtle files themselves: headers, prefixes, no blank nodes among the content, nothing derived by hand."""

import re
from pathlib import Path

import pytest
import rdflib
from rdflib import OWL, RDF

from .conftest import ONTOLOGY_FILES, ROOT

BASE = "https://w3id.org/guideline-kg/"
CORE = rdflib.Namespace(BASE + "core/")
KNOWN_PREFIXES = {
    "bibo": "http://purl.org/ontology/bibo/",
    "cito": "http://purl.org/spar/cito/",
    "dcterms": str(rdflib.DCTERMS),
    "foaf": str(rdflib.FOAF),
    "oa": "http://www.w3.org/ns/oa#",
    "owl": str(OWL),
    "prov": str(rdflib.PROV),
    "rdf": str(RDF),
    "rdfs": str(rdflib.RDFS),
    "sh": str(rdflib.SH),
    "skos": str(rdflib.SKOS),
    "vann": str(rdflib.VANN),
    "xsd": str(rdflib.XSD),
}
DERIVED = (
    "subjectOf", "priorAgentOf", "mayBeFollowedBy", "mayFollow", "studiedBefore", "studiedAfter", "cautionedBefore",
    "cautionedAfter", "indicatedFor", "contraindicatedIn", "advisedAgainstIn", "cautionedIn", "hasMember", "hasKind",
)  # fmt: skip
FILES = [*ONTOLOGY_FILES, *sorted((ROOT / "shapes").glob("*.ttl"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_prefixes_are_the_known_namespaces(path: Path) -> None:
    declared = dict(re.findall(r"@prefix (\w+):\s+<([^>]+)>", path.read_text(encoding="utf-8")))
    assert declared
    for prefix, namespace in declared.items():
        assert namespace == KNOWN_PREFIXES.get(prefix) or namespace.startswith(BASE), f"{prefix}: {namespace}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_one_versioned_header(path: Path) -> None:
    graph = rdflib.Graph().parse(path)
    (header,) = graph.subjects(RDF.type, OWL.Ontology)
    version = graph.value(header, OWL.versionIRI)
    assert str(version) == f"{str(header).rstrip('/')}/{graph.value(header, OWL.versionInfo)}"
    assert graph.value(header, rdflib.DCTERMS.license) == rdflib.URIRef("https://www.apache.org/licenses/LICENSE-2.0")


@pytest.mark.parametrize("path", [p for p in ONTOLOGY_FILES if p.name != "core.ttl"], ids=name)
def test_content_has_no_blank_nodes(path: Path) -> None:
    graph = rdflib.Graph().parse(path)
    assert not [t for t in graph if isinstance(t[0], rdflib.BNode) or isinstance(t[2], rdflib.BNode)]


def test_nothing_derived_is_written_by_hand(asserted: rdflib.Graph) -> None:
    by_hand = [t for p in DERIVED for t in asserted.triples((None, CORE[p], None))]
    assert by_hand == []


def test_every_own_term_is_declared(asserted: rdflib.Graph) -> None:
    """A misspelt property would otherwise be a new one."""
    declared = set(asserted.subjects(RDF.type, None))
    used = {t for triple in asserted for t in triple[1:] if isinstance(t, rdflib.URIRef) and t.startswith(CORE)}
    versions = {t for t in used if re.search(r"/\d+\.\d+\.\d+$", t)}
    assert used - declared - versions == set()


def test_every_vocabulary_term_is_labelled_defined_and_placed(asserted: rdflib.Graph) -> None:
    kinds = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
    terms = {t for kind in kinds for t in asserted.subjects(RDF.type, kind) if str(t).startswith(CORE)}
    assert len(terms) > 100
    for term in terms:
        assert asserted.value(term, rdflib.RDFS.label), term
        assert asserted.value(term, rdflib.SKOS.definition), term
        assert asserted.value(term, rdflib.RDFS.isDefinedBy) == rdflib.URIRef(CORE), term


def test_no_two_concepts_share_a_name(asserted: rdflib.Graph) -> None:
    """A label given as a parameter would otherwise mean two things."""
    owners: dict[str, set[rdflib.term.Node]] = {}
    for label in (rdflib.SKOS.prefLabel, rdflib.SKOS.altLabel, rdflib.SKOS.hiddenLabel):
        for concept, name in asserted.subject_objects(label):
            owners.setdefault(str(name).casefold(), set()).add(concept)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}
