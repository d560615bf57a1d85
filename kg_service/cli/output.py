"""What the commands print: answers and reports on standard output, remarks on standard error."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg_service.errors import KgServiceError
from kg_service.knowledge.formats import FORMATS as WRITTEN
from kg_service.knowledge.table import to_table

if TYPE_CHECKING:
    from kg_service.knowledge import Answer, CheckReport, KnowledgeGraph

FORMATS = ["table", *(form.name for form in WRITTEN)]
UNFINISHED = 2  # exit status
DIGITS_SHOWN = len("sha256:") + 12


def exit_status(interruption: KeyboardInterrupt) -> int:
    """Return the exit status as shells give it: 128 and the number of the signal, by default that of Ctrl-C."""
    return 128 + int(next(iter(interruption.args), signal.SIGINT))


def print_answer(answer: Answer, form: str) -> None:
    """Print the answer in the format; a table is followed by a remark on its size and release."""
    for iri in answer.missing_graphs:
        click.echo(f"The graph <{iri}> is not loaded, so it is empty here; nothing is fetched.", err=True)
    if form != "table":
        print_text(answer.serialize(form))
        return
    print_text(answer.to_table(width()))
    size = "" if answer.kind == "ask" else f"{count(len(answer.terms), 'row')}, "
    query = answer.record["query_digest"]
    click.echo(f"{size}graph {answer.digest[:DIGITS_SHOWN]}, query {query[:DIGITS_SHOWN]}", err=True)


def print_report(report: CheckReport, graph: KnowledgeGraph) -> None:
    """Print the results of a check, if any, and whether the graph conforms."""
    columns = ["severity", "focus", "path", "message", "value"]
    rows = [
        [r.severity, graph.labels[r.focus], graph.labels.curie(r.path), r.message, graph.labels.curie(r.value)]
        for r in report.results
    ]
    if rows:
        print_text(to_table(columns, rows, width()))
    verdict = "conforms" if report.conforms else "does not conform"
    click.echo(
        f"The graph {verdict}: {count(report.shapes, 'shape')}, {count(len(rows), 'result')}, "
        f"graph {graph.digest[:DIGITS_SHOWN]}",
        err=True,
    )


def print_text(text: str | bytes) -> None:
    """Print to standard output, ending the last line; a reader that has gone away is no error.

    Text that the output's encoding lacks (a pipe on Windows) is shown as "?"; bytes pass as they are.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    ending = b"\n" if isinstance(text, bytes) else "\n"
    try:
        click.echo(text, nl=False)
        if not text.endswith(ending):  # type: ignore[arg-type]  # both of one type
            click.echo()
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
    except OSError as error:
        raise _unwritable(error) from error


def print_part(content: bytes) -> None:
    """Print a part of something longer as it is; the command ends when the reader has gone away."""
    try:
        click.echo(content, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        raise click.exceptions.Exit(UNFINISHED) from None
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> KgServiceError:
    _forget_output()
    return KgServiceError(f"Standard output cannot be written: {error.strerror}. Free space, or name a file.")


def _forget_output() -> None:
    """Send the rest of standard output nowhere: what is left in the buffer would fail again when Python closes it."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def give(text: str, output: Path | None) -> None:
    """Print the text, or put it into a file in one step: a reader sees the old file or the new, never half of one."""
    if output is None:
        print_text(text)
        return
    target = output.resolve()  # what a link names, not the link
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8", newline="")  # a device cannot be replaced
            return
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".kg-service-") as place:
            new = Path(place, target.name)
            new.write_text(text, encoding="utf-8", newline="")
            new.replace(target)
    except OSError as error:
        raise KgServiceError(f"{output} cannot be written: {error.strerror}. Choose another with --output.") from error


def width() -> int | None:
    """Return the terminal's width, or None when the output goes elsewhere and lines must stay whole."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def count(number: int, what: str) -> str:
    """Return a number of things as text."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
