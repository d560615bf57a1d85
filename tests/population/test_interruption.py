"""Runs that end before their time: killed at any moment, continued, and the result is as if nothing had been."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg_service.errors import KgServiceError

from .made import AS_OF, bundles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_service import Guideline
    from kg_service.population.run import Stage

KILLS = 24
PATIENTS = 10_000 if os.environ.get("KG_SERVICE_EVERY_RECORD") else 60
DRIVER = Path(__file__).with_name("kill_and_resume.py")

on_posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork to begin many runs quickly")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a run in /proc")


@on_posix
@pytest.mark.parametrize(("form", "jobs"), [("ndjson", 1), ("csv", 2)])
def test_killed_at_any_moment_and_resumed(tmp_path: Path, form: str, jobs: int) -> None:
    """Half the kills for each form: see the driver, which loads the rules once for all runs.

    With KG_SERVICE_EVERY_RECORD set, 10,000 patients.
    """
    path = bundles(tmp_path / "all.ndjson", PATIENTS)
    asked = [sys.executable, str(DRIVER), str(path), form, AS_OF, str(KILLS // 2), str(jobs)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["kills"] >= KILLS // 2
    assert told["resumed"] > 0
    assert told["differing"] == told["failed"] == 0


@on_linux
def test_the_death_of_a_process_ends_the_run_and_says_how_to_go_on(tmp_path: Path) -> None:
    path, out = bundles(tmp_path / "all.ndjson", 3000), tmp_path / "out.csv"
    options = ["-f", "csv", "--as-of", AS_OF, "--jobs", "2", "-o", str(out)]
    command = [sys.executable, "-m", "kg_service", "validate", str(path), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        while not (children := list(_children(run.pid))):
            time.sleep(0.05)
        os.kill(children[0], signal.SIGKILL)
        _, told = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "--resume" in told
    assert not out.exists()


def test_a_process_that_dies_while_it_hands_over_what_it_found(guideline: Guideline, tmp_path: Path) -> None:
    """A batch is larger than what fits between two processes, so both wait for the run to take theirs."""

    def kill(stage: Stage) -> None:
        if stage.patients:
            time.sleep(2)
            multiprocessing.active_children()[0].kill()

    path, out = bundles(tmp_path / "all.ndjson", 600), tmp_path / "out.csv"
    with pytest.raises(KgServiceError, match="--resume"):
        guideline.validate_population(path, out, form="csv", as_of=AS_OF, jobs=2, told=kill)
    assert multiprocessing.active_children() == []


@on_linux
def test_processes_do_not_outlive_the_run(tmp_path: Path) -> None:
    path = bundles(tmp_path / "all.ndjson", 3000)
    options = ["-f", "csv", "--as-of", AS_OF, "--jobs", "2", "-o", str(tmp_path / "out.csv")]
    with subprocess.Popen([sys.executable, "-m", "kg_service", "validate", str(path), *options]) as run:
        while len(children := list(_children(run.pid))) < 2:
            time.sleep(0.05)
        run.kill()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < until, "a process is still there"
        time.sleep(0.1)


@on_linux
@pytest.mark.parametrize(
    ("number", "again"), [("SIGINT", None), ("SIGINT", 0.0), ("SIGINT", 0.01), ("SIGINT", 0.1), ("SIGTERM", 0.01)]
)
def test_an_interruption_ends_a_run_at_once_however_often_it_comes(
    tmp_path: Path, temporary: Path, number: str, again: float | None
) -> None:
    """To all processes of the run, as a terminal and a service manager send it."""
    path, out = bundles(tmp_path / "all.ndjson", 3000), tmp_path / "out.csv"
    options = ["-f", "csv", "--as-of", AS_OF, "--jobs", "2", "-o", str(out)]
    command = [sys.executable, "-m", "kg_service", "validate", str(path), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        while len(list(_children(run.pid))) < 2 or not out.with_name("out.csv.part").stat().st_size:
            time.sleep(0.05)
        os.killpg(run.pid, getattr(signal, number))
        if again is not None:
            time.sleep(again)
            with suppress(ProcessLookupError):
                os.killpg(run.pid, getattr(signal, number))
        _, told = run.communicate(timeout=20)
    assert run.returncode == 128 + getattr(signal, number)
    assert told.endswith(f"Interrupted. The same command with --resume goes on into {out}.\n")
    assert list(temporary.iterdir()) == []


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where processes that are killed leave their files."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def unfinished(guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output of a run that failed after some batches."""
    monkeypatch.setattr("kg_service.population.run.UNITS_AT_ONCE", 2)
    path, out = bundles(tmp_path / "all.ndjson", 9), tmp_path / "out.csv"

    def fail(stage: object) -> None:
        if getattr(stage, "patients", 0) >= 4:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        guideline.validate_population(path, out, form="csv", as_of=AS_OF, told=fail)
    assert not out.exists()
    return out


