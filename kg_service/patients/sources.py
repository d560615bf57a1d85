"""Files of patient records: which there are under a path, of which form, and which of them belong together."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from kg_service.errors import RecordError, WrongRecord
from kg_service.patients import content
from kg_service.patients.folder import NOT_LINES, ONE, printable, records_in, unreadable
from kg_service.patients.suffixes import LINES, RDF_SUFFIXES, TURTLE, refusal, suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

JSON = "application/json"
STANDARD_INPUT = "standard input"


class Form(StrEnum):
    """How a source is divided: a FHIR resource or bundle on each line, one in all, a triple on each line, or not."""

    RESOURCES = "resources"
    DOCUMENT = "document"
    TRIPLES = "triples"
    WHOLE = "whole"


FHIR = {Form.RESOURCES, Form.DOCUMENT}
FORMS = {
    ".json": Form.DOCUMENT,
    **dict.fromkeys(LINES, Form.RESOURCES),
    **dict.fromkeys((".nt", ".nq"), Form.TRIPLES),
}
"""How files are divided, by suffix; those of other suffixes are read as a whole."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or bytes in memory.

    What sources with the same `group` say of a patient is joined. `given` numbers what the user named, a file or a
    folder of several. `shown` goes before the numbers of lines in the paths of remarks; `name` tells the source from
    others.
    """

    name: str
    form: Form
    media_type: str = JSON
    group: int = 0
    given: int = 0
    shown: str = ""
    path: Path | None = None
    data: bytes = b""

    @property
    def size(self) -> int:
        """Bytes in the source."""
        return self.path.stat().st_size if self.path else len(self.data)

    @property
    def stamp(self) -> str:
        """What changes when the source does: place, size and time of change of a file, the digest of bytes."""
        if self.path is None:
            return hashlib.sha256(self.data).hexdigest()
        return f"{self.path.resolve()} {self.size} {self.path.stat().st_mtime_ns}"

    def lines(self) -> Iterator[bytes]:
        """Yield the lines with their ends; RecordError when the file cannot be read."""
        if self.path is None:
            yield from io.BytesIO(self.data)  # which ends lines as a file does
            return
        try:
            with self.path.open("rb") as file:
                yield from file
        except OSError as error:
            raise unreadable(self.path, error) from error

    def read(self, offset: int = 0, length: int = -1) -> bytes:
        """Return a part of the source, by default all; RecordError when the file cannot be read."""
        if self.path is None:
            return self.data[offset:] if length < 0 else self.data[offset : offset + length]
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(length)
        except OSError as error:
            raise unreadable(self.path, error) from error


def sources_of(given: Sequence[Path | bytes | Source]) -> list[Source]:
    """Return the sources under paths, each a file of records or a folder of them, in the order of their names.

    All FHIR in them is one input: what different files say of one patient is joined. So are the lines of one file of
    triples. Bytes are what standard input holds. Raises RecordError for a path that is not there, or holds nothing that
    is read here.
    """
    found = [
        replace(source, given=number)
        for number, one in enumerate(given)
        for source in _sources(one, is_one_of_several=len(given) > 1)
    ]
    seen = Counter(source.name for source in found)
    return [
        replace(
            source if seen[source.name] == 1 else _told_apart(source),
            group=0 if source.form in FHIR else number,
        )
        for number, source in enumerate(found, start=1)
    ]


def _told_apart(source: Source) -> Source:
    """Return a source under its whole path: others have its name."""
    if source.path is None:
        return source
    whole = printable(str(source.path))
    return replace(source, name=whole, shown=whole)


def _sources(one: Path | bytes | Source, *, is_one_of_several: bool) -> list[Source]:
    if isinstance(one, Source):
        return [one]
    if isinstance(one, bytes):
        return [_in_memory(one)]
    if one.is_dir():
        return _in_folder(one)
    if not one.exists():
        raise RecordError(f"{one.name} cannot be read: there is no file or folder {one}. Check the path.")
    if told := refusal(one):
        raise WrongRecord(f"{one.name} {told}.")
    if suffix_of(one) in LINES and content.is_indented(one):
        raise WrongRecord(f"{one.name} {NOT_LINES.format_map(ONE)}.")
    return [_file(one, one.name, shown=one.name if is_one_of_several else "")]


def _in_memory(data: bytes) -> Source:
    if told := content.refusal(data):
        raise WrongRecord(f"{STANDARD_INPUT} {told}.")
    kind = media_type_of(data)
    return Source(STANDARD_INPUT, Form.DOCUMENT if kind == JSON else Form.WHOLE, kind, data=data)


def media_type_of(data: bytes) -> str:
    """Tell JSON from Turtle by the first character, where nobody says what it is."""
    return JSON if content.JSON.match(data.lstrip(content.BLANK)) else TURTLE


def is_lines(data: bytes) -> bool:
    """Tell whether the first line is a JSON value by itself and more follows."""
    first, _, rest = data.lstrip().partition(b"\n")
    if not rest.strip():
        return False
    try:
        json.loads(first, parse_int=float)
    except (ValueError, RecursionError):
        return False
    return True


def _in_folder(folder: Path) -> list[Source]:
    """Return RDF first, then JSON, then lines of JSON. Records that would be missed are refused."""
    files = list(records_in(folder).items())
    files.sort(key=lambda file: (suffix_of(file[1]) in LINES, suffix_of(file[1]) not in RDF_SUFFIXES))
    return [_file(path, name, shown=name) for name, path in files]


def _file(path: Path, name: str, shown: str) -> Source:
    suffix = suffix_of(path)
    form, media_type = FORMS.get(suffix, Form.WHOLE), RDF_SUFFIXES.get(suffix, JSON)
    return Source(printable(name), form, media_type, shown=printable(shown), path=path)
