"""Statements as nanopublications: their parts worked out by hand, their validity judged by the `nanopub` library.

The rules are those of its test suite (https://github.com/Nanopublication/nanopub-testsuite): four graphs, each named
and none empty, provenance about the assertion, publication info about the nanopublication, a hash that is true.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
import rdflib

from kg_service.errors import ParameterError
from kg_service.provenance.nanopub import nanopubs, to_trig
from kg_service.provenance.trusty import DRAFT, artifact_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service import Guideline
    from kg_service.provenance.nanopub import Nanopub

CHECK = Path(__file__).with_name("nanopub_check.py")
BASE = "https://w3id.org/guideline-kg/"
GKG, STATEMENT = BASE + "core/", BASE + "statement/"
CITO, DCTERMS = "http://purl.org/spar/cito/", "http://purl.org/dc/terms/"
PROV, NP = "http://www.w3.org/ns/prov#", "http://www.nanopub.org/nschema#"
XSD = "http://www.w3.org/2001/XMLSchema#"

needs_library = pytest.mark.skipif(not find_spec("nanopub"), reason="the nanopub library is not installed")


@pytest.fixture(scope="module")
def every(guideline: Guideline) -> list[Nanopub]:
    return list(nanopubs(guideline))


@pytest.fixture(scope="module")
def spine(guideline: Guideline) -> Nanopub:
    return guideline.nanopub("S-EFF-2.1")


def faults(documents: Sequence[str]) -> list[str | None]:
    """Ask the library what is wrong with each document."""
    command = [sys.executable, "-W", "ignore", str(CHECK)]
    found = subprocess.run(command, input=json.dumps(documents), capture_output=True, text=True, check=True)
    return list(json.loads(found.stdout))


def graph_of(nanopub: Nanopub, name: str) -> set[tuple[str, str, str]]:
    graph = ox.NamedNode(f"{nanopub.uri}#{name}")
    return {
        (quad.subject.value, quad.predicate.value, quad.object.value)  # type: ignore[union-attr]  # no triple terms
        for quad in nanopub.quads
        if quad.graph_name == graph
    }


@needs_library
def test_all_are_valid_and_trusty(every: list[Nanopub]) -> None:
    assert len(every) > 340
    assert [fault for fault in faults([one.serialize() for one in every]) if fault] == []


MUTATIONS = {
    "altered assertion": ("7.7", "7.8", "Trusty"),
    "altered publication info": ("2026-", "2025-", "Trusty"),
    "another language": ("@en", "@fr", "Trusty"),
    "no nanopublication": ("a np:Nanopublication", "a np:Thing", "No nanopublication"),
    "a graph that is not there": ("sub:assertion {", "sub:claim {", "assertion graph is empty"),
    "a provenance graph that is not there": ("sub:provenance {", "sub:origin {", "provenance graph is empty"),
    "provenance of something else": ("sub:assertion prov:", "sub:claim prov:", "assertion graph URI as subject"),
    "two graphs in one": ("sub:pubinfo {", "sub:provenance {", "pubinfo graph is empty"),
    "a fifth graph": ("sub:pubinfo {", "sub:more { this: rdfs:label 'more' }\nsub:pubinfo {", "Too many graphs"),
    "another hash": ("/np/RA", "/np/RAB", "Trusty"),
}


@needs_library
def test_what_is_changed_is_refused(spine: Nanopub) -> None:
    document = spine.serialize()
    changed = [document.replace(old, new) for old, new, _ in MUTATIONS.values()]
    assert document not in changed
    for (name, (_, _, expected)), fault in zip(MUTATIONS.items(), faults(changed), strict=True):
        assert expected.lower() in (fault or "").lower(), (name, fault)


def test_the_hash_is_over_what_is_there(every: list[Nanopub]) -> None:
    """The same without the library: read back from TriG, the code comes out again, and for nothing else."""
    for one in every[::10]:
        quads = list(ox.parse(one.serialize(), format=ox.RdfFormat.TRIG))
        code = one.uri.rpartition("/")[2]
        assert artifact_code(reversed(quads), code) == code
        assert artifact_code(quads[1:], code) != code


def test_the_hash_by_hand() -> None:
    """Module RA: graph, subject, predicate and object, a line each; URIs before literals, sorted by code point."""
    uri, name = ox.NamedNode(f"https://example.org/{DRAFT}"), ox.NamedNode(f"https://example.org/{DRAFT}#g")
    has = ox.NamedNode("https://example.org/has")
    quads = [
        ox.Quad(uri, has, ox.Literal('two\nlines \\ "quoted"', language="EN"), name),
        ox.Quad(uri, has, ox.Literal(7), name),
        ox.Quad(uri, has, has, name),
    ]
    # printf 'https://example.org/ #g\nhttps://example.org/ \nhttps://example.org/has\nhttps://example.org/has\n
    #   … ^http://www.w3.org/2001/XMLSchema#integer 7\n … @en two\\nlines \\\\ "quoted"\n' | sha256sum, in base64url
    assert artifact_code(quads, DRAFT) == "RALWJNUeYX1UX4TAD_T-RVNv9qTRuTJWwYZC1hsiH5bqQ"
    with pytest.raises(ValueError, match="has no URI"):
        artifact_code([ox.Quad(ox.BlankNode("b"), has, has, name)], DRAFT)


def test_head(spine: Nanopub) -> None:
    assert graph_of(spine, "Head") == {
        (spine.uri, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", NP + "Nanopublication"),
        (spine.uri, NP + "hasAssertion", f"{spine.uri}#assertion"),
        (spine.uri, NP + "hasProvenance", f"{spine.uri}#provenance"),
        (spine.uri, NP + "hasPublicationInfo", f"{spine.uri}#pubinfo"),
    }


def test_assertion_holds_the_statement_and_its_figure_and_no_provenance(spine: Nanopub) -> None:
    assertion = graph_of(spine, "assertion")
    figure = BASE + "part/S-EFF-2.1.figure-1"
    assert {
        (STATEMENT + "S-EFF-2.1", GKG + "aboutAgent", BASE + "concept/romosozumab"),
        (STATEMENT + "S-EFF-2.1", GKG + "modality", GKG + "EvidenceOnly"),
        (STATEMENT + "S-EFF-2.1", GKG + "figure", figure),
        (figure, GKG + "value", "7.7"),
        (figure, GKG + "timePoint", BASE + "quantity/12-mo"),
    } <= assertion
    assert {subject for subject, _, _ in assertion} == {STATEMENT + "S-EFF-2.1", figure}
    told = {predicate for _, predicate, _ in assertion}
    assert not told & {DCTERMS + "source", GKG + "locator", GKG + "verification", CITO + "isDisputedBy"}


def test_provenance_names_source_place_verification_and_both_sides(spine: Nanopub) -> None:
    """Evidence: S-EFF-2.1 stands in Efficacy 2.1 and is disputed by the cohort, the pooled trials and the charts."""
    provenance = graph_of(spine, "provenance")
    article, assertion = BASE + "source/SRC-ARTICLE", f"{spine.uri}#assertion"
    assert {
        (assertion, PROV + "wasDerivedFrom", article),
        (assertion, PROV + "hadPrimarySource", article),
        (STATEMENT + "S-EFF-2.1", GKG + "verification", GKG + "Disputed"),
        (BASE + "locator/S-EFF-2.1", GKG + "section", "Efficacy"),
        (BASE + "locator/S-EFF-2.1", GKG + "position", "2.1"),
    } <= provenance
    disputing = {o.removeprefix(STATEMENT) for _, p, o in provenance if p == CITO + "isDisputedBy"}
    assert disputing == {"F-KOB-1", "F-COS22-1a", "F-JPC-1a"}


def test_publication_info(spine: Nanopub, guideline: Guideline) -> None:
    info = graph_of(spine, "pubinfo")
    assert {
        (spine.uri, DCTERMS + "created", "2026-11-23T00:00:00Z"),
        (spine.uri, DCTERMS + "license", "https://www.apache.org/licenses/LICENSE-2.0"),
        (spine.uri, DCTERMS + "creator", BASE + "agent/authors"),
        (spine.uri, PROV + "wasAttributedTo", BASE + "agent/authors"),
        (spine.uri, "http://purl.org/nanopub/x/hasNanopubType", GKG + "EfficacyStatement"),
    } <= info
    (release,) = {o for s, p, o in info if (s, p) == (spine.uri, PROV + "wasDerivedFrom")}
    assert release.startswith("ni:///sha-256;")
    assert (release, DCTERMS + "identifier", guideline.digest) in info
    moment = ox.Literal("2026-11-23T00:00:00Z", datatype=ox.NamedNode(f"{XSD}dateTime"))
    assert moment in {quad.object for quad in spine.quads}


def test_nothing_inferred_is_published(every: list[Nanopub], guideline: Guideline) -> None:
    stated = {quad.triple for quad in guideline.store if not quad.graph_name.value.endswith("/graph/inferred")}
    for one in every:
        for quad in one.quads:
            if quad.graph_name.value == f"{one.uri}#assertion":
                assert quad.triple in stated


def test_no_value_is_ill_typed(every: list[Nanopub]) -> None:
    """A rule of the test suite that the library does not check."""
    values = {quad.object for one in every for quad in one.quads if isinstance(quad.object, ox.Literal)}
    typed = [rdflib.Literal(v.value, datatype=v.datatype.value) for v in values if not v.language]
    assert {str(value.datatype) for value in typed} >= {XSD + "decimal", XSD + "dateTime", XSD + "boolean"}
    assert [value for value in typed if value.ill_typed] == []


def test_every_statement_has_one_of_its_own(every: list[Nanopub], guideline: Guideline) -> None:
    answer = guideline.sparql(f"SELECT DISTINCT ?s {{ ?s a <{GKG}Statement> }}")
    statements = {row[0].value for row in answer.terms}  # type: ignore[union-attr]  # all are bound
    asserted = {subject for one in every for subject, _, _ in graph_of(one, "assertion")}
    assert statements <= asserted
    assert len({one.uri for one in every}) == len(every)


def test_several_in_one_document(guideline: Guideline) -> None:
    pair = [guideline.nanopub(name) for name in ("S-LEAD-1a", "F-ARCH-1a")]
    quads = set(ox.parse(to_trig(pair), format=ox.RdfFormat.TRIG))
    assert quads == {quad for one in pair for quad in one.quads}


def test_one_not_known_is_told_with_the_nearest(guideline: Guideline) -> None:
    with pytest.raises(ParameterError, match="S-LEAD-1"):
        guideline.nanopub("S-LEAD-1zz")
