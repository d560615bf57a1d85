"""JSON text to values, strictly (RFC 8259): what is doubtful is refused, with its line and column."""

from __future__ import annotations

import codecs
import json
import re
from decimal import Decimal
from typing import NoReturn

from kg_service.errors import MalformedRecord

ESCAPE = len("\\u0000")
PART_OF_TOKEN = re.compile(r'[^\s,:{}\[\]"]*\s*')
"""What may stand at the end of a text that was cut off within a number, true, false or null."""
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+', re.DOTALL)
NO_JSON = {"NaN", "Infinity", "-Infinity"}


class _RefusedError(Exception):
    """What the parser calls back about; the place is looked for afterwards."""


def parse_json(data: bytes, *, first_line: int = 1) -> object:
    """Return the value of a JSON text in UTF-8, with or without byte order mark; numbers become Decimal.

    Raises MalformedRecord for bytes that are not UTF-8, for what is not JSON or ends in the middle, for NaN and
    Infinity, for a name given twice in one object, and for nesting too deep to follow. `first_line` is the number of
    the text's first line in what the user gave.
    """
    text = _decode(data, first_line)
    try:
        return json.loads(
            text,
            parse_int=Decimal,
            parse_float=Decimal,
            parse_constant=_refuse,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        _raise_syntax(text, error, first_line)
    except _RefusedError:
        _raise_refused(text, first_line)
    except RecursionError:
        raise MalformedRecord(
            "The JSON is nested too deeply to be a FHIR resource: flatten it.", first_line, 1
        ) from None


def parse_loosely(data: bytes) -> object:
    """Return the value of a JSON text in UTF-8, for a quick look; ValueError for what is not JSON."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_int=float)  # int refuses long ones
    except RecursionError as error:
        raise ValueError from error


def _decode(data: bytes, first_line: int) -> str:
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8", errors="replace")
        line, column = _place(before, len(before), first_line)
        raise MalformedRecord(
            f"The bytes are not UTF-8 at line {line}, column {column}: save the file as UTF-8.", line, column
        ) from None
    if not text.strip():
        raise MalformedRecord("There is no JSON here, it is empty: give a FHIR resource or Bundle.", first_line, 1)
    return text


def _refuse(_constant: str) -> NoReturn:
    raise _RefusedError


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError
    return found


def _raise_syntax(text: str, error: json.JSONDecodeError, first_line: int) -> NoReturn:
    is_last_token = error.pos > 0 and PART_OF_TOKEN.fullmatch(text, error.pos)
    is_last_escape = error.msg.startswith("Invalid \\u") and len(text) - error.pos < ESCAPE
    ends_early = is_last_token or is_last_escape or error.msg.startswith("Unterminated string")
    line, column = _place(text, error.pos, first_line)
    if ends_early:
        message = f"The JSON ends in the middle (line {line}, column {column}): it was cut off; give the whole text."
    else:
        message = f"This is not JSON at line {line}, column {column} ({error.msg}): correct it there."
    raise MalformedRecord(message, line, column) from None


def _raise_refused(text: str, first_line: int) -> NoReturn:
    """Find the first name given twice, or number that JSON does not have, and say where it is."""
    names: list[set[str]] = []
    token = None
    for following in TOKEN.finditer(text):
        if token and following[0] == ":" and names:
            if token[0] in names[-1]:
                line, column = _place(text, token.start(), first_line)
                raise MalformedRecord(
                    f"A name is given twice in one object at line {line}, column {column}: keep one of them.",
                    line,
                    column,
                )
            names[-1].add(token[0])
        elif following[0] in NO_JSON:
            line, column = _place(text, following.start(), first_line)
            raise MalformedRecord(
                f"NaN and Infinity are no JSON numbers (line {line}, column {column}): leave the value out.",
                line,
                column,
            )
        if following[0] in {"{", "["}:
            names.append(set())
        elif following[0] in {"}", "]"}:
            names.pop()
        token = following
    # The same name spelt with and without escapes.
    raise MalformedRecord("A name is given twice in one object: keep one of them.", first_line, 1)


def _place(text: str, position: int, first_line: int) -> tuple[int, int]:
    """Return line and column, both from 1."""
    before = text[:position]
    return first_line + before.count("\n"), position - (before.rfind("\n") + 1) + 1
