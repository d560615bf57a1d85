"""Verdicts on a population as a table of Spark: one row for each patient and rule, and one for each fault.

A worker loads the guideline once, and judges patient after patient as Spark has brought their lines together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - its usual name
from pyspark.sql.types import ArrayType, IntegerType, StringType, StructField, StructType

from kg_service.errors import ReleaseError
from kg_service.guideline import Guideline, as_day
from kg_service.patients.fhir.gathered import NO_ID, Line, Routes, Shelf
from kg_service.patients.glance import Trait
from kg_service.patients.survey import STRAYS
from kg_service.spark.lines import (
    LINKS,
    OF_UNITS,
    SEEN,
    Link,
    Look,
    SeenToUnits,
    ToUnits,
    batches_of,
    join,
    of_files,
    of_table,
    rows_in,
)
from kg_service.validation.reports.rows import COLUMNS, rows_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import Column

    from kg_service.patients.record import PatientRecord

DECIDING = (Trait.PATIENT, Trait.RECORD, Trait.COMPLETE, Trait.BROKEN)
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
    seen = texts.mapInArrow(Look(starts), SEEN).persist()
    routes = _routes(seen)
    units = texts.mapInArrow(ToUnits(starts, routes), OF_UNITS)
    strays = _strays(seen.mapInArrow(SeenToUnits(routes), OF_UNITS))
    judging = _Judging(
        as_of=day,
        jurisdictions=tuple(place.value for place in places),
        release=_name_of(guideline),
        shared=_lines(seen.where(_has(Trait.SHARED))),
        broken=_lines(seen.where(_has(Trait.BROKEN)).orderBy("source", "number").limit(STRAYS)),
        strays=_lines(
            units.join(strays, "unit", "left_semi")
            .orderBy(_has(Trait.OPEN).desc(), "source", "number")
            .limit(STRAYS + 1)
        ),
    )
    seen.unpersist()
    return (
        (units.join(strays, "unit", "left_anti") if judging.strays else units)
        .repartition(int(spark.conf.get("spark.sql.shuffle.partitions") or 1), "unit")
        .sortWithinPartitions("unit", "source", "number", "data")
        .mapInArrow(judging, VERDICTS)
    )


def _routes(seen: DataFrame) -> Routes:
    """Return how lines find together."""
    names = seen.select(F.explode("names").alias("name")).where(F.col("name").rlike(NO_ID.pattern))
    common = names.groupBy("name").count().where(F.col("name").contains("|") | (F.col("count") > 1))
    routes = Routes(frozenset(row.name for row in common.collect()))
    links = seen.mapInArrow(Link(routes), LINKS).distinct().collect()
    return replace(routes, joined=join(row.names for row in links))


def _strays(of_units: DataFrame) -> DataFrame:
    """Return the units without a patient in them: what they say may be of anyone.

    In an input without any Patient a unit of records is one, who is only referred to.
    """
    summed = of_units.groupBy("unit").agg(
        F.bit_or("traits").alias("traits"),
        (F.count("*") == 1).alias("single"),
    )
    units = summed.select("unit", *(_has(trait).alias(trait.name or "") for trait in DECIDING), "single")
    is_peopled = bool(units.where("PATIENT AND NOT (single AND COMPLETE)").head(1))
    strays = units.where("NOT PATIENT AND NOT BROKEN" if is_peopled else "NOT PATIENT AND NOT BROKEN AND NOT RECORD")
    return strays.select("unit")


def _has(trait: Trait) -> Column:
    return F.col("traits").bitwiseAND(trait.value) > 0


def _lines(table: DataFrame) -> tuple[Line, ...]:
    return tuple(Line(bytes(row.data), row.number, row.source, row.shown) for row in table.collect())


@dataclass(frozen=True)
class _Judging:
    """Judges unit after unit in a worker, which must have the release that the driver has."""

    as_of: dt.date
    jurisdictions: tuple[str, ...]
    release: tuple[str, str]
    shared: tuple[Line, ...]
    broken: tuple[Line, ...]
    strays: tuple[Line, ...]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        guideline = _guideline()
        if _name_of(guideline) != self.release:
            raise ReleaseError("A Spark worker has another guideline than the driver: install the same version on all.")
        records = self._records(batches, guideline)
        patients = guideline.judge(records, self.as_of, guideline.jurisdictions(self.jurisdictions))
        return batches_of((row for patient in patients for row in rows_of(patient)), VERDICTS)

    def _records(self, batches: Iterable[pa.RecordBatch], guideline: Guideline) -> Iterator[PatientRecord]:
        shelf = Shelf(self.shared, self.strays, self.broken)
        for _, rows in groupby(rows_in(batches), key=itemgetter("unit")):
            lines = [Line(row["data"], row["number"], row["source"], row["shown"]) for row in rows]
            yield from guideline.records.from_gathered(lines, shelf)


@lru_cache(maxsize=1)
def _guideline() -> Guideline:
    return Guideline.load()


def _name_of(guideline: Guideline) -> tuple[str, str]:
    """Return the digests of graph and rules."""
    return guideline.digest, guideline.validator.catalogue.digest
