"""Finds which lines of files are of which patient, without holding either in memory.

One pass over the sources notes place and names of every line in an SQLite database, on disk for files; names are kept
as hashes with a key of this run, so that nothing about a patient is in it. Lines that share a name are then joined
into units: one unit holds all that the input says of a patient, or of several patients whom one line names.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Self

from kg_service.errors import KgServiceError
from kg_service.patients.glance import Glance, Trait
from kg_service.patients.sources import Form, is_lines
from kg_service.patients.triples import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kg_service.patients.sources import Source

IN_MEMORY = ":memory:"
TEMPORARY = ""
"""A database in memory that SQLite moves to a file of its own, and removes, when it grows."""

ALONE = Glance(Trait.PATIENT | Trait.CONCERN | Trait.RECORD | Trait.COMPLETE | Trait.WHOLE)
"""What is told of a source that is read as a whole, and by itself."""

PAGES = 4_096  # kB of the database held in memory
STRAYS = 100
"""So many lines that name no patient, and may be of any, are read with each patient's own."""

TABLES = """
CREATE TABLE line (id INTEGER PRIMARY KEY, source, place, length, number, grp, traits);
CREATE TABLE named (key INTEGER, line INTEGER);
CREATE TABLE offered (key INTEGER, line INTEGER);
"""
UNITS = f"""
INSERT INTO named SELECT key, line FROM offered JOIN line ON id = line
    WHERE traits & {Trait.PATIENT} AND key IN (SELECT key FROM named);
CREATE INDEX by_name ON named (key, line);
CREATE TABLE joint AS SELECT key, line FROM named
    WHERE key IN (SELECT key FROM named GROUP BY key HAVING COUNT(*) > 1);
CREATE TABLE root (key INTEGER PRIMARY KEY, root INTEGER);
INSERT INTO root SELECT DISTINCT key, key FROM joint;
CREATE TABLE link AS SELECT key, line FROM joint
    WHERE line IN (SELECT line FROM joint GROUP BY line HAVING COUNT(*) > 1);
CREATE INDEX by_line ON link (line);
"""  # noqa: S608 - numbers of this project, here and below
JOIN = """
WITH low AS (SELECT line, MIN(root) AS low FROM link JOIN root USING (key) GROUP BY line),
     next AS (SELECT key, MIN(low) AS next FROM link JOIN low USING (line) GROUP BY key)
UPDATE root SET root = next FROM next WHERE next.key = root.key AND next < root
"""
SHORTEN = """
UPDATE root SET root = far.root FROM root AS far WHERE far.key = root.root AND far.root < root.root
"""
ORDER = f"""
CREATE TABLE member (line INTEGER PRIMARY KEY, unit INTEGER);
INSERT INTO member SELECT id, COALESCE(MIN(root), -id) FROM line LEFT JOIN joint ON line = id LEFT JOIN root USING (key)
    WHERE traits & {Trait.PATIENT | Trait.CONCERN | Trait.BROKEN} GROUP BY id;
CREATE TABLE unit AS SELECT
    unit, grp, COALESCE(MIN(CASE WHEN traits & {Trait.PATIENT} THEN id END), MIN(id)) AS place,
    MAX(traits & {Trait.PATIENT}) AS has_patient, MAX(traits & {Trait.RECORD}) AS has_record,
    MAX(traits & {Trait.BROKEN}) AS broken, COUNT(*) = 1 AND MAX(traits & {Trait.COMPLETE}) AS alone,
    MAX(traits & {Trait.WHOLE}) AS whole
    FROM member JOIN line ON id = line GROUP BY unit;
CREATE TABLE peopled AS SELECT DISTINCT grp FROM unit WHERE has_patient AND NOT alone;
CREATE TABLE stray AS SELECT unit FROM unit
    WHERE NOT has_patient AND NOT broken AND (NOT has_record OR grp IN (SELECT grp FROM peopled));
DELETE FROM unit WHERE unit IN (SELECT unit FROM stray);
CREATE INDEX in_order ON unit (place);
CREATE INDEX by_unit ON member (unit);
CREATE INDEX by_offer ON offered (key);
DROP TABLE named;
DROP TABLE joint;
DROP TABLE link;
DROP TABLE root;
"""  # noqa: S608


