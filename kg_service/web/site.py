"""The home page, the sign of life, and what is said to crawlers."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template

from kg_service.web.context import service
from kg_service.web.negotiation import HTML, JSON
from kg_service.web.openapi import operation
from kg_service.web.responses import send

blueprint = Blueprint("site", __name__)

_ROBOTS = "User-agent: *\nDisallow: /sparql\nDisallow: /graphs\nDisallow: /queries/\n"
"""Crawlers may read the pages; queries are for people and programs that ask something."""


@blueprint.get("/")
@operation(HTML)
def home() -> Response:
    """Show the doors of the service."""
    return send(render_template("home.html", size=service().size, questions=service().graph.questions.values()), HTML)


@blueprint.get("/healthz")
@operation(JSON)
def health() -> Response:
    """Tell that the service is up, and which graph release it serves."""
    return jsonify({"status": "ok", "graph_digest": service().graph.digest})


@blueprint.get("/robots.txt")
@operation("text/plain")
def robots() -> Response:
    """Ask crawlers to leave the query doors alone."""
    return send(_ROBOTS, "text/plain")
