"""The command `audit`: what the graph shows about its sources, or a document held against the locators into it."""

from __future__ import annotations

from pathlib import Path

import click

from kg_service.cli.output import print_text
from kg_service.guideline import Guideline

FORMATS = ("table", "json", "csv", "turtle")
PASSED, FAILED = 0, 1


@click.command()
@click.option("--source", metavar="ID", help="Only this source; with --document, which source the file is.")
@click.option(
    "--document",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Hold this plain text (UTF-8) against the locators into it instead.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    show_default=True,
    help="What makes the exit status 1; warning includes error.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="turtle gives PROV and the Data Quality Vocabulary.",
)
@click.pass_context
def audit(ctx: click.Context, source: str | None, document: Path | None, fail_on: str, form: str) -> None:
    """Show what supports the statements, what does not, where sources disagree, and what is wrong in the graph.

    With --document, show each passage of a source beside the paraphrase of the graph, and tell which ones moved, were
    altered or are gone. The file is read here and kept nowhere.

    \b
    Examples:
      kg-service audit
      kg-service audit --source SRC-ARTICLE --fail-on warning
      kg-service audit --document article.txt

    Exit status: 0 nothing as grave as --fail-on, 1 something is, 2 usage or a document that cannot be read.
    """  # noqa: D301 - \b keeps click from folding the examples
    found = Guideline.load().audit(source, document)
    print_text(found.serialize(form))
    failed = fail_on != "never" and found.reaches(fail_on)
    ctx.exit(FAILED if failed else PASSED)
