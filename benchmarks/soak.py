"""A soak: the service under steady load, first quiet, then with one request in twenty hostile.

    python benchmarks/soak.py [minutes of each half] [requests a second]

Well-formed requests come at a fixed rate, whatever the service does: named questions, queries that nobody asked before,
pages, and records to check. Reported are their times, what was not answered, and the memory of all processes.

Exit status 1 when a well-formed request failed, their 99th percentile more than tripled, or memory grew by a third.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from kg_service import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULT_MINUTES = 10.0
DEFAULT_RATE = 40.0
ONE_IN = 20
MOST_TIMES_SLOWER = 3
MOST_GROWTH = 4 / 3
OK = 200
RECORD = json.dumps(
    {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}
)
SPARQL, FHIR = "application/sparql-query", "application/fhir+json"
CROSS = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(8)) + " }"
ROWS = "SELECT * { ?a ?b ?c . ?d ?e ?f }"
GROWING = "SELECT ?x { BIND('aaaaaaaa' AS ?v0) " + "".join(
    f"BIND(CONCAT(?v{i}, ?v{i}) AS ?v{i + 1}) " for i in range(34)
)
REGEX = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(REGEX(STR(?c), '(a|.)*(.*)*x$') || STR(?f) = STR(?c)) }"
DEEP = "ASK { " + "{" * 5000 + "}" * 5000 + " }"


def request(method: str, path: str, body: str = "", kind: str = "") -> bytes:
    """Return a request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n"
    return f"{head}\r\n{body}".encode()


HOSTILE = {
    "cross product": [request("POST", "/sparql", CROSS, SPARQL)],
    "endless rows": [request("POST", "/sparql", ROWS, SPARQL)],
    "growing text": [request("POST", "/sparql", GROWING + "BIND(STRLEN(?v34) AS ?x) }", SPARQL)],
    "regex": [request("POST", "/sparql", REGEX, SPARQL)],
    "deep nesting": [request("POST", "/sparql", DEEP, SPARQL)],
    "huge body": [request("POST", "/validate", "[" * 15_000_000, FHIR)],
    "slow client": [*(bytes([byte]) for byte in request("GET", "/")[:25])],
    "slow body": [request("POST", "/sparql", "ASK {} #", SPARQL)[:-2], b" "],
    "garbage": [random.Random(1).randbytes(2000)],  # noqa: S311 - no secret
}


@dataclass
class Half:
    """What was seen in one half: seconds of well-formed requests, and statuses (0: none) of both kinds."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    hostile: Counter[tuple[str, int]] = field(default_factory=Counter)

    def percentile(self, percent: int) -> float:
        """Return milliseconds."""
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1000


async def exchange(port: int, pieces: list[bytes]) -> int:
    """Send the pieces, a quarter of a second apart, read the answer to its end, and return its status."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for number, piece in enumerate(pieces):
                await asyncio.sleep(0.25 if number else 0)
                writer.write(piece)
                await writer.drain()
            found = re.match(rb"HTTP/1.1 (\d{3})", await asyncio.wait_for(reader.read(), 60))
            return int(found[1]) if found else 0
        finally:
            writer.close()
    except OSError:
        return 0


def well_formed() -> list[Callable[[int], bytes]]:
    """Return makers of requests; each takes a number, which makes a query one that nobody asked before."""

    def new(number: int) -> bytes:
        return request("POST", "/sparql", f"SELECT ?p (COUNT(*) AS ?n) {{ ?s ?p ?o }} GROUP BY ?p #{number}", SPARQL)

    asked = [f"/queries/{name}?{urlencode(question.example())}" for name, question in load().questions.items()]
    fixed = [request("GET", path) for path in [*asked, "/", "/audit"]]
    records = [request("POST", "/validate", RECORD, FHIR)] * 3
    return [*(lambda _, piece=piece: piece for piece in [*fixed, *records]), *[new] * 10]


async def run_half(port: int, seconds: float, rate: float, *, hostile: bool) -> Half:
    """Send at a fixed rate for a time; waits for all answers."""
    half, chance, kinds = Half(), random.Random(7), well_formed()  # noqa: S311 - no secret

    async def ask(piece: bytes) -> None:
        started = time.perf_counter()
        status = await exchange(port, [piece])
        half.seconds.append(time.perf_counter() - started)
        half.statuses[status] += 1

    async def attack(name: str) -> None:
        half.hostile[name, await exchange(port, HOSTILE[name])] += 1

    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            if hostile and chance.randrange(ONE_IN) == 0:
                tasks.create_task(attack(chance.choice(list(HOSTILE))))
            else:
                tasks.create_task(ask(chance.choice(kinds)(time.perf_counter_ns())))
    return half


def memory(pid: int) -> float:
    """Return megabytes of a process and all below it, shared pages counted once (Linux); of one that has ended, 0."""
    try:
        rolled = Path(f"/proc/{pid}/smaps_rollup").read_text()
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own = int(re.search(r"^Pss: +(\d+)", rolled, re.MULTILINE)[1]) / 1024  # type: ignore[index]
    return own + sum(memory(int(child)) for child in " ".join(lists).split())


@contextmanager
def serving(*flags: str) -> Iterator[tuple[int, int]]:
    """Run `kg-service serve` on a free port; gives the port and the process."""
    command = [sys.executable, "-m", "kg_service", "serve", "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            found = re.search(r":(\d+)/", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise SystemExit("kg-service serve does not start.")
            yield int(found[1]), process.pid
        finally:
            process.terminate()


def report(half: Half, name: str, megabytes: float) -> None:
    """Print what was seen in a half."""
    times = "".join(f"{half.percentile(percent):>9.1f}" for percent in (50, 95, 99))
    failed = half.statuses.total() - half.statuses[OK]
    print(f"{name:<10}{half.statuses.total():>10}{failed:>8}{times}{max(half.seconds) * 1000:>10.1f}{megabytes:>9.0f}")


def soak(seconds: float, rate: float) -> list[str]:
    """Run both halves, print the table, and return what is not as it must be."""
    with serving() as (port, pid):
        asyncio.run(run_half(port, 2, rate, hostile=False))  # warm
        quiet = asyncio.run(run_half(port, seconds, rate, hostile=False))
        before = memory(pid)
        print(
            f"{'half':<10}{'requests':>10}{'failed':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'worst ms':>10}{'MB':>9}"
        )
        report(quiet, "quiet", before)
        hostile = asyncio.run(run_half(port, seconds, rate, hostile=True))
        time.sleep(2)  # for what was ended to be replaced
        after = memory(pid)
        report(hostile, "hostile", after)
    print("\nhostile requests, by status (0: the connection was closed)")
    for name in HOSTILE:
        statuses = {status: count for (kind, status), count in sorted(hostile.hostile.items()) if kind == name}
        print(f"  {name:<16}{statuses}")
    faults = {
        "a well-formed request failed": set(quiet.statuses) | set(hostile.statuses) != {OK},
        "the 99th percentile grew too much": hostile.percentile(99) > MOST_TIMES_SLOWER * quiet.percentile(99),
        "memory grew": after > before * MOST_GROWTH,
    }
    return [fault for fault, found in faults.items() if found]


def main() -> int:
    """Run it; exit status 1 when something is not as it must be."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_MINUTES
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_RATE  # noqa: PLR2004 - the second argument
    faults = soak(minutes * 60, rate)
    print("\n" + ("; ".join(faults) or "as it must be"))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
