"""The home page, the sign of life, and what is said to crawlers."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from kg_service.errors import Busy
from kg_service.web.context import service
from kg_service.web.negotiation import HTML, JSON
from kg_service.web.openapi import operation
from kg_service.web.pages import DOORS
from kg_service.web.responses import send

blueprint = Blueprint("site", __name__)

_METRICS = CONTENT_TYPE_LATEST.partition(";")[0]
_ROBOTS = "User-agent: *\nDisallow: /sparql\nDisallow: /graphs\nDisallow: /queries/\n"
"""Crawlers may read the pages; queries are for people and programs that ask something."""


@blueprint.get("/")
@operation(HTML)
def home() -> Response:
    """Show the doors of the service."""
    questions = service().graph.questions.values()
    return send(render_template("home.html", size=service().size, questions=questions, doors=DOORS), HTML)


@blueprint.get("/healthz")
@operation(JSON)
def health() -> Response:
    """Tell that the service is up, and which graph release it serves."""
    return _unkept(jsonify({"status": "ok", "graph_digest": service().graph.digest}))


@blueprint.get("/readyz")
@operation(JSON)
def readiness() -> Response:
    """Tell whether questions can be answered now: 503 while no worker can."""
    if not service().is_ready():
        raise Busy("No worker can answer yet: try again in a few seconds.")
    return _unkept(jsonify({"status": "ready", "graph_digest": service().graph.digest}))


@blueprint.get("/metrics")
@operation(_METRICS)
def metrics() -> Response:
    """Count requests, times, workers and cached answers, in the text format of Prometheus."""
    return _unkept(Response(generate_latest(), content_type=CONTENT_TYPE_LATEST))


def _unkept(response: Response) -> Response:
    """Say that the answer holds for the moment only."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/robots.txt")
@operation("text/plain")
def robots() -> Response:
    """Ask crawlers to leave the query doors alone."""
    return send(_ROBOTS, "text/plain")
