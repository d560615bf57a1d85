"""The command line: `kg-service`."""

from kg_service.cli.commands import main

__all__ = ["main"]
