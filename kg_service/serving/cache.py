"""Answers kept in memory. The graph of a running service does not change, so none goes out of date."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cachetools import LRUCache

from kg_service.serving import metrics

if TYPE_CHECKING:
    from kg_service.serving.messages import Reply, Request

KEYED = ("accept", "accept-encoding", "host", "content-type", "content-encoding")
"""Headers that an answer depends on. No other reaches a worker: an answer to it would be kept for all who ask."""

LARGEST_SHARE = 8  # an answer larger than this part of the cache would push out too many others
OVERHEAD = 1000  # bytes of an entry beside its body, about


class AnswerCache:
    """The answers used last, up to a number of bytes."""

    def __init__(self, size: int) -> None:
        """Keep up to *size* bytes."""
        self._largest = size // LARGEST_SHARE
        self._kept: LRUCache[bytes, Reply] = LRUCache(size, getsizeof=_size)

    def get(self, key: bytes) -> Reply | None:
        """Return what is kept under the key."""
        found = self._kept.get(key)
        metrics.CACHE.labels("hit" if found else "miss").inc()
        return found

    def put(self, key: bytes, reply: Reply) -> None:
        """Keep an answer that has a validator; the others are errors, or differ each time, or tell of a patient."""
        if reply.header("etag") and _size(reply) <= self._largest:
            self._kept[key] = reply
            metrics.CACHED.set(self._kept.currsize)


def key_of(request: Request) -> bytes:
    """Return the digest of what the answer to a request depends on, beside the graph: clients can make that long."""
    parts = (request.method, request.scheme, request.path, request.query, *map(request.header, KEYED), request.body)
    return hashlib.sha256(repr(parts).encode()).digest()


def _size(reply: Reply) -> int:
    return len(reply.body) + sum(map(len, reply.headers)) + OVERHEAD
