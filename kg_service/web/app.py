"""Puts the application together."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from flask import Flask

from kg_service.web import (
    audit,
    dataset,
    entities,
    explain,
    graph_store,
    headers,
    openapi,
    problems,
    questions,
    site,
    sparql,
    validation,
)
from kg_service.web.context import attach
from kg_service.web.pages import ticks

if TYPE_CHECKING:
    from kg_service.guideline import Guideline

_MAX_BODY = 1024 * 1024
"""Longest body read, in bytes; a longer one is answered with 413."""

_BLUEPRINTS = (
    site.blueprint,
    sparql.blueprint,
    graph_store.blueprint,
    questions.blueprint,
    entities.blueprint,
    dataset.blueprint,
    openapi.blueprint,
    validation.blueprint,
    audit.blueprint,
    explain.blueprint,
)


class _DiscreetFlask(Flask):
    """A Flask that logs of a fault where it happened, and nothing that the client sent."""

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Log the kind of the exception and the lines of code; its message could quote the request."""
        kind, _, place = exc_info
        self.logger.error("%s\n%s", kind.__name__, "".join(traceback.format_tb(place)))


def create_app(graph: Guideline) -> Flask:
    """Return the WSGI application that serves *graph*; it holds no state of clients and sets no cookie."""
    app = _DiscreetFlask("kg_service.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["ticks"] = ticks
    app.jinja_env.globals.update(stylesheet=headers.stylesheet(), digest=graph.digest)
    attach(app, graph)
    problems.install(app)
    headers.install(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
