"""What is in a folder: files of records, what is not read, and what would be missed if it were passed over."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kg_service.errors import RecordError, WrongRecord
from kg_service.patients.content import is_indented, is_manifest
from kg_service.patients.suffixes import LINES, PACKED, SUFFIXES, UNREAD, suffix_of

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NAMED = 3
"""Files that are named of those that would be missed for one reason."""

LINK = "{is} linked to a folder, and would be missed: put the folder in the place of the link, or remove the link"
NO_FILE = "{is} no file, or a link to nothing, and would be missed: put {it} right, or remove {it}"
PACKED_FILE = "{is} packed, and would be missed: unpack {it}"
OTHER_FORM = "{is} of a form that is not read, and would be missed: convert {it} to FHIR JSON, or move {it} away"
NOT_LINES = "{is} JSON over several lines, and not one resource a line: name {it} .json"
ONE = {"is": "is", "it": "it"}
SEVERAL = {"is": "are", "it": "them"}


@dataclass(frozen=True, slots=True)
class Inside:
    """What is in a folder and the folders in it, by the path from it, in its order.

    `others` are hidden, or no files of records; hidden folders, which nobody looks into, end with a slash. `missed` has
    what would be missed by the reason, which is a template for `ONE` or `SEVERAL`.
    """

    records: dict[str, Path] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    missed: dict[str, list[str]] = field(default_factory=dict)


def look_into(folder: Path) -> Inside:
    """Return what is in a folder; RecordError for one that cannot be read."""
    inside = Inside()
    for name, path in _under(folder).items():
        if reason := _missed(path):
            inside.missed.setdefault(reason, []).append(name)
        elif _is_named_as_read(path) and not (suffix_of(path) == ".json" and is_manifest(path)):
            inside.records[name] = path
        else:
            inside.others.append(name)
    return inside


def records_in(folder: Path) -> dict[str, Path]:
    """Return the files of records in a folder; WrongRecord if there are none, or others would be missed."""
    inside = look_into(folder)
    for reason, names in inside.missed.items():
        told = reason.format_map(ONE if len(names) == 1 else SEVERAL)
        raise WrongRecord(f"{some_of(names, MOST_NAMED)} in the folder {folder.resolve().name} {told}.")
    if not inside.records:
        raise WrongRecord(f"The folder {folder.resolve().name} has no file of records: {', '.join(SUFFIXES)}.")
    return inside.records


def some_of(names: Sequence[str], most: int) -> str:
    """Return the first names as text that a terminal can show, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(printable, names[:most])) + more


def printable(name: str) -> str:
    """Return a file's name as Unicode, whatever bytes it is of, without signs that steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)


def unreadable(path: Path, error: OSError) -> RecordError:
    """Return what to say of a file or folder that cannot be read."""
    return RecordError(f"{path.name} cannot be read: {error.strerror}. Check the file and its permissions.")


def _under(folder: Path) -> dict[str, Path]:
    """Return the files in a folder and the folders in it, and hidden folders, by the path from it, in its order."""

    def fail(error: OSError) -> None:
        raise unreadable(Path(str(error.filename)), error) from error

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=fail):
        hidden = [name for name in folders if name[0] == "."]
        folders[:] = [name for name in folders if name[0] != "."]
        links = [name for name in folders if Path(place, name).is_symlink()]
        found += [Path(place, name) for name in [*files, *links, *hidden]]
    return {path.relative_to(folder).as_posix() + "/" * _is_hidden_folder(path): path for path in sorted(found)}


def _is_hidden_folder(path: Path) -> bool:
    return path.name[0] == "." and path.is_dir()


def _is_named_as_read(path: Path) -> bool:
    return suffix_of(path) in SUFFIXES and path.name[0] != "."


def _missed(path: Path) -> str:
    """Return why records in it would be missed, and what to do; nothing of other files."""
    suffix = suffix_of(path)
    if path.name[0] == ".":
        return ""
    if path.is_dir():
        return LINK
    if suffix in SUFFIXES and not path.is_file():
        return NO_FILE
    if suffix in LINES and is_indented(path):
        return NOT_LINES
    return PACKED_FILE if suffix in PACKED else OTHER_FORM if suffix in UNREAD else ""
