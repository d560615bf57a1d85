"""The door of the service, an ASGI application (https://asgi.readthedocs.io/): what comes in, and who answers it.

It reads a request within limits, and answers from the cache, or has a worker answer. It never evaluates anything
itself, so it always has time to turn a request away.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import random
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.http import parse_etags, unquote_etag

from kg_service.errors import (
    AddressTooLong,
    BrokenRequest,
    Busy,
    HeadersTooLarge,
    KgServiceError,
    RequestTooLarge,
    SlowRequest,
    Unauthorized,
)
from kg_service.serving import metrics
from kg_service.serving.cache import KEYED, AnswerCache, key_of
from kg_service.serving.calling import call, refuse
from kg_service.serving.messages import Reply, Request
from kg_service.serving.settings import MEGABYTE
from kg_service.web.validation import MAX_RECORDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flask import Flask

    from kg_service.serving.pool import Pool
    from kg_service.serving.settings import Settings

    Event = dict[str, Any]
    Receive = Callable[[], Awaitable[Event]]
    Send = Callable[[Event], Awaitable[None]]

LONGEST_TARGET = 32_768
"""Most characters of path and query together."""

LONGEST_HEADERS = 8_192
"""Most characters of all headers together that an answer depends on."""

SMALL = 65_536
"""Bytes up to which a body's answer is looked for in the cache, as queries are short, and nothing counts as large."""

OWN = frozenset({"/healthz", "/readyz", "/metrics"})
"""Answered here, even when all workers are busy."""

OPEN = frozenset({"/healthz", "/readyz"})
"""Answered without a token and under any name: a probe knows the address of the machine alone."""

PIECE = MEGABYTE // 4
"""Bytes of an answer that are handed over at a time."""

MOST_HELD = 256 * MEGABYTE
"""Most bytes of all bodies and answers under way; beyond it, large ones are turned away."""

READING = frozenset({"GET", "HEAD"})
HOST = re.compile(r"(?:[a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::[1-9][0-9]{0,4})?")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
NOT_MODIFIED_HEADERS = frozenset({"content-length", "content-type", "content-encoding"})

log = logging.getLogger("kg_service.request")


@dataclass
class Held:
    """How many bytes a request holds."""

    size: int = 0


