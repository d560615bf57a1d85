"""Latency of every named question: this engine beside rdflib's own on the same graph, in one run.

    python benchmarks/questions.py [rounds]

Each question is asked with the example values of its header; row counts of both engines must agree. Times are medians
of interleaved rounds (fewer where the peer takes long), in milliseconds, from the call to the last row read. Only the
ratio is worth comparing between runs.
"""

import statistics
import sys
import time
from collections.abc import Callable

import pyoxigraph as ox
import rdflib

from kg_service import KnowledgeGraph, load
from kg_service.knowledge.binding import bind

DEFAULT_ROUNDS = 15
ENOUGH_MS = 1000  # of the peer's time for one question


def to_rdflib(kg: KnowledgeGraph) -> rdflib.Dataset:
    """Copy the quads to rdflib's memory store, default graph as union."""
    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(data=kg.store.dump(format=ox.RdfFormat.N_QUADS), format="nquads")
    return dataset


def timed(call: Callable[[], int]) -> tuple[float, int]:
    """Return milliseconds and rows of one call."""
    start = time.perf_counter()
    rows = call()
    return (time.perf_counter() - start) * 1000, rows


def main() -> int:
    """Print the table; exit 1 when an answer differs in size between the engines."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROUNDS
    kg = load()
    dataset = to_rdflib(kg)
    print(f"{len(kg.store):,} quads, {rounds} rounds, {kg.digest[:19]}\n")
    print(f"{'question':<26}{'rows':>6}{'ours ms':>10}{'rdflib ms':>12}{'ratio':>8}")
    differ = False
    ratios = []
    for name, question in kg.questions.items():
        values = question.example()
        text = bind(question.text, {p.variable: kg.resolve(v, p.kind) for p, v in question.match(values)})
        ours, theirs = [], []
        while len(ours) < rounds and sum(ms for ms, _ in theirs) < ENOUGH_MS:
            ours.append(timed(lambda n=name, v=values: len(kg.query(n, **v).rows)))
            theirs.append(timed(lambda t=text: len(list(dataset.query(t)))))
        mine, other = (statistics.median(t for t, _ in runs) for runs in (ours, theirs))
        rows = ours[0][1]
        differ |= rows != theirs[0][1]
        ratios.append(other / mine)
        note = "" if rows == theirs[0][1] else f"  rdflib gives {theirs[0][1]} rows"
        print(f"{name:<26}{rows:>6}{mine:>10.2f}{other:>12.1f}{other / mine:>7.0f}x{note}")
    print(f"\nmedian ratio {statistics.median(ratios):.0f}x")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