class Place(NamedTuple):
    """Where a line, or lines that follow each other, are: source, first byte, bytes, number of the first from 1."""

    source: int
    offset: int
    length: int
    number: int


class Unit(NamedTuple):
    """What is read together: lines, or a whole source; `alone` when no other line is of its patients.

    What is `whole` is no FHIR, and read by itself. Without places it stands for a source in which nothing is of a
    patient.
    """

    source: int
    places: tuple[Place, ...]
    alone: bool = False
    whole: bool = False

    @property
    def size(self) -> int:
        """Bytes of input."""
        return sum(place.length for place in self.places)


@dataclass
class Survey:
    """What was found in sources; another process can be given it, too, when it is on disk."""

    sources: Sequence[Source]
    database: str
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)

    def __post_init__(self) -> None:
        """Open the database."""
        self._connection = sqlite3.connect(self.database)
        self._connection.executescript(f"PRAGMA cache_size = -{PAGES}; PRAGMA journal_mode = OFF;")
        if self.database == IN_MEMORY:
            self._connection.execute("PRAGMA temp_store = MEMORY")

    def __reduce__(self) -> tuple[type[Survey], tuple[Sequence[Source], str, bytes]]:
        """Send where the database is, not what is open."""
        return Survey, (self.sources, self.database, self.key)

    def __enter__(self) -> Self:
        """Return the survey, which is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self._connection.close()

    def take(self, glance: Callable[[bytes], Glance]) -> Iterator[int]:
        """Look at all sources, at lines of resources by `glance`, and yield the bytes seen so far.

        To be run to its end. Raises RecordError for a source that cannot be read, KgServiceError when there is no room.
        """
        try:
            yield from self._take(glance)
        except sqlite3.OperationalError as error:
            raise KgServiceError(
                f"The input cannot be surveyed: {error}. Make room in the folder for temporary files, or name "
                "another in TMPDIR."
            ) from error

    def _take(self, glance: Callable[[bytes], Glance]) -> Iterator[int]:
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(TABLES)
        seen = 0
        for number, source in enumerate(self.sources):
            for offset, length, line, found in _glances(source, glance):
                self._note(Place(number, offset, length, line), source.group, found)
                yield seen + offset + length
            seen += source.size
        self._connection.executescript(UNITS)
        while self._changes(JOIN):
            self._connection.execute(SHORTEN)
        self._connection.executescript(ORDER)
        self._connection.commit()

    def _changes(self, statement: str) -> bool:
        """Tell whether a statement changes anything; `rowcount` knows nothing of one that begins with WITH."""
        before = self._connection.total_changes
        self._connection.execute(statement)
        return self._connection.total_changes > before

    def units(self) -> Iterator[Unit]:
        """Yield the units in the order of the lines that describe their patients."""
        rows = self._connection.execute(
            "SELECT unit, alone, whole, source, line.place, length, number FROM unit JOIN member USING (unit) "
            "JOIN line ON id = line ORDER BY unit.place, line.id"
        )
        for (_, alone, whole), lines in groupby(rows, itemgetter(0, 1, 2)):
            places = tuple(Place(*line[3:]) for line in lines)
            yield Unit(places[0].source, places, bool(alone), bool(whole))
        told = self._of_use()
        for number, source in enumerate(self.sources):
            if (source.given, source.group) not in told:
                told.add((source.given, source.group))
                yield Unit(number, ())

    def group_of(self, unit: Unit) -> int:
        """Return the group of a unit's source."""
        return self.sources[unit.source].group

    def name_of(self, unit: Unit) -> str:
        """Return the name of a unit's source, with the number of its first line where it is one of several."""
        return self.name_at(unit.places[0]) if unit.places else self.sources[unit.source].name

    def name_at(self, place: Place) -> str:
        """Return the name of a place's source, with the number of the line where it is but a line."""
        source = self.sources[place.source]
        return source.name if self.is_whole(place) else f"{source.name} line {place.number}"

    def is_whole(self, place: Place) -> bool:
        """Tell whether a place is a whole source, which is not read by lines."""
        source = self.sources[place.source]
        is_document = source.form == Form.DOCUMENT and (place.offset, place.length) == (0, source.size)
        return is_document or source.form == Form.WHOLE

    def strays(self, group: int) -> list[Place]:
        """Return the lines of a group that may be of any of its patients, at most STRAYS and one; open ones first."""
        rows = self._connection.execute(
            "SELECT source, place, length, number FROM stray JOIN member USING (unit) JOIN line ON id = line "
            "WHERE grp = ? ORDER BY traits & ? DESC, id LIMIT ?",
            (group, Trait.OPEN, STRAYS + 1),
        )
        return [Place(*row) for row in rows]

    def broken(self, group: int) -> list[Place]:
        """Return the lines of a group that are not of their format, at most STRAYS."""
        rows = self._connection.execute(
            "SELECT source, place, length, number FROM line WHERE grp = ? AND traits & ? ORDER BY id LIMIT ?",
            (group, Trait.BROKEN, STRAYS),
        )
        return [Place(*row) for row in rows]

    def shared(self, group: int, name: str) -> list[Place]:
        """Return the lines of a group that hold what a name refers to, and is nobody's alone; no complete bundles."""
        rows = self._connection.execute(
            "SELECT source, place, length, number FROM offered JOIN line ON id = line "
            "WHERE key = ? AND traits & ? AND NOT traits & ? ORDER BY id",
            (self._hash(group, name), Trait.SHARED, Trait.COMPLETE),
        )
        return [Place(*row) for row in rows]

    def has_shared(self, group: int) -> bool:
        """Tell whether lines of a group that are no complete bundles hold what others may refer to."""
        asked = "SELECT 1 FROM line WHERE grp = ? AND traits & ? AND NOT traits & ? LIMIT 1"
        return self._connection.execute(asked, (group, Trait.SHARED, Trait.COMPLETE)).fetchone() is not None

    def _of_use(self) -> set[tuple[int, int]]:
        """Return which of what was given, and which groups in it, say something that is read with a unit."""
        rows = self._connection.execute(
            "SELECT DISTINCT source FROM line WHERE traits & ? AND grp IN (SELECT grp FROM unit)",
            (Trait.PATIENT | Trait.CONCERN | Trait.SHARED | Trait.BROKEN,),
        )
        return {(self.sources[source].given, self.sources[source].group) for (source,) in rows}

    def _note(self, place: Place, group: int, found: Glance) -> None:
        added = self._connection.execute(
            "INSERT INTO line (source, place, length, number, grp, traits) VALUES (?, ?, ?, ?, ?, ?)",
            (*place, group, int(found.traits)),
        ).lastrowid
        for table, names in (("named", found.names), ("offered", found.offered)):
            if names:
                rows = [(self._hash(group, name), added) for name in names]
                self._connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)  # noqa: S608

    def _hash(self, group: int, name: str) -> int:
        text = f"{group} {name}".encode(errors="surrogatepass")
        return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=self.key).digest(), signed=True)


def _glances(source: Source, glance: Callable[[bytes], Glance]) -> Iterator[tuple[int, int, int, Glance]]:
    """Yield first byte, bytes, number, and what a look at it tells, of each line of a source that says something."""
    if source.form == Form.TRIPLES:
        yield from runs(source.lines())
    elif source.form == Form.RESOURCES or (source.form == Form.DOCUMENT and is_lines(data := source.read())):
        yield from _glances_at_lines(source, glance)
    else:
        found = glance(data) if source.form == Form.DOCUMENT else Glance(Trait.BROKEN)
        yield 0, source.size, 1, (Glance(ALONE.traits | found.traits) if Trait.BROKEN in found.traits else found)


def _glances_at_lines(source: Source, glance: Callable[[bytes], Glance]) -> Iterator[tuple[int, int, int, Glance]]:
    offset = 0
    for number, line in enumerate(source.lines(), start=1):
        if line.strip():
            yield offset, len(line), number, glance(line)
        offset += len(line)
