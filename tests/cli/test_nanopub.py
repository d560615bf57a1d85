"""`kg-service nanopub` and `kg-service digest`, as a person calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result

from kg_service.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from kg_service import Guideline

NANOPUBLICATION = ox.NamedNode("http://www.nanopub.org/nschema#Nanopublication")


@pytest.fixture(autouse=True)
def run_from(cache_folder: Path) -> None:
    """Set the cache before the first load."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def published(trig: str) -> set[str]:
    quads = ox.parse(trig, format=ox.RdfFormat.TRIG)
    return {quad.subject.value for quad in quads if quad.object == NANOPUBLICATION}  # type: ignore[union-attr]


def test_some(guideline: Guideline) -> None:
    names = ("S-LEAD-1a", "f-arch-1a")
    assert published(run("nanopub", *names).stdout) == {guideline.nanopub(name).uri for name in names}


def test_all_into_a_file(tmp_path: Path) -> None:
    path = tmp_path / "all.trig"
    result = run("nanopub", "--all", "-o", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert len(published(path.read_text(encoding="utf-8"))) > 340


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "one of the two"),
        (("--all", "S-LEAD-1a"), "one of the two"),
        (("S-LEAD-1zz",), "Nearest: "),
        (("S-LEAD-1a", "-o", "/nowhere/at/all.trig"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_told(arguments: tuple[str, ...], message: str) -> None:
    result = run("nanopub", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_digest(guideline: Guideline) -> None:
    result = run("digest")
    assert (result.exit_code, result.stdout) == (0, f"{guideline.digest}\n")
    assert "RDFC-1.0" in result.stderr
