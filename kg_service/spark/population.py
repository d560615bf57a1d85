"""Verdicts on a population as a table of Spark: one row for each patient and rule, and one for each fault.

A worker loads the guideline once, and judges patient after patient as Spark has brought their lines together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import ArrayType, IntegerType, StringType, StructField, StructType

from kg_service.errors import FaultyRecord, RecordError, ReleaseError
from kg_service.guideline import Guideline, as_day
from kg_service.patients.fhir.files import Line
from kg_service.patients.fhir.units import Shelf
from kg_service.patients.record import Fault
from kg_service.spark.lines import OF_UNITS, SURVEYED, Survey, ToUnits, batches_of, join, of_files, of_table, rows_in
from kg_service.validation.reports.rows import COLUMNS, fault_rows, rows_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

TYPES = {
    "findings": IntegerType(),
    "jurisdiction": ArrayType(StringType()),
    "statements": ArrayType(StringType()),
    "sources": ArrayType(StringType()),
}
VERDICTS = StructType([StructField(name, TYPES.get(name, StringType())) for name in COLUMNS])
"""The columns of the CSV form, with their types."""


def validate(
    source: DataFrame | str | Path,
    *,
    as_of: dt.date | str | None = None,
    jurisdiction: str | Sequence[str] = (),
    column: str = "value",
    key: str | None = None,
) -> DataFrame:
    """Hold the records in `source` against the guideline's rules; return verdicts and faults, one a row.

    `source` is a path, as Spark reads it, of an NDJSON file of FHIR R4 or of a folder of them, such as a bulk export;
    or a table with a bundle, or NDJSON, in each row of `column`, where `key` names a column that tells rows apart in
    paths. `as_of` is the day of judgement (default: today), `jurisdiction` a name or names (default: all).

    The source is read at once to see which lines belong together, and again whenever the verdicts are. Patients are
    spread over `spark.sql.shuffle.partitions` tasks. Raises ParameterError for a jurisdiction not known, RecordError
    where there is nothing to read.
    """
    guideline = Guideline.load()
    day, places = as_day(as_of), guideline.jurisdictions(jurisdiction)
    spark = source.sparkSession if isinstance(source, DataFrame) else SparkSession.builder.getOrCreate()
    texts, starts = of_table(source, column, key) if isinstance(source, DataFrame) else of_files(spark, str(source))
    surveyed = texts.mapInArrow(Survey(starts), SURVEYED).distinct().collect()
    judging = _Judging(
        as_of=day,
        jurisdictions=tuple(place.value for place in places),
        release=_name_of(guideline),
        shelf=tuple(Line(bytes(row.data), row.number, row.file) for row in surveyed if not row.patients),
    )
    return (
        texts.mapInArrow(ToUnits(starts, join(row.patients for row in surveyed if row.patients)), OF_UNITS)
        .repartition(int(spark.conf.get("spark.sql.shuffle.partitions") or 1), "unit")
        .sortWithinPartitions("unit", "file", "number", "data")
        .mapInArrow(judging, VERDICTS)
    )


@dataclass(frozen=True)
class _Judging:
    """Judges unit after unit in a worker, which must have the release that the driver has."""

    as_of: dt.date
    jurisdictions: tuple[str, ...]
    release: tuple[str, str]
    shelf: tuple[Line, ...]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        guideline = _guideline()
        if _name_of(guideline) != self.release:
            raise ReleaseError("A Spark worker has another guideline than the driver: install the same version on all.")
        return batches_of((_cells(row) for row in self._rows(batches, guideline)), VERDICTS)

    def _rows(self, batches: Iterable[pa.RecordBatch], guideline: Guideline) -> Iterator[tuple[str, ...]]:
        places = guideline.jurisdictions(self.jurisdictions)
        shelf = Shelf(self.shelf)
        for _, rows in groupby(rows_in(batches), key=itemgetter(0)):
            lines = [Line(data, number, file) for _, file, number, data in rows]
            try:
                records = guideline.records.from_unit(lines, shelf)
                yield from (row for patient in guideline.judge(records, self.as_of, places) for row in rows_of(patient))
            except FaultyRecord as error:
                yield from fault_rows("", error.faults)
            except RecordError as error:
                yield from fault_rows("", [Fault(lines[0].place, str(error))])


@lru_cache(maxsize=1)
def _guideline() -> Guideline:
    return Guideline.load()


def _name_of(guideline: Guideline) -> tuple[str, str]:
    """Return the digests of graph and rules."""
    return guideline.digest, guideline.validator.catalogue.digest


def _cells(row: tuple[str, ...]) -> tuple[object, ...]:
    """Return a row of the CSV form as the columns' types have it."""
    return tuple(READ[name](text) if name in READ else text for name, text in zip(COLUMNS, row, strict=True))


def _list(text: str) -> list[str]:
    return text.split("; ") if text else []


def _count(text: str) -> int | None:
    return int(text) if text else None


READ = {"findings": _count, "jurisdiction": _list, "statements": _list, "sources": _list}
