"""Spark gives what a local run gives, however the lines are spread and whatever happens to a task."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kg_service.errors import ParameterError, RecordError
from kg_service.validation.reports.rows import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from kg_service import Guideline

AS_OF = "2026-01-31"
PRIVATE = "Xanthippe-Quux"
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")


@pytest.fixture
def validate(spark: SparkSession) -> Callable[..., DataFrame]:  # noqa: ARG001 - skips where there is none
    from kg_service.spark import validate  # noqa: PLC0415 - needs pyspark

    return validate


def as_text(table: DataFrame) -> list[tuple[str, ...]]:
    """The rows of a table as the CSV form has them, sorted."""
    return sorted(tuple(map(cell, row)) for row in table.select(*COLUMNS).collect())


def cell(value: object) -> str:
    if value is None:
        return ""
    return "; ".join(value) if isinstance(value, list) else str(value)


def locally(guideline: Guideline, source: Path, jurisdiction: str | tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The rows of a local run."""
    output = source.parent / f"{source.name}.csv"
    guideline.validate_population(source, output, form="csv", as_of=AS_OF, jurisdiction=jurisdiction)
    with output.open(encoding="utf-8", newline="") as file:
        return sorted(map(tuple, list(csv.reader(file))[1:]))


def without_path(table: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    place = COLUMNS.index("input_path")
    return sorted(row[:place] + row[place + 1 :] for row in table)


def ndjson(path: Path, lines: Iterable[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_file_in_many_blocks(
    validate: Callable[..., DataFrame], spark: SparkSession, guideline: Guideline, bundles: list[str], tmp_path: Path
) -> None:
    source = ndjson(tmp_path / "bundles.ndjson", bundles)
    assert spark.read.text(str(source)).rdd.getNumPartitions() > 2
    found = validate(str(source), as_of=AS_OF, jurisdiction="US")
    assert as_text(found) == locally(guideline, source, "US")
    types = {field.name: field.dataType.simpleString() for field in found.schema}
    assert types.pop("findings") == "int"
    assert {types.pop(name) for name in ("jurisdiction", "statements", "sources")} == {"array<string>"}
    assert set(types.values()) == {"string"}


def test_a_bulk_export_with_shared_resources(
    validate: Callable[..., DataFrame], guideline: Guideline, export: Path
) -> None:
    expected = locally(guideline, export)
    assert as_text(validate(export, as_of=AS_OF)) == expected
    (export / "Medication.ndjson").unlink()
    assert as_text(validate(export, as_of=AS_OF)) == locally(guideline, export) != expected


def test_bundles_of_one_patient_are_joined(
    validate: Callable[..., DataFrame], guideline: Guideline, bundles: list[str], tmp_path: Path
) -> None:
    """A patient's bundle in two halves, each with the Patient, under another URL the second time."""
    whole = json.loads(bundles[0])
    entries = whole["entry"]
    (person,) = (entry for entry in entries if entry["resource"]["resourceType"] == "Patient")
    others = [entry for entry in entries if entry is not person]
    halves = [{**whole, "entry": [person, *some]} for some in (others[::2], others[1::2])]
    source = ndjson(tmp_path / "halves.ndjson", [*map(json.dumps, halves), *bundles[1:4]])
    assert as_text(validate(source, as_of=AS_OF)) == locally(guideline, source)


def test_a_table_with_skewed_and_empty_partitions(
    validate: Callable[..., DataFrame], spark: SparkSession, guideline: Guideline, bundles: list[str], tmp_path: Path
) -> None:
    columns = "id string, bundle string"
    named = [(f"row-{number}", text) for number, text in enumerate(bundles)]
    parts = [spark.createDataFrame(some, columns).coalesce(1) for some in (named[1:], [], named[:1])]
    table = parts[0].union(parts[1]).union(parts[2]).union(spark.createDataFrame([("none", None)], columns))
    found = as_text(validate(table, as_of=AS_OF, column="bundle", key="id"))
    expected = locally(guideline, ndjson(tmp_path / "bundles.ndjson", bundles))
    assert without_path(found) == without_path(expected)
    (path, *_) = (row[COLUMNS.index("input_path")] for row in found if row[COLUMNS.index("outcome")] == "violated")
    assert path.startswith("row-")
    assert " line 1: Bundle.entry[" in path


def test_bad_records_are_listed_and_the_others_judged(
    validate: Callable[..., DataFrame], guideline: Guideline, bundles: list[str], tmp_path: Path
) -> None:
    bad = [
        f'{{"resourceType": "Patient", "name": "{PRIVATE}',
        "[1]",
        '{"resourceType": "Patient", "id": 7, "id": 8}',
        "",
    ]
    source = ndjson(tmp_path / "bundles.ndjson", [*bundles[:3], *bad, *bundles[3:6]])
    found = as_text(validate(source, as_of=AS_OF))
    faults = [row for row in found if row[COLUMNS.index("outcome")] == "not judged"]
    assert len(faults) == 3
    assert PRIVATE not in str(faults)
    assert found == locally(guideline, source)


@pytest.mark.parametrize("end", ["raise", "kill"])
def test_a_task_that_fails_is_tried_again_and_doubles_nothing(
    end: str,
    validate: Callable[..., DataFrame],
    guideline: Guideline,
    bundles: list[str],
    tmp_path: Path,
) -> None:
    marker = tmp_path / "failed"

    def fail_once(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            if not marker.exists():
                marker.touch()
                if end == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                raise RuntimeError("on purpose")

    source = ndjson(tmp_path / "bundles.ndjson", bundles)
    verdicts = validate(source, as_of=AS_OF)
    found = as_text(verdicts.mapInArrow(fail_once, verdicts.schema))
    assert marker.exists()
    assert found == locally(guideline, source)


def test_nothing_to_read_and_unknown_names_are_errors_at_once(
    validate: Callable[..., DataFrame], tmp_path: Path
) -> None:
    with pytest.raises(RecordError, match="nothing to read"):
        validate(tmp_path, as_of=AS_OF)
    with pytest.raises(ParameterError, match="Nearest"):
        validate(tmp_path, as_of=AS_OF, jurisdiction="Untied States")


def test_spark_submit_writes_parquet_and_logs_nothing_of_a_patient(
    spark: SparkSession, guideline: Guideline, bundles: list[str], tmp_path: Path
) -> None:
    import pyspark  # noqa: PLC0415 - there, where `spark` is

    import kg_service.spark  # noqa: PLC0415

    person = {"resourceType": "Patient", "id": PRIVATE, "birthDate": PRIVATE, "name": [{"family": PRIVATE}]}
    bad = [json.dumps(person), f'{{"resourceType": "{PRIVATE}"', f'{{"resourceType": "Patient", "{PRIVATE}": 1']
    source = ndjson(tmp_path / "bundles.ndjson", [*bundles[:2], *bad])
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    entry = Path(kg_service.spark.__file__).with_name("__main__.py")
    conf = ["--master", "local[2]", "--conf", "spark.log.level=INFO", "--conf", "spark.sql.shuffle.partitions=2"]
    command = [*conf, str(entry), str(source), "-o", str(tmp_path / "out"), "--as-of", AS_OF, "--jurisdiction", "US"]
    run = subprocess.run([str(submit), *command], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    assert "not judged: " in run.stdout
    assert PRIVATE not in run.stdout + run.stderr
    written = as_text(spark.read.parquet(str(tmp_path / "out")))
    ndjson(source, bundles[:2])
    judged = {(patient, rule) for patient, rule, *_ in written}
    assert {(patient, rule) for patient, rule, *_ in locally(guideline, source, "US")} < judged


@pytest.mark.usefixtures("spark")
def test_paths_that_are_not_there_are_usage_errors(tmp_path: Path) -> None:
    from kg_service.spark.__main__ import main  # noqa: PLC0415 - there, where `spark` is

    result = CliRunner().invoke(main, [str(tmp_path / "no.ndjson"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "no.ndjson" in result.stderr
    assert "Traceback" not in result.stderr
