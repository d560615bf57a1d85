"""The commands of `kg-service`. What a command needs is imported when it runs, so that a question answers at once."""

from __future__ import annotations

import logging
import shlex
import signal
import textwrap
import threading
from typing import IO, Any

import click

from kg_service import __version__
from kg_service.cli import options
from kg_service.cli.output import FORMATS, exit_status, print_answer, print_report, print_text
from kg_service.errors import InconsistencyError, KgServiceError, QueryError
from kg_service.guideline import Guideline
from kg_service.knowledge.questions import Question, Questions
from kg_service.knowledge.release import Release

UNREADABLE = 2
DESCRIPTION_WIDTH = 100
INTERNAL = 3
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)

as_format = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="json, xml, csv, tsv for rows; turtle, ntriples, rdfxml, jsonld for graphs.",
)

at_store = click.option(
    "--store",
    envvar="KG_SERVICE_STORE",
    metavar="URL",
    help="Ask a SPARQL server that holds the release (see load) in place of the store in process.",
)


class Doors(click.Group):
    """A group of commands that ends every error in a sentence and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command; 2 when the input is at fault, 3 when the program is."""
        before = _heed_interruption()
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except KeyboardInterrupt as interruption:
            click.echo("Interrupted.", err=True)
            ctx.exit(exit_status(interruption))
        except KgServiceError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(INTERNAL if isinstance(error, InconsistencyError) else UNREADABLE)
        except Exception as error:  # the outermost door: status 3 without a traceback
            if ctx.params["debug"]:
                raise
            # Its text may quote a record.
            click.echo(f"Internal error: {type(error).__name__}. Run again with --debug for details.", err=True)
            ctx.exit(INTERNAL)
        finally:
            for number, handler in before.items():
                if signal.getsignal(number) is _interrupted:
                    signal.signal(number, handler)


def _heed_interruption() -> dict[int, Any]:
    """Let Ctrl-C and SIGTERM end the command with what it has to tidy up; return how they were handled before."""
    if threading.current_thread() is not threading.main_thread():  # the only one that signals reach
        return {}
    before: dict[int, Any] = {number: signal.getsignal(number) for number in INTERRUPTIONS}
    for number, handler in before.items():
        if handler in {signal.default_int_handler, signal.SIG_DFL}:
            signal.signal(number, _interrupted)
    return before


def _interrupted(number: int, _: object) -> None:
    """End the command; what follows is tidying up, which a second signal would break off."""
    for other in INTERRUPTIONS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


@click.group(cls=Doors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def main(debug: bool) -> None:  # noqa: ARG001, FBT001 - read by Doors
    """Ask a clinical guideline, as a graph of sourced statements, and hold patient records against its rules.

    \b
    Examples:
      kg-service queries
      kg-service query statement --param id=S-LEAD-1a
      kg-service sparql question.rq -f json
      kg-service validate patient.json
      kg-service serve

    Exit status: 0 answered or conforms, 1 violations found, 2 usage or unreadable input, 3 internal error.
    """  # noqa: D301 - \b keeps click from folding the examples
    progress = logging.getLogger("kg_service")
    if not progress.handlers:
        progress.addHandler(logging.StreamHandler())
        progress.setLevel(logging.INFO)


@main.command()
@click.argument("name", required=False)
def queries(name: str | None) -> None:
    """List the named questions, their parameters, and an example of each; or tell all of the question NAME."""
    known = Questions(Release.find())
    if name is None:
        print_text("\n\n".join(_introduce(question) for question in known.values()))
    else:
        question = known.find(name)
        print_text(f"{_introduce(question)}\n\n{textwrap.fill(question.description, DESCRIPTION_WIDTH)}")


@main.command()
@click.argument("name")
@options.params
@as_format
@at_store
def query(name: str, params: tuple[str, ...], form: str, store: str | None) -> None:
    """Answer the named question NAME.

    A value is an IRI, a CURIE, a label in any case, an identifier, or a code such as RxNorm:993449 or 993449.

    \b
    Examples:
      kg-service query statement --param id=S-LEAD-1a
      kg-service query lookup --param q=ATC -f csv
    """  # noqa: D301 - \b keeps click from folding the examples
    print_answer(Guideline.load(store=store).query(name, **named_values("--param", params)), form)


@main.command()
@click.argument("file", type=click.File("rb"))
@as_format
@at_store
def sparql(file: IO[bytes], form: str, store: str | None) -> None:
    """Answer the SPARQL query in FILE ("-" reads standard input).

    \b
    Example:
      echo 'SELECT (COUNT(*) AS ?n) { ?s ?p ?o }' | kg-service sparql -
    """  # noqa: D301 - \b keeps click from folding the examples
    print_answer(Guideline.load(store=store).sparql(query_text(file)), form)


@main.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Hold the graph against its own shapes; exit status 1 when a shape is violated."""
    graph = Guideline.load()
    report = graph.check()
    print_report(report, graph)
    ctx.exit(0 if report.conforms else 1)


def query_text(file: IO[bytes]) -> str:
    """Return the query in a file; QueryError when it is not UTF-8."""
    try:
        return file.read().decode()
    except UnicodeDecodeError as error:
        raise QueryError(f"The query is not UTF-8 at byte {error.start}: save it as UTF-8.") from error


def named_values(option: str, pairs: tuple[str, ...]) -> dict[str, str]:
    """Return what was given as NAME=VALUE, each name once; a usage error for anything else."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name in given:
            fault = "is given twice" if equals else "lacks a value"
            raise click.UsageError(f"{option} {pair}: {name} {fault}. Write {option} NAME=VALUE, once for each.")
        given[name] = value
    return given


def _introduce(question: Question) -> str:
    lines = [question.name, f"  {question.summary}"]
    width = max((len(p.name) for p in question.parameters), default=0)
    for parameter in question.parameters:
        need = "" if parameter.required else " (optional)"
        lines.append(f"  {parameter.name.ljust(width)}  {parameter.description}{need} [{parameter.kind}]")
    example = "".join(f" --param {name}={shlex.quote(value)}" for name, value in question.example().items())
    return "\n".join([*lines, f"  $ kg-service query {question.name}{example}"])
