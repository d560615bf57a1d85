"""The words of a SPARQL query, told apart as its grammar does (https://www.w3.org/TR/sparql11-query/#sparqlGrammar).

Enough of a reader to know what is a keyword and what only looks like one inside a comment, an IRI or a string.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Outside strings, IRIs and comments, characters beyond ASCII stand only in names; those that may not are left to
# Oxigraph to reject. The sets say which ASCII characters are out: so they compile at once.
_START = r"[^\x00-@\[-`{-\x7F]"  # letters
_CHAR = r"[^\x00-/:-@\[-^`{-\x7F]"  # letters, digits, _
_INNER = r"[^\x00-,/:-@\[-^`{-\x7F]"  # letters, digits, _, - and .
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_PREFIX = rf"{_START}{_INNER}{{0,255}}"  # bounded, so that long dotted texts are read in linear time
_LOCAL = rf"(?:{_CHAR}|:|{_ESCAPED})(?:{_INNER}|:|{_ESCAPED})*"

_TOKEN = re.compile(
    rf"""
    (?:[\x20\t\r\n]++|\#[^\r\n]*+)*+  # possessive: what is passed over is never taken for a sign
  (?:
    (?P<iri><(?:[^<>"{{}}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*>)
  | (?P<string>'''(?:'{{0,2}}(?:[^'\\]|\\.))*'''|\"\"\"(?:"{{0,2}}(?:[^"\\]|\\.))*\"\"\"
      |'(?!'')(?:[^'\\\r\n]|\\.)*'|"(?!"")(?:[^"\\\r\n]|\\.)*")
  | (?P<broken>['"].*)
  | (?P<variable>[?$]{_CHAR}+)
  | (?P<blank>_:{_CHAR}{_INNER}*)
  | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
  | (?P<name>(?:{_PREFIX})?:(?:{_LOCAL})?)
  | (?P<word>[A-Za-z][A-Za-z0-9_]*)
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<sign><<|>>|\^\^|\|\||&&|.)
  )
    """,
    re.VERBOSE | re.DOTALL,
)


_WITH_AUTHORITY = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://")  # no expression can begin so


class Token(NamedTuple):
    """A piece of the query: its kind (the group names above, or unclear), its text, and where it starts."""

    kind: str
    text: str
    start: int


def tokens(query: str) -> Iterator[Token]:
    """Yield every piece of `query`, white space and comments left out. No text is refused.

    A string that never ends makes the rest of the query one token, of kind broken. Within parentheses `<` after an
    operand may mean less-than, and what follows up to a `>` is then read piece by piece; where the two readings could
    differ in what comes next, because a comment, a string or another `<` would begin, the token is of kind unclear.
    """
    open_brackets: list[str] = []
    last = Token("sign", "", 0)
    start = 0
    while match := _TOKEN.match(query, start):
        kind = match.lastgroup or "sign"
        token = Token(kind, match[kind], match.start(kind))
        if token.text[0] == "<" and open_brackets[-1:] == ["("] and _is_operand_end(last):
            token = _less_than_or_iri(token)
        start = token.start + len(token.text)
        if token.text in {"(", "[", "{"}:
            open_brackets.append(token.text)
        elif token.text in {")", "]", "}"} and open_brackets:
            open_brackets.pop()
        yield token
        last = token


def _is_operand_end(token: Token) -> bool:
    """Tell whether an operator may follow; a word may end in a number or truth value (DISTINCT1, DISTINCTtrue)."""
    if token.kind == "sign":
        return token.text in {")", "]", "}", ">>"}
    return token.kind != "word" or token.text.upper() != "DISTINCT"


def _less_than_or_iri(token: Token) -> Token:
    if _WITH_AUTHORITY.match(token.text):
        return token
    if token.text == "<<" or "#" in token.text or "'" in token.text:
        return token._replace(kind="unclear")
    return token._replace(kind="sign", text="<")
