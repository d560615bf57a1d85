"""The commands `explain …`: why a triple holds, why a row came or did not, why a rule judged as it did."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from kg_service.cli import options
from kg_service.cli.commands import named_values, query_text
from kg_service.cli.output import print_text
from kg_service.guideline import Guideline

if TYPE_CHECKING:
    from kg_service.provenance.explainer import Which

FORMATS = ("table", "json", "turtle", "ntriples", "rdfxml", "jsonld")

as_format = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="table is an indented tree; the forms of RDF are PROV.",
)
row_number = click.option(
    "--row", default=1, show_default=True, type=click.IntRange(min=1), help="Which row of the answer, by its number."
)
row_values = click.option(
    "--where",
    "values",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Which row, by values of its columns; repeat for more. One that is not there: why not.",
)


@click.group()
def explain() -> None:
    """Tell why: of a triple, of a row that came or did not, of a verdict on a patient."""


@explain.command()
@click.argument("subject")
@click.argument("predicate")
@click.argument("object")
@as_format
def triple(subject: str, predicate: str, object: str, form: str) -> None:  # noqa: A002 - as RDF names it
    """Derive a triple, rule by rule, from asserted ones with their statements and sources.

    SUBJECT, PREDICATE and OBJECT are IRIs, CURIEs, identifiers or labels.

    \b
    Example:
      kg-service explain triple statement:F-CA-2a gkg:modality recommended
    """  # noqa: D301 - \b keeps click from folding the examples
    print_text(Guideline.load().explain.triple(subject, predicate, object).serialize(form))


@explain.command()
@click.argument("name")
@options.params
@row_number
@row_values
@as_format
def row(name: str, params: tuple[str, ...], row: int, values: tuple[str, ...], form: str) -> None:
    """Tell which triples made a row of the answer to the named question NAME, or what keeps it away.

    \b
    Examples:
      kg-service explain row statement --param id=S-LEAD-1a --row 3
      kg-service explain row sources --where source=SRC-ARTICLE
    """  # noqa: D301 - \b keeps click from folding the examples
    asked = named_values("--param", params)
    print_text(Guideline.load().explain.row(name, _which(row, values), **asked).serialize(form))


@explain.command()
@click.argument("file", type=click.File("rb"))
@row_number
@row_values
@as_format
def sparql(file: IO[bytes], row: int, values: tuple[str, ...], form: str) -> None:
    """Tell which triples made a row of the answer to the SELECT query in FILE, or what keeps it away.

    FILE may be - for standard input.
    """
    print_text(Guideline.load().explain.sparql(query_text(file), _which(row, values)).serialize(form))


@explain.command()
@click.argument("path", callback=options.not_empty)
@click.option("--rule", required=True, metavar="NAME", help="The rule, as `validate` names it.")
@options.as_of
@click.option("--patient", default="", metavar="ID", help="Which patient, where the input holds several.")
@as_format
def verdict(path: str, rule: str, as_of: str | None, patient: str, form: str) -> None:
    """Tell why a rule judged the patient in PATH as it did: facts, steps, statements; or what kept it from firing.

    PATH is a file or folder as `validate` takes it, or - for standard input.

    \b
    Example:
      kg-service explain verdict patient.json --rule NAME --as-of 2026-01-31
    """  # noqa: D301 - \b keeps click from folding the examples
    found = Guideline.load().explain.verdict(options.given(path), rule, as_of=as_of, patient=patient)
    print_text(found.serialize(form))


def _which(row: int, values: tuple[str, ...]) -> Which:
    return named_values("--where", values) if values else row
