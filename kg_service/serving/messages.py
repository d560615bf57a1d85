"""Requests and replies as they pass between the server and its workers: a length, a head in JSON, and the body.

Nothing that could run code is passed: a worker that a query has gone wrong in is not trusted with the server.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LENGTHS = struct.Struct("!II")
"""Sizes of head and body in bytes."""

READY = LENGTHS.pack(0, 0)
"""What a worker sends first, when it can answer: an empty message."""


class Request(NamedTuple):
    """A request as HTTP has it; names of headers are in lower case, here and in replies, `query` is as it was sent."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[Sequence[str]] = ()
    scheme: str = "http"
    server: Sequence[str] = ("localhost", "80")
    client: str = ""
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the value of a header, several joined by commas; nothing when there is none."""
        return ",".join(value for known, value in self.headers if known == name)


class Reply(NamedTuple):
    """An answer: status, headers, the route that gave it (a template, not an address), the kind of error, the body.

    `headers` are names and values in turn: one object, as thousands of replies are kept, and Python stops to look
    through all objects that can hold others.
    """

    status: int
    headers: Sequence[str]
    route: str
    problem: str = ""
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the value of a header, or nothing."""
        return next((value for known, value in self.pairs() if known == name), "")

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield name and value of each header."""
        return zip(self.headers[::2], self.headers[1::2], strict=True)


def pack(message: Request | Reply) -> bytes:
    """Return the message as bytes."""
    *head, body = message
    written = json.dumps(head).encode()
    return LENGTHS.pack(len(written), len(body)) + written + body


def unpack(received: bytes | bytearray) -> tuple[bytes, bytes] | None:
    """Return head and body of a message, or None when it is not there as a whole."""
    if len(received) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack_from(received)
    start = LENGTHS.size + head
    if len(received) < start + body:
        return None
    view = memoryview(received)
    return bytes(view[LENGTHS.size : start]), bytes(view[start : start + body])


def request(head: bytes, body: bytes) -> Request:
    """Read a request from its two parts."""
    return Request._make([*json.loads(head), body])


def reply(head: bytes, body: bytes) -> Reply:
    """Read a reply from its two parts."""
    status, headers, route, problem = json.loads(head)
    return Reply(status, tuple(headers), route, problem, body)
