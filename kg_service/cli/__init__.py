"""The command line: `kg-service`."""

from kg_service.cli.audit import audit
from kg_service.cli.commands import main
from kg_service.cli.explain import explain
from kg_service.cli.impact import diff, impact
from kg_service.cli.load import load
from kg_service.cli.nanopub import digest, nanopub
from kg_service.cli.records import convert, validate
from kg_service.cli.serve import serve

main.add_command(load)
main.add_command(serve)
main.add_command(validate)
main.add_command(convert)
main.add_command(audit)
main.add_command(explain)
main.add_command(impact)
main.add_command(diff)
main.add_command(nanopub)
main.add_command(digest)

__all__ = ["main"]
