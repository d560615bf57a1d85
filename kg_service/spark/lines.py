"""From a source to lines of FHIR, each with its place, brought together by patient.

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
from pyspark.sql.types import ArrayType, BinaryType, LongType, StringType, StructField, StructType

from kg_service.errors import RecordError
from kg_service.patients.fhir.files import Line
from kg_service.patients.fhir.units import for_shelf, patients_named, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

FILES = "*.{ndjson,jsonl,ndjson.gz,jsonl.gz}"
LINES = [StructField("file", StringType()), StructField("number", LongType()), StructField("data", BinaryType())]
SURVEYED = StructType([StructField("patients", ArrayType(StringType())), *LINES])
OF_UNITS = StructType([StructField("unit", StringType()), *LINES])
BATCH = 1000  # rows given back at once


def of_files(spark: SparkSession, path: str) -> tuple[DataFrame, dict[tuple[str, int], int]]:
    """Return the lines of NDJSON files with their blocks, and the number of each block's first line.

    Raises RecordError when there is none.
    """
    read = spark.read.option("pathGlobFilter", FILES).text(path, lineSep="\n")
    texts = read.select(
        F.col("_metadata.file_path").alias("source"),
        F.col("_metadata.file_block_start").alias("block"),
        F.col("_metadata.file_name").alias("file"),
        F.col("value").cast("binary").alias("data"),
    )
    starts: dict[tuple[str, int], int] = {}
    number, previous = 1, ""
    for source, block, count in texts.groupBy("source", "block").count().orderBy("source", "block").collect():
        number = number if source == previous else 1
        starts[source, block] = number
        number, previous = number + count, source
    if not starts:
        raise RecordError(f"There is nothing to read in {path}: give NDJSON files of FHIR R4, or a folder of them.")
    is_one_file = {source for source, _ in starts} == {previous} and PurePath(previous).name == PurePath(path).name
    return (texts.withColumn("file", F.lit("")) if is_one_file else texts), starts


def of_table(table: DataFrame, column: str, key: str | None) -> tuple[DataFrame, dict[tuple[str, int], int]]:
    """Return the texts in a column, lines counted row by row; `key` names a column by which paths tell rows apart."""
    row = F.col(key).cast("string") if key else F.format_string("row %d", F.monotonically_increasing_id())
    texts = table.select(row.alias("file"), F.col(column).cast("binary").alias("data"))
    return texts.select(F.col("file").alias("source"), F.lit(0).alias("block"), "file", "data"), {}


@dataclass(frozen=True)
class Numbered:
    """Gives lines their numbers."""

    starts: Mapping[tuple[str, int], int]

    def lines(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Line]:
        """Yield the lines that are not blank."""
        following = dict(self.starts)
        for source, block, file, data in rows_in(batches):
            for text in split_lines(data or b""):
                number = following.get((source, block), 1)
                following[source, block] = number + 1
                if text.strip():
                    yield Line(text, number, file)


class Survey(Numbered):
    """Finds which patients lines name together, and the lines that name nobody and have something for others."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield names without a line, or a line without names; most lines need no word."""
        return batches_of(self._found(batches), SURVEYED)

    def _found(self, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[object, ...]]:
        for line in self.lines(batches):
            names = patients_named(line)
            if len(names) > 1:
                yield sorted(names), None, None, None
            elif not names and for_shelf(line):
                yield [], line.file, line.number, line.data


@dataclass(frozen=True)
class ToUnits(Numbered):
    """Says of each line to which unit it belongs; `joined` holds the unit of patients who are named together."""

    joined: Mapping[str, str]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the lines with their units, without those for the shelf."""
        return batches_of(
            ((unit, line.file, line.number, line.data) for line in self.lines(batches) if (unit := self._unit(line))),
            OF_UNITS,
        )

    def _unit(self, line: Line) -> str | None:
        if names := patients_named(line):
            name = min(names)
            return self.joined.get(name, name)
        return line.place if for_shelf(line) is None else None


def join(groups: Iterable[Sequence[str]]) -> dict[str, str]:
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


def rows_in(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of batches as Python values."""
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def batches_of(rows: Iterable[tuple[object, ...]], columns: StructType) -> Iterator[pa.RecordBatch]:
    """Yield rows as batches."""
    iterator, schema = iter(rows), to_arrow_schema(columns)
    while some := list(islice(iterator, BATCH)):
        arrays = [pa.array(values, field.type) for values, field in zip(zip(*some, strict=True), schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
