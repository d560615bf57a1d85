"""Options that several commands have."""

from __future__ import annotations

import click

as_of = click.option("--as-of", metavar="DATE", help="The day of judgement, like 2026-01-31; today when left out.")
jurisdictions = click.option(
    "--jurisdiction",
    "jurisdictions",
    multiple=True,
    metavar="NAME",
    help="Check the rules of this place; repeat for more.",
)
