"""Options that several commands have."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from click import Context, Parameter

STANDARD_INPUT = "-"
Names = TypeVar("Names", str, tuple[str, ...])


def not_empty(_ctx: Context, _parameter: Parameter, names: Names) -> Names:
    """Return one path or several; BadParameter for an empty one, which would stand for the current folder."""
    if not all([names] if isinstance(names, str) else names):
        raise click.BadParameter("an empty path names nothing. Give a file, a folder (. is the current one), or -.")
    return names


def given(path: str) -> Path | bytes:
    """Return what a path names: a file or folder, or what standard input holds."""
    return sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path)


paths = click.argument("paths", nargs=-1, required=True, metavar="PATH...", callback=not_empty)
params = click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; repeat for more.")
as_of = click.option("--as-of", metavar="DATE", help="The day of judgement, like 2026-01-31; today when left out.")
jurisdictions = click.option(
    "--jurisdiction",
    "jurisdictions",
    multiple=True,
    metavar="NAME",
    help="Check the rules of this place; repeat for more.",
)
