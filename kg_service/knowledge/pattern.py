"""The WHERE of a SPARQL query as a tree: which triple pattern stands in which group, under which keyword.

https://www.w3.org/TR/sparql11-query/#rGroupGraphPattern. Lists with ; and , are written out, so that every triple
pattern stands alone. Expressions stay text, but for the groups of EXISTS in them. The text is taken to be valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from kg_service.knowledge.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_service.knowledge.tokens import Token

CLOSING = {"{": "}", "(": ")", "[": "]"}
MODIFIERS = frozenset({"*", "+", "?"})
CONSTRAINTS = frozenset({"FILTER", "BIND", "VALUES"})
NESTING = frozenset({"OPTIONAL", "MINUS", "GRAPH", "SERVICE"})
BLOCK_WORDS = CONSTRAINTS | NESTING


@dataclass(frozen=True, slots=True)
class TriplePattern:
    """One triple pattern; its verb is a variable or a property path, as text.

    Verb and object are empty where a list of properties in brackets stands alone as subject.
    """

    subject: str
    verb: str
    object: str

    def __str__(self) -> str:
        """Return the pattern with its full stop."""
        return " ".join(filter(None, (self.subject, self.verb, self.object, ".")))


@dataclass(frozen=True, slots=True)
class Constraint:
    """A FILTER, BIND or VALUES: the keyword, and what follows as text and, of EXISTS, groups."""

    word: str
    parts: tuple[str | Group, ...]

    def __str__(self) -> str:
        """Return the whole clause."""
        return " ".join(map(str, (self.word, *self.parts)))


@dataclass(frozen=True, slots=True)
class Nested:
    """A group under a keyword (OPTIONAL, MINUS, GRAPH …); `head` is the keyword with the name that follows it."""

    head: str
    group: Group

    @property
    def word(self) -> str:
        """The keyword, in capitals."""
        return self.head.split()[0].upper()

    def __str__(self) -> str:
        """Return keyword and group."""
        return f"{self.head} {self.group}"


@dataclass(frozen=True, slots=True)
class Union:
    """Groups joined by UNION; one alone where a group stands by itself."""

    groups: tuple[Group, ...]

    def __str__(self) -> str:
        """Return the groups with UNION between them."""
        return " UNION ".join(map(str, self.groups))


@dataclass(frozen=True, slots=True)
class SubSelect:
    """A query within the query: the text before its WHERE group, the group, and what comes after."""

    head: str
    group: Group
    tail: str

    def __str__(self) -> str:
        """Return the query."""
        return f"{self.head} {self.group} {self.tail}".rstrip()


Element: TypeAlias = "TriplePattern | Constraint | Nested | Union | SubSelect"


@dataclass(frozen=True, slots=True)
class Group:
    """What stands between two braces, in its order; a SubSelect stands alone."""

    elements: tuple[Element, ...]

    def __str__(self) -> str:
        """Return the group with its braces."""
        return f"{{ {' '.join(map(str, self.elements))} }}"


@dataclass(frozen=True, slots=True)
class Query:
    """A query in pieces: the text before its first brace, the template of a CONSTRUCT, its WHERE, and what follows."""

    head: str
    template: Group | None
    where: Group
    tail: str


def read_group(text: str) -> Group:
    """Return the tree of a group graph pattern, from its first brace to its last."""
    return _Reader(text).group()


def read_query(text: str) -> Query:
    """Return the pieces of a SELECT or CONSTRUCT query that stands without prologue."""
    return _Reader(text).query()


class _Reader:
    """Reads the tokens of one text from left to right."""

    def __init__(self, text: str) -> None:
        self._found: Sequence[Token] = list(tokens(text))
        self._at = 0

    def query(self) -> Query:
        template = None
        if self._word() == "CONSTRUCT":
            head = self._until("{")
            template = self.group()
            self._until("{")
        else:
            head = self._until("{")
        return Query(head, template, self.group(), self._until("}"))

    def group(self) -> Group:
        self._at += 1
        elements: list[Element] = []
        while self._next() != "}":
            if self._next() == ".":
                self._at += 1
            else:
                elements.extend(self._elements())
        self._at += 1
        return Group(tuple(elements))

    def _elements(self) -> Sequence[Element]:
        word = self._word()
        if self._next() == "{":
            return [self._union()]
        if word == "SELECT":
            return [self._sub_select()]
        if word in NESTING:
            return [Nested(self._until("{"), self.group())]
        if word in CONSTRAINTS:
            return [self._constraint()]
        return self._same_subject()

    def _union(self) -> Union:
        groups = [self.group()]
        while self._word() == "UNION":
            self._at += 1
            groups.append(self.group())
        return Union(tuple(groups))

    def _sub_select(self) -> SubSelect:
        return SubSelect(self._until("{"), self.group(), self._until("}"))

    def _until(self, end: str) -> str:
        start = self._at
        while self._next() != end:
            self._skip()
        return self._slice(start)

    def _constraint(self) -> Constraint:
        word = self._word()
        self._at += 1
        start = self._at
        while self._next() not in {"(", "{"}:
            self._at += 1
        if word == "VALUES":
            self._until("{")
            self._skip()
            return Constraint(word, (self._slice(start),))
        if self._next() == "{":
            return Constraint(word, (self._slice(start), self.group()))
        return Constraint(word, self._expression(start))

    def _expression(self, start: int) -> tuple[str | Group, ...]:
        """Read a bracketed expression: text from the token at `start` on, and the groups of EXISTS in it."""
        parts: list[str | Group] = []
        depth = 0
        while True:
            if self._next() == "{":
                parts += [self._slice(start), self.group()]
                start = self._at
                continue
            depth += (self._next() == "(") - (self._next() == ")")
            self._at += 1
            if not depth:
                return (*parts, self._slice(start))

    def _same_subject(self) -> list[TriplePattern]:
        """Read the triple patterns of one subject (TriplesSameSubjectPath)."""
        found: list[TriplePattern] = []
        subject = self._term()
        if self._next() in {".", "}", "{"} or self._word() in BLOCK_WORDS:
            return [TriplePattern(subject, "", "")]
        while self._next() not in {".", "}", "{"} and self._word() not in BLOCK_WORDS:
            verb = self._path()
            found.append(TriplePattern(subject, verb, self._term()))
            while self._next() == ",":
                self._at += 1
                found.append(TriplePattern(subject, verb, self._term()))
            while self._next() == ";":
                self._at += 1
        return found

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

    def _next(self) -> str:
        return self._found[self._at].text if self._at < len(self._found) else "}"

    def _word(self) -> str:
        return self._next().upper() if self._at < len(self._found) and self._found[self._at].kind == "word" else ""

    def _slice(self, start: int) -> str:
        """Return the text of the tokens from `start` on: white space and comments between them become one space."""
        text, end = "", self._found[start].start if start < len(self._found) else 0
        for token in self._found[start : self._at]:
            text += (" " if token.start > end else "") + token.text
            end = token.start + len(token.text)
        return text
