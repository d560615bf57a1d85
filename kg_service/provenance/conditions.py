"""The conditions of a WHERE, one by one: what it takes for a solution to come, each in its own piece of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg_service.knowledge.pattern import Constraint, Nested, SubSelect, TriplePattern, read_group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service.knowledge.pattern import Element, Group, Union


class Piece(NamedTuple):
    """A part of a WHERE: its text; `kind` is triple, filter, values or minus for a condition, else empty.

    What stands in OPTIONAL is no condition: without it the solution comes as well.
    """

    text: str
    kind: str = ""


def pieces(where: str) -> list[Piece]:
    """Take a WHERE apart, from its first brace to its last; joined again, the pieces mean the same."""
    return list(_group(read_group(where), optional=False))


def triples(group: str) -> list[str]:
    """Return the triple patterns of a group that holds nothing else, such as the template of a CONSTRUCT."""
    return [piece.text.removesuffix(" .") for piece in pieces(group) if piece.kind == "triple"]


def _group(group: Group, *, optional: bool) -> Iterator[Piece]:
    yield Piece("{")
    for element in group.elements:
        yield from _element(element, optional=optional)
    yield Piece("}")


def _element(element: Element, *, optional: bool) -> Iterator[Piece]:
    if isinstance(element, TriplePattern):
        yield Piece(str(element), "" if optional else "triple")
    elif isinstance(element, Constraint):
        yield Piece(str(element), "" if optional or element.word == "BIND" else element.word.lower())
    elif isinstance(element, Nested) and element.word == "MINUS":
        yield Piece(str(element), "" if optional else "minus")
    elif isinstance(element, Nested):
        yield Piece(element.head)
        yield from _group(element.group, optional=optional or element.word == "OPTIONAL")
    elif isinstance(element, SubSelect):
        yield Piece(element.head)
        yield from _group(element.group, optional=optional)
        yield Piece(element.tail)
    else:
        yield from _union(element, optional=optional)


def _union(union: Union, *, optional: bool) -> Iterator[Piece]:
    for number, group in enumerate(union.groups):
        if number:
            yield Piece("UNION")
        yield from _group(group, optional=optional)
