"""From a source to lines of FHIR, each with its place, and from lines to units: all that is said of one patient.

Spark cuts files into blocks and tells no line numbers: the lines of each block are counted first, and the number of
its first one follows. Classes with a `__call__` run in Spark's Python workers, from Arrow batches to Arrow batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - its usual name
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import ArrayType, BinaryType, IntegerType, LongType, StringType, StructField, StructType

from kg_service.errors import RecordError
from kg_service.patients.fhir.gathered import Line, Routes
from kg_service.patients.fhir.glance import glance
from kg_service.patients.glance import Glance, Trait
from kg_service.patients.sources import is_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

FILES = "*.{ndjson,jsonl,ndjson.gz,jsonl.gz}"
NAMES = ArrayType(StringType())
LINE = [
    StructField("data", BinaryType()),
    StructField("number", LongType()),
    StructField("source", StringType()),
    StructField("shown", StringType()),
]
SEEN = StructType(
    [StructField("traits", IntegerType()), StructField("names", NAMES), StructField("offered", NAMES), *LINE]
)
LINKS = StructType([StructField("names", NAMES)])
OF_UNITS = StructType([StructField("unit", StringType()), StructField("traits", IntegerType()), *LINE])
BATCH = 1000  # rows given back at once

Starts = dict[tuple[str, int], int]
"""The number of the first line of each block of a file."""


def of_files(spark: SparkSession, path: str) -> tuple[DataFrame, Starts]:
    """Return the lines of NDJSON files with their blocks; RecordError when there is none."""
    read = spark.read.option("pathGlobFilter", FILES).text(path, lineSep="\n")
    texts = read.select(
        F.col("_metadata.file_path").alias("file"),
        F.col("_metadata.file_block_start").alias("block"),
        F.col("_metadata.file_name").alias("source"),
        F.col("value").cast("binary").alias("data"),
    )
    starts: Starts = {}
    number, previous = 1, ""
    for file, block, count in texts.groupBy("file", "block").count().orderBy("file", "block").collect():
        number = number if file == previous else 1
        starts[file, block] = number
        number, previous = number + count, file
    if not starts:
        raise RecordError(f"There is nothing to read in {path}: give NDJSON files of FHIR R4, or a folder of them.")
    is_one_file = {file for file, _ in starts} == {previous} and PurePath(previous).name == PurePath(path).name
    return texts.withColumn("shown", F.lit("") if is_one_file else F.col("source")), starts


def of_table(table: DataFrame, column: str, key: str | None) -> tuple[DataFrame, Starts]:
    """Return the texts in a column, lines counted row by row; `key` names a column by which paths tell rows apart."""
    row = F.col(key).cast("string") if key else F.format_string("row %d", F.monotonically_increasing_id())
    texts = table.select(row.alias("file"), F.lit(0).alias("block"), F.col(column).cast("binary").alias("data"))
    return texts.select("file", "block", F.col("file").alias("source"), "data", F.col("file").alias("shown")), {}


@dataclass(frozen=True)
class Look:
    """Looks at each line: whom it is of. Only lines with something to share, and those that are broken, are kept."""

    starts: Starts

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what SEEN holds."""
        return batches_of(map(self._seen, lines_in(batches, self.starts)), SEEN)

    @staticmethod
    def _seen(line: Line) -> tuple[object, ...]:
        seen = glance(line.data)
        data = line.data if seen.traits & (Trait.SHARED | Trait.BROKEN) else None
        offered = sorted(seen.offered) if Trait.PATIENT in seen.traits else []
        return int(seen.traits), sorted(seen.names), offered, data, line.number, line.source, line.shown


@dataclass(frozen=True)
class Link:
    """Finds names that lines have together, in what has been seen."""

    routes: Routes

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what LINKS holds."""
        found = (sorted(self.routes.names(seen)) for seen, _ in seen_in(batches))
        return batches_of(((names,) for names in found if len(names) > 1), LINKS)


@dataclass(frozen=True)
class SeenToUnits:
    """Says of which unit each line is, in what has been seen."""

    routes: Routes

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what OF_UNITS holds, without the lines."""
        return batches_of(_to_units(seen_in(batches), self.routes), OF_UNITS)


@dataclass(frozen=True)
class ToUnits:
    """Says of which unit each line is."""

    starts: Starts
    routes: Routes

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what OF_UNITS holds."""
        seen = ((glance(line.data), line) for line in lines_in(batches, self.starts))
        return batches_of(_to_units(seen, self.routes), OF_UNITS)


def _to_units(seen: Iterable[tuple[Glance, Line]], routes: Routes) -> Iterator[tuple[object, ...]]:
    for of, line in seen:
        if unit := routes.unit(of, line.name):
            yield unit, int(of.traits), *line


def join(groups: Iterable[Sequence[str]]) -> Mapping[str, str]:
    """Return for each name the first name of all that are linked to it, by groups that share names."""
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = leader[above]
            name = above
        return name

    for group in groups:
        leaders = {first(name) for name in group}
        leader.update(dict.fromkeys(leaders, min(leaders)))
    return {name: first(name) for name in list(leader)}


def lines_in(batches: Iterable[pa.RecordBatch], starts: Starts) -> Iterator[Line]:
    """Yield the lines that are not blank, with their numbers."""
    following = dict(starts)
    for row in rows_in(batches):
        at, data = (row["file"], row["block"]), row["data"] or b""
        for text in data.split(b"\n") if is_lines(data) else [data]:
            number = following.get(at, 1)
            following[at] = number + 1
            if text.strip():
                yield Line(text, number, row["source"], row["shown"])


def seen_in(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Glance, Line]]:
    """Yield what was seen of each line, and the line, mostly without its text."""
    for row in rows_in(batches):
        seen = Glance(Trait(row["traits"]), set(row["names"]), set(row["offered"]))
        yield seen, Line(row["data"], row["number"], row["source"], row["shown"])


def rows_in(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Yield the rows of batches by name."""
    for batch in batches:
        yield from batch.to_pylist()


def batches_of(rows: Iterable[tuple[object, ...]], columns: StructType) -> Iterator[pa.RecordBatch]:
    """Yield rows as batches."""
    iterator, schema = iter(rows), to_arrow_schema(columns)
    while some := list(islice(iterator, BATCH)):
        arrays = [pa.array(values, of.type) for values, of in zip(zip(*some, strict=True), schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
