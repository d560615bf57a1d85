"""SPARQL expressions as trees (https://www.w3.org/TR/sparql11-query/#rExpression); of functions, those shapes use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import TYPE
from kg_service.knowledge.pattern import Group
from kg_service.knowledge.tokens import Token, tokens
from kg_service.validation.compiled.values import BOOLEAN, DECIMAL, DOUBLE, INTEGER, RDF_LANGUAGE, STRING, Term, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

FUNCTIONS = frozenset({"BOUND", "COALESCE", "CONCAT", "IF", "IRI", "STR"})
AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX"})
ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)


class Variable(NamedTuple):
    """A variable, by its name."""

    name: str


class Constant(NamedTuple):
    """A term."""

    term: Term


class Call(NamedTuple):
    """An operator or a function, in capitals, on expressions."""

    name: str
    args: tuple[Expression, ...]


class Exists(NamedTuple):
    """EXISTS, or with `negated` NOT EXISTS, of a group."""

    group: Group
    negated: bool


class Aggregate(NamedTuple):
    """An aggregate of an expression (None: of the solutions, COUNT(*))."""

    name: str
    distinct: bool
    of: Expression | None


Expression: TypeAlias = "Variable | Constant | Call | Exists | Aggregate"


class Names:
    """Resolves prefixed names, and reads terms."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        """Take the namespaces by their prefixes."""
        self._prefixes = prefixes

    def term(self, written: str) -> Variable | Constant:
        """Return the variable, IRI or literal that a text stands for; ReleaseError for a blank node or collection."""
        reader = _Parser([*tokens(written)], self)
        found = None if written.startswith(("[", "(", "_:")) else reader.primary()
        if not isinstance(found, Variable | Constant) or not reader.done:
            raise ReleaseError(f"{written} in a triple pattern is not supported: name a variable, an IRI or a literal.")
        return found

    def iri(self, token: Token) -> str:
        """Return the IRI of an IRI, a prefixed name, or `a`."""
        if token.text == "a":
            return TYPE.value
        if token.kind == "iri":
            return ESCAPE.sub(_unescaped, token.text[1:-1])
        prefix, _, local = token.text.partition(":")
        if token.kind != "name" or prefix not in self._prefixes:
            raise ReleaseError(f"{token.text} is no IRI here: declare its prefix, or use a function that is supported.")
        return self._prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)

    def expression(self, parts: Iterable[str | Group]) -> Expression:
        """Return the tree of an expression, given as text and the groups of EXISTS; ReleaseError if not supported."""
        found: list[Token | Group] = []
        for part in parts:
            found.extend([part] if isinstance(part, Group) else tokens(part))
        return _Parser(found, self).whole()


class _Parser:
    """Reads an expression by the levels of the grammar."""

    def __init__(self, found: Sequence[Token | Group], names: Names) -> None:
        self._found = found
        self._names = names
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at == len(self._found)

    def whole(self) -> Expression:
        found = self._or()
        if not self.done:
            raise ReleaseError(f"An expression ends before {self._next}: it is not supported as it stands.")
        return found

    def _or(self) -> Expression:
        return self._chain("||", self._and)

    def _and(self) -> Expression:
        return self._chain("&&", self._relational)

    def _chain(self, sign: str, level: Callable[[], Expression]) -> Expression:
        args = [level()]
        while self._take(sign):
            args.append(level())
        return args[0] if len(args) == 1 else Call(sign, tuple(args))

    def _relational(self) -> Expression:
        left = self._additive()
        negated = self._next.upper() == "NOT"
        if negated or self._next.upper() == "IN":
            self._at += 1 + negated
            return Call("NOT IN" if negated else "IN", (left, *self._arguments()))
        sign = self._comparison()
        return Call(sign, (left, self._additive())) if sign else left

    def _comparison(self) -> str:
        for sign in ("<=", ">=", "!=", "=", "<", ">"):
            if "".join(self._text(self._at + i) for i in range(len(sign))) == sign:
                self._at += len(sign)
                return sign
        return ""

    def _additive(self) -> Expression:
        left = self._multiplicative()
        while self._next in {"+", "-"}:
            left = Call(self._advance(), (left, self._multiplicative()))
        return left

    def _multiplicative(self) -> Expression:
        left = self._unary()
        while self._next in {"*", "/"}:
            left = Call(self._advance(), (left, self._unary()))
        return left

    def _unary(self) -> Expression:
        if self._take("!"):
            return Call("!", (self._unary(),))
        if self._take("-"):
            return Call("-", (Constant(literal("0", INTEGER)), self._unary()))
        return self.primary()

    def primary(self) -> Expression:  # noqa: PLR0911 - one for each kind of token
        if self._next == "(":
            self._at += 1
            found = self._or()
            self._expect(")")
            return found
        token = self._found[self._at] if not self.done else Token("sign", "", 0)
        word = self._next.upper()
        if isinstance(token, Group):
            raise ReleaseError("A group stands in an expression without EXISTS: correct it.")
        if word in {"NOT", "EXISTS"} and token.kind == "word":
            return self._exists()
        self._at += 1
        if token.kind == "variable":
            return Variable(token.text[1:])
        if token.kind == "word" and word in {"TRUE", "FALSE"}:
            return Constant(literal(word.lower(), BOOLEAN))
        if token.kind == "word" and self._next == "(":
            return self._call(word)
        if token.kind == "number":
            return Constant(_number(token.text))
        if token.kind == "string":
            return Constant(self._string(token.text))
        if self._next == "(":
            raise ReleaseError(f"The function {token.text} is not supported: use {', '.join(sorted(FUNCTIONS))}.")
        return Constant(self._names.iri(token))

    def _exists(self) -> Exists:
        negated = self._next.upper() == "NOT"
        self._at += 1 + negated
        group = self._found[self._at]
        if not isinstance(group, Group):
            raise ReleaseError("EXISTS without a group: correct the expression.")
        self._at += 1
        return Exists(group, negated)

    def _call(self, word: str) -> Expression:
        if word in AGGREGATES:
            self._expect("(")
            distinct = self._take("DISTINCT")
            of = None if self._take("*") else self._or()
            self._expect(")")
            return Aggregate(word, distinct, of)
        if word not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS | AGGREGATES))
            raise ReleaseError(f"The function {word} is not supported: use {known}.")
        return Call(word, tuple(self._arguments()))

    def _arguments(self) -> list[Expression]:
        self._expect("(")
        found = [self._or()]
        while self._take(","):
            found.append(self._or())
        self._expect(")")
        return found

    def _string(self, quoted: str) -> Term:
        length = 3 if quoted[:3] in {'"""', "'''"} else 1
        lexical = ESCAPE.sub(_unescaped, quoted[length:-length])
        typed = self._take("^^")
        token = self._found[self._at] if not self.done else None
        if typed and isinstance(token, Token):
            self._at += 1
            return literal(lexical, self._names.iri(token))
        if isinstance(token, Token) and token.kind == "language":
            self._at += 1
            return literal(lexical, RDF_LANGUAGE, token.text[1:].lower())
        return literal(lexical, STRING)

    @property
    def _next(self) -> str:
        return self._text(self._at)

    def _text(self, at: int) -> str:
        token = self._found[at] if at < len(self._found) else None
        return token.text if isinstance(token, Token) else ""

    def _advance(self) -> str:
        self._at += 1
        return self._text(self._at - 1)

    def _take(self, word: str) -> bool:
        found = self._next.upper() == word
        self._at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ReleaseError(f"An expression has {self._next or 'nothing'} where {sign} is expected: correct it.")


def _number(written: str) -> Term:
    kind = DOUBLE if "e" in written.lower() else DECIMAL if "." in written else INTEGER
    return literal(written, kind)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] in "uU" and len(code) > 1 else ESCAPES[code]