class Gate:
    """Answers HTTP requests by the application *app*, run by the workers of *pool*."""

    def __init__(self, app: Flask, pool: Pool, settings: Settings) -> None:
        """Take the application for errors and signs of life, and the workers for all else."""
        self._app = app
        self._pool = pool
        self._settings = settings
        self._cache = AnswerCache(settings.cache_size * MEGABYTE)
        self._under_way = 0
        self._asked = 0
        self._held = 0
        metrics.UNDER_WAY.set_function(lambda: self._under_way)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = asyncio.get_running_loop().time()
        request = _read_head(scope, self._settings.url_scheme)
        given = request.header("x-request-id")
        identity = given if REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
        held = Held()
        self._under_way += 1
        try:
            reply = _if_changed(request, await self._answer(request, receive, held))
            await self._send(reply, identity, send)
        finally:
            self._under_way -= 1
            self._held -= held.size
        _note(request, reply, identity, asyncio.get_running_loop().time() - started)

    async def _send(self, reply: Reply, identity: str, send: Send) -> None:
        """Send the reply, a long one in pieces; TimeoutError, which closes the connection, when one is not taken."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.pairs()]
        headers.append((b"x-request-id", identity.encode()))
        await send({"type": "http.response.start", "status": int(reply.status), "headers": headers})
        if len(reply.body) <= PIECE:  # taken at once
            await send({"type": "http.response.body", "body": reply.body})
            return
        for start in range(0, len(reply.body), PIECE):
            piece, more = reply.body[start : start + PIECE], start + PIECE < len(reply.body)
            async with asyncio.timeout(self._settings.client_time):
                await send({"type": "http.response.body", "body": piece, "more_body": more})

    async def _answer(self, request: Request, receive: Receive, held: Held) -> Reply:
        try:
            return await self._admitted(request, receive, held)
        except HeadersTooLarge as error:
            return refuse(self._app, request._replace(headers=[]), error)  # they are not read for that either
        except KgServiceError as error:
            return refuse(self._app, request, error)
        except Exception as error:
            log.exception("A fault of the service.", extra={"fields": {"kind": type(error).__name__}})
            return refuse(self._app, request, KgServiceError("The service has a fault; it is logged."))

    async def _admitted(self, request: Request, receive: Receive, held: Held) -> Reply:
        forwarded = request._replace(headers=[pair for pair in request.headers if pair[0] in KEYED])
        _refuse_long(forwarded)
        _refuse_host(forwarded)
        self._authorise(request)
        if request.path in OWN or _is_preflight(request):
            return call(self._app, self._named(forwarded))
        if request.method not in READING:
            forwarded = forwarded._replace(body=await self._read_body(request, receive, held))
        if len(forwarded.body) > SMALL:
            return await self._ask(forwarded, held)
        key = key_of(forwarded)
        if kept := self._cache.get(key):
            return kept
        reply = await self._ask(forwarded, held)
        self._cache.put(key, reply)
        return reply

    async def _ask(self, request: Request, held: Held) -> Reply:
        """Have a worker answer. Clients that are slow to send or to take are not counted: they keep nobody waiting."""
        if self._asked >= self._settings.most_requests:
            raise Busy("Too many requests are under way: try again in a few seconds.")
        self._asked += 1
        try:
            reply = await self._pool.answer(request)
        finally:
            self._asked -= 1
        self._hold(held, len(reply.body))
        return reply

    def _hold(self, held: Held, size: int) -> None:
        held.size += size
        self._held += size
        if self._held > MOST_HELD and held.size > SMALL:
            raise Busy("Too many large bodies and answers are under way: try again in a few seconds.")

    def _authorise(self, request: Request) -> None:
        """Compare in constant time, so that a token cannot be guessed piece by piece."""
        if not self._settings.token or request.path in OPEN or _is_preflight(request):
            return
        scheme, _, given = request.header("authorization").partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self._settings.token.encode())
        if scheme.lower() != "bearer" or not same:
            raise Unauthorized("Send the token of this service in the header 'Authorization: Bearer …'.")

    def _named(self, request: Request) -> Request:
        """Return a probe under a name that is trusted, another request as it is."""
        if request.path not in OPEN or not self._settings.trusted_host:
            return request
        name = self._settings.trusted_host[0].removeprefix(".").encode("idna").decode()
        others = [pair for pair in request.headers if pair[0] != "host"]
        return request._replace(headers=[*others, ("host", name)])

    async def _read_body(self, request: Request, receive: Receive, held: Held) -> bytes:
        """Return the body, read in the time and up to the size that it is given."""
        announced = request.header("content-length")
        if announced.isdigit() and int(announced) > MAX_RECORDS:
            raise _too_large()
        limit = self._settings.client_time
        received = bytearray()
        try:
            async with asyncio.timeout(limit):
                while True:
                    event = await receive()
                    if event["type"] == "http.disconnect":
                        raise BrokenRequest("The body ends before its end, or its chunks are broken: send it whole.")
                    piece = event.get("body", b"")
                    received += piece
                    self._hold(held, len(piece))
                    if len(received) > MAX_RECORDS:
                        raise _too_large()
                    if not event.get("more_body", False):
                        return bytes(received)
        except TimeoutError:
            raise SlowRequest(
                f"The body was not sent within {limit:g} s: send it faster, or less of it.",
                limit="client_time",
                seconds=limit,
            ) from None


def _refuse_long(request: Request) -> None:
    """Refuse headers first: a refusal for another reason would be written in what they ask for."""
    if sum(len(value) for _, value in request.headers) > LONGEST_HEADERS:
        raise HeadersTooLarge(
            f"The headers {', '.join(KEYED)} are longer than {LONGEST_HEADERS} characters: shorten them.",
            limit="headers",
            characters=LONGEST_HEADERS,
        )
    if len(request.path) + len(request.query) > LONGEST_TARGET:
        raise AddressTooLong(
            f"The address is longer than {LONGEST_TARGET} characters: send the query by POST.",
            limit="address",
            characters=LONGEST_TARGET,
        )


def _is_preflight(request: Request) -> bool:
    """Tell whether a browser asks what a script may send, without a token, as Fetch has it (CORS-preflight request)."""
    return request.method == "OPTIONS" and bool(request.header("access-control-request-method"))


def _refuse_host(request: Request) -> None:
    """Refuse what no link can be made of (RFC 9112, section 3.2); probes and counts have none."""
    if not HOST.fullmatch(request.header("host")) and request.path not in OWN:
        raise BrokenRequest(
            "The header Host is missing, or names no host: send one name of letters, digits, hyphens and dots."
        )


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(f"The body is longer than {MAX_RECORDS // MEGABYTE} MB.", limit="body", bytes=MAX_RECORDS)


def _read_head(scope: Event, scheme: str) -> Request:
    raw = scope.get("raw_path") or scope["path"].encode()
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return Request(
        scope["method"],
        raw.partition(b"?")[0].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        [(name, value.lower() if name == "host" else value) for name, value in headers],
        scheme,
        [str(part) for part in scope.get("server") or ("localhost", 80)],
        (scope.get("client") or ("", 0))[0],
    )


def _if_changed(request: Request, reply: Reply) -> Reply:
    """Return the reply, or 304 when the client holds it already, by the weak comparison of RFC 9110, section 13.1.2."""
    held = request.header("if-none-match")
    if not (held and request.method in READING and (validator := reply.header("etag"))):
        return reply
    if not parse_etags(held).contains_weak(unquote_etag(validator)[0]):
        return reply
    kept = [text for pair in reply.pairs() if pair[0] not in NOT_MODIFIED_HEADERS for text in pair]
    return Reply(HTTPStatus.NOT_MODIFIED, kept, reply.route)


def _note(request: Request, reply: Reply, identity: str, seconds: float) -> None:
    """Count and log a request by its route: its address may hold a query."""
    method = request.method if request.method in METHODS else "OTHER"
    metrics.REQUESTS.labels(method, reply.route, str(int(reply.status))).inc()
    metrics.SECONDS.labels(reply.route).observe(seconds)
    metrics.SENT.inc(len(reply.body))
    told = {
        "request_id": identity,
        "method": method,
        "route": reply.route,
        "status": int(reply.status),
        "seconds": round(seconds, 4),
        "bytes": len(reply.body),
    }
    if reply.problem:
        metrics.PROBLEMS.labels(reply.problem).inc()
        told["problem"] = reply.problem
    is_ours = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    log.log(logging.WARNING if is_ours else logging.INFO, "answered", extra={"fields": told})


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"})
"""Methods that are counted by name; a client can make up any."""
