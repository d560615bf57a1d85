"""Headers that every answer carries: the release it came from, caching, and what a browser may do with it."""

from __future__ import annotations

import base64
import gzip
import hashlib
from http import HTTPStatus
from importlib import resources

from flask import Flask, Response, request

from kg_service.web.context import service

_OPEN_PATH = "/sparql"
_SHARED_HEADERS = "ETag, Graph-Digest, Graph-Missing, Query-Digest, X-Request-Id"
_SHOWN = 16
"""Hexadecimal digits of a digest in an ETag: 64 bits, ample to tell answers apart."""

_WORTH = 1000
"""Bytes from which on a body is compressed."""

_EFFORT = 5
"""gzip's level, of 9: above it little is gained."""


def stylesheet() -> str:
    """Return the style of all pages, which stands in the page itself."""
    return resources.files(__package__).joinpath("templates/style.css").read_text("utf-8")


def install(app: Flask) -> None:
    """Add the headers to every answer of *app*, errors included."""
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )

    @app.after_request
    def complete(response: Response) -> Response:
        _secure(response, policy)
        _name_release(response)
        if request.path.rstrip("/") == _OPEN_PATH:
            _open_to_other_sites(response)
        return response


def _secure(response: Response, policy: str) -> None:
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"


def _name_release(response: Response) -> None:
    """Name the graph release; a success also gets a validator, and who holds the answer already gets 304.

    The validator joins the release and the bytes sent.
    """
    digest = service().graph.digest
    response.headers["Graph-Digest"] = digest
    response.headers["Vary"] = "Accept"
    if response.status_code != HTTPStatus.OK or "no-store" in response.headers.get("Cache-Control", ""):
        return
    body = hashlib.sha256(response.get_data()).hexdigest()
    validator = f"{digest.rpartition(':')[2][:_SHOWN]}-{body[:_SHOWN]}"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if _is_worth_compressing(response):
        response.set_data(gzip.compress(response.get_data(), _EFFORT, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        validator += "-gzip"
    response.set_etag(validator)
    if request.if_none_match:
        response.make_conditional(request)


def _is_worth_compressing(response: Response) -> bool:
    """Tell whether the client reads gzip and it saves something; never of what is not to be kept: a record's report."""
    return request.accept_encodings["gzip"] > 0 and len(response.get_data()) >= _WORTH


def _open_to_other_sites(response: Response) -> None:
    """Let scripts of any site read the public endpoint (CORS); nothing else is opened."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _SHARED_HEADERS
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "Accept, Content-Type"
        response.headers["Access-Control-Max-Age"] = "86400"
