"""`kg-service validate` for any number of patients: forms, inputs, what cannot be read, and what is told."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from kg_service.cli import main
from kg_service.errors import KgServiceError, NotAcceptable, RecordError
from kg_service.knowledge.namespaces import BASE, PATIENT, TYPE
from kg_service.patients.fhir.reading import LEFT_OPEN, READERS
from kg_service.patients.fhir.treatments import read_administration
from kg_service.validation.compiled import CompiledEngine
from kg_service.validation.reports.document import as_patient, frame

from .made import AS_OF, Json, bundle, bundles, export, lines, resources

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from kg_service import Guideline
    from kg_service.knowledge.shacl import Result as EngineResult
    from kg_service.patients.fhir.chart import Chart
    from kg_service.patients.fhir.entries import Entry
    from kg_service.patients.record import PatientRecord
    from kg_service.population.run import Stage
    from kg_service.validation.compiled.facts import Facts

COUNT = 23


def run(*arguments: str | Path, given: bytes = b"") -> Result:
    options = ["validate", *map(str, arguments), "--as-of", AS_OF]
    return CliRunner().invoke(main, options, input=given, catch_exceptions=False)


def written(guideline: Guideline, path: Path, form: str = "csv", jobs: int = 1) -> bytes:
    """Return the results as they come, which must be those in a file."""
    parts: list[bytes] = []
    guideline.validate_population(path, parts.append, form=form, as_of=AS_OF, jobs=jobs)
    file = path.with_name(f"{path.name}.results")
    guideline.validate_population(path, file, form=form, as_of=AS_OF, jobs=jobs)
    assert b"".join(parts) == file.read_bytes()
    assert [left.name for left in path.parent.iterdir() if ".part" in left.name or ".journal" in left.name] == []
    return file.read_bytes()


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def outcomes(content: bytes) -> dict[tuple[str, str], str]:
    return {(row["patient"], row["rule"]): row["outcome"] for row in table(content)}


def unread(content: bytes) -> dict[str, str]:
    """Return who was not judged, and why."""
    return {row["patient"]: row["message"] for row in table(content) if row["outcome"] == "not judged"}


def test_lines_are_those_of_the_report(guideline: Guideline, tmp_path: Path) -> None:
    path = bundles(tmp_path / "all.ndjson", COUNT)
    report = guideline.validate(path, as_of=AS_OF)
    found = written(guideline, path, "ndjson").decode()
    assert found == report.serialize("ndjson")
    assert found == "".join(
        json.dumps({**as_patient(patient), **frame(report)}, ensure_ascii=False) + "\n" for patient in report.patients
    )
    assert written(guideline, path, "csv").decode() == report.serialize("csv")


def test_a_bulk_export_has_the_verdicts_of_bundles(guideline: Guideline, tmp_path: Path) -> None:
    from_bundles = outcomes(written(guideline, bundles(tmp_path / "all.ndjson", COUNT)))
    assert outcomes(written(guideline, export(tmp_path / "export", COUNT))) == from_bundles
    assert {"violated", "satisfied", "undecided", "not-applicable"} <= set(from_bundles.values())


def test_processes_change_nothing(guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg_service.population.run.UNITS_AT_ONCE", 2)
    path = export(tmp_path / "export", COUNT)
    assert written(guideline, path, "ndjson", jobs=2) == written(guideline, path, "ndjson")


@pytest.mark.parametrize("suffix", [".nt", ".nq", ".ttl"])
def test_rdf(guideline: Guideline, tmp_path: Path, suffix: str) -> None:
    path = bundles(tmp_path / "all.ndjson", COUNT)
    triples = [f"{triple} ." for record in guideline.read(path) for triple in record.triples]
    file = tmp_path / f"all{suffix}"
    file.write_text("# patients\n\n" + "\n".join(reversed(triples)) + "\n", encoding="utf-8")
    found, expected = outcomes(written(guideline, file)), outcomes(written(guideline, path))
    names = {record.resource_id: record.patient.value for record in guideline.read(path)}
    assert found == {(names[patient], rule): outcome for (patient, rule), outcome in expected.items()}


@pytest.mark.parametrize("end", [" .\n", ".\n", ".# a patient\n", " .\r", ".\r\n"])
def test_triples_end_in_every_way_that_the_standard_has(guideline: Guideline, tmp_path: Path, end: str) -> None:
    of, is_a = f"<{PATIENT}subject>", f"<{TYPE.value}>"
    written_so = [
        f"_:p {is_a} <{PATIENT}Patient>",
        f"_:q.1 {is_a} <{PATIENT}Patient>",
        f"<urn:1> {of} _:p",
        f"<urn:2> {of} _:q.1",
        f"<urn:3> {of} _:p",
    ]
    file = tmp_path / "all.nt"
    file.write_bytes("".join(one + end for one in written_so).encode())
    assert {patient for patient, _ in outcomes(written(guideline, file))} == {
        f"{BASE}record/blank/p",
        f"{BASE}record/blank/q.1",
    }
    assert guideline.validate_population(file, lambda _: None, as_of=AS_OF).patients == 2


def test_a_line_of_triples_that_is_broken(guideline: Guideline, tmp_path: Path) -> None:
    path = bundles(tmp_path / "all.ndjson", 3)
    records = list(guideline.read(path))
    triples = [f"{triple} ." for record in records for triple in record.triples]
    where = next(n for n, line in enumerate(triples) if "birthDate" in line and "p1" in line)
    triples[where] = triples[where].replace('"', "", 1)
    file = tmp_path / "all.nt"
    file.write_text("\n".join(["no triple", *triples]) + "\n", encoding="utf-8")
    told = unread(written(guideline, file))
    assert list(told) == ["all.nt line 1", records[1].patient.value]
    assert f"line {where + 2}," in told[records[1].patient.value]
    with pytest.raises(RecordError, match=r"all\.nt: .* at line 1,"):
        list(guideline.read(file))


def test_what_cannot_be_read_is_listed_and_the_run_goes_on(tmp_path: Path) -> None:
    other_version = {"resourceType": "Condition", "id": "c", "clinicalStatus": "active"}
    path = tmp_path / "all.ndjson"
    path.write_bytes(
        lines(
            [
                bundle(1),
                '{"resourceType": "Bundle", "entry": [',
                "",
                "[]",
                bundle(2),
                {"resourceType": "Patient", "id": "p9"},
                other_version | {"subject": {"reference": "Patient/p9"}},
                bundle(3),
            ]
        )
    )
    result = run(path, "-f", "csv", "--jobs", "1")
    assert result.exit_code == 2
    told = unread(result.stdout_bytes)
    assert list(told) == ["all.ndjson line 2", "all.ndjson line 4", "Patient/p9"]
    assert "ends in the middle (line 2, column" in told["all.ndjson line 2"]
    assert "STU3" in told["Patient/p9"]
    judged = {row["patient"] for row in table(result.stdout_bytes)} - set(told)
    assert judged == {"Patient/p1", "Patient/p2", "Patient/p3"}
    assert re.search(r"^6 patients as of 2026-01-31: .* 3 not judged\.$", result.stderr, re.MULTILINE)


def test_an_error_that_nobody_foresaw_is_of_one_patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(chart: Chart, entry: Entry) -> None:
        if entry.id == "d1-1":
            raise KeyError(entry.resource["status"])
        read_administration(chart, entry)

    monkeypatch.setitem(READERS, "MedicationAdministration", fail)
    result = run(bundles(tmp_path / "all.ndjson", 3), "-f", "csv", "--jobs", "1")
    assert result.exit_code == 2
    assert unread(result.stdout_bytes) == {
        "all.ndjson line 2": "An internal error (KeyError) stopped the check: report it to the maintainers."
    }
    judged = {row["patient"] for row in table(result.stdout_bytes) if row["outcome"] != "not judged"}
    assert judged == {"Patient/p0", "Patient/p2"}


def test_an_error_that_nobody_foresaw_leaves_the_others_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = CompiledEngine.__call__

    def fail(engine: CompiledEngine, record: PatientRecord, as_of: dt.date) -> tuple[Facts, list[EngineResult]]:
        if record.resource_id == "Patient/p1" and record.triples:
            raise KeyError("secret")
        return judge(engine, record, as_of)

    monkeypatch.setattr(CompiledEngine, "__call__", fail)
    path = tmp_path / "three.json"
    entries = [entry for number in range(3) for entry in bundle(number)["entry"]]
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}), encoding="utf-8")
    result = run(path, "-f", "csv", "--jobs", "1")
    assert result.exit_code == 2
    assert unread(result.stdout_bytes) == {
        "Patient/p1": "An internal error (KeyError) stopped the check: report it to the maintainers."
    }
    judged = {row["patient"] for row in table(result.stdout_bytes) if row["outcome"] != "not judged"}
    assert judged == {"Patient/p0", "Patient/p2"}


def test_a_folder_with_a_broken_file_among_others(guideline: Guideline, tmp_path: Path) -> None:
    folder = export(tmp_path / "export", 3)
    (folder / "a.json").write_text('{"resourceType":', encoding="utf-8")
    (folder / "b.json").write_text(json.dumps(bundle(7)), encoding="utf-8")
    (folder / "c.ttl").write_text("<a> <b>", encoding="utf-8")
    (folder / "nobody.nt").write_text("", encoding="utf-8")
    rows = table(written(guideline, folder))
    told = {row["patient"] for row in rows if row["outcome"] == "not judged"}
    assert told == {"a.json", "c.ttl", "nobody.nt"}
    assert {row["patient"] for row in rows} - told == {f"Patient/p{number}" for number in (0, 1, 2, 7)}


def test_standard_input(guideline: Guideline, tmp_path: Path) -> None:
    path = bundles(tmp_path / "all.ndjson", 3)
    result = run("-", "-f", "csv", given=path.read_bytes())
    assert result.stdout_bytes == written(guideline, path)


def test_standard_input_without_an_end_of_line(tmp_path: Path) -> None:
    text = json.dumps(bundle(1)).encode()
    path = tmp_path / "one.json"
    path.write_bytes(text)
    assert run("-", "-f", "csv", given=text).stdout_bytes == run(path, "-f", "csv").stdout_bytes


def test_many_records_of_things_hide_no_treatment_of_somebody(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg_service.patients.fhir.lines.STRAYS", 3)
    monkeypatch.setattr("kg_service.patients.survey.STRAYS", 3)
    device = {"resourceType": "Observation", "status": "final", "subject": {"reference": "Device/1"}}
    order = {"resourceType": "MedicationRequest", "status": "active", "intent": "order"}
    things = [{**device, "id": f"o{number}"} for number in range(5)]

    def found(*orders: Json) -> bytes:
        path = tmp_path / "all.ndjson"
        path.write_bytes(lines([*resources(1), *things, *orders]))
        return written(guideline, path, "ndjson")

    left_open = b"a medication could not be read"
    assert left_open not in found()
    assert left_open in found({**order, "id": "m"})
    assert b"Too many records name no patient" in found(*({**order, "id": f"m{number}"} for number in range(4)))


@pytest.mark.parametrize("kind", sorted(LEFT_OPEN))
def test_a_record_of_nobody_is_told_to_all_in_lines_as_in_a_bundle(
    guideline: Guideline, tmp_path: Path, kind: str
) -> None:
    infarction = {"coding": [{"system": "http://snomed.info/sct", "code": "22298006"}]}
    lost = {"resourceType": kind, "id": "lost", "status": "finished", "code": infarction, "reasonCode": [infarction]}
    (tmp_path / "all.ndjson").write_bytes(lines([*resources(1), lost]))
    whole = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in [*resources(1), lost]],
    }
    (tmp_path / "all.json").write_text(json.dumps(whole), encoding="utf-8")
    in_lines, in_bundle = (guideline.read(tmp_path / name) for name in ("all.ndjson", "all.json"))
    assert [len(record.triples) for record in in_lines] == [len(record.triples) for record in in_bundle]
    assert all("names no patient" in str(record.not_understood) for record in in_lines)


def test_the_summary_counts_rules_and_outcomes(tmp_path: Path) -> None:
    path = bundles(tmp_path / "all.ndjson", 8)
    verdicts = outcomes(run(path, "-f", "csv").stdout_bytes)
    result = run(path, "-f", "summary")
    head, *rows = [line.split() for line in result.stdout.splitlines()]
    assert head == ["rule", "violated", "undecided", "satisfied", "not-applicable", "severity", "label"]
    for rule, *counts in (row[:5] for row in rows):
        of_rule = [outcome for (_, name), outcome in verdicts.items() if name == rule]
        assert list(map(int, counts)) == [of_rule.count(outcome) for outcome in head[1:5]]
    assert len(rows) * 8 == len(verdicts)
    assert result.exit_code == 1


def test_the_summary_fits_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bundles(tmp_path / "all.ndjson", 2)
    monkeypatch.setattr("kg_service.cli.records.width", lambda: 110)
    lines = run(path, "-f", "summary").stdout.splitlines()
    assert max(map(len, lines)) <= 110
    assert lines[0].split() == ["rule", "violated", "undecided", "satisfied", "not-applicable", "severity", "label"]
    run(path, "-f", "summary", "-o", tmp_path / "file")
    assert max(map(len, (tmp_path / "file").read_text(encoding="utf-8").splitlines())) > 110


def test_parquet(guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    monkeypatch.setattr("kg_service.population.run.UNITS_AT_ONCE", 3)
    path, out = bundles(tmp_path / "all.ndjson", 8), tmp_path / "results"
    guideline.validate_population(path, out, form="parquet", as_of=AS_OF)
    assert [file.name for file in sorted(out.iterdir())] == [f"part-{number:06}.parquet" for number in range(3)]
    rows = parquet.read_table(out).to_pylist()
    assert [{name: str(cell) for name, cell in row.items()} for row in rows] == table(written(guideline, path))
    with pytest.raises(KgServiceError, match="is there already"):
        guideline.validate_population(path, out, form="parquet", as_of=AS_OF)


def test_both_engines_agree(tmp_path: Path) -> None:
    path = bundles(tmp_path / "all.ndjson", 4)
    first, second = (run(path, "-f", "csv", "--engine", engine) for engine in ("compiled", "reference"))
    assert first.stdout_bytes == second.stdout_bytes
    assert first.exit_code == second.exit_code == 1


def test_a_path_that_is_not_there_is_told_before_anything_is_written(tmp_path: Path) -> None:
    path = bundles(tmp_path / "all.ndjson", 1)
    result = run(path, tmp_path / "gone.ndjson", "-f", "csv", "-o", tmp_path / "out.csv")
    assert (result.exit_code, "gone.ndjson" in result.stderr) == (2, True)
    assert [file.name for file in tmp_path.iterdir()] == ["all.ndjson"]


def test_a_form_that_is_none_is_told_with_those_there_are(guideline: Guideline, tmp_path: Path) -> None:
    with pytest.raises(NotAcceptable, match="Available: ndjson, csv, parquet, summary"):
        guideline.validate_population(bundles(tmp_path / "all.ndjson", 1), tmp_path / "out", form="table")


def test_all_paths_are_one_input(guideline: Guideline, tmp_path: Path) -> None:
    first, second = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    patient, *doses = resources(2)
    first.write_bytes(lines([patient, doses[0]]))
    second.write_bytes(lines([patient, *doses]))
    counts = guideline.validate_population([first, second], lambda _: None, as_of=AS_OF)
    assert counts.patients == 1


def test_progress_is_told_with_rate_and_time_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg_service.cli.progress.TOLD_EVERY", 0)
    monkeypatch.setattr("kg_service.population.run.UNITS_AT_ONCE", 3)
    result = run(bundles(tmp_path / "all.ndjson", 8), "-f", "ndjson", "--jobs", "1")
    assert result.stdout.count("\n") == 8
    assert "% of the input surveyed" in result.stderr
    assert re.search(
        r"^6 patients checked; \d+% of the input; [\d,]+ a second, time left \d+ s$", result.stderr, re.MULTILINE
    )


def test_processes_where_none_can_be_copied(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg_service.population.run.UNITS_AT_ONCE", 2)
    monkeypatch.setattr("kg_service.population.pool._can_fork", lambda: False)
    path = bundles(tmp_path / "all.ndjson", 5)
    assert written(guideline, path, jobs=2) == written(guideline, path)


def test_an_output_that_would_harm_something_is_refused(tmp_path: Path) -> None:
    given = tmp_path / "in"
    given.mkdir()
    kept = bundles(given / "all.ndjson", 2)
    before = kept.read_bytes()
    for output in (kept, given / "verdicts.csv", "/dev/null", tmp_path / "nowhere" / "x.csv"):
        for form in ("csv", "json"):
            result = run(given, "-f", form, "-o", output)
            assert (result.exit_code, "Error: " in result.stderr) == (2, True), (output, form)
    assert kept.read_bytes() == before
    assert [path.name for path in given.iterdir()] == ["all.ndjson"]


def test_parquet_needs_a_folder(tmp_path: Path) -> None:
    result = run(bundles(tmp_path / "all.ndjson", 2), "-f", "parquet")
    assert (result.exit_code, result.stdout) == (2, "")


def test_an_input_that_grows_meanwhile_gives_no_result(guideline: Guideline, tmp_path: Path) -> None:
    given, output = bundles(tmp_path / "all.ndjson", 3), tmp_path / "verdicts.csv"

    def grow(stage: Stage) -> None:
        if not stage.is_survey:
            given.write_bytes(given.read_bytes() + lines([bundle(99)]))

    with pytest.raises(KgServiceError, match="has changed while it was read: run again"):
        guideline.validate_population(given, output, form="csv", as_of=AS_OF, told=grow)
    assert not output.exists()
    assert guideline.validate_population(given, output, form="csv", as_of=AS_OF).patients == 4  # as it was told to
