"""The digest of a release: equal for equal content, however it is written, and another for the least change.

https://www.w3.org/TR/rdf-canon/ (RDFC-1.0).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from pyoxigraph import Dataset, RdfFormat, parse, serialize

from kg_service.knowledge.canonical import canonical_quads, sha256
from kg_service.knowledge.release import Release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kg_service import Guideline


NAMESPACES = ["https://w3id.org/guideline-kg/core/", "http://www.w3.org/2002/07/owl#", "http://purl.org/dc/terms/"]


def digest(root: Path) -> str:
    return sha256(canonical_quads(Release.find(root).read().dataset))


def canonical(text: str) -> str:
    return canonical_quads(Dataset(parse(text, format=RdfFormat.N_QUADS))).decode()


def copy(graph: Guideline, root: Path, rewrite: Callable[[str, bytes], tuple[str, bytes]]) -> Path:
    """Write the ontology files of the release into a folder, each rewritten: its name and its bytes."""
    for path in graph.release.ontologies:
        name, content = rewrite(path.relative_to(graph.release.root).as_posix(), path.read_bytes())
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def shuffled(name: str, content: bytes) -> tuple[str, bytes]:
    """Other blank nodes' names and order of triples, no prefixes, and a name that sorts otherwise."""
    triples = [quad.triple for quad in parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True)]
    random.Random(name).shuffle(triples)  # noqa: S311 - any order will do
    folder, _, local = name.rpartition("/")
    return f"{folder}/{local[::-1].removeprefix('ltt.')}.ttl", serialize(triples, format=RdfFormat.N_TRIPLES) or b""


def with_other_line_ends(name: str, content: bytes) -> tuple[str, bytes]:
    return name, content.replace(b"\n", b"\r\n")


def with_other_prefixes(name: str, content: bytes) -> tuple[str, bytes]:
    prefixes = {f"p{number}": iri for number, iri in enumerate(NAMESPACES)}
    triples = [quad.triple for quad in parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True)]
    return name, serialize(triples, format=RdfFormat.TURTLE, prefixes=prefixes) or b""


@pytest.mark.parametrize("rewrite", [shuffled, with_other_line_ends, with_other_prefixes])
def test_the_same_however_it_is_written(
    guideline: Guideline, tmp_path: Path, rewrite: Callable[[str, bytes], tuple[str, bytes]]
) -> None:
    assert digest(copy(guideline, tmp_path, rewrite)) == guideline.digest


def test_another_for_one_letter(guideline: Guideline, tmp_path: Path) -> None:
    def altered(name: str, content: bytes) -> tuple[str, bytes]:
        return name, content.replace(b'"Each dose is 210 mg."@en', b'"Each dose is 211 mg."@en')

    assert digest(copy(guideline, tmp_path, altered)) != guideline.digest


def test_another_for_a_triple_in_another_graph() -> None:
    """A graph is a source: who says it is part of what is said."""
    quads = [*parse("<urn:s> <urn:p> <urn:o> <urn:g> .", format=RdfFormat.N_QUADS)]
    elsewhere = [*parse("<urn:s> <urn:p> <urn:o> <urn:h> .", format=RdfFormat.N_QUADS)]
    assert canonical_quads(Dataset(quads)) != canonical_quads(Dataset(elsewhere))


def test_blank_nodes_are_named_by_what_is_said_of_them() -> None:
    """RDFC-1.0, section 4.4: hashes of first degree tell the two apart; the smaller one is issued first."""
    written = canonical('_:x <urn:p> "1" .\n_:y <urn:p> "2" .\n')
    assert written == canonical('_:b <urn:p> "2" .\n_:a <urn:p> "1" .\n')
    assert written.count("_:c14n0") == written.count("_:c14n1") == 1


@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_ring_of_blank_nodes_has_one_form(size: int) -> None:
    """All nodes of a ring have the same first-degree hash, so that names follow from the paths between them."""
    ring = [f"_:n{i} <urn:next> _:n{(i + 1) % size} .\n" for i in range(size)]
    renamed = [f"_:m{(i * 7) % 11} <urn:next> _:m{((i + 1) % size * 7) % 11} .\n" for i in reversed(range(size))]
    assert canonical("".join(ring)) == canonical("".join(renamed))


def test_two_rings_of_two_are_not_one_of_four() -> None:
    two = "_:a <urn:n> _:b .\n_:b <urn:n> _:a .\n_:c <urn:n> _:d .\n_:d <urn:n> _:c .\n"
    four = "_:a <urn:n> _:b .\n_:b <urn:n> _:c .\n_:c <urn:n> _:d .\n_:d <urn:n> _:a .\n"
    assert canonical(two) != canonical(four)


def test_lines_are_sorted_and_escaped() -> None:
    """RDFC-1.0, section 5: canonical N-Quads, in code point order, each line ended by a line feed."""
    written = canonical('<urn:b> <urn:p> "a\\tb\\n" .\n<urn:a> <urn:p> "\\u00E9"@en .\n<urn:a> <urn:p> "1" <urn:g> .\n')
    assert written == '<urn:a> <urn:p> "1" <urn:g> .\n<urn:a> <urn:p> "é"@en .\n<urn:b> <urn:p> "a\\tb\\n" .\n'
