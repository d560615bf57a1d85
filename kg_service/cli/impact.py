"""The commands `impact` and `diff`: what would fall without a source, and how two releases differ."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kg_service.cli import options
from kg_service.cli.output import print_text, width
from kg_service.guideline import Guideline

as_format = click.option(
    "-f", "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Form."
)


@click.command()
@click.option("--source", metavar="ID", help="Withdraw all that this source says.")
@click.option("--statement", metavar="ID", help="Withdraw this one statement, with its parts.")
@as_format
def impact(source: str | None, statement: str | None, form: str) -> None:
    """Tell what falls without a source or a statement, and what stands.

    Told are statements, links of others to them, derived links, answers of the named questions and patient rules.

    \b
    Example:
      kg-service impact --statement S-LEAD-1a
    """  # noqa: D301 - \b keeps click from folding the examples
    if (source is None) == (statement is None):
        raise click.UsageError("Give --source ID or --statement ID, one of the two.")
    found = Guideline.load().impact(source=source, statement=statement)
    print_text(_json(found.to_dict()) if form == "json" else found.to_table(width()))


@click.command()
@click.argument("old", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--patients", metavar="PATH", help="Tell also whose verdicts change among these records.")
@options.as_of
@as_format
def diff(old: Path, new: Path, patients: str | None, as_of: str | None, form: str) -> None:
    """Tell how the release in the folder NEW differs from the one in OLD: what is added, withdrawn and changed.

    Told are statements, other things such as concepts, codes and sources, derived links, rules and what is worked out
    for them. What of a query in a rule changed is in the form json.

    \b
    Example:
      kg-service diff release-1 release-2 --patients records/ --as-of 2026-01-31
    """  # noqa: D301 - \b keeps click from folding the examples
    before, after = Guideline.load(old), Guideline.load(new)
    found = after.difference(before, patients or (), as_of=as_of)
    print_text(_json(found.to_dict()) if form == "json" else found.to_table(width()))


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
