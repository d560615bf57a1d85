"""What the audit finds in the released graph, worked out by hand from the evidence, and what it finds when planted."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rdflib
import yaml
from pyoxigraph import Literal, NamedNode, Quad
from rdflib import RDF, URIRef

from kg_service import Guideline, load
from kg_service.errors import NotAcceptable, ParameterError, ReleaseError

if TYPE_CHECKING:
    from kg_service.provenance.audit import Audit

EVIDENCE = Path(__file__).parents[2] / ".." / "shared" / "evidence"
MINI = Path(__file__).parents[1] / "data" / "mini"
BASE = "https://w3id.org/guideline-kg/"
DQV = rdflib.Namespace("http://www.w3.org/ns/dqv#")
OA = rdflib.Namespace("http://www.w3.org/ns/oa#")
PROV = rdflib.Namespace("http://www.w3.org/ns/prov#")

CHECK = """#+ summary: Which knots are there?
#+ description: All of them.
#+ level: note
#+ columns:
#+   knot: the knot
SELECT ?knot WHERE { ?knot a <https://example.org/knots/Knot> }
"""


@pytest.fixture(scope="module")
def audit(guideline: Guideline) -> Audit:
    return guideline.audit()


def rows(audit: Audit, check: str) -> list[dict[str, str]]:
    """Return what a check found, as people read it."""
    (section,) = [section for section in audit.sections if section.name == check]
    labels = audit.graph.labels
    return [dict(zip(section.columns, map(labels.shown, f.cells), strict=True)) for f in section.findings]


def cells(audit: Audit, check: str, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in columns) for row in rows(audit, check)]


def test_the_released_graph_has_no_error(audit: Audit) -> None:
    assert not audit.reaches("error")
    assert audit.reaches("warning")


def test_named_questions_and_checks_are_apart(guideline: Guideline) -> None:
    assert "counts" not in guideline.questions
    assert len(guideline.release.audit_queries) == 22


def test_counts(audit: Audit) -> None:
    """As docs/content.md counts passages by verification, without the 14 that are no claim."""
    (counts,) = rows(audit, "counts")
    statuses = {
        "readInSource": "237", "readAtSecondHand": "61", "confirmed": "19", "partlyConfirmed": "14",
        "unconfirmed": "16", "disputed": "2",
    }  # fmt: skip
    assert {name: counts[name] for name in statuses} == statuses
    assert counts["statements"] == counts["sourced"] == counts["located"] == "349"
    by_source = rows(audit, "counts-by-source")
    assert len(by_source) == 59
    for column, total in counts.items():
        assert sum(int(row[column]) for row in by_source) == int(total)


def test_counts_of_the_article(guideline: Guideline) -> None:
    """Of its 51 claims all have a digest; S-IND-2, S-IND-3, S-EFF-1 and S-REA-2 stand under no numeral."""
    (counts,) = rows(guideline.audit("SRC-ARTICLE"), "counts")
    assert (counts["statements"], counts["cited"], counts["digests"]) == ("51", "47", "51")


def test_every_numeral_and_what_it_resolves_to(audit: Audit) -> None:
    found = cells(audit, "citation-numerals", "numeral", "inDocument", "resolution", "listed", "probable", "candidates")
    assert found == [
        ("1", "true", "resolves to probable study", "", "SRC-ACP-2023", ""),
        ("2", "false", "resolves to nothing", "", "", "SRC-FIXEN-2021"),
        ("3", "false", "resolves to nothing", "", "", "SRC-KOBAYAKAWA-2021, SRC-TOMINAGA, SRC-YMJ-2021"),
        ("4", "false", "resolves to confirmed study", "", "SRC-ARCH", ""),
        ("5", "false", "resolves to nothing", "", "", ""),
        ("6", "true", "resolves to listed entry", "SRC-JBMR-READM", "", ""),
    ]


def test_four_numerals_lead_to_nothing_in_the_document(audit: Audit) -> None:
    found = set(cells(audit, "citations-without-entry", "numeral"))
    assert found == {("2",), ("3",), ("4",), ("5",)}
    if not (EVIDENCE / "article-statements.yaml").exists():
        pytest.skip("the evidence is not beside this clone")
    evidence = yaml.safe_load((EVIDENCE / "article-statements.yaml").read_text(encoding="utf-8"))
    assert {(str(c["numeral"]),) for c in evidence["citations"] if c["formal_entry"] == "none"} == found
    stated = {
        (row["id"], str(numeral))
        for row in evidence["statements"]
        for numeral in row.get("citation_numerals", [])
        if (str(numeral),) in found
    }
    atoms = {("S-SPC-1.4a", "3"), ("S-SPC-1.4b", "3")}
    assert set(cells(audit, "citations-without-entry", "statement", "numeral")) == stated | atoms


def test_the_overview_of_the_house_stands_under_numeral_1(audit: Audit) -> None:
    first, second = rows(audit, "citations-to-a-work-not-held")
    assert (first["numeral"], first["listed"], first["probable"], first["statements"]) == (
        "1",
        "",
        "SRC-ACP-2023",
        "23",
    )
    assert "in-house overview" in first["entry"]
    assert (second["numeral"], second["listed"]) == ("6", "SRC-JBMR-READM")


@pytest.mark.parametrize(
    ("statement", "value", "counter", "expected"),
    [
        ("S-EFF-2.2", "1.8", "F-KOB-1", {("1.8", "6 months", "time"), ("5.8", "12 months", "value")}),
        ("S-EFF-2.2", "1.8", "F-COS22-1a", {("6.2", "1 year", "value"), ("6", "1 year", "value")}),
        ("S-EFF-2.1", "7.7", "F-KOB-1", {("12.2", "12 months", "value")}),
        ("S-EFF-2.1", "7.7", "F-COS22-1a", {("13.7", "1 year", "value"), ("13.1", "1 year", "value")}),
        ("S-EFF-2.1", "7.7", "F-JPC-1a", {("13.4", "12 months", "value")}),
        ("S-EFF-1.1", "48", "F-ARCH-2", set()),  # confirmed to the figure
        ("S-SAF-1.1", "2.5", "F-ARCH-7", set()),
        ("S-SAF-2.1", "4 to 5", "F-FDA-14", set()),  # 4.9 lies between
        ("S-SAF-2.2", "3", "F-KOB-2", set()),
    ],
)
def test_figures_beside_those_of_the_study(
    audit: Audit, statement: str, value: str, counter: str, expected: set[tuple[str, ...]]
) -> None:
    found = [
        row
        for row in rows(audit, "figures-that-differ")
        if (row["statement"], row["value"], row["counter"]) == (statement, value, counter)
    ]
    assert {(row["counterValue"], row["counterTime"], row["differs"]) for row in found} == expected


def test_figures_of_one_study_that_agree_are_enough(audit: Audit) -> None:
    """ARCH has 48, 27 and 38 % in F-ARCH-2, 3 and 5; 75, 32 and 40 % are post hoc, or of the second year."""
    confirmed = {"S-EFF-1.1", "S-EFF-1.2", "S-EFF-1.3"}
    found = cells(audit, "figures-that-differ", "statement", "value", "counter", "counterValue")
    assert [row for row in found if row[0] in confirmed] == [("S-EFF-1.1", "48", "F-FDA-16", "50")]


def test_the_sides_of_a_conflict_are_set_beside_each_other(audit: Audit) -> None:
    """X-12: the journal has 6.2 against 11.9 %, 48 % lower; the label 4.1 against 8.0 %, 50 % lower."""
    found = cells(audit, "figures-that-differ", "statement", "value", "relation", "counter", "counterValue")
    beside = "is on the other side"
    assert [row for row in found if row[0] == "F-ARCH-2"] == [
        ("F-ARCH-2", "6.2", beside, "F-FDA-16", "4.1"),
        ("F-ARCH-2", "11.9", beside, "F-FDA-16", "8"),
        ("F-ARCH-2", "48", beside, "F-FDA-16", "50"),
    ]


def test_two_and_a_half_per_cent_is_not_of_major_adverse_cardiac_events(audit: Audit) -> None:
    """Another outcome is no other figure of the same: a note says which outcomes stand beside."""
    assert "F-FDA-9" not in {row["counter"] for row in rows(audit, "figures-that-differ")}
    (row,) = [row for row in rows(audit, "figures-of-other-outcomes") if row["statement"] == "S-SAF-1.1"]
    assert (row["outcome"], row["counter"]) == ("adjudicated serious cardiovascular adverse event", "F-FDA-9")
    assert set(row["counterOutcomes"].split(", ")) == {
        "cardiovascular death", "stroke", "myocardial infarction", "major adverse cardiac event",
    }  # fmt: skip


def test_the_article_against_itself(audit: Audit) -> None:
    """Review claimed against review pending; a second course against 12 months; teriparatide against antiresorptive."""
    found = cells(audit, "contradictions-inside-a-document", "statement", "counter", "conflict", "source")
    assert found == [
        ("S-META-2", "S-META-3", "", "SRC-ARTICLE"),
        ("S-REA-1", "S-ADM-2", "", "SRC-ARTICLE"),
        ("S-REA-1", "S-LEAD-1d", "", "SRC-ARTICLE"),
        ("S-REA-2.1", "S-SEQ-1", "X-5", "SRC-ARTICLE"),
    ]
    said = rows(audit, "contradictions-inside-a-document")[-1]
    assert "teriparatide" in said["says"]
    assert "compulsory" in said["counterSays"]


def test_the_article_is_the_one_source_that_is_not_reviewed(audit: Audit) -> None:
    found = cells(audit, "unreviewed-sources", "source", "kind", "review", "statements")
    assert found == [("SRC-ARTICLE", "machine written summary", "review pending", "51")]


def test_what_rests_on_the_article_alone(audit: Audit) -> None:
    """The claims for which the evidence names nothing that confirms or supports them."""
    assert set(cells(audit, "resting-on-an-unreviewed-source", "statement")) == {
        ("S-EFF-2.1",), ("S-EFF-2.2",), ("S-IND-2",), ("S-IND-2.1",), ("S-IND-2.3",), ("S-IND-2.4",), ("S-REA-2",),
        ("S-REA-2.1",), ("S-REA-2.2",), ("S-SAF-1.3",), ("S-SPC-1.2",), ("S-SPC-1.4b",),
    }  # fmt: skip


def test_conflicts_side_by_side(audit: Audit) -> None:
    found = rows(audit, "conflicts")
    assert list(dict.fromkeys(row["conflict"] for row in found)) == [f"X-{number}" for number in range(1, 14)]
    seventh = {(row["statement"], row["source"]) for row in found if row["conflict"] == "X-7"}
    assert seventh == {("F-ARCH-7", "SRC-ARCH"), ("S-SAF-1.1", "SRC-ARTICLE"), ("F-FDA-9", "SRC-FDA-EVENITY")}
    assert all(row["says"] for row in found if row["statement"])


def test_links_labels_and_dates_that_disagree(audit: Audit) -> None:
    assert cells(audit, "links-that-disagree", "statement", "disagreement", "counter") == [
        ("S-IND-3.1", "confirmed, and disputed", "F-EMA-5"),
        ("S-IND-3.1", "confirmed, and disputed", "F-ES-1b"),
        ("S-IND-3.1", "jurisdiction that the document does not have", "SRC-ARTICLE"),
        ("S-REA-1", "disputed by a statement on the same side", "S-ADM-2"),
        ("S-SAF-1.2", "jurisdiction that the document does not have", "SRC-ARTICLE"),
        ("F-FRAME-1", "read in a source that was read at second hand", "SRC-FRAME"),
    ]
    dated = [
        row for row in cells(audit, "source-labels-and-dates", "source", "disagreement", "detail") if "year" in row[1]
    ]
    assert [(source, detail) for source, _, detail in dated] == [("SRC-ACR-2022", "2023"), ("SRC-ECTS-2020", "2021")]


def test_sources_by_level_of_evidence(audit: Audit) -> None:
    found = rows(audit, "sources-by-kind")
    assert len(found) == 62
    levels = {row["source"]: int(row["rank"]) for row in found}
    assert levels["SRC-CHENG-2025"] < levels["SRC-ARCH"] < levels["SRC-KOBAYAKAWA-2021"] < levels["SRC-NOGG-2022"]
    assert levels["SRC-NOGG-2022"] < levels["SRC-ARTICLE"] < levels["SRC-TOMINAGA"]
    never = cells(audit, "sources-without-statements", "source", "numerals")
    assert never == [("SRC-FIXEN-2021", "numeral 2"), ("SRC-JBMR-READM", "numeral 6"), ("SRC-TOMINAGA", "numeral 3")]


def test_no_confirmation(audit: Audit) -> None:
    found = {row["statement"]: row["support"] for row in rows(audit, "without-confirmation")}
    assert found["S-SEQ-1"] == "4"
    assert found["S-EFF-2.2"] == "0"
    assert "S-EFF-1.1" not in found


def test_one_source_only(guideline: Guideline) -> None:
    found = guideline.audit("SRC-KOBAYAKAWA-2021")
    assert [row["source"] for row in rows(found, "counts-by-source")] == ["SRC-KOBAYAKAWA-2021"]
    assert {row["conflict"] for row in rows(found, "conflicts")} == {"X-6"}
    assert {row["counter"] for row in rows(found, "disputed-statements")} == {"F-KOB-1"}
    assert "code-labels" not in {section.name for section in found.sections}
    with pytest.raises(ParameterError, match="SRC-KOBAYAKAWA-2021"):
        guideline.audit("SRC-KOBAYAKAWA")


# ----------------
# What was planted
# ----------------


def node(curie: str) -> NamedNode:
    prefix, _, local = curie.partition(":")
    known = {"dcterms": "http://purl.org/dc/terms/", "gkg": BASE + "core/", "rdfs": str(rdflib.RDFS)}
    return NamedNode(known.get(prefix, f"{BASE}{prefix}/") + local)


@pytest.fixture(scope="module")
def spoiled(guideline: Guideline) -> Audit:  # noqa: ARG001 - the closure is worked out once
    """An audit of a copy of the graph that was spoiled."""
    graph = load()
    plain = NamedNode(BASE + "planted")
    removed = [
        ("statement:F-KOB-1", "dcterms:source"),
        ("statement:F-KOB-2", "gkg:locator"),
        ("statement:F-NOGG-2", "gkg:verification"),
        ("locator:S-ADM-1", "gkg:section"),
        ("locator:S-ADM-2", "gkg:textDigest"),
        ("locator:S-ADM-3", "gkg:order"),
    ]
    for subject, predicate in removed:
        for quad in list(graph.store.quads_for_pattern(node(subject), node(predicate), None)):
            graph.store.remove(quad)
    added = [
        ("locator:S-ADM-2", "gkg:textDigest", Literal("sha256:0")),
        ("locator:S-ADM-3", "gkg:order", Literal(6)),  # which S-LEAD-1 has
        ("statement:F-ARCH-2", "gkg:citesNumeral", node("part:SRC-ARTICLE.numeral-4")),
        ("statement:F-ARCH-3", "dcterms:source", node("source:SRC-TOMINAGA")),
        ("source:SRC-ARCH", "dcterms:modified", Literal("2016-05-01")),
    ]
    for subject, predicate, value in added:
        graph.store.add(Quad(node(subject), node(predicate), value, plain))
    code = next(
        quad.subject for quad in graph.store.quads_for_pattern(None, node("gkg:denotes"), node("concept:denosumab"))
    )
    graph.store.add(Quad(code, node("rdfs:label"), Literal("Alendronate"), plain))
    return graph.audit()


def test_planted_faults_are_errors(spoiled: Audit) -> None:
    assert spoiled.reaches("error")
    missing = {row[:2] for row in cells(spoiled, "provenance-missing", "statement", "missing")}
    assert missing == {
        ("F-KOB-1", "no document"),
        ("F-KOB-2", "no locator"),
        ("F-NOGG-2", "no status"),
        ("F-ARCH-3", "its document was never read"),
    }
    faults = set(cells(spoiled, "locators", "statement", "fault"))
    assert faults >= {
        ("S-ADM-1", "a digest without section or order"),
        ("S-ADM-2", "the digest is no SHA-256"),
        ("S-ADM-3", "another locator has the same place in the order"),
        ("S-LEAD-1", "another locator has the same place in the order"),
        ("F-ARCH-2", "cites a numeral of another document"),
        ("F-ARCH-3", "leads into another document"),
    }
    assert cells(spoiled, "dates-out-of-order", "source", "issued", "modified") == [("SRC-ARCH", "2017", "2016-05-01")]


def test_a_code_that_bears_another_name(spoiled: Audit) -> None:
    assert cells(spoiled, "code-labels", "label", "denotes", "namesake") == [
        ("Alendronate", "denosumab", "alendronate")
    ]


# ---------------------------------
# A check is a file, and its faults
# ---------------------------------


def with_check(folder: Path, text: str) -> Guideline:
    shutil.copytree(MINI, folder, dirs_exist_ok=True)
    (folder / "queries" / "audit").mkdir()
    (folder / "queries" / "audit" / "knots.rq").write_text(text, encoding="utf-8")
    return load(folder)


def test_a_new_check_is_a_new_file(tmp_path: Path, knots: Guideline) -> None:
    assert knots.audit().sections == ()
    (section,) = with_check(tmp_path, CHECK).audit().sections
    assert (section.name, section.level.label) == ("knots", "note")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "level: note",
            "level: grave",
            r"queries/audit/knots\.rq: the header's level must be one of measurement, note",
        ),
        ("#+ level: note\n", "", "the header's level must be"),
        ("#+ columns:\n#+   knot: the knot\n", "", "lacks columns"),
        ("knot: the knot", "rope: the rope", "columns are rope, the query gives knot"),
        ("#+ summary: Which knots are there?\n", "", "lacks 'summary'"),
    ],
)
def test_a_faulty_header_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CHECK
    with pytest.raises(ReleaseError, match=message):
        with_check(tmp_path, CHECK.replace(old, new)).audit()


# -----
# Forms
# -----


def test_json(audit: Audit) -> None:
    found = json.loads(audit.serialize("json"))
    assert found["graph_digest"] == audit.graph.digest
    assert found["counts"] == {"note": 174, "warning": 131, "error": 0}
    (check,) = [check for check in found["checks"] if check["name"] == "contradictions-inside-a-document"]
    first = check["findings"][0]["values"]
    assert first["statement"] == {"iri": BASE + "statement/S-META-2", "label": "S-META-2"}
    assert first["counter"] == {"iri": BASE + "statement/S-META-3", "label": "S-META-3"}
    assert first["conflict"] is None
    assert list(first) == list(check["columns"])


def test_csv(audit: Audit) -> None:
    found = list(csv.DictReader(io.StringIO(audit.serialize("text/csv"))))
    assert len(found) == sum(len(section.findings) for section in audit.sections)
    (row,) = [row for row in found if row["check"] == "figures-that-differ" and row["differs"] == "time"]
    assert (row["level"], row["statement"], row["counter"], row["value"]) == ("warning", "S-EFF-2.2", "F-KOB-1", "1.8")


def test_turtle_is_provenance_and_data_quality(audit: Audit) -> None:
    graph = rdflib.Graph().parse(data=audit.serialize("turtle"), format="turtle")
    annotations = set(graph.subjects(RDF.type, DQV.QualityAnnotation))
    assert len(annotations) == sum(audit.counts.values())
    for annotation in annotations:
        assert list(graph.objects(annotation, OA.motivatedBy)) == [DQV.qualityAssessment]
        assert (graph.value(annotation, DQV.inDimension), RDF.type, DQV.Dimension) in graph
        assert (graph.value(annotation, PROV.wasGeneratedBy), RDF.type, PROV.Activity) in graph
        assert graph.value(annotation, OA.hasTarget)
        assert len(set(graph.objects(annotation, OA.hasBody))) == 2
    dimension = URIRef(BASE + "audit/contradictions-inside-a-document")
    targets = [
        set(graph.objects(a, OA.hasTarget)) for a in graph.subjects(DQV.inDimension, dimension) if a in annotations
    ]
    assert {
        URIRef(BASE + "statement/S-META-2"),
        URIRef(BASE + "statement/S-META-3"),
        URIRef(BASE + "source/SRC-ARTICLE"),
    } in targets
    metric = URIRef(BASE + "audit/counts-by-source.disputed")
    assert (metric, RDF.type, DQV.Metric) in graph
    (measured,) = [
        m
        for m in graph.subjects(DQV.isMeasurementOf, metric)
        if (m, DQV.computedOn, URIRef(BASE + "source/SRC-ARTICLE")) in graph
    ]
    assert graph.value(measured, DQV.value) == rdflib.Literal(2)


def test_text_says_what_was_not_found_and_sums_up(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = str(audit)
    assert text.startswith("WARNING  ")
    assert text.index("\nNOTE  ") < text.index("\nMEASUREMENT  ")
    assert "WARNING  Where does a document contradict itself? (contradictions-inside-a-document: 4)" in text
    assert max(map(len, text.splitlines())) <= 100
    assert text.endswith("22 checks: 0 errors, 131 warnings, 174 notes.\n")
    assert "Nothing found by: dates-out-of-order, locators, provenance-missing, code-labels." in text


def test_an_unknown_form_is_refused(audit: Audit) -> None:
    with pytest.raises(NotAcceptable, match="table, json, csv, turtle"):
        audit.serialize("xml")
