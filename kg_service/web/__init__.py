"""The HTTP service: SPARQL 1.1 Protocol, named questions, and a page for each statement and source."""

from kg_service.web.app import create_app

__all__ = ["create_app"]
