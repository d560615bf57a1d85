"""Start-up: cold start of one command-line answer, and what the closure costs with and without the cache.

    python benchmarks/start.py [rounds]

Every round is a new process. The peer in the same run is the same Python importing rdflib and nothing else.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kg_service import load

DEFAULT_ROUNDS = 9
PEER = [sys.executable, "-c", "import rdflib"]
BARE = [sys.executable, "-c", "pass"]


def seconds(command: list[str], cache: Path) -> float:
    """Wall time of one process with the given cache folder."""
    environment = {**os.environ, "KG_SERVICE_CACHE": str(cache)}
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    question = next(iter(load().questions.values()))
    params = [f"--param={name}={value}" for name, value in question.example().items()]
    answering = [sys.executable, "-m", "kg_service", "query", question.name, *params, "-f", "csv"]
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder, "warm")
        first = seconds(answering, warm)
        runs: dict[str, list[float]] = {"bare python": [], "import rdflib": [], "one answer, warm cache": []}
        for _ in range(rounds):
            for label, command in zip(runs, (BARE, PEER, answering), strict=True):
                runs[label].append(seconds(command, warm))
    print(f"{'process':<34}{'median s':>10}{'worst s':>10}")
    print(f"{'one answer, no cache (closure)':<34}{first:>10.3f}")
    for label, times in runs.items():
        print(f"{label:<34}{statistics.median(times):>10.3f}{max(times):>10.3f}")
    answer, peer = (statistics.median(runs[label]) for label in ("one answer, warm cache", "import rdflib"))
    print(f"the cache saves {first - answer:.1f} s; an answer takes {answer / peer:.2f} x an import of rdflib")


if __name__ == "__main__":
    main()
