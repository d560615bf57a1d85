"""Headers that every answer carries: the release it came from, caching, and what a browser may do with it."""

from __future__ import annotations

import base64
import gzip
import hashlib
from http import HTTPStatus
from importlib import resources

from flask import Flask, Response, request
from werkzeug.http import quote_etag

from kg_service.web.context import service

_OPEN_PATH = "/sparql"
_OPEN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Graph-Digest, Graph-Missing, Query-Digest, X-Request-Id"),
)
"""Lets scripts of any site read the public endpoint (CORS, https://fetch.spec.whatwg.org/); nothing else is opened."""

_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, If-None-Match, X-Request-Id"),
    ("Access-Control-Max-Age", "86400"),
)
"""Tells a browser that asks first what a script may send there."""

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
    """Add the headers to every answer of *app*, errors included.

    They are added without looking for others of their name, which no view writes: that would take as long as a query.
    """
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )

    secure = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]

    @app.after_request
    def complete(response: Response) -> Response:
        response.headers.extend(secure)
        _name_release(response)
        if request.path.rstrip("/") == _OPEN_PATH:
            response.headers.extend(_OPEN if request.method != "OPTIONS" else [*_OPEN, *_PREFLIGHT])
        return response


def _name_release(response: Response) -> None:
    """Name the graph release; a success also gets a validator, and who holds the answer already gets 304.

    The validator joins the release and the bytes sent.
    """
    digest = service().graph.digest
    if response.status_code != HTTPStatus.OK or "no-store" in response.headers.get("Cache-Control", ""):
        response.headers.extend([("Graph-Digest", digest), ("Vary", "Accept")])
        return
    body = hashlib.sha256(response.get_data()).hexdigest()
    validator = f"{digest.rpartition(':')[2][:_SHOWN]}-{body[:_SHOWN]}"
    if _is_worth_compressing(response):
        response.set_data(gzip.compress(response.get_data(), _EFFORT, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        validator += "-gzip"
    response.headers.extend(
        [
            ("Graph-Digest", digest),
            ("Vary", "Accept, Accept-Encoding"),
            ("Cache-Control", "no-cache"),
            ("ETag", quote_etag(validator)),
        ]
    )
    if request.if_none_match:
        response.make_conditional(request)


def _is_worth_compressing(response: Response) -> bool:
    """Tell whether the client reads gzip and it saves something."""
    return request.accept_encodings["gzip"] > 0 and len(response.get_data()) >= _WORTH
