"""FHIR R4 in bytes and files: JSON, NDJSON (http://ndjson.org), and folders of bulk export or of bundles.

See https://hl7.org/fhir/uv/bulkdata/export.html. Lines that are bundles of patients with their records, of whom no
other line speaks, are read as they come; all other lines are joined by patient when the last has been seen.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from kg_service.errors import MalformedRecord, RecordError, WrongRecord
from kg_service.patients.fhir.element import Notes
from kg_service.patients.fhir.entries import Entry, is_bundle, open_resource
from kg_service.patients.fhir.json_text import parse_json
from kg_service.patients.fhir.library import LITERAL, VERSION
from kg_service.patients.fhir.reading import JUDGED, OF_PATIENT, read_entries, read_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from kg_service.patients.record import PatientRecord
    from kg_service.patients.terminology import Terminology

JSON = {".json"}
LINES = {".ndjson", ".jsonl"}
KEPT_WHOLE = JUDGED
"""Of other resources only type, id and patient are kept while lines are joined."""


class Line(NamedTuple):
    """A line of NDJSON, its number from 1, and the file it is from where there are several."""

    data: bytes
    number: int
    file: str = ""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.file} line {self.number}".lstrip()

    @property
    def root_path(self) -> str:
        """What goes before the paths of what stands in it."""
        return f"{self.place}: "


def read_bytes(data: bytes, terminology: Terminology) -> list[PatientRecord]:
    """Read a JSON resource, or NDJSON whose lines are bundles or resources, into one record per patient.

    Raises MalformedRecord or WrongRecord.
    """
    if is_lines(data):
        lines = [Line(line, n) for n, line in enumerate(data.splitlines(), 1)]
        return list(_read_lines(lambda: lines, terminology))
    return read_resource(parse_json(data), terminology)


def read_path(path: Path, terminology: Terminology) -> Iterator[PatientRecord]:
    """Read a .json, .ndjson or .jsonl file, or a folder of them: lines of a folder are joined, .json files are not.

    Raises RecordError when the path cannot be read, and MalformedRecord or WrongRecord for what stands in it; each
    message names the file.
    """
    if path.is_dir():
        yield from _read_folder(path, terminology)
    elif path.suffix.lower() in LINES:
        with _named(path):
            yield from _read_lines(lambda: _file_lines(path), terminology)
    elif path.suffix.lower() in JSON:
        yield from _read_file(path, terminology)
    elif path.exists():
        raise RecordError(f"{path.name} is of no form read here: give .json, .ndjson, .jsonl or a folder of them.")
    else:
        raise RecordError(f"There is no file or folder {path}: check the path.")


def _read_folder(folder: Path, terminology: Terminology) -> Iterator[PatientRecord]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    whole = [path for path in files if path.suffix.lower() in JSON]
    lined = [path for path in files if path.suffix.lower() in LINES]
    if not whole and not lined:
        raise RecordError(f"There is no .json, .ndjson or .jsonl file in the folder {folder}: check the path.")
    for path in whole:
        yield from _read_file(path, terminology)
    if lined:
        yield from _read_lines(
            lambda: (line for path in lined for line in _file_lines(path, _printable(path))), terminology
        )


def _read_file(path: Path, terminology: Terminology) -> list[PatientRecord]:
    with _named(path):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from error
        return read_bytes(data, terminology)


def _file_lines(path: Path, name: str = "") -> Iterator[Line]:
    try:
        with path.open("rb") as file:
            yield from (Line(line, number, name) for number, line in enumerate(file, 1))
    except OSError as error:
        raise _unreadable(path, error) from error


def _printable(path: Path) -> str:
    """Return a file's name as Unicode, whatever bytes it is of."""
    return path.name.encode("utf-8", errors="replace").decode("utf-8")


def _unreadable(path: Path, error: OSError) -> RecordError:
    return RecordError(f"{path} cannot be read ({error.strerror}): check the file and its permissions.")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file in errors about what stands in it."""
    try:
        yield
    except MalformedRecord as error:
        raise MalformedRecord(f"{path.name}: {error}", error.line, error.column) from error
    except WrongRecord as error:
        raise WrongRecord(f"{path.name}: {error}", error.path) from error


def is_lines(data: bytes) -> bool:
    """Tell whether the first line is a JSON value by itself and more follows."""
    first, _, rest = data.lstrip().partition(b"\n")
    if not rest.strip():
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _read_lines(lines: Callable[[], Iterable[Line]], terminology: Terminology) -> Iterator[PatientRecord]:
    """Yield the patients of bundles that stand alone as they come, then those of all other lines together.

    `lines` is asked twice: the first time only for which patients each line is of.
    """
    of_several = {name for name, count in Counter(n for line in lines() for n in names_in(line)).items() if count > 1}
    common = Notes()
    joined: list[Entry] = []
    is_empty = True
    for line in lines():
        if not line.data.strip():
            continue
        own = Notes()
        parsed = parse_line(line)
        entries = open_resource(parsed, line.root_path, own)
        if is_bundle(parsed) and is_complete(entries) and not of_several & names_in(line):
            is_empty = False
            yield from read_entries(entries, own, terminology, line.root_path)
        else:
            common.absorb(own)
            joined.extend(map(_kept, entries))
    if is_empty or any(entry.type in KEPT_WHOLE for entry in joined):
        yield from read_entries(joined, common, terminology)


def names_in(line: Line) -> set[str]:
    """Return what names the patients of a line, by a quick look; nothing where it is not JSON."""
    try:
        pending = [json.loads(line.data)]
    except (ValueError, RecursionError):
        return set()
    found: set[str] = set()
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            found |= _names(value)
            pending.extend(part for part in value.values() if isinstance(part, dict | list))
    return found


def _names(part: Mapping[str, object]) -> set[str]:
    """Return what an object says of who a patient is: by reference, by URL, or by the id of the Patient."""
    resource = part.get("resource")
    is_patient = isinstance(resource, dict) and resource.get("resourceType") == "Patient"
    said = [part.get("fullUrl")] if is_patient else []
    if part.get("resourceType") == "Patient":
        said.append(f"Patient/{part['id']}" if "id" in part else None)
    for name in OF_PATIENT:
        reference = part.get(name)
        said.append(reference.get("reference") if isinstance(reference, dict) else None)
    urls = [VERSION.sub("", text) for text in said if isinstance(text, str)]
    matches = [(url, LITERAL.fullmatch(url)) for url in urls]
    return {match["local"] if match else url for url, match in matches if not url.startswith("#")}


def is_complete(entries: list[Entry]) -> bool:
    """Tell whether a bundle holds patients and their records, not only one of the two."""
    are_patients = {entry.type == "Patient" for entry in entries}
    return are_patients == {True, False}


def parse_line(line: Line) -> object:
    """Return the value of a line; MalformedRecord names the line, and the file where there are several."""
    try:
        return parse_json(line.data, first_line=line.number)
    except MalformedRecord as error:
        if not line.file:
            raise
        raise MalformedRecord(f"{line.file}: {error}", error.line, error.column) from error


def _kept(entry: Entry) -> Entry:
    if entry.type in KEPT_WHOLE:
        return entry
    kept = {name: entry.resource[name] for name in ("resourceType", "id", *OF_PATIENT) if name in entry.resource}
    return Entry(kept, entry.path, entry.full_url)
