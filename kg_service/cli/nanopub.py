"""The commands `nanopub` and `digest`: statements to publish, and the name of the release they come from."""

from __future__ import annotations

from pathlib import Path

import click

from kg_service.cli.output import give, print_text
from kg_service.guideline import Guideline


@click.command()
@click.argument("identifiers", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Every statement of the graph.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def nanopub(identifiers: tuple[str, ...], every: bool, output: Path | None) -> None:  # noqa: FBT001 - click's own
    """Write statements as nanopublications, in TriG: each under a URI that holds the hash of its content.

    \b
    Examples:
      kg-service nanopub S-LEAD-1a
      kg-service nanopub --all -o statements.trig
    """  # noqa: D301 - \b keeps click from folding the examples
    from kg_service.provenance.nanopub import nanopubs, to_trig  # noqa: PLC0415 - what a question does not need

    if bool(identifiers) == every:
        raise click.UsageError("Give identifiers of statements or --all, one of the two.")
    guideline = Guideline.load()
    give(to_trig(nanopubs(guideline) if every else map(guideline.nanopub, identifiers)), output)


@click.command()
def digest() -> None:
    """Print the digest of the release, which every answer names; how it comes about is told on standard error.

    It is equal for equal content, whatever the machine, the order and names of files, their line ends and prefixes, and
    the names of blank nodes.
    """
    guideline = Guideline.load()
    print_text(guideline.digest)
    click.echo(
        f"SHA-256 of the canonical N-Quads (RDFC-1.0) of all that the {len(guideline.release.ontologies)} ontology "
        "files assert, one named graph a file. What is inferred follows from it and is not counted.",
        err=True,
    )
