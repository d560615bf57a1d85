"""Requests a second and times of the service with all its limits on, beside other endpoints, in one run.

    python benchmarks/serving.py [NAME=ENDPOINT …]

Needs `wrk`. NAME=ENDPOINT is a SPARQL endpoint that has the graph loaded, for instance
fuseki=http://127.0.0.1:3030/kg/sparql. Beside them are measured, where their packages are installed: the bare
application on waitress, without workers and limits; and rdflib-endpoint. Peers get the SPARQL text of a named question.
Rows of each answer are counted before and after, and must agree. `new` is a query that nobody asked before: no cache
can help. `questions, new` are the SPARQL texts of all named questions, in turn. For each query, each endpoint is warmed
up until it gets no faster.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from kg_service import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_service import Guideline

SECONDS = 4
MOST_ROUNDS = 6  # of warming up
FASTER = 1.05
CONNECTIONS = (1, 8, 32)
OURS = frozenset({"kg-service", "bare, waitress"})
QUESTION = "sequential-agents"
FREE = "SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p"
SMALL = "SELECT ?s ?o WHERE { ?s <http://purl.org/dc/terms/source> ?o } ORDER BY ?s LIMIT 50"
ONE = (
    "SELECT ?p ?o ?label WHERE "
    "{ <https://w3id.org/guideline-kg/concept/stroke> ?p ?o . OPTIONAL { ?o ?q ?label } } LIMIT 20"
)
JSON = "application/sparql-results+json"
WAITRESS = """
import sys
from waitress import serve
from kg_service import load
from kg_service.web import create_app
serve(create_app(load()), host="127.0.0.1", port=int(sys.argv[1]), threads=8, _quiet=True)
"""
RDFLIB = """
import sys, rdflib, uvicorn
from rdflib_endpoint import SparqlEndpoint
graph = rdflib.Dataset(default_union=True)
graph.parse(sys.argv[2], format="nquads")
uvicorn.run(SparqlEndpoint(graph=graph), port=int(sys.argv[1]), log_level="error")
"""
SCRIPT = """
local path, run, number = "%s", "%s", 0
local bodies = { %s }
request = function()
  number = number + 1
  local note = run .. "-" .. number
  if #bodies == 0 then
    return wrk.format("GET", path .. "%%0A%%23" .. note)
  end
  wrk.headers["Content-Type"] = "application/sparql-query"
  return wrk.format("POST", path, nil, bodies[number %% #bodies + 1] .. "\\n#" .. note)
end
"""


@dataclass(frozen=True)
class Asked:
    """What is asked: an address, or texts in turn that are sent to it; each time `new`, or the same."""

    url: str
    bodies: Sequence[str] = ()
    new: bool = False

    def rows(self) -> int:
        """Return how many rows the answers have together; -1 when one fails or does not come within ten seconds."""
        try:
            return sum(self._rows(body.encode()) for body in self.bodies) if self.bodies else self._rows(None)
        except OSError:
            return -1

    def _rows(self, body: bytes | None) -> int:
        headers = {"Accept": JSON, "Content-Type": "application/sparql-query"} if body else {"Accept": JSON}
        asked = urllib.request.Request(self.url, body, headers)  # noqa: S310 - given by who runs this
        with urllib.request.urlopen(asked, timeout=10) as response:  # noqa: S310 - as above
            return len(json.load(response)["results"]["bindings"])

    def warm_up(self) -> None:
        """Ask until it gets no faster: a JVM runs slowly at first."""
        before = 0.0
        for _ in range(MOST_ROUNDS):
            rate, _ = self.measure(max(CONNECTIONS))
            if rate < before * FASTER:
                return
            before = rate

    def measure(self, connections: int) -> tuple[float, float]:
        """Return requests a second and the 99th percentile in milliseconds."""
        path = re.sub(r"^https?://[^/]+", "", self.url)
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(SCRIPT % (path, uuid.uuid4(), ", ".join(f"[==[{body}]==]" for body in self.bodies)))
            script.flush()
            command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-H", f"Accept: {JSON}"]
            command += ["-s", script.name] if self.new else []
            text = subprocess.run([*command, self.url], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in text:
            return 0.0, 0.0
        rate = re.search(r"Requests/sec: +([\d.]+)", text)
        worst = re.search(r"99% +([\d.]+)(us|ms|s)", text)
        if rate is None or worst is None:
            raise SystemExit(f"wrk says: {text}")
        return float(rate[1]), float(worst[1]) * {"us": 0.001, "ms": 1, "s": 1000}[worst[2]]


@contextmanager
def running(*command: str) -> Iterator[str]:
    """Run a server, with a free port where its command says PORT; gives its root, once it can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [part.replace("PORT", str(port)) for part in command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(20)


def main() -> int:
    """Print the table; exit status 1 when the endpoints differ in rows."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed.")
    graph = load()
    print(f"{os.cpu_count()} processors, Python {platform.python_version()}, {SECONDS} s each\n")
    print(
        f"{'query':<20}{'endpoint':<18}{'rows':>6}" + "".join(f"{f'c={c} req/s':>14}{'p99 ms':>9}" for c in CONNECTIONS)
    )
    differ = [compare(graph, name) for name in asked_of(graph, "", "")]
    return int(any(differ))


@contextmanager
def endpoints(graph: Guideline) -> Iterator[dict[str, str]]:
    """Run all endpoints; those started here anew each time, as some go on with what nobody waits for."""
    with ExitStack() as stack:
        dump = Path(stack.enter_context(tempfile.TemporaryDirectory()), "graph.nq")
        dump.write_bytes(graph.store.dump(format=ox.RdfFormat.N_QUADS) or b"")
        python = sys.executable
        found = {"kg-service": stack.enter_context(running(python, "-m", "kg_service", "serve", "--port", "PORT"))}
        found["kg-service"] += "/sparql"
        if importlib.util.find_spec("waitress"):
            found["bare, waitress"] = stack.enter_context(running(python, "-c", WAITRESS, "PORT")) + "/sparql"
        found.update(pair.split("=", 1) for pair in sys.argv[1:])
        if importlib.util.find_spec("rdflib_endpoint"):  # last: it keeps a processor busy when it cannot answer
            found["rdflib-endpoint"] = stack.enter_context(running(python, "-c", RDFLIB, "PORT", str(dump))) + "/"
        yield found


def asked_of(graph: Guideline, endpoint: str, address: str) -> dict[str, Asked]:
    """Return what an endpoint is asked, by name; ours gets the named question by its name."""
    texts = [graph.text_of(name, **question.example()) for name, question in graph.questions.items()]
    named = f"{address.removesuffix('/sparql')}/queries/{QUESTION}?after=denosumab"

    def query(text: str) -> str:
        return f"{address}?{urlencode({'query': text})}"

    return {
        "one concept, new": Asked(query(ONE), new=True),
        "50 rows": Asked(query(SMALL)),
        "50 rows, new": Asked(query(SMALL), new=True),
        "all, new": Asked(query(FREE), new=True),
        "questions, new": Asked(address, texts, new=True),
        QUESTION: Asked(named if endpoint in OURS else query(graph.text_of(QUESTION, after="denosumab"))),
    }


def compare(graph: Guideline, name: str) -> bool:
    """Print one line for each endpoint; tell whether they differ in rows."""
    counts = set()
    with endpoints(graph) as found:
        for endpoint, address in found.items():
            asked = asked_of(graph, endpoint, address)[name]
            before = asked.rows()
            if before < 0:
                print(f"{name:<20}{endpoint:<18}no answer, or none in 10 s", flush=True)
                continue
            asked.warm_up()
            figures = [asked.measure(connections) for connections in CONNECTIONS]
            counts |= {before, asked.rows()}
            print(
                f"{name:<20}{endpoint:<18}{before:>6}"
                + "".join(f"{rate:>14,.0f}{worst:>9.1f}" for rate, worst in figures),
                flush=True,
            )
    return len(counts) > 1


if __name__ == "__main__":
    sys.exit(main())
