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
    (?P<space>[\x20\t\r\n]+|\#[^\r\n]*)
  | (?P<iri><[^<>"{{}}|^`\\\x00-\x20]*>)
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
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of the query: its kind (the group names above), its text, and where it starts."""

    kind: str
    text: str
    start: int


def tokens(query: str) -> Iterator[Token]:
    """Yield every piece of `query`, white space and comments left out. No text is refused.

    A string that never ends makes the rest of the query one token, of kind broken.
    """
    for match in _TOKEN.finditer(query):
        kind = match.lastgroup or "sign"
        if kind != "space":
            yield Token(kind, match.group(), match.start())
