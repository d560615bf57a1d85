"""`kg-service validate` and `kg-service convert`, as a person calls them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from pyoxigraph import NamedNode, RdfFormat, Store, parse

from kg_service.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kg_service import Guideline

TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
SH = "http://www.w3.org/ns/shacl#"
FORMS = {"turtle": RdfFormat.TURTLE, "ntriples": RdfFormat.N_TRIPLES, "jsonld": RdfFormat.JSON_LD}
AS_OF = ("--as-of", "2026-01-31")
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-03-04"}


def dose(number: int, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "resourceType": "MedicationAdministration",
        "id": f"d{number}",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "2123126"}]
        },
        "effectiveDateTime": f"2025-{number:02}-01",
        "dosage": {"dose": {"value": 210, "system": "http://unitsofmeasure.org", "code": "mg"}},
    } | parts


def bundle(*resources: dict[str, Any]) -> str:
    entries = [{"resource": resource} for resource in (PATIENT, *resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def stored(text: str, form: str) -> Store:
    store = Store()
    store.extend(parse(text, format=FORMS[form]))
    return store


WRONG_DOSE = bundle(dose(1, dosage={"dose": {"value": 105, "code": "mg", "system": "http://unitsofmeasure.org"}}))
NOTHING = bundle()


@pytest.fixture
def run(tmp_path: Path, guideline: Guideline) -> Callable[..., Result]:  # noqa: ARG001 - kept, so that no start says so
    def call(command: str, *arguments: str, **files: str) -> Result:
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
        given = [str(tmp_path / a) if (tmp_path / a).exists() else a for a in arguments]
        return CliRunner().invoke(main, [command, *given])

    return call


@pytest.mark.parametrize(
    ("record", "options", "status"),
    [
        (NOTHING, (), 0),
        (WRONG_DOSE, (), 1),
        (WRONG_DOSE, ("--fail-on", "never"), 0),
        (bundle(dose(1, dosage={})), ("--fail-on", "undecided"), 1),
        (bundle({"resourceType": "Questionnaire"}), (), 0),
        (json.dumps({"resourceType": "Questionnaire"}), (), 2),
        ('{"resourceType": "Bundle", "entry": [', (), 2),
        (bundle(dose(1, effectiveDateTime="2025-02-30")), (), 2),
    ],
    ids=["fine", "violated", "never", "undecided", "other resource", "wrong resource", "truncated", "no such day"],
)
def test_exit_status(run: Callable[..., Result], record: str, options: tuple[str, ...], status: int) -> None:
    result = run("validate", "a.json", *AS_OF, *options, a_json=record)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output


def test_the_table_says_what_is_wrong_where_and_by_whom(run: Callable[..., Result]) -> None:
    output = run("validate", "a.json", *AS_OF, a_json=WRONG_DOSE).stdout
    assert output.startswith("Patient/p1: ")
    told = " ".join(output.split())
    assert "romosozumab (MedicationAdministration/d1, 2025-01-01) is 105 mg in total; the dose is 210 mg." in told
    assert "F-FDA-3 (SRC-FDA-EVENITY)" in told
    assert "at Bundle.entry[1].resource" in told
    assert "1 patient as of 2026-01-31: 1 with a violated rule" in told
    assert max(map(len, output.splitlines())) <= 120


def test_one_unreadable_file_does_not_hide_the_others(run: Callable[..., Result]) -> None:
    result = run("validate", "b.json", "a.json", *AS_OF, "-f", "csv", a_json=WRONG_DOSE, b_json='{"resourceType":')
    assert result.exit_code == 2
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["message"][:8] for row in rows if row["outcome"] == "not judged"] == ["b.json: "]
    assert {row["patient"] for row in rows} == {"b.json", "Patient/p1"}
    whole = run("validate", "b.json", "a.json", *AS_OF)
    assert (whole.exit_code, "b.json: " in whole.stderr, whole.stdout[:12]) == (2, True, "Patient/p1: ")


def test_a_faulty_patient_is_told_of_beside_the_others(run: Callable[..., Result]) -> None:
    faulty = bundle(dose(1, effectiveDateTime="2025-02-30")).replace("p1", "p2")
    result = run("validate", "a.json", "b.json", *AS_OF, "-f", "json", a_json=WRONG_DOSE, b_json=faulty)
    assert result.exit_code == 2
    good, bad = json.loads(result.stdout)["patients"]
    assert (good["faults"], bad["rules"]) == ([], [])
    assert bad["faults"][0]["path"] == "b.json: Bundle.entry[1].resource.effectiveDateTime"


def test_every_form_tells_the_same_outcomes(run: Callable[..., Result]) -> None:
    """JSON is taken for the truth; CSV, JUnit, SHACL and OperationOutcome must agree with it."""
    record = bundle(
        dose(1, dosage={"dose": {"value": 105, "code": "mg", "system": "http://unitsofmeasure.org"}}), dose(2)
    )

    def output(form: str) -> str:
        return str(run("validate", "a.json", *AS_OF, "-f", form, a_json=record).stdout)

    (patient,) = json.loads(output("json"))["patients"]
    outcomes = {rule["rule"]: rule["outcome"] for rule in patient["rules"]}
    assert {"violated", "undecided"} <= set(outcomes.values())
    assert {row["rule"]: row["outcome"] for row in csv.DictReader(io.StringIO(output("csv")))} == outcomes
    assert json.loads(output("ndjson"))["rules"] == patient["rules"]

    suite = ET.fromstring(output("junit")).find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    failed = {case.get("name") for case in suite if case.find("failure") is not None}
    informed = {rule["rule"] for rule in patient["rules"] if rule["severity"] == "info"}
    assert failed == {rule for rule, outcome in outcomes.items() if outcome == "violated"} - informed

    findings = sum(len(rule["findings"]) for rule in patient["rules"])
    for form in ("turtle", "jsonld"):
        report = stored(output(form), form)
        results = list(report.quads_for_pattern(None, TYPE, NamedNode(SH + "ValidationResult")))
        assert len(results) == findings
        shapes = [str(quad.object) for quad in report.quads_for_pattern(None, NamedNode(SH + "sourceShape"), None)]
        names = {shape.strip("<>").rpartition("/")[2] for shape in shapes}
        assert names >= {rule for rule, outcome in outcomes.items() if outcome == "violated"}
        assert len(list(report.quads_for_pattern(None, TYPE, NamedNode(SH + "ValidationReport")))) == 1

    issues = json.loads(output("fhir"))["issue"]
    told = {issue["details"]["coding"][0]["code"] for issue in issues if "details" in issue}
    assert told == {rule for rule, outcome in outcomes.items() if outcome in {"violated", "undecided"}}
    assert all(issue["code"] in {"business-rule", "incomplete", "not-supported"} for issue in issues)
    assert {"Bundle.entry[1].resource"} <= {path for issue in issues for path in issue["expression"]}


def test_a_report_is_written_whole_into_a_file(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("validate", "a.json", *AS_OF, "-f", "csv", "-o", str(tmp_path / "report.csv"), a_json=WRONG_DOSE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert (tmp_path / "report.csv").read_text(encoding="utf-8").startswith("patient,rule,outcome")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "report.csv"]


def test_a_report_that_cannot_be_written_is_an_error(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("validate", "a.json", "-o", str(tmp_path / "none" / "report.csv"), a_json=WRONG_DOSE)
    assert result.exit_code == 2
    assert "--output" in result.stderr


def test_a_spreadsheet_takes_no_cell_for_a_formula(run: Callable[..., Result]) -> None:
    record = bundle(dose(1)).replace('"p1"', '"=1+1"').replace("Patient/p1", "Patient/=1+1")
    rows = csv.DictReader(io.StringIO(run("validate", "a.json", *AS_OF, "-f", "csv", a_json=record).stdout))
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_folder_and_standard_input(run: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Patient.ndjson").write_text(json.dumps(PATIENT), encoding="utf-8")
    (folder / "MedicationAdministration.ndjson").write_text(
        "\n".join(json.dumps(dose(month)) for month in (1, 2)), encoding="utf-8"
    )
    from_folder = json.loads(run("validate", "export", *AS_OF, "-f", "json").stdout)
    piped = CliRunner().invoke(main, ["validate", "-", *AS_OF, "-f", "json"], input=bundle(dose(1), dose(2)))
    outcomes = [
        {rule["rule"]: rule["outcome"] for rule in report["patients"][0]["rules"]}
        for report in (from_folder, json.loads(piped.stdout))
    ]
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_what_is_not_read_in_a_folder_is_named(run: Callable[..., Result], tmp_path: Path, form: str) -> None:
    for folder in ("more/.git", ".old"):
        (tmp_path / "export" / folder).mkdir(parents=True)
    names = ("a.log", "b.txt", "more/c", ".e", "Patient.ndjson", ".old/Patient.ndjson", "more/.git/Patient.ndjson")
    for name in names:
        (tmp_path / "export" / name).write_text(json.dumps(PATIENT), encoding="utf-8")
    result = run("validate", "export", *AS_OF, "-f", form)
    (told,) = (line for line in result.stderr.splitlines() if line.startswith("Not read in "))
    expected = ".e, .old/, a.log, b.txt, more/.git/, more/c"
    assert told.endswith(f"export, being hidden or no files of records: {expected}.")
    assert result.exit_code == 0


def test_twenty_files_that_are_not_read_are_named(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "Patient.ndjson").write_text(json.dumps(PATIENT), encoding="utf-8")
    for number in range(10, 32):
        (tmp_path / "export" / f"{number}.log").touch()
    (told,) = (line for line in run("validate", "export", *AS_OF).stderr.splitlines() if line.startswith("Not read"))
    assert told.endswith(": " + ", ".join(f"{number}.log" for number in range(10, 30)) + " and 2 more.")


def test_what_is_refused_in_a_folder_is_told_once(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    for name in ("Patient.ndjson", "Condition.ndjson.gz", "old.xml", "readme.txt"):
        (tmp_path / "export" / name).write_text(json.dumps(PATIENT), encoding="utf-8")
    result = run("validate", "export", *AS_OF)
    not_read, error = result.stderr.splitlines()
    assert not_read.endswith("being hidden or no files of records: readme.txt.")
    assert error == "Error: Condition.ndjson.gz in the folder export is packed, and would be missed: unpack it."
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_manifest_of_a_bulk_export_is_named_and_no_patient(run: Callable[..., Result], tmp_path: Path) -> None:
    manifest = {"transactionTime": "2026-01-30T01:00:00Z", "request": "https://x/$export", "output": [], "error": []}
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "Patient.ndjson").write_text(json.dumps(PATIENT), encoding="utf-8")
    (tmp_path / "export" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    result = run("validate", "export", *AS_OF, "-f", "csv")
    not_read, *_, counts = result.stderr.splitlines()
    assert not_read.endswith("being hidden or no files of records: manifest.json.")
    assert counts.startswith("1 patient as of 2026-01-31: ")
    assert counts.endswith(" 0 not judged.")
    assert result.exit_code == 0


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize(
    ("piped", "said"),
    [
        (b"", "standard input is empty: give "),
        (b"\x1f\x8b\x08", "standard input is packed: unpack it."),
        (b'<Patient xmlns="http://hl7.org/fhir"/>', "standard input is XML, which is not read: "),
        (b"patient,rule\n", "standard input is of no form that is read: give FHIR R4 as JSON or NDJSON, "),
    ],
)
def test_standard_input_of_no_form_that_is_read(cache_folder: Path, form: str, piped: bytes, said: str) -> None:  # noqa: ARG001
    result = CliRunner().invoke(main, ["validate", "-", *AS_OF, "-f", form], input=piped)
    assert result.stderr.startswith(f"Error: {said}")
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)


def test_standard_input_that_cannot_be_read_does_not_hide_the_others(run: Callable[..., Result]) -> None:
    result = run("validate", "a.json", "-", *AS_OF, a_json=WRONG_DOSE)  # nothing is piped
    assert (result.exit_code, "standard input is empty" in result.stderr) == (2, True)
    assert result.stdout.startswith("Patient/p1: ")


@pytest.mark.parametrize("form", ["table", "json", "turtle", "jsonld", "fhir", "junit", "csv"])
def test_there_is_no_report_on_nobody(run: Callable[..., Result], form: str) -> None:
    result = run("validate", "nosuch.json", *AS_OF, "-f", form)
    assert (result.exit_code, result.stdout) == (2, "")
    said = "nosuch.json cannot be read: there is no file or folder nosuch.json. Check the path."
    assert result.stderr == f"Error: {said}\n"


def test_nothing_is_converted_of_nobody(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("convert", "nosuch.json", "-o", str(tmp_path / "a.ttl"))
    assert (result.exit_code, result.stdout, list(tmp_path.iterdir())) == (2, "", [])


@pytest.mark.parametrize(
    "command",
    [("validate", ""), ("validate", "a.json", ""), ("convert", ""), ("explain", "verdict", "", "--rule", "x")],
)
def test_an_empty_path_is_not_the_current_folder(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, command)
    assert (result.exit_code, "an empty path names nothing" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["validate", "convert"])
def test_no_output_in_the_place_of_the_input(run: Callable[..., Result], tmp_path: Path, command: str) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "Patient.ndjson").write_text(json.dumps(PATIENT), encoding="utf-8")
    for place in ("export/Patient.ndjson", "export/out.ttl"):
        result = run(command, "export", "-f", "turtle", "-o", str(tmp_path / place))
        assert (result.exit_code, "is the input, or in its folder" in result.stderr) == (2, True)
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["Patient.ndjson"]


def test_unknown_jurisdictions_and_days_are_told_with_what_would_do(run: Callable[..., Result]) -> None:
    result = run("validate", "a.json", "--jurisdiction", "Japn", a_json=NOTHING)
    assert (result.exit_code, "Japan" in result.stderr) == (2, True)
    result = run("validate", "a.json", "--as-of", "31.1.2026", a_json=NOTHING)
    assert (result.exit_code, "2026-01-31" in result.stderr) == (2, True)


def test_files_that_are_not_there_or_of_no_kind(run: Callable[..., Result]) -> None:
    result = run("validate", "gone.json")
    assert (result.exit_code, "gone.json" in result.stderr) == (2, True)
    result = run("validate", "a.pdf", a_pdf="x")
    assert (result.exit_code, ".ndjson" in result.stderr) == (2, True)


def test_what_is_converted_is_judged_alike(run: Callable[..., Result], tmp_path: Path) -> None:
    record = bundle(
        dose(1), dose(2, status="not-done"), {"resourceType": "Claim", "patient": {"reference": "Patient/p1"}}
    )
    converted = run("convert", "a.json", "-o", str(tmp_path / "b.ttl"), a_json=record)
    assert converted.exit_code == 0
    assert "Claim" in converted.stderr
    reports = [json.loads(run("validate", name, *AS_OF, "-f", "json").stdout) for name in ("a.json", "b.ttl")]
    first, second = (report["patients"][0]["rules"] for report in reports)
    assert first == second


def test_what_is_converted_to_a_name_that_is_not_read(run: Callable[..., Result], tmp_path: Path) -> None:
    for name in ("b.ntriples", "b.nt"):
        run("convert", "a.json", "-f", "ntriples", "-o", str(tmp_path / name), a_json=NOTHING)
    refused = run("validate", "b.ntriples", *AS_OF)
    assert refused.stderr == "Error: b.ntriples is not read under this suffix: name it .nt.\n"
    assert run("validate", "b.nt", *AS_OF).exit_code == 0


@pytest.mark.parametrize("command", ["validate", "convert"])
def test_help_says_what_paths_are(command: str) -> None:
    told = " ".join(CliRunner().invoke(main, [command, "--help"]).output.split())
    assert "PATH is a file of FHIR R4 (.json, .ndjson, .jsonl) or of RDF in the patient vocabulary (.ttl, .nt," in told
    assert "or - for standard input" in told


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_patient_graph(run: Callable[..., Result], form: str) -> None:
    graph = stored(run("convert", "a.json", "-f", form, a_json=bundle(dose(1))).stdout, form)
    administration = NamedNode("https://w3id.org/guideline-kg/patient/Administration")
    assert len(list(graph.quads_for_pattern(None, TYPE, administration))) == 1
