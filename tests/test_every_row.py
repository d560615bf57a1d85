"""Nothing of the evidence is lost on the way into the graph, and nothing unread comes in.

The rows are those of ../shared/evidence; without that folder (in an installed copy, say) these tests are skipped.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kg_service import KgServiceError, KnowledgeGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EVIDENCE = Path(__file__).parents[2] / "shared" / "evidence"

pytestmark = pytest.mark.skipif(not EVIDENCE.is_dir(), reason="../shared/evidence, the evidence itself, is not here")


def read(name: str) -> dict[str, list[dict[str, Any]]]:
    path = EVIDENCE / name
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


ARTICLE = read("article-statements.yaml").get("statements", [])
FACTS = read("companion-facts.yaml").get("companion_facts", [])
VERIFIED = [fact for fact in FACTS if fact["verified"]]
UNVERIFIED = [fact["id"] for fact in FACTS if not fact["verified"]]


# Identity and place


def answer(guideline: KnowledgeGraph, row_id: str) -> list[tuple[str, str, str]]:
    """Return part, property and value of every row that the question `statement` answers."""
    return [(row["part"], row["property"], row["value"]) for row in guideline.query("statement", id=row_id).readable()]


def place(row_id: str, source: str, section: str) -> set[tuple[str, str, str]]:
    return {
        ("", "dcterms:identifier", row_id),
        ("", "dcterms:source", source),
        ("", "locator", f"locator:{row_id}"),
        (f"locator:{row_id}", "oa:hasSource", source),
        (f"locator:{row_id}", "section", section),
    }


def test_the_evidence_has_the_rows_that_are_checked() -> None:
    assert len(ARTICLE) == 56
    assert len(VERIFIED) == 127
    assert UNVERIFIED == ["F-ACP-4", "F-DMAB-13", "F-READ-0"]


@pytest.mark.parametrize("row", ARTICLE, ids=lambda row: row["id"])
def test_every_line_of_the_article_is_answered_with_its_atoms(guideline: KnowledgeGraph, row: dict[str, Any]) -> None:
    row_id = row["id"]
    rows = answer(guideline, row_id)
    atoms = [row_id + atom.partition(":")[0] for atom in row.get("atoms", [])]
    wanted = place(row_id, "SRC-ARTICLE", row["section"])
    wanted |= {(f"locator:{row_id}", "position", row["position"])}
    wanted |= {("", "dcterms:hasPart", atom) for atom in atoms}
    wanted |= {("", "cites numeral", f"numeral {numeral}") for numeral in row.get("citation_numerals", [])}
    assert wanted <= set(rows)
    for atom in atoms:
        assert {("", "dcterms:identifier", atom), ("", "dcterms:isPartOf", row_id)} <= set(answer(guideline, atom))


@pytest.mark.parametrize("fact", VERIFIED, ids=lambda fact: fact["id"])
def test_every_verified_fact_of_another_source_is_answered(guideline: KnowledgeGraph, fact: dict[str, Any]) -> None:
    assert place(fact["id"], fact["source"], fact["section"]) <= set(answer(guideline, fact["id"]))


def test_every_atom_is_answered_and_stands_where_its_whole_stands(guideline: KnowledgeGraph) -> None:
    atoms = guideline.sparql(
        "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX gkg: <https://w3id.org/guideline-kg/core/>"
        "SELECT ?atom ?whole { ?a dcterms:isPartOf ?w ; dcterms:identifier ?atom . ?w a gkg:CompositeStatement ; "
        "dcterms:identifier ?whole FILTER(STRSTARTS(?atom, ?whole) && !CONTAINS(STRAFTER(?atom, ?whole), '.')) }"
    ).rows
    assert len(atoms) > 100
    for atom in atoms:
        mine = answer(guideline, str(atom["atom"]))
        whole = answer(guideline, str(atom["whole"]))
        for wanted in ("dcterms:source", "locator"):
            assert [v for p, name, v in mine if name == wanted] == [v for p, name, v in whole if name == wanted], atom


@pytest.mark.parametrize("row_id", UNVERIFIED)
def test_what_nobody_has_read_is_not_in_the_graph(guideline: KnowledgeGraph, row_id: str) -> None:
    with pytest.raises(KgServiceError):
        guideline.query("statement", id=row_id)
    assert not guideline.sparql(f"ASK {{ ?s ?p ?o FILTER(REGEX(STR(?s), '/{row_id}[a-z]?$')) }}").boolean


# Numbers

NUMBER = re.compile(r"(?<![A-Za-z\d.])-?\d+(?:\.\d+)?(?![a-z\d])")  # no digit of TRACP-5b
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LENGTH_IN_KEY = re.compile(r"(\d+)(?:mo|m|y)(?![a-z])")

NOT_IN_THE_GRAPH = {
    "F-DVO-1": {Decimal(3)},  # the 3-year fracture risk is one observable
    "S-SAF-2.1": {Decimal(100)},  # 4 to 5 of 100 are 4 to 5 per cent
}
"""Numbers of the evidence that rightly do not stand in the graph as such, with the reason."""


def numbers(value: object, key: str = "") -> Iterator[Decimal]:
    """Yield every number in a tree of figures; what a key calls a loss is a negative change."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from numbers(inner, f"{key} {name}")
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, key)
    elif isinstance(value, str):
        yield from map(Decimal, NUMBER.findall(DATE.sub("", value)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield -Decimal(str(value)) if "loss" in key else Decimal(str(value))


def lengths_in_keys(value: object) -> Iterator[Decimal]:
    """Yield the times that the names of figures carry, as in `spine48m`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from map(Decimal, LENGTH_IN_KEY.findall(name))
            yield from lengths_in_keys(inner)


LITERALS = """
PREFIX gkg: <https://w3id.org/guideline-kg/core/>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?node ?property ?literal WHERE {
  ?statement dcterms:isPartOf? <https://w3id.org/guideline-kg/statement/%s> .
  ?statement (gkg:figure|gkg:regimen|gkg:criterion)? ?node .
  { ?node ?property ?literal } UNION { ?node ?property ?quantity . ?quantity a gkg:Quantity ; gkg:value ?literal }
  FILTER(ISNUMERIC(?literal) || ?property IN (gkg:timePointNote, gkg:licenceNumber, gkg:licenceDate))
}
"""
"""The numbers of a row and its atoms: on the statements, in their figures, regimens and criteria, and as quantities."""


def literals(guideline: KnowledgeGraph, row_id: str) -> list[object]:
    return [row["literal"] for row in guideline.sparql(LITERALS % row_id).rows]


def as_numbers(values: Iterable[object]) -> Iterator[Decimal]:
    for value in values:
        if isinstance(value, int | Decimal):
            yield Decimal(value)
        else:
            yield from numbers(value)


@pytest.mark.parametrize("fact", [f for f in VERIFIED if f.get("figures")], ids=lambda fact: fact["id"])
def test_every_figure_is_in_the_graph_as_often_as_in_the_evidence(
    guideline: KnowledgeGraph, fact: dict[str, Any]
) -> None:
    found = literals(guideline, fact["id"])
    there = Counter(as_numbers(found))
    assert not Counter(numbers(fact["figures"])) - there, "numbers of the evidence that the graph lacks"
    assert set(lengths_in_keys(fact["figures"])) - NOT_IN_THE_GRAPH.get(fact["id"], set()) <= set(there)
    dates = {value for value in fact["figures"].values() if isinstance(value, str) and DATE.fullmatch(value)}
    assert dates <= {value for value in found if isinstance(value, str)}


@pytest.mark.parametrize("row", [row for row in ARTICLE if "META" not in row["id"]], ids=lambda row: row["id"])
def test_every_number_of_the_article_is_in_the_graph(guideline: KnowledgeGraph, row: dict[str, Any]) -> None:
    there = set(as_numbers(literals(guideline, row["id"])))
    assert set(numbers(row["paraphrase"])) - NOT_IN_THE_GRAPH.get(row["id"], set()) <= there


# Digests and order of the article

PAGE_LINES = {
    "S-META-1": (1, 1),
    "S-META-2": (3, 3),
    "S-META-3": (4, 4),
    "S-META-4": (5, 8),
    "S-META-5": (10, 10),
    "S-LEAD-1": (20, 20),
    "S-META-7": (92, 102),
    "S-META-6": (106, 106),
    "S-META-8": (108, 108),
}
"""First and last line of the rows that are no list item."""


def passages() -> dict[str, tuple[int, str]]:
    """Return line number and text of every row, found by its section and its place in the section's list."""
    lines = (EVIDENCE / "article.txt").read_text(encoding="utf-8").splitlines()
    found = {row_id: (first, "\n".join(lines[first - 1 : last])) for row_id, (first, last) in PAGE_LINES.items()}
    ids = {(row["section"], row["position"]): row["id"] for row in ARTICLE}
    section, outer, inner = "", 0, 0
    for number, line in enumerate(lines, start=1):
        indent, bullet, text = line.partition("•")
        if line and not line.startswith(" "):
            section, outer = line, 0
        elif bullet:
            outer, inner = (outer + 1, 0) if len(indent) == 2 else (outer, inner + 1)
            found[ids[section, f"{outer}.{inner}" if inner else f"{outer}"]] = (number, text)
    return found


def digest(text: str) -> str:
    """SHA-256 of the text after Unicode NFC and white-space folding."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    return "sha256:" + hashlib.sha256(folded.encode()).hexdigest()


def test_every_digest_of_the_article_is_that_of_its_text(guideline: KnowledgeGraph) -> None:
    expected = {row_id: digest(text) for row_id, (_, text) in passages().items()}
    assert len(expected) == 56
    for row_id, wanted in expected.items():
        assert (f"locator:{row_id}", "text digest", wanted) in answer(guideline, row_id)


def test_the_article_is_answered_in_the_order_of_its_page(guideline: KnowledgeGraph) -> None:
    line = {row_id: number for row_id, (number, _) in passages().items()}
    answered = [row["statement"] for row in guideline.query("statements-by-source", source="SRC-ARTICLE").readable()]
    lines = [line[row_id] for row_id in answered if row_id in line]
    assert len(lines) == 56
    assert lines == sorted(lines)
