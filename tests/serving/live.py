"""Starts real servers over the release on tea, each a process of its own with limits small enough to reach."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASE = Path(__file__).parents[1] / "web" / "release"
SMALL: dict[str, Any] = {
    "port": 0,
    "workers": 2,
    "time_limit": 1.0,
    "fair_time": 0.5,
    "patience": 0.4,
    "memory_limit": 200,
    "row_limit": 1000,
    "answer_limit": 1,
    "client_time": 0.5,
    "stop_time": 5.0,
}
START = """
import sys, json
from pathlib import Path
from kg_service.serving.server import serve
from kg_service.serving.settings import Settings
root, settings = json.loads(sys.argv[1])
serve(Settings(**settings), Path(root) if root else None)
"""
RUNAWAY = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(9)) + " }"


@dataclass
class Response:
    """An answer, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        return json.loads(self.body)


@dataclass
class Running:
    """A server at work."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Response:
        """Send one request; underscores in the names of headers stand for hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())

    def get(self, path: str, **headers: str) -> Response:
        return self.ask("GET", path, **headers)

    def sparql(self, query: str, **headers: str) -> Response:
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/sparql", urlencode({"query": query}), **kind, **headers)

    def workers(self) -> list[int]:
        """Return the processes that answer: copies of the one that the server started (Linux)."""
        return [child for starter in children(self.process.pid) for child in children(starter)]

    def kill_workers(self) -> None:
        """Kill all workers, and wait until the server can have noticed."""
        killed = self.workers()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert until(lambda: not any(map(alive, killed)))
        time.sleep(0.3)

    def metric(self, name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (.+)$", self.get("/metrics").body.decode(), re.MULTILINE)
        return float(found[1]) if found else 0.0


def children(parent: int) -> list[int]:
    lists = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(child) for listed in lists for child in listed.read_text().split()]


def alive(pid: int) -> bool:
    """Tell whether a process is at work; one that has ended and was not yet collected is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(true: Any, seconds: float = 10) -> bool:  # noqa: ANN401 - a function without arguments
    """Wait until something holds, and tell whether it came to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())


@contextmanager
def running(
    log: Path,
    *,
    root: Path | None = RELEASE,
    first: str = "",
    environment: dict[str, str] | None = None,
    **settings: Any,  # noqa: ANN401 - of many types
) -> Iterator[Running]:
    """Run a server; *root* is its release (None: the released one), *first* is Python run before."""
    given = json.dumps([root and str(root), {**SMALL, **settings}])
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", first + START, given],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r":(\d+)/", line)
            assert found, line + log.read_text()
            yield Running(process, int(found[1]), log)
        finally:
            process.kill()
            process.communicate()
