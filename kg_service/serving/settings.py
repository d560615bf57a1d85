"""All that can be set of the service, in one place: command line, environment and file are made from it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Any


def _setting(
    default: object,
    text: str,
    *,
    least: float | None = None,
    most: int | None = None,
    one_of: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401 - as dataclasses.field
    return field(default=default, metadata={"help": text, "least": least, "most": most, "one_of": one_of})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the service is run; each field is a flag, a variable KG_SERVICE_… and a key of the configuration file."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8000, "Port to listen on; 0 takes a free one.", least=0, most=65535)
    workers: int = _setting(
        max(4, 2 * (os.cpu_count() or 1)), "Worker processes for short requests, and as many for long ones.", least=1
    )
    time_limit: float = _setting(10.0, "Seconds a request may take.", least=0.01)
    fair_time: float = _setting(
        1.0, "Seconds a request has for itself; then the oldest of too many is ended.", least=0.01
    )
    patience: float = _setting(2.0, "Seconds a request waits for a free worker.", least=0.0)
    memory_limit: int = _setting(
        1024, "Megabytes a worker may take beyond the graph (Linux).", least=16, most=1_048_576
    )
    row_limit: int = _setting(100_000, "Rows or triples an answer may have.", least=1)
    answer_limit: int = _setting(32, "Megabytes an answer may have.", least=1)
    client_time: float = _setting(
        20.0, "Seconds a client has to send its body, or to take a piece of the answer.", least=0.1
    )
    most_requests: int = _setting(256, "Requests answered or waiting for it at once; more are turned away.", least=1)
    cache_size: int = _setting(64, "Megabytes of answers kept in memory; 0 keeps none.", least=0)
    stop_time: float = _setting(10.0, "Seconds that requests under way are given at a stop.", least=0.0)
    trusted_host: tuple[str, ...] = _setting(
        (), "Host name that requests may name; repeat for more (spaces between them in the variable). None: any."
    )
    url_scheme: str = _setting(
        "http",
        "Scheme of the links in answers: https where a proxy before the service does TLS.",
        one_of=("http", "https"),
    )
    store: str = _setting("", "URL of a SPARQL server that holds the release (see load) and answers the queries.")
    token: str = _setting("", "Bearer token that requests must carry. Set it by environment or file: flags are seen.")


NAMES = tuple(f.name for f in fields(Settings))
MEGABYTE = 1024 * 1024
