"""The command line: `kg-service`."""

from kg_service.cli.commands import main
from kg_service.cli.records import convert, validate

main.add_command(validate)
main.add_command(convert)

__all__ = ["main"]
