"""Files of patient records: which there are under a path, of which form, and which of them belong together."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from kg_service.errors import RecordError, WrongRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JSON = "application/json"
TURTLE = "text/turtle"
RDF_SUFFIXES = {
    ".ttl": TURTLE,
    ".nt": "application/n-triples",
    ".nq": "application/n-quads",
    ".trig": "application/trig",
    ".jsonld": "application/ld+json",
}
LINES = {".ndjson", ".jsonl"}
SUFFIXES = (*RDF_SUFFIXES, ".json", *LINES)
PACKED = {".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"}
UNREAD = {".xml", ".rdf", ".n3"}  # forms in which records come, but are not read here


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
            raise _unreadable(self.path, error) from error

    def read(self, offset: int = 0, length: int = -1) -> bytes:
        """Return a part of the source, by default all; RecordError when the file cannot be read."""
        if self.path is None:
            return self.data[offset:] if length < 0 else self.data[offset : offset + length]
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(length)
        except OSError as error:
            raise _unreadable(self.path, error) from error


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
    whole = _printable(str(source.path))
    return replace(source, name=whole, shown=whole)


def _sources(one: Path | bytes | Source, *, is_one_of_several: bool) -> list[Source]:
    if isinstance(one, Source):
        return [one]
    if isinstance(one, bytes):
        kind = media_type_of(one)
        return [Source("standard input", Form.DOCUMENT if kind == JSON else Form.WHOLE, kind, data=one)]
    if one.is_dir():
        return _in_folder(one)
    if not one.exists():
        raise RecordError(f"{one.name} cannot be read: there is no file or folder {one}. Check the path.")
    if one.suffix.lower() not in SUFFIXES:
        raise WrongRecord(
            f"{one.name}: not a file of records by its suffix: unpack it, or name it {', '.join(SUFFIXES)}."
        )
    return [_file(one, one.name, shown=one.name if is_one_of_several else "")]


def media_type_of(data: bytes) -> str:
    """Tell JSON from Turtle by the first character, where nobody says what it is."""
    return JSON if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else TURTLE


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


def others_under(folder: Path) -> list[str]:
    """Return the files in a folder that are not read: those that are hidden, or no files of records by their suffix."""
    return [name for name, path in _under(folder).items() if not _is_read(path)]


def _in_folder(folder: Path) -> list[Source]:
    """Return RDF first, then JSON, then lines of JSON. Records that would be missed are refused."""
    inside = _under(folder)
    for name, path in inside.items():
        if cure := _missed(path):
            raise WrongRecord(f"{name} in the folder {folder.name} {cure}.")
    files = [(name, path) for name, path in inside.items() if _is_read(path)]
    if not files:
        raise WrongRecord(f"The folder {folder.name} has no file of records: {', '.join(SUFFIXES)}.")
    files.sort(key=lambda file: (file[1].suffix.lower() in LINES, file[1].suffix.lower() not in RDF_SUFFIXES))
    return [_file(path, name, shown=name) for name, path in files]


def _under(folder: Path) -> dict[str, Path]:
    """Return the files in a folder and the folders in it, but for hidden folders, by the path from it, in its order."""

    def fail(error: OSError) -> None:
        raise _unreadable(Path(str(error.filename)), error) from error

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if name[0] != "."]
        links = [name for name in folders if Path(place, name).is_symlink()]
        found += [Path(place, name) for name in [*files, *links]]
    return {path.relative_to(folder).as_posix(): path for path in sorted(found)}


def _is_read(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.name[0] != "."


def _missed(path: Path) -> str:
    """Return why records in it would be missed, and what to do; nothing of other files."""
    suffix = path.suffix.lower()
    if suffix in PACKED:
        return "is packed, and would be missed: unpack it"
    if suffix in UNREAD:
        return "is of a form that is not read, and would be missed: convert it to FHIR JSON, or move it away"
    if path.is_dir():
        return "is a link to a folder, and would be missed: put the folder in its place, or remove it"
    if _is_read(path) and not path.is_file():
        return "is no file, or a link to nothing, and would be missed: put it right, or remove it"
    return ""


def _file(path: Path, name: str, shown: str) -> Source:
    suffix = path.suffix.lower()
    form, media_type = FORMS.get(suffix, Form.WHOLE), RDF_SUFFIXES.get(suffix, JSON)
    return Source(_printable(name), form, media_type, shown=_printable(shown), path=path)


def _printable(name: str) -> str:
    """Return a file's name as Unicode, whatever bytes it is of."""
    return name.encode("utf-8", errors="replace").decode("utf-8")


def _unreadable(path: Path, error: OSError) -> RecordError:
    return RecordError(f"{path.name} cannot be read: {error.strerror}. Check the file and its permissions.")
