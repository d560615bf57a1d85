"""The conditions of a WHERE, one by one: what it takes for a solution to come, each in its own piece of text.

https://www.w3.org/TR/sparql11-query/#rGroupGraphPattern. Lists with ; and , are written out, so that every triple
pattern can be left out without touching another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg_service.knowledge.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.knowledge.tokens import Token

CLOSING = {"{": "}", "(": ")", "[": "]"}
MODIFIERS = frozenset({"*", "+", "?"})
BLOCK_WORDS = frozenset({"FILTER", "BIND", "VALUES", "OPTIONAL", "MINUS", "GRAPH", "UNION", "EXISTS"})


class Piece(NamedTuple):
    """A part of a WHERE: its text; `kind` is triple, filter, values or minus for a condition, else empty.

    What stands in OPTIONAL is no condition: without it the solution comes as well.
    """

    text: str
    kind: str = ""


def pieces(where: str) -> list[Piece]:
    """Take a WHERE apart, from its first brace to its last; joined again, the pieces mean the same."""
    return list(_Reader(where).group(optional=False))


def triples(group: str) -> list[str]:
    """Return the triple patterns of a group that holds nothing else, such as the template of a CONSTRUCT."""
    return [piece.text.removesuffix(" .") for piece in pieces(group) if piece.kind == "triple"]


class _Reader:
    """Reads the tokens of one text from left to right; each method starts and ends with `at` between two pieces."""

    def __init__(self, text: str) -> None:
        self._found: Sequence[Token] = list(tokens(text))
        self._at = 0

    def group(self, *, optional: bool) -> Iterator[Piece]:
        """Yield the pieces of a group with its braces."""
        yield Piece(self._take())
        if self._word() == "SELECT":
            yield from self._sub_select(optional=optional)
        while self._next() != "}":
            yield from self._element(optional=optional)
        yield Piece(self._take())

    def _sub_select(self, *, optional: bool) -> Iterator[Piece]:
        start = self._at
        while self._next() != "{":
            self._skip()
        yield Piece(self._slice(start))
        yield from self.group(optional=optional)
        start = self._at
        while self._next() != "}":
            self._skip()
        yield Piece(self._slice(start))

    def _element(self, *, optional: bool) -> Iterator[Piece]:
        word = self._word()
        if self._next() == "{":
            yield from self.group(optional=optional)
        elif self._next() == ".":
            self._at += 1
        elif word == "UNION":
            yield Piece(self._take())
        elif word in {"OPTIONAL", "GRAPH"}:
            start = self._at
            while self._next() != "{":
                self._at += 1
            yield Piece(self._slice(start))
            yield from self.group(optional=optional or word == "OPTIONAL")
        elif word in {"FILTER", "BIND", "VALUES", "MINUS"}:
            text = self._constraint(word)
            yield Piece(text, "" if optional or word == "BIND" else word.lower())
        else:
            yield from (Piece(f"{text} .", "" if optional else "triple") for text in self._same_subject())

    def _constraint(self, word: str) -> str:
        """Take a keyword with all that belongs to it: up to its group, or its bracketed expression."""
        start = self._at
        while self._next() != "{" and not (self._next() == "(" and word != "VALUES"):
            self._at += 1
        self._skip()
        return self._slice(start)

    def _same_subject(self) -> Iterator[str]:
        """Yield the triple patterns of one subject (TriplesSameSubjectPath), written out."""
        subject = self._term()
        if self._next() in {".", "}"}:
            yield subject
        while self._next() not in {".", "}"} and self._word() not in BLOCK_WORDS and self._next() != "{":
            verb = self._path()
            yield f"{subject} {verb} {self._term()}"
            while self._next() == ",":
                self._at += 1
                yield f"{subject} {verb} {self._term()}"
            while self._next() == ";":
                self._at += 1

    def _path(self) -> str:
        start = self._at
        while True:
            while self._next() in {"^", "!"}:
                self._at += 1
            self._skip()
            while self._next() in MODIFIERS:
                self._at += 1
            if self._next() not in {"/", "|"}:
                return self._slice(start)
            self._at += 1

    def _term(self) -> str:
        start = self._at
        if self._next() in {"+", "-"}:
            self._at += 1
        self._skip()
        if self._next() == "^^":
            self._at += 2
        elif self._at < len(self._found) and self._found[self._at].kind == "language":
            self._at += 1
        return self._slice(start)

    def _skip(self) -> None:
        """Pass one token, or a bracket with all that it holds."""
        closing = CLOSING.get(self._next())
        self._at += 1
        while closing and self._next() != closing:
            self._skip()
        if closing:
            self._at += 1

    def _take(self) -> str:
        self._at += 1
        return self._found[self._at - 1].text

    def _next(self) -> str:
        return self._found[self._at].text if self._at < len(self._found) else "}"

    def _word(self) -> str:
        return self._next().upper() if self._at < len(self._found) and self._found[self._at].kind == "word" else ""

    def _slice(self, start: int) -> str:
        """Return the text of the tokens from `start` on: white space and comments between them become one space."""
        text, end = "", self._found[start].start
        for token in self._found[start : self._at]:
            text += (" " if token.start > end else "") + token.text
            end = token.start + len(token.text)
        return text
