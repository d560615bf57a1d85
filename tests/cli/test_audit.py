"""`kg-service audit`, as a person calls it."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
import rdflib
from click.testing import CliRunner, Result

from kg_service.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def run_from(cache_folder: Path) -> None:
    """Set the cache before the first load."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


@pytest.mark.parametrize(
    ("options", "status"),
    [((), 0), (("--fail-on", "warning"), 1), (("--fail-on", "never"), 0), (("--source", "SRC-NOBODY"), 2)],
)
def test_exit_status(options: tuple[str, ...], status: int) -> None:
    result = run(*options)
    assert result.exit_code == status
    assert ("Error: " in result.stderr) == (status == 2)


def test_the_nearest_source_is_offered() -> None:
    assert "SRC-ARTICLE" in run("--source", "SRC-ARTICEL").stderr


def test_forms() -> None:
    source = ("--source", "src-article")
    assert "S-META-2" in run(*source).stdout
    assert json.loads(run(*source, "-f", "json").stdout)["source"] == "SRC-ARTICLE"
    assert "counter" in next(csv.reader(io.StringIO(run(*source, "-f", "csv").stdout)))
    assert len(rdflib.Graph().parse(data=run(*source, "-f", "turtle").stdout, format="turtle")) > 1000


def test_a_document_that_is_another_fails(tmp_path: Path) -> None:
    path = tmp_path / "tea.txt"
    path.write_text("Brew green tea at 70 degrees.", encoding="utf-8")
    result = run("--document", str(path))
    assert result.exit_code == 1
    assert "vanished" in result.stdout
    assert run("--document", str(path), "--fail-on", "never").exit_code == 0
    missing = run("--document", str(tmp_path / "no.txt"))
    assert (missing.exit_code, missing.stdout) == (2, "")
