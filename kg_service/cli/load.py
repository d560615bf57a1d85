"""`kg-service load`: the release put on a SPARQL server that others run."""

from __future__ import annotations

import click

from kg_service.guideline import Guideline

UPDATE_SECONDS = 300.0  # a server may take its time to move a large release into place


@click.command()
@click.argument("url")
@click.option("--update", metavar="URL", help="Where the server takes SPARQL Update.  [default: the same URL]")
def load(url: str, update: str | None) -> None:
    """Put the release on the SPARQL server at URL, for --store to ask.

    It is staged, read back and compared, then swapped in by one request; nothing is done where it is already. Of the
    server's other graphs none is touched. What the server asks for as credentials is taken from the environment:
    KG_SERVICE_STORE_USER and KG_SERVICE_STORE_PASSWORD, or KG_SERVICE_STORE_TOKEN.

    \b
    Examples:
      kg-service load http://localhost:3030/guideline
      kg-service load http://localhost:7200/repositories/kg --update http://localhost:7200/repositories/kg/statements
      kg-service load http://localhost:8890/sparql --update http://localhost:8890/sparql-auth
    """  # noqa: D301 - \b keeps click from folding the examples
    from kg_service.knowledge import remote  # noqa: PLC0415 - an optional library

    graph = Guideline.load()
    updates = remote.Connection(update or url, remote.Bounds(seconds=UPDATE_SECONDS))
    done = remote.load(graph, remote.Connection(url), updates)
    click.echo(f"{url} {'now holds' if done else 'held already'} {graph.digest}", err=True)
