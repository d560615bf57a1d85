"""The commands about patient records: `validate` and `convert`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg_service.cli import options
from kg_service.cli.output import count, exit_status, give, print_part, print_text, width
from kg_service.cli.progress import Progress, tell
from kg_service.errors import RecordError
from kg_service.guideline import Guideline, as_day
from kg_service.population.output import check_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service.patients.record import PatientRecord
    from kg_service.population.tally import Tally
    from kg_service.validation.report import Report

WHOLE_FORMS = ("table", "json", "turtle", "jsonld", "fhir", "junit")
STREAMED_FORMS = ("ndjson", "csv", "parquet", "summary")
RDF_FORMATS = ("turtle", "ntriples", "jsonld")
CONFORMS, VIOLATED, UNREADABLE = 0, 1, 2
MOST_NAMED = 20
"""Files that are named of those that are not read."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@click.command()
@options.paths
@options.as_of
@options.jurisdictions
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
    type=click.Choice([*WHOLE_FORMS, *STREAMED_FORMS]),
    default="table",
    show_default=True,
    help="For any number of patients: ndjson, csv, parquet, summary (a table by rule). For some: table, json, junit, "
    "SHACL reports as turtle or jsonld, fhir (an OperationOutcome).",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file; of parquet, to a folder.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=cores,
    show_default="one for each core",
    help="So many processes check patients; for ndjson, csv, parquet and summary.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run with the same arguments and --output.")
@click.option(
    "--engine",
    type=click.Choice(["compiled", "reference"]),
    default="compiled",
    show_default=True,
    help="reference runs the shapes on pySHACL, slowly, with the same verdicts.",
)
@click.pass_context
def validate(  # noqa: PLR0913, PLR0917 - one parameter for each option
    ctx: click.Context,
    paths: tuple[str, ...],
    as_of: str | None,
    jurisdictions: tuple[str, ...],
    fail_on: str,
    form: str,
    output: Path | None,
    jobs: int,
    resume: bool,  # noqa: FBT001 - a flag
    engine: str,
) -> None:
    """Hold patient records against the guideline's rules.

    PATH is a file of FHIR R4 (.json, .ndjson, .jsonl) or of RDF in the patient vocabulary (.ttl, .nt, .nq, .trig,
    .jsonld), a folder of such files or of a FHIR bulk export (with the folders in it), or - for standard input.

    For each patient each rule is violated, satisfied, undecided (and which datum is missing) or not applicable (and
    why).

    \b
    Examples:
      kg-service validate patient.json
      kg-service validate export/ --as-of 2026-01-31 --jurisdiction US -f csv -o report.csv
      kg-service validate patient.ttl -f turtle

    As ndjson, csv, parquet or summary, results come as they are found, memory does not grow with the number of
    patients, a record that cannot be read is listed as a patient with faults, and an interrupted run into a file goes
    on with --resume. Files of .ndjson, .nt and .nq may be of any size; others are
    read whole, file by file, and standard input is held in memory.

    Exit status: 0 no rule is violated, 1 one is (see --fail-on), 2 a record cannot be read or judged.
    """  # noqa: D301 - \b keeps click from folding the examples
    if form == "parquet" and output is None:
        raise click.UsageError("Parquet is written as a folder of files: name it with --output.")
    guideline = Guideline.load()
    _tell_what_is_not_read(paths)
    if form in STREAMED_FORMS:
        counts = _stream(
            guideline, paths, output, form=form, as_of=as_of, jurisdiction=jurisdictions, jobs=jobs, resume=resume,
            engine=engine,
        )  # fmt: skip
        ctx.exit(_status(fail_on, counts.faulty, counts.violated, counts.undecided + counts.unread))
    if output:
        check_place(output, map(Path, paths))
    if resume:
        raise click.UsageError(f"--resume is for {', '.join(STREAMED_FORMS)}: choose one of them with --format.")
    report, failed = _report(guideline, paths, as_of, jurisdictions, engine)
    if report.patients or not failed:  # a report on nobody would look as if all were well
        give(report.serialize(form), output)
    ctx.exit(_status(fail_on, failed or report.faulty, report.violated, report.undecided))


