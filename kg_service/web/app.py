"""Puts the application together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from kg_service.web import (
    dataset,
    entities,
    graph_store,
    headers,
    openapi,
    problems,
    questions,
    site,
    sparql,
)
from kg_service.web.context import attach

if TYPE_CHECKING:
    from kg_service.knowledge import KnowledgeGraph

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
)


def create_app(graph: KnowledgeGraph) -> Flask:
    """Return the WSGI application that serves *graph*; it holds no state of clients and sets no cookie."""
    app = Flask("kg_service.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(stylesheet=headers.stylesheet(), digest=graph.digest)
    attach(app, graph)
    problems.install(app)
    headers.install(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
