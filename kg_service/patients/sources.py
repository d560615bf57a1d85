"""Files of patient records: which there are under a path, of which form, and which of them belong together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kg_service.errors import RecordError, WrongRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RDF_SUFFIXES = {
    ".ttl": "text/turtle",
    ".nt": "application/n-triples",
    ".nq": "application/n-quads",
    ".trig": "application/trig",
    ".jsonld": "application/ld+json",
}
TRIPLES = {".nt", ".nq"}
LINES = {".ndjson", ".jsonl"}
SUFFIXES = (*RDF_SUFFIXES, ".json", *LINES)


class Form(StrEnum):
    """How a source is divided: a FHIR resource or bundle on each line, a triple on each line, or not at all."""

    RESOURCES = "resources"
    TRIPLES = "triples"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or bytes in memory.

    What the lines of sources with the same `group` say of a patient is joined. `shown` goes before the numbers of
    lines in the paths of remarks; `name` tells the source from others.
    """

    name: str
    form: Form
    group: int = 0
    shown: str = ""
    path: Path | None = None
    data: bytes = b""

    @property
    def suffix(self) -> str:
        """The suffix that tells the format, in lower case."""
        return self.path.suffix.lower() if self.path else ""

    @property
    def size(self) -> int:
        """Bytes in the source."""
        return self.path.stat().st_size if self.path else len(self.data)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines with their ends; RecordError when the file cannot be read."""
        if self.path is None:
            yield from self.data.splitlines(keepends=True)
            return
        try:
            with self.path.open("rb") as file:
                yield from file
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def read(self, offset: int = 0, length: int = -1) -> bytes:
        """Return a part of the source, by default all; RecordError when the file cannot be read."""
        if self.path is None:
            return self.data[offset : offset + length]
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(length)
        except OSError as error:
            raise _unreadable(self.path, error) from error


def sources_of(paths: Iterable[Path]) -> list[Source]:
    """Return the sources under paths, each a file of records or a folder of them, in the order of their names.

    Raises RecordError for a path that is not there, or holds nothing that is read here.
    """
    found: list[Source] = []
    for path in paths:
        if path.is_dir():
            found += _in_folder(path, len(found))
        elif not path.exists():
            raise RecordError(f"{path.name} cannot be read: there is no file or folder {path}. Check the path.")
        elif path.suffix.lower() not in SUFFIXES:
            raise WrongRecord(f"{path.name}: not a file of records by its suffix: name it {', '.join(SUFFIXES)}.")
        else:
            found.append(Source(_printable(path), _form(path), len(found), path=path))
    return found


def _in_folder(folder: Path, group: int) -> list[Source]:
    """Return RDF first, then JSON, each file for itself; the lines of all others belong together."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise WrongRecord(f"The folder {folder.name} has no file of records: {', '.join(SUFFIXES)}.")
    files.sort(key=lambda path: (path.suffix.lower() in LINES, path.suffix.lower() not in RDF_SUFFIXES))
    joined = group + sum(_form(path) != Form.RESOURCES for path in files)
    return [
        Source(_printable(path), _form(path), min(group + number, joined), _printable(path), path)
        for number, path in enumerate(files)
    ]


def _form(path: Path) -> Form:
    suffix = path.suffix.lower()
    if suffix in LINES:
        return Form.RESOURCES
    return Form.TRIPLES if suffix in TRIPLES else Form.WHOLE


def _printable(path: Path) -> str:
    """Return a file's name as Unicode, whatever bytes it is of."""
    return path.name.encode("utf-8", errors="replace").decode("utf-8")


def _unreadable(path: Path, error: OSError) -> RecordError:
    return RecordError(f"{path.name} cannot be read: {error.strerror}. Check the file and its permissions.")
