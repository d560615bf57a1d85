"""A quick look at N-Triples and N-Quads (https://www.w3.org/TR/n-triples/): which lines are of which patient.

Lines of one subject that follow each other are looked at as one. What is wrong with a line comes to light when it is
read.
"""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from kg_service.knowledge.namespaces import PATIENT, TYPE
from kg_service.patients.glance import Glance, Trait

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NODE = rb"<[^<>]*>|_:[^\s<>#]*[^\s<>#.]"  # the full stop after a blank node is not of its name
LINE = re.compile(rb"\s*(%b)\s*<([^<>]*)>\s*(%b)?" % (NODE, NODE))
NOTHING = re.compile(rb"\s*(#|$)")
ESCAPE = re.compile(rb"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
SUBJECT = f"{PATIENT}subject".encode()
IS_A = TYPE.value.encode()
PERSON = f"<{PATIENT}Patient>".encode()


def runs(lines: Iterable[bytes]) -> Iterator[tuple[int, int, int, Glance]]:
    """Yield first byte, bytes, number of the first line, and whom they are of, of lines with one subject in a row."""
    for subject, run in groupby(_statements(lines), itemgetter(0)):
        found = Glance(Trait.CONCERN if subject else Trait.BROKEN)
        if subject:
            found.names.add(subject)
        first = end = number = None
        for _, offset, length, line, match in run:
            first, number = (offset, line) if first is None else (first, number)
            end = offset + length
            if match:
                _look(found, match)
            else:
                yield offset, length, line, found
        if subject and first is not None and end is not None and number is not None:
            yield first, end - first, number, found


def _statements(lines: Iterable[bytes]) -> Iterator[tuple[str, int, int, int, re.Match[bytes] | None]]:
    """Yield each line's subject (none where it has none), place, and parts, but for empty lines and comments."""
    offset = 0
    for number, ended in enumerate(lines, start=1):
        for line in ended.splitlines(keepends=True):  # a carriage return ends one, too
            match = LINE.match(line)
            if match or not NOTHING.match(line):
                yield _term(match[1]) if match else "", offset, len(line), number, match
            offset += len(line)


def _look(found: Glance, match: re.Match[bytes]) -> None:
    """Note the patient whom a statement names, or that its subject is one, or a record."""
    is_person = match[2] == IS_A and match[3] == PERSON
    if is_person or (match[2] == SUBJECT and match[3]):
        found.traits |= Trait.RECORD
    if match[2] == IS_A and match[3] and match[3].startswith(f"<{PATIENT}".encode()):
        found.traits |= Trait.OPEN
    if match[2] == SUBJECT and match[3]:
        found.names.add(_term(match[3]))


def _term(written: bytes) -> str:
    """Return a term with its escapes resolved, so that what is written in two ways is one."""
    found = ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16) % 0x110000).encode(errors="replace"), written)
    return found.decode(errors="replace")
