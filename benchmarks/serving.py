"""Requests a second and times of the service with all its limits on, beside other endpoints, in one run.

    python benchmarks/serving.py [NAME=ENDPOINT …]

Needs `wrk`. NAME=ENDPOINT is a SPARQL endpoint that has the graph loaded, for instance
fuseki=http://127.0.0.1:3030/kg/sparql. Beside them are measured, where their packages are installed: the bare
application on waitress, without workers and limits; and rdflib-endpoint. Peers get the SPARQL text of a named question.
Rows of each answer are counted before and after, and must agree. `new` is a query that nobody asked before: no cache
can help.
"""

from __future__ import annotations

import importlib.util
import json
import os
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
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from kg_service import load

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 4
CONNECTIONS = (1, 8, 32)
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
request = function()
  number = number + 1
  return wrk.format("GET", path .. string.format("%%%%0A%%%%23%%s-%%d", run, number), {["Accept"] = "%s"})
end
"""


def rows(url: str) -> int:
    """Return how many rows an address answers with; -1 when it does not within ten seconds."""
    asked = urllib.request.Request(url, headers={"Accept": JSON})  # noqa: S310 - given by who runs this
    try:
        with urllib.request.urlopen(asked, timeout=10) as response:  # noqa: S310 - as above
            return len(json.load(response)["results"]["bindings"])
    except OSError:
        return -1


def measure(url: str, connections: int, *, new: bool) -> tuple[float, float]:
    """Return requests a second and the 99th percentile in milliseconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % (re.sub(r"^https?://[^/]+", "", url), uuid.uuid4(), JSON))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-H", f"Accept: {JSON}"]
        command += ["-s", script.name] if new else []
        text = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
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
    text = graph.text_of(QUESTION, after="denosumab")
    queries = {"one concept, new": ONE, "50 rows": SMALL, "50 rows, new": SMALL, "all, new": FREE, QUESTION: text}
    with ExitStack() as stack:
        dump = Path(stack.enter_context(tempfile.TemporaryDirectory()), "graph.nq")
        dump.write_bytes(graph.store.dump(format=ox.RdfFormat.N_QUADS) or b"")
        ours = stack.enter_context(running(sys.executable, "-m", "kg_service", "serve", "--port", "PORT"))
        endpoints = {"kg-service": f"{ours}/sparql"}
        if importlib.util.find_spec("waitress"):
            endpoints["bare, waitress"] = (
                stack.enter_context(running(sys.executable, "-c", WAITRESS, "PORT")) + "/sparql"
            )
        if importlib.util.find_spec("rdflib_endpoint"):
            endpoints["rdflib-endpoint"] = (
                stack.enter_context(running(sys.executable, "-c", RDFLIB, "PORT", str(dump))) + "/"
            )
        endpoints.update(pair.split("=", 1) for pair in sys.argv[1:])
        return compare(queries, endpoints)


def compare(queries: dict[str, str], endpoints: dict[str, str]) -> int:
    """Print one line for each query and endpoint."""
    print(f"{os.cpu_count()} processors, {SECONDS} s each\n")
    print(
        f"{'query':<20}{'endpoint':<18}{'rows':>6}" + "".join(f"{f'c={c} req/s':>14}{'p99 ms':>9}" for c in CONNECTIONS)
    )
    differ = False
    for name, query in queries.items():
        counts = set()
        for endpoint, address in endpoints.items():
            url = f"{address}?{urlencode({'query': query})}"
            if name == QUESTION and endpoint in {"kg-service", "bare, waitress"}:
                url = f"{address.removesuffix('/sparql')}/queries/{QUESTION}?after=denosumab"
            before = rows(url)
            if before < 0:
                print(f"{name:<20}{endpoint:<18}no answer in 10 s")
                continue
            measure(url, max(CONNECTIONS), new=name.endswith("new"))  # not counted: a JVM runs slowly at first
            figures = [measure(url, connections, new=name.endswith("new")) for connections in CONNECTIONS]
            counts |= {before, rows(url)}
            print(
                f"{name:<20}{endpoint:<18}{before:>6}"
                + "".join(f"{rate:>14,.0f}{worst:>9.1f}" for rate, worst in figures)
            )
        differ |= len(counts) > 1
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
