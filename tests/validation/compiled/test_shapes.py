"""Compiled shapes report what SHACL wants; features that are not supported are refused by name, never ignored."""

from __future__ import annotations

import pytest
from pyoxigraph import Quad, RdfFormat, Store, parse

from kg_service.errors import ReleaseError
from kg_service.validation.compiled.facts import Facts
from kg_service.validation.compiled.shapes import read_shapes

from .conftest import PREFIXES, PROLOGUE, read

SHACL = PROLOGUE + "PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
PREFIXES_OF_QUERIES = ':prefixes sh:declare [ sh:prefix "" ; sh:namespace "https://example.org/" ] .'
NODE, PROPERTY = ":s a sh:NodeShape ; sh:targetNode :a ; ", ":s a sh:PropertyShape ; sh:targetNode :a ; sh:path :p ; "


def shapes_of(turtle: str) -> Store:
    store = Store()
    store.extend(Quad(*quad.triple) for quad in parse(SHACL + turtle, format=RdfFormat.TURTLE))
    return store


def found(shapes: str, data: str, guideline: str = "") -> set[tuple[str, ...]]:
    """Focus, value, path and component of all results, without namespaces."""
    read_from = Facts(quad.triple for quad in shapes_of(guideline))
    facts = Facts(quad.triple for quad in shapes_of(data))
    return {
        tuple(part.replace(PREFIXES[""], ":") for part in (r.focus, r.value, r.path, r.component.rpartition("#")[2]))
        for shape in read_shapes(shapes_of(shapes), read_from)
        for r in shape.results(facts)
    }


@pytest.mark.parametrize("constraint", [
    "sh:closed true", "sh:class :C", "sh:datatype xsd:date", "sh:nodeKind sh:IRI", "sh:node :t", "sh:and ( :t )",
    "sh:or ( :t )", "sh:not :t", "sh:xone ( :t )", 'sh:pattern "a"', "sh:minLength 1", "sh:maxLength 1", "sh:in ( 1 )",
    "sh:hasValue 1", "sh:equals :q", "sh:disjoint :q", "sh:lessThan :q", "sh:lessThanOrEquals :q",
    'sh:languageIn ( "en" )',
    "sh:uniqueLang true", "sh:qualifiedValueShape :t", "sh:js [ ]", "sh:expression [ ]", "sh:ignoredProperties ( )",
    "sh:target [ ]", "sh:select 'SELECT'", "sh:ask 'ASK'", "sh:flags 'i'", "sh:shape :t", "sh:unheardOf 1",
])  # fmt: skip
@pytest.mark.parametrize("shape", [NODE, PROPERTY, ":s sh:targetNode :a ; sh:property [ sh:path :p ; sh:minCount 1 ; "])
def test_constraints_that_are_not_supported(shape: str, constraint: str) -> None:
    with pytest.raises(ReleaseError, match=constraint.split(maxsplit=1)[0]):
        read_shapes(shapes_of(f"{shape} {constraint} {']' * ('[' in shape)} ."), Facts())


