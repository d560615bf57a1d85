"""A small population in files, and Spark in local mode: two threads, three attempts at a task, small blocks."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from people import Population
from population import FhirPopulation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

    from kg_service import Guideline

PATIENTS = 12


@pytest.fixture(scope="session")
def spark(guideline: Guideline) -> Iterator[SparkSession]:  # noqa: ARG001 - its closure is then kept for workers
    if shutil.which("java") is None:
        pytest.skip("no Java on this machine")
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install 'guideline-kg[spark]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            sql.SparkSession.builder.master("local[2,3]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "3")
            .config("spark.sql.files.maxPartitionBytes", "50k")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture(scope="session")
def population(guideline: Guideline) -> FhirPopulation:
    return FhirPopulation(guideline, Population(guideline))


@pytest.fixture(scope="session")
def bundles(population: FhirPopulation) -> list[str]:
    """One bundle of one patient each."""
    return [json.dumps(population.bundle(1, number)) for number in range(PATIENTS)]


@pytest.fixture
def export(population: FhirPopulation, tmp_path: Path) -> Path:
    """A bulk export that refers to medications.

    It has an allergy of nobody knows whom, a condition of somebody who is not in it, and one of somebody by identifier.
    """
    lines: dict[str, list[dict[str, Any]]] = {"Medication": [], "Organization": [], "AllergyIntolerance": []}
    for number in range(PATIENTS):
        for resource in population.resources(1, number):
            if code := resource.pop("medicationCodeableConcept", None):
                medication = {"resourceType": "Medication", "id": f"m{len(lines['Medication'])}", "code": code}
                lines["Medication"].append(medication)
                resource["medicationReference"] = {"reference": f"Medication/{medication['id']}"}
            lines.setdefault(resource["resourceType"], []).append(resource)
    lines["Organization"].append({"resourceType": "Organization", "id": "o"})
    lines["AllergyIntolerance"].append({"resourceType": "AllergyIntolerance", "id": "whose"})
    identifier = {"system": "http://example.org/mrn", "value": "17"}
    lines["Patient"][0]["identifier"] = [identifier]
    lines["Condition"] += [
        {**lines["Condition"][0], "id": "dangling", "subject": {"reference": "Patient/absent"}},
        {**lines["Condition"][0], "id": "identified", "subject": {"identifier": identifier}},
    ]
    folder = tmp_path / "export"
    folder.mkdir()
    for kind, resources in lines.items():
        (folder / f"{kind}.ndjson").write_text("".join(json.dumps(one) + "\n" for one in resources), encoding="utf-8")
    return folder