def _stream(
    guideline: Guideline,
    paths: Sequence[str],
    output: Path | None,
    *,
    form: str,
    as_of: str | None,
    engine: str,
    **chosen: Any,  # noqa: ANN401
) -> Tally:
    """Check all patients, results going to the output as they come, and tell the counts on standard error."""
    progress = Progress()
    day = as_day(as_of)
    terminal = width() if form == "summary" and not output else None  # where the summary is fitted to its width
    show = (lambda _: None) if terminal else print_part
    try:
        counts = guideline.validate_population(
            list(map(options.given, paths)),
            output or show,
            form=form,
            as_of=day,
            engine=engine,
            told=progress,
            **chosen,
        )
    except KeyboardInterrupt as interruption:
        if output:
            click.echo(f"Interrupted. The same command with --resume goes on into {output}.", err=True)
            raise click.exceptions.Exit(exit_status(interruption)) from None
        raise
    finally:
        progress.end()
    if terminal:
        print_text(counts.table(guideline.validator_with(engine).catalogue.rules, terminal))
    click.echo(
        f"{count(counts.patients, 'patient')} as of {day}: {counts.violated:,} with a violated rule, "
        f"{counts.undecided:,} with an undecided one, {counts.unclear:,} with something not understood (which ndjson "
        f"lists), {counts.faulty:,} not judged.",
        err=True,
    )
    return counts


def _report(
    guideline: Guideline, paths: Sequence[str], as_of: str | None, jurisdictions: Sequence[str], engine: str
) -> tuple[Report, bool]:
    """Return the report on all patients, and whether there is something that could not be read."""
    from kg_service.validation.report import Report  # noqa: PLC0415 - what a question does not need

    day, places = as_day(as_of), guideline.jurisdictions(jurisdictions)
    reading = _Reading(guideline, paths)
    return Report.of(guideline.validator_with(engine), tell(reading), day, places), reading.failed


@click.command()
@options.paths
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

    PATH is a file of FHIR R4 (.json, .ndjson, .jsonl) or of RDF in the patient vocabulary (.ttl, .nt, .nq, .trig,
    .jsonld), a folder of such files, or - for standard input. All paths go into one graph.

    Name the output .ttl (turtle), .nt (ntriples) or .jsonld, and `validate` reads it.

    \b
    Examples:
      kg-service convert bundle.json -o patient.ttl
      kg-service convert - -f ntriples -o patient.nt < bundle.json
    """  # noqa: D301 - \b keeps click from folding the examples
    from kg_service.patients.rdf import write_rdf  # noqa: PLC0415 - what a question does not need

    guideline = Guideline.load()
    if output:
        check_place(output, map(Path, paths))
    _tell_what_is_not_read(paths)
    reading = _Reading(guideline, paths)
    records = list(reading)
    if records or not reading.failed:
        give(write_rdf(records, form, guideline.prefixes), output)
    for record in records:
        told = [(one.path, one.reason) for one in record.not_understood]
        told += [(one.path, one.reason) for one in record.faults]
        for path, reason in told:
            click.echo(f"{path}: {reason}", err=True)
    ctx.exit(UNREADABLE if reading.failed or any(record.faults for record in records) else CONFORMS)


def _tell_what_is_not_read(paths: Sequence[str]) -> None:
    from kg_service.patients.folder import look_into, some_of  # noqa: PLC0415 - what a question does not need

    for path in filter(os.path.isdir, paths):
        with contextlib.suppress(RecordError):  # which is told of when it is read
            if others := look_into(Path(path)).others:
                named = some_of(others, MOST_NAMED)
                click.echo(f"Not read in {path}, being hidden or no files of records: {named}.", err=True)


class _Reading:
    """Reads all paths as one input; what cannot be read is told of on standard error, and the rest follows."""

    def __init__(self, guideline: Guideline, paths: Sequence[str]) -> None:
        self._records = guideline.records
        self._paths = paths
        self.failed = False

    def __iter__(self) -> Iterator[PatientRecord]:
        given = [one for one in map(options.given, self._paths) if self._is_readable(one)]
        return self._records.from_all(given, unread=self._tell) if given else iter(())

    def _is_readable(self, given: Path | bytes) -> bool:
        from kg_service.patients.sources import sources_of  # noqa: PLC0415 - what a question does not need

        try:
            sources_of([given])
        except RecordError as error:
            self._tell(error)
            return False
        return True

    def _tell(self, error: RecordError) -> None:
        self.failed = True
        click.echo(f"Error: {error}", err=True)


def _status(fail_on: str, unreadable: int, violated: int, undecided: int) -> int:
    """Return the exit status for what there is of each."""
    if unreadable:
        return UNREADABLE
    return VIOLATED if fail_on != "never" and (violated or (fail_on == "undecided" and undecided)) else CONFORMS