def test_an_unfinished_run_is_not_overwritten(guideline: Guideline, unfinished: Path) -> None:
    with pytest.raises(KgServiceError, match="--resume, or delete"):
        guideline.validate_population(unfinished.with_name("all.ndjson"), unfinished, form="csv", as_of=AS_OF)


def test_only_the_same_run_is_continued(guideline: Guideline, unfinished: Path) -> None:
    path = unfinished.with_name("all.ndjson")

    def resume(**options: str) -> None:
        guideline.validate_population(path, unfinished, resume=True, **{"form": "csv", "as_of": AS_OF, **options})

    with pytest.raises(KgServiceError, match=r"of something else: other as_of \(it was 2026-01-31\)"):
        resume(as_of="2026-02-01")
    with pytest.raises(KgServiceError, match="other form"):
        resume(form="ndjson")
    with path.open("ab") as file:
        file.write(b"\n")
    with pytest.raises(KgServiceError, match="other input"):
        resume()


@on_posix
def test_two_runs_do_not_write_into_one_output(guideline: Guideline, tmp_path: Path) -> None:
    path, out = bundles(tmp_path / "all.ndjson", 3), tmp_path / "out.csv"

    options = ["-f", "csv", "--as-of", AS_OF, "--resume", "-o", str(out)]
    others = []

    def begin_another(stage: Stage) -> None:
        if stage.patients == 3:
            command = [sys.executable, "-m", "kg_service", "validate", str(path), *options]
            others.append(subprocess.run(command, capture_output=True, text=True, check=False))

    counts = guideline.validate_population(path, out, form="csv", as_of=AS_OF, told=begin_another)
    assert counts.patients == 3
    assert [other.returncode for other in others] == [2]
    assert "A run into out.csv is going on" in others[0].stderr
    assert out.read_bytes().decode() == guideline.validate(path, as_of=AS_OF).serialize("csv")


def test_a_folder_in_place_of_a_file_is_told_at_once(guideline: Guideline, tmp_path: Path) -> None:
    with pytest.raises(KgServiceError, match="is a folder"):
        guideline.validate_population(bundles(tmp_path / "all.ndjson", 1), tmp_path, as_of=AS_OF)


def test_no_room_for_temporary_files_is_told(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg_service.patients.survey.TABLES", "PRAGMA max_page_count = 2; CREATE TABLE line (id);")
    with pytest.raises(KgServiceError, match="TMPDIR"):
        guideline.validate_population(bundles(tmp_path / "all.ndjson", 1), lambda _: None, as_of=AS_OF)


def test_no_folder_for_temporary_files_is_told(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    given, output = bundles(tmp_path / "all.ndjson", 1), tmp_path / "verdicts.csv"
    with pytest.raises(KgServiceError, match=r"temporary files.*TMPDIR"):
        guideline.validate_population(given, output, form="csv", as_of=AS_OF)
    assert [path.name for path in tmp_path.iterdir()] == ["all.ndjson"]


@pytest.mark.parametrize("torn", ["", '{"batches": 3, "si', "\0\0\n"])
def test_a_continued_run_is_whole(guideline: Guideline, unfinished: Path, torn: str) -> None:
    """Also when the last line of the journal, and bytes after the last batch, were half written."""
    path = unfinished.with_name("all.ndjson")
    with (
        unfinished.with_name("out.csv.journal").open("a") as journal,
        unfinished.with_name("out.csv.part").open("ab") as part,
    ):
        journal.write(torn)
        part.write(b"half a ro")
    told: list[int] = []
    counts = guideline.validate_population(
        path, unfinished, form="csv", as_of=AS_OF, resume=True, told=lambda stage: told.append(stage.patients)
    )
    assert (counts.patients, max(told)) == (9, 5)
    assert unfinished.read_bytes().decode() == guideline.validate(path, as_of=AS_OF).serialize("csv")
    assert sorted(file.name for file in path.parent.iterdir()) == ["all.ndjson", "out.csv"]


def test_a_part_that_is_gone_is_written_anew(guideline: Guideline, unfinished: Path) -> None:
    path = unfinished.with_name("all.ndjson")
    unfinished.with_name("out.csv.part").unlink()
    counts = guideline.validate_population(path, unfinished, form="csv", as_of=AS_OF, resume=True)
    assert counts.patients == 9
    assert unfinished.read_bytes().decode() == guideline.validate(path, as_of=AS_OF).serialize("csv")


def test_a_stream_cannot_be_continued(guideline: Guideline, tmp_path: Path) -> None:
    with pytest.raises(KgServiceError, match="--output"):
        guideline.validate_population(bundles(tmp_path / "all.ndjson", 1), lambda _: None, as_of=AS_OF, resume=True)


def _children(pid: int) -> Iterator[int]:
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        yield from map(int, tasks.read_text().split())
