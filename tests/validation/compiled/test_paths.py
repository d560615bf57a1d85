"""Paths are read as the grammar of SPARQL says, and walked as far as they may be."""

from __future__ import annotations

import pytest

from kg_service.errors import ReleaseError
from kg_service.validation.compiled.facts import reached
from kg_service.validation.compiled.paths import Either, Inverse, Link, Path, Repeated, Sequence_, read_path

from .conftest import NAMES, PREFIXES

P, Q, R = (PREFIXES[""] + name for name in "pqr")


@pytest.mark.parametrize(("text", "path"), [
    (":p", Link(P)),
    ("<https://example.org/p>", Link(P)),
    ("a", Link("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")),
    (":p/:q/:r", Sequence_((Link(P), Link(Q), Link(R)))),
    ("^:p/:q", Sequence_((Inverse(Link(P)), Link(Q)))),
    ("^(:p/:q)", Inverse(Sequence_((Link(P), Link(Q))))),
    (":p|:q|:r", Either((P, Q, R))),
    (":r/(:p|:q)", Sequence_((Link(R), Either((P, Q))))),
    ("^:p*", Inverse(Repeated(P, 0, None))),
    (":p?", Repeated(P, 0, 1)),
    ("(:p)+", Repeated(P, 1, None)),
])  # fmt: skip
def test_trees(text: str, path: Path) -> None:
    assert read_path(text, NAMES) == path


@pytest.mark.parametrize("text", ["!:p", "!(:p|:q)", ":p|^:q", ":p/:q|:r", "(:p/:q)*", "(:p|:q)+", "(^:p)?"])
def test_what_is_not_supported(text: str) -> None:
    with pytest.raises(ReleaseError):
        read_path(text, NAMES)


@pytest.mark.parametrize(("least", "most", "expected"), [
    (0, 1, ["a", "b", "c"]), (0, None, ["a", "b", "c", "d"]), (1, None, ["b", "c", "d", "a"]),
])  # fmt: skip
def test_each_node_is_reached_once(least: int, most: int | None, expected: list[str]) -> None:
    index = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": ["a", "d"]}
    assert list(reached(index, "a", least=least, most=most)) == expected
