"""A document held against the locators that point into it: what of it stands, moved, changed or is gone.

A locator has no text, only section, position and digest. What became of a passage whose digest is nowhere is told from
its neighbours: between them stands what it was changed to, or nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from pyoxigraph import Literal, NamedNode

from kg_service.errors import ParameterError
from kg_service.knowledge.binding import bind
from kg_service.knowledge.namespaces import CORE, DCTERMS
from kg_service.provenance.audit import Audit, Finding, Section
from kg_service.provenance.checks import Level
from kg_service.provenance.documents import Passage, read_text, split

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from kg_service.knowledge import KnowledgeGraph
    from kg_service.knowledge.labels import Term

WORD = re.compile(r"\w{4,}|\d+")
FOUND, MOVED, ALTERED, VANISHED = "found", "moved", "altered", "vanished"
LEVELS = {FOUND: Level.NOTE, MOVED: Level.WARNING, ALTERED: Level.ERROR, VANISHED: Level.ERROR}

COLUMNS = {
    "status": "found, moved, altered or vanished",
    "line": "line of the document on which the passage begins",
    "statement": "statement that rests on the passage",
    "section": "section, as the locator has it",
    "position": "position in the section",
    "words": "the passage as it stands in the document",
    "paraphrase": "what the graph makes of it, in the project's own words",
}

SOURCES = f"""
SELECT DISTINCT ?source WHERE {{
  ?locator <http://www.w3.org/ns/oa#hasSource> ?source ; <{CORE}textDigest> ?digest .
}} ORDER BY ?source"""

LOCATORS = f"""
SELECT ?locator ?statement ?digest ?section ?position ?paraphrase WHERE {{
  ?locator <http://www.w3.org/ns/oa#hasSource> ?_source_iri ; <{CORE}textDigest> ?digest .
  ?statement <{CORE}locator> ?locator ; <{DCTERMS}description> ?paraphrase .
  FILTER NOT EXISTS {{ ?statement <{DCTERMS}isPartOf>/<{CORE}locator> ?locator }}
  OPTIONAL {{ ?locator <{CORE}section> ?section }}
  OPTIONAL {{ ?locator <{CORE}position> ?position }}
  OPTIONAL {{ ?locator <{CORE}order> ?order }}
}} ORDER BY ?order ?section ?position ?statement"""
"""The located passages of one document, in its order, with the statements on each that are part of no other."""


@dataclass(frozen=True, slots=True)
class Located:
    """A passage as the graph knows it: digest of its text, place, paraphrase, and the statement that rests on it."""

    statement: Term
    digest: str
    section: str
    position: str
    paraphrase: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of each located passage, in their order, and the passages that no locator points to."""

    outcomes: Sequence[tuple[Located, str, Passage | None]]
    unclaimed: Sequence[Passage]


def audit_document(graph: KnowledgeGraph, path: Path, source: NamedNode | None = None) -> Audit:
    """Hold the plain text in `path` against the locators into `source` (default: the one source with digests).

    Raises DocumentError when the file cannot be read as UTF-8, ParameterError when no locator into the source has a
    digest, or several sources have some and none is named.
    """
    chosen = _source(graph, source)
    located = _located(graph, chosen)
    passages = split(read_text(path), {one.digest for one in located})
    return Audit(graph, _sections(compare(located, list(passages))), chosen)


def compare(located: Sequence[Located], passages: Iterable[Passage]) -> Comparison:
    """Find each located passage among the passages of the document.

    Both stand in the document's order, so what their digests have in common in that order stands in place, unless it
    stands under the name of another section.
    """
    sections = _under_sections(passages, located)
    body = list(sections)
    matcher = SequenceMatcher(None, [one.digest for one in located], [p.digest for p in body], autojunk=False)
    known: dict[Located, tuple[str, Passage]] = {}
    gaps: list[Gap] = []
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            pairs = zip(located[first:last], body[begin:end], strict=True)
            known |= {one: (_place(one, sections[passage], sections.values()), passage) for one, passage in pairs}
        else:
            gaps.append((located[first:last], body[begin:end]))
    if known:  # else it is another document, and no neighbour tells what was changed
        known |= _moved(gaps)
        known |= _altered(gaps, known)
    taken = {passage for _, passage in known.values()}
    outcomes = [(one, *known.get(one, (VANISHED, None))) for one in located]
    return Comparison(outcomes, [passage for passage in body if passage not in taken])


Gap: TypeAlias = tuple[Sequence[Located], Sequence[Passage]]
"""What is not in place between two neighbours that are: located passages, and passages of the document."""


def _under_sections(passages: Iterable[Passage], located: Sequence[Located]) -> dict[Passage, str]:
    """Return each passage with the section's name that it stands under (empty: none yet), without the names as such."""
    names, wanted = {one.section for one in located}, {one.digest for one in located}
    section = ""
    under = {}
    for passage in passages:
        if passage.words in names:
            section = passage.words
        if passage.words not in names or passage.digest in wanted:
            under[passage] = section
    return under