@pytest.mark.parametrize(("turtle", "named"), [
    (":s a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:select 'SELECT ?this WHERE { }' ] .", "sh:target"),
    (":c a sh:ConstraintComponent ; sh:parameter [ sh:path :own ] .", "sh:parameter"),
    (":shapes sh:entailment :Regime .", "sh:entailment"),
    (NODE + "sh:property [ sh:path :p ; sh:property [ sh:path :q ; sh:minCount 1 ] ] .", "sh:property within"),
    (NODE + "sh:property [ sh:path ( :p :q ) ; sh:minCount 1 ] .", "sh:path"),
    (NODE + "sh:property [ sh:path [ sh:zeroOrMorePath :p ] ; sh:minCount 1 ] .", "sh:path"),
    (NODE + "sh:property [ sh:path [ sh:oneOrMorePath :p ] ; sh:minCount 1 ] .", "sh:path"),
    (NODE + "sh:property [ sh:path [ sh:zeroOrOnePath :p ] ; sh:minCount 1 ] .", "sh:path"),
    (NODE + "sh:property [ sh:path [ sh:inversePath ( :p :q ) ] ; sh:minCount 1 ] .", "sh:inversePath"),
    (NODE + "sh:sparql [ sh:ask 'ASK { }' ] .", "sh:ask"),
    (NODE + "sh:sparql [ sh:message 'nothing' ] .", "sh:select"),
    (NODE + "sh:sparql [ sh:select 'SELECT $this WHERE { }', 'SELECT $this WHERE { $this ?p ?o }' ] .", "sh:select"),
    (NODE + "sh:sparql [ sh:severity sh:Info ; sh:select 'SELECT $this WHERE { }' ] .", "sh:severity"),
    (NODE + "sh:sparql [ sh:select 'SELECT $this WHERE { $this ?p $currentShape }' ] .", "$currentShape"),
    (NODE + "sh:sparql [ sh:select 'SELECT $this WHERE { GRAPH $shapesGraph { } }' ] .", "$shapesGraph"),
    (NODE + "sh:sparql [ sh:select 'SELECT $this (1 AS ?failure) WHERE { }' ] .", "?failure"),
    (PROPERTY + "sh:sparql [ sh:select 'SELECT $this ?value WHERE { $this $PATH ?value }' ] .", "$PATH"),
    (NODE + "sh:sparql [ sh:select 'SELECT $this WHERE { $this none:p ?o }' ] .", "none:p"),
])  # fmt: skip
def test_features_that_are_not_supported(turtle: str, named: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        read_shapes(shapes_of(turtle), Facts())
    assert named in str(caught.value)


def test_targets() -> None:
    data = ":a :p :b . :b a :C . :c a :D . :D rdfs:subClassOf :C . :I rdfs:subClassOf :C . :e a :I . :f a :K ."
    shape = "a sh:NodeShape ; sh:maxExclusive 0 ."
    assert {row[0] for row in found(f":s sh:targetNode :a , 7 ; {shape}", data)} == {":a", "7"}
    assert {row[0] for row in found(f":s sh:targetSubjectsOf :p ; {shape}", data)} == {":a"}
    assert {row[0] for row in found(f":s sh:targetObjectsOf :p ; {shape}", data)} == {":b"}
    assert {row[0] for row in found(f":s sh:targetClass :C ; {shape}", data)} == {":b", ":c", ":e"}
    assert {row[0] for row in found(f":K a rdfs:Class ; {shape}", data)} == {":f"}
    assert found(f":s {shape}", data) == found(f":s sh:deactivated true ; sh:targetNode :a ; {shape}", data) == set()


def test_classes_of_the_guideline_have_their_subclasses() -> None:
    shape = ":s sh:targetClass :C ; a sh:NodeShape ; sh:maxExclusive 0 ."
    assert {row[0] for row in found(shape, ":b a :D .", ":D rdfs:subClassOf :C .")} == {":b"}
    both = found(shape, ":b a :D . :c a :E . :E rdfs:subClassOf :D .", ":D rdfs:subClassOf :C .")
    assert {row[0] for row in both} == {":b", ":c"}


def test_counts_and_bounds() -> None:
    shape = ":s sh:targetNode :a ; sh:property [ sh:path :p ; sh:minCount 2 ; sh:maxCount 2 ; sh:minInclusive 1 ] ."
    assert found(shape, ":a :p 1 , 2 .") == set()
    assert found(shape, ":a :p 1 .") == {(":a", "", ":p", "MinCountConstraintComponent")}
    assert found(shape, ":a :p 1 , 2 , 3 .") == {(":a", "", ":p", "MaxCountConstraintComponent")}
    below = {(":a", value, ":p", "MinInclusiveConstraintComponent") for value in ("0.5", "x", ":b")}
    assert found(shape.replace("sh:maxCount 2 ;", ""), ':a :p 0.5 , "x" , :b .') == below


def test_paths() -> None:
    def count(path: str, data: str) -> bool:
        shape = f":s sh:targetNode :a ; sh:property [ sh:path {path} ; sh:minCount 2 ; sh:maxCount 2 ] ."
        return not found(shape, data)

    assert count(":p", ":a :p 1 , 2 .")
    assert count("[ sh:inversePath :p ]", ":b :p :a . :c :p :a .")
    assert count("[ sh:alternativePath ( :p :q [ sh:inversePath :r ] ) ]", ":a :p 1 ; :q 1 . :b :r :a .")


def test_queries() -> None:
    query = "SELECT $this ?value ?path WHERE { $this ?path ?value . FILTER (?path IN (:p, :q)) }"
    shape = f'{PREFIXES_OF_QUERIES} {NODE} sh:sparql [ sh:prefixes :prefixes ; sh:select "{query}" ] .'
    assert found(shape, ":a :p 1 ; :q :b ; :r 2 .") == {
        (":a", "1", ":p", "SPARQLConstraintComponent"),
        (":a", ":b", ":q", "SPARQLConstraintComponent"),
    }
    deactivated = shape.replace("sh:prefixes :prefixes", "sh:prefixes :prefixes ; sh:deactivated true")
    assert found(deactivated, ":a :p 1 .") == set()


def test_messages() -> None:
    query = "SELECT $this ?n WHERE { $this :p ?n }"
    shape = (
        f"{PREFIXES_OF_QUERIES} {NODE} sh:severity sh:Warning ; sh:sparql [ sh:prefixes :prefixes ; "
        f'sh:message "{{$this}} has {{?n}} and {{?none}}"@en ; sh:select "{query}" ] .'
    )
    (compiled,) = read_shapes(shapes_of(shape), Facts())
    (result,) = compiled.results(Facts(read(":a :p 1.50 .")))
    assert (result.message, result.severity) == ("https://example.org/a has 1.5 and {?none}", "warning")
