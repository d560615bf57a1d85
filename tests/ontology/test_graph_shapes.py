"""The graph conforms to its shapes, and every kind of harm done to it is found, on the very node that was harmed."""

import pyoxigraph as ox
import pytest

from kg_service import KnowledgeGraph
from kg_service.knowledge.check import check

BASE = "https://w3id.org/guideline-kg/"
PREFIXES = {
    "gkg": f"{BASE}core/",
    "statement": f"{BASE}statement/",
    "source": f"{BASE}source/",
    "concept": f"{BASE}concept/",
    "locator": f"{BASE}locator/",
    "part": f"{BASE}part/",
    "qty": f"{BASE}quantity/",
    "unit": f"{BASE}unit/",
    "code": f"{BASE}code/",
    "conflict": f"{BASE}conflict/",
    "cito": "http://purl.org/spar/cito/",
    "dcterms": "http://purl.org/dc/terms/",
    "oa": "http://www.w3.org/ns/oa#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}

# (harm: triples taken away, triples put in, shape that must find it, node on which it must find it)
HARMS = [
    ("statement:F-EMA-1 gkg:modality ?o", "", "Statement-modality", "statement/F-EMA-1"),
    ("statement:F-EMA-2 gkg:jurisdiction ?o", "", "Statement-jurisdiction", "statement/F-EMA-2"),
    ("statement:F-EMA-3 dcterms:source ?o", "", "Passage-source", "statement/F-EMA-3"),
    ("statement:F-EMA-4 gkg:locator ?o", "", "Passage-locator", "statement/F-EMA-4"),
    ("statement:F-EMA-8 gkg:verification ?o", "", "Passage-verification", "statement/F-EMA-8"),
    ("statement:F-JP-2 dcterms:description ?o", "", "Passage-description", "statement/F-JP-2"),
    ("statement:F-JP-4 a ?o", "statement:F-JP-4 a gkg:Statement", "Statement-kind", "statement/F-JP-4"),
    (
        "statement:F-NICE-1 dcterms:source ?o",
        "statement:F-NICE-1 dcterms:source source:SRC-NOBODY",
        "Passage-source",
        "statement/F-NICE-1",
    ),
    (
        "statement:F-CV-2 dcterms:source ?o",
        "statement:F-CV-2 dcterms:source source:SRC-TOMINAGA",
        "Passage-source",
        "statement/F-CV-2",
    ),
    ("statement:S-EFF-2.1 cito:isDisputedBy ?o", "", "Disputed", "statement/S-EFF-2.1"),
    (
        "statement:S-EFF-1.2 cito:isConfirmedBy ?o",
        "",
        "Confirmed",
        "statement/S-EFF-1.2",
    ),
    (
        "",
        "statement:S-EFF-1.3 cito:isSupportedBy statement:F-NOWHERE-1",
        "Linked-identifier",
        "statement/F-NOWHERE-1",
    ),
    ("part:F-ARCH-2.figure-1 gkg:unit ?o", "", "Number-unit", "part/F-ARCH-2.figure-1"),
    ("part:F-ARCH-3.figure-1 gkg:measure ?o", "", "Figure-measure", "part/F-ARCH-3.figure-1"),
    ("?s gkg:figure part:F-ARCH-4.figure-1", "", "Figure-owner", "part/F-ARCH-4.figure-1"),
    ("code:RxNorm-46041 gkg:codeSystem ?o", "", "Code-system", "code/RxNorm-46041"),
    ("code:RxNorm-72143 gkg:checkedAt ?o", "", "Code-checked", "code/RxNorm-72143"),
    ("code:RxNorm-77655 gkg:denotes ?o", "", "Code-concept", "code/RxNorm-77655"),
    ("concept:pregnancy skos:prefLabel ?o", "", "Concept-label", "concept/pregnancy"),
    ("source:SRC-FRAME dcterms:title ?o", "", "Source-title", "source/SRC-FRAME"),
    ("conflict:X-7 gkg:side part:X-7.side-1", "", "Conflict-sides", "conflict/X-7"),
    ("part:SRC-ARTICLE.numeral-5 gkg:resolution ?o", "", "CitationNumeral-resolution", "part/SRC-ARTICLE.numeral-5"),
    ("statement:F-NOGG-2 gkg:priorAgent ?o", "", "SequenceStatement-prior", "statement/F-NOGG-2"),
    ("statement:F-ES-7 gkg:indicatesFor ?o", "", "IndicationStatement-condition", "statement/F-ES-7"),
    ("statement:F-AACE-1 gkg:criteriaLogic ?o", "", "RiskDefinition-logic", "statement/F-AACE-1"),
    (
        "statement:F-TGA-1 gkg:modality ?o",
        "statement:F-TGA-1 gkg:modality gkg:Permitted",
        "Contraindicating-modality",
        "statement/F-TGA-1",
    ),
    (
        "statement:F-ES-3 gkg:modality ?o",
        "statement:F-ES-3 gkg:modality gkg:Cautioned",
        "Favouring-modality",
        "statement/F-ES-3",
    ),
    ("qty:6-mo gkg:value ?o", "", "Quantity-value", "quantity/6-mo"),
    ("", 'statement:F-ES-2 dcterms:identifier "F-CA-2a"', "Identifier-owner", "F-CA-2a"),
    (
        "part:F-ARCH-5.figure-1 gkg:value ?o",
        'part:F-ARCH-5.figure-1 gkg:value "0,1"',
        "Number-value",
        "part/F-ARCH-5.figure-1",
    ),
    ("", "part:F-ARCH-6.figure-1 gkg:timePont qty:12-mo", "Declared", "core/"),
    ("", "part:F-ARCH-7.figure-1 a gkg:Figur", "Declared", "core/"),
]


@pytest.fixture(scope="module")
def harmed(guideline: KnowledgeGraph) -> set[tuple[str, str]]:
    """Shape and node of every result after all harms were done to one copy of the closed graph."""
    store = ox.Store()
    store.extend(guideline.store)
    for taken, put, _, _ in HARMS:
        if taken:
            before = len(store)
            store.update(f"DELETE WHERE {{ GRAPH ?g {{ {taken} }} }}", prefixes=PREFIXES)
            assert len(store) < before, f"nothing to take away: {taken}"
        if put:
            store.update(f"INSERT DATA {{ GRAPH <{BASE}graph/harm> {{ {put} }} }}", prefixes=PREFIXES)
    report = check(guideline.release, store)
    return {(r.shape.rpartition("/")[2], r.focus.removeprefix(BASE)) for r in report.results}


def test_the_released_graph_conforms(guideline: KnowledgeGraph) -> None:
    report = guideline.check()
    assert report.results == ()
    assert report.shapes > 30


@pytest.mark.parametrize(("shape", "node"), [harm[2:] for harm in HARMS])
def test_harm_is_found(harmed: set[tuple[str, str]], shape: str, node: str) -> None:
    assert (shape, node) in harmed


def test_nothing_else_is_reported(harmed: set[tuple[str, str]]) -> None:
    """Beside the harmed nodes only the bad sources themselves, and what rests on the one that lost its title."""
    follows = {"source/SRC-NOBODY", "source/SRC-TOMINAGA", "statement/F-FRAME-1", "statement/F-ES-2"}
    assert {node for _, node in harmed} == {node for *_, node in HARMS} | follows
