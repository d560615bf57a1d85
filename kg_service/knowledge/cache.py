"""The closed graph kept on disk, so that a start reads it instead of reasoning again.

One N-Quads file per content, named by its key. Its first line is a comment that names the graph's digest and the
SHA-256 of all that follows; the second holds the prefixes. A file that does not match is ignored and written anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

HEAD = re.compile(rb"# guideline-kg 1 graph=(sha256:[0-9a-f]{64}) body=([0-9a-f]{64})\n")
PREFIXES = b"# prefixes "


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A closed graph: digest of what is asserted, prefixes, and all quads as N-Quads."""

    digest: str
    prefixes: dict[str, str]
    quads: bytes


def folder() -> Path:
    """Where snapshots are kept: KG_SERVICE_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("KG_SERVICE_CACHE"):
        return Path(chosen)
    import platformdirs  # noqa: PLC0415 - not needed when the variable is set

    return platformdirs.user_cache_path("guideline-kg", appauthor=False)


def read(key: str) -> Snapshot | None:
    """Return the snapshot kept under `key`, or None when there is none or it is damaged."""
    try:
        content = _path(key).read_bytes()
    except OSError:
        return None
    head = HEAD.match(content)
    if head is None:
        return None
    body = content[head.end() :]
    if hashlib.sha256(body).hexdigest().encode() != head[2]:
        return None
    prefixes, _, quads = body.partition(b"\n")
    return Snapshot(head[1].decode(), json.loads(prefixes.removeprefix(PREFIXES)), quads)


def write(key: str, snapshot: Snapshot) -> None:
    """Keep the snapshot under `key`, atomically; without a writable folder nothing is kept, and nothing is said."""
    body = PREFIXES + json.dumps(snapshot.prefixes, sort_keys=True).encode() + b"\n" + snapshot.quads
    head = f"# guideline-kg 1 graph={snapshot.digest} body={hashlib.sha256(body).hexdigest()}\n".encode()
    with contextlib.suppress(OSError):
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as place:  # leaves nothing behind, whatever fails
            new = Path(place, path.name)
            new.write_bytes(head + body)
            new.replace(path)


def _path(key: str) -> Path:
    return folder() / f"{key}.nq"
