"""The commands about patient records: `validate` and `convert`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg_service.cli.output import give
from kg_service.errors import RecordError
from kg_service.guideline import Guideline, as_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg_service.patients.record import PatientRecord
    from kg_service.validation.report import Report

REPORT_FORMATS = ("table", "json", "ndjson", "turtle", "jsonld", "fhir", "csv", "junit")
RDF_FORMATS = ("turtle", "ntriples", "jsonld")
CONFORMS, VIOLATED, UNREADABLE = 0, 1, 2
STANDARD_INPUT = "-"
TOLD_EVERY = 2.0  # seconds between two lines of progress


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--as-of", metavar="DATE", help="The day of judgement, like 2026-01-31; today when left out.")
@click.option(
    "--jurisdiction",
    "jurisdictions",
    multiple=True,
    metavar="NAME",
    help="Check the rules of this place; repeat for more.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["violation", "undecided", "never"]),
    default="violation",
    show_default=True,
    help="What makes the exit status 1; undecided includes violation.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(REPORT_FORMATS),
    default="table",
    show_default=True,
    help="turtle and jsonld give SHACL report graphs, fhir an OperationOutcome.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.pass_context
def validate(  # noqa: PLR0913, PLR0917 - one parameter for each option
    ctx: click.Context,
    paths: tuple[str, ...],
    as_of: str | None,
    jurisdictions: tuple[str, ...],
    fail_on: str,
    form: str,
    output: Path | None,
) -> None:
    """Hold patient records against the guideline's rules.

    PATH is a file of FHIR R4 (.json, .ndjson) or of RDF in the patient vocabulary (.ttl, .nt, .nq, .trig, .jsonld), a
    folder of such files or of a FHIR bulk export, or - for standard input.

    For each patient each rule is violated, satisfied, undecided (and which datum is missing) or not applicable (and
    why).

    \b
    Examples:
      kg-service validate patient.json
      kg-service validate export/ --as-of 2026-01-31 --jurisdiction US -f csv -o report.csv
      kg-service validate patient.ttl -f turtle

    Exit status: 0 no rule is violated, 1 one is (see --fail-on), 2 a record cannot be read or judged.
    """  # noqa: D301 - \b keeps click from folding the examples
    from kg_service.validation.report import Report  # noqa: PLC0415 - what a question does not need

    guideline = Guideline.load()
    day, places = as_day(as_of), guideline.jurisdictions(jurisdictions)
    reading = _Reading(guideline, paths)
    report = Report(
        patients=tuple(guideline.judge(_told(reading), day, places)),
        as_of=day,
        graph_digest=guideline.digest,
        query_digest=guideline.validator.catalogue.digest,
        jurisdictions=tuple(guideline.labels[place.value] for place in places),
    )
    give(report.serialize(form), output)
    ctx.exit(UNREADABLE if reading.failed or report.faulty else _status(report, fail_on))


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(RDF_FORMATS),
    default="turtle",
    show_default=True,
    help="Form of the RDF.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the graph to this file.")
@click.pass_context
def convert(ctx: click.Context, paths: tuple[str, ...], form: str, output: Path | None) -> None:
    """Write patient records as RDF in the patient vocabulary; what was not understood is listed on standard error.

    \b
    Example:
      kg-service convert bundle.json -o patient.ttl
    """  # noqa: D301 - \b keeps click from folding the examples
    from kg_service.patients.rdf import write_rdf  # noqa: PLC0415 - what a question does not need

    guideline = Guideline.load()
    reading = _Reading(guideline, paths)
    records = list(reading)
    give(write_rdf(records, form, guideline.prefixes), output)
    for record in records:
        told = [(one.path, one.reason) for one in record.not_understood]
        told += [(one.path, one.reason) for one in record.faults]
        for path, reason in told:
            click.echo(f"{path}: {reason}", err=True)
    ctx.exit(UNREADABLE if reading.failed or any(record.faults for record in records) else CONFORMS)


class _Reading:
    """Reads path after path; one that cannot be read is told of on standard error, and the next one follows."""

    def __init__(self, guideline: Guideline, paths: Sequence[str]) -> None:
        self._records = guideline.records
        self._paths = paths
        self.failed = False

    def __iter__(self) -> Iterator[PatientRecord]:
        for path in self._paths:
            try:
                yield from self._read(path)
            except RecordError as error:
                self.failed = True
                named = "" if str(error).startswith(Path(path).name) else f"{path}: "
                click.echo(f"Error: {named}{error}", err=True)

    def _read(self, path: str) -> Iterable[PatientRecord]:
        from kg_service.patients.records import media_type_of  # noqa: PLC0415 - what a question does not need

        if path != STANDARD_INPUT:
            return self._records.from_path(Path(path))
        data = sys.stdin.buffer.read()
        return self._records.from_bytes(data, media_type_of(data))


def _told(records: Iterable[PatientRecord]) -> Iterator[PatientRecord]:
    """Pass the records on, and tell on standard error how many there were, now and then."""
    begun = last = time.monotonic()
    for number, record in enumerate(records, start=1):
        yield record
        now = time.monotonic()
        if now - last > TOLD_EVERY:
            last = now
            click.echo(f"{number:,} patients checked, {number / (now - begun):,.0f} a second", err=True)


def _status(report: Report, fail_on: str) -> int:
    if fail_on == "never":
        return CONFORMS
    failed = report.violated or (fail_on == "undecided" and report.undecided)
    return VIOLATED if failed else CONFORMS