def _place(one: Located, section: str, present: Collection[str]) -> str:
    """Tell whether a passage stands in its section; a section whose name the document does not print cannot tell."""
    return MOVED if one.section in present and one.section != section else FOUND


def _moved(gaps: Sequence[Gap]) -> dict[Located, tuple[str, Passage]]:
    """Return the located passages that stand elsewhere than in place."""
    there = {passage.digest: passage for _, lines in gaps for passage in lines}
    return {one: (MOVED, there.pop(one.digest)) for missing, _ in gaps for one in missing if one.digest in there}


def _altered(gaps: Sequence[Gap], known: Mapping[Located, object]) -> dict[Located, tuple[str, Passage]]:
    """Return what stands in the gaps in place of the located passages that are nowhere."""
    taken = {one.digest for one in known}
    return {
        one: (ALTERED, passage)
        for missing, lines in gaps
        for one, passage in _aligned(
            [one for one in missing if one not in known], [line for line in lines if line.digest not in taken]
        )
    }


def _aligned(missing: Sequence[Located], lines: Sequence[Passage]) -> Iterator[tuple[Located, Passage]]:
    """Pair passages with lines in order: first the pair with most words in common, then what is before and after it.

    A pair has something in common, or there are no more lines than passages, so that the place alone tells.
    """
    words = [_words(line.words) for line in lines]
    shared = [[len(_words(one.paraphrase) & others) for others in words] for one in missing]
    todo = [(range(len(missing)), range(len(lines)))]
    while todo:
        rows, columns = todo.pop()
        i, j = max(product(rows, columns), key=lambda pair: shared[pair[0]][pair[1]], default=(0, 0))
        if rows and columns and (shared[i][j] or len(columns) <= len(rows)):
            yield missing[i], lines[j]
            todo += [
                (range(rows.start, i), range(columns.start, j)),
                (range(i + 1, rows.stop), range(j + 1, columns.stop)),
            ]


def _words(text: str) -> set[str]:
    """Return the longer words and the numbers of a text."""
    return set(WORD.findall(text.casefold()))


def _source(graph: KnowledgeGraph, source: NamedNode | None) -> NamedNode:
    found = [row[0] for row in graph.sparql(SOURCES).terms if isinstance(row[0], NamedNode)]
    if source is None and len(found) == 1:
        return found[0]
    if source in found:
        return source
    names = [graph.labels[node.value] for node in found]
    if source is None:
        raise ParameterError(f"{len(found)} sources have locators with a digest: name one with --source.", names)
    raise ParameterError(
        f"No locator into {graph.labels[source.value]} has a digest to hold a document against.", names
    )


def _located(graph: KnowledgeGraph, source: NamedNode) -> list[Located]:
    """Return the passages of a source that have a digest, each with its first statement."""
    known: dict[Term | None, Located] = {}
    for locator, statement, *texts in graph.sparql(bind(LOCATORS, {"_source_iri": source})).terms:
        if statement is not None:
            known.setdefault(locator, Located(statement, *map(graph.labels.shown, texts)))
    return list(known.values())


def _sections(compared: Comparison) -> tuple[Section, ...]:
    counts = Counter(status for _, status, _ in compared.outcomes)
    numbers = tuple(Literal(counts[status]) for status in LEVELS)
    rows = [Finding(LEVELS[status], _cells(one, status, passage)) for one, status, passage in compared.outcomes]
    rest = [Finding(Level.NOTE, (Literal(p.line), Literal(p.words))) for p in compared.unclaimed]
    return (
        Section(
            "passages-in-all",
            "What became of the passages that the graph points to?",
            "How many of them stand in place, moved, were altered, or are gone.",
            Level.MEASUREMENT,
            {status: f"passages {status}" for status in LEVELS},
            (Finding(Level.MEASUREMENT, numbers),),
        ),
        Section(
            "passages",
            "Does each passage that the graph points to stand in the document?",
            "Every passage with its words beside the paraphrase of the graph. Moved: it stands in another order or "
            "section. Altered: its digest is nowhere, and what is shown stands in its place. Vanished: nothing does. "
            "What changed comes first.",
            Level.ERROR,
            COLUMNS,
            tuple(sorted(rows, key=lambda row: -row.level)),
        ),
        Section(
            "unclaimed",
            "Which lines of the document does no locator point to?",
            "Headings that carry no statement, what surrounds the text on a page, and what was added.",
            Level.NOTE,
            {"line": "line of the document", "words": "what stands there"},
            tuple(rest),
        ),
    )


def _cells(one: Located, status: str, passage: Passage | None) -> tuple[Term | None, ...]:
    line, words = (Literal(passage.line), Literal(passage.words)) if passage else (None, None)
    return (
        Literal(status),
        line,
        one.statement,
        Literal(one.section),
        Literal(one.position),
        words,
        Literal(one.paraphrase),
    )
