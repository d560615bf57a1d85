"""The compiled engine beside other SHACL engines: same patients, same rules, one run.

    python benchmarks/engines.py [--patients 200] [--seconds 60] [--population 2000]

First one record at a time, in interleaved rounds, from the engine's own input to its results. Peers get the first
patients of the sample until their seconds are used up, and are compared on those. Then from NDJSON on disk to results
on disk: the command line as it is, and peers by what reading, loading and judging take for a patient of theirs, as if
they scaled perfectly to all cores and wrote in no time. A peer that finds anything else than the compiled engine is
reported as wrong and not timed.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from peers import GIVEN, Found, Peer, jena, pairs, peers
from people import Population
from population import FhirPopulation, write_fhir

from kg_service import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg_service import Guideline
    from kg_service.patients.record import PatientRecord

AS_OF = dt.date(2026, 1, 31)
SEED = 1
ROUNDS = 3
Given = TypeVar("Given")


@dataclass
class Timing:
    """What an engine took: milliseconds of judging by patient, of making its input; and the patients it got wrong."""

    peer: Peer
    judging: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    loading: list[float] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)

    @property
    def spent(self) -> float:
        """Seconds so far."""
        return (sum(map(sum, self.judging.values())) + sum(self.loading)) / 1000

    def mean(self, numbers: set[int]) -> float:
        """Milliseconds a patient, over some patients, each by its median."""
        return statistics.mean(statistics.median(self.judging[number]) for number in numbers)


def timed(call: Callable[[], Given]) -> tuple[Given, float]:
    """Return what a call gives, and milliseconds."""
    start = time.perf_counter()
    given = call()
    return given, (time.perf_counter() - start) * 1000


def measure(engines: list[Peer], records: list[PatientRecord], budget: float) -> list[Timing]:
    """Let every engine judge the records in turn, patient by patient, until its seconds are used up."""
    timings = [Timing(engine) for engine in engines]
    expected: dict[int, Found] = {}
    for _ in range(ROUNDS):
        for number, record in enumerate(records):
            for timing in timings:
                if timing.spent < budget:
                    found = judge(timing, number, record)
                    if expected.setdefault(number, found) != found:
                        timing.wrong.add(number)
    return timings


def judge(timing: Timing, number: int, record: PatientRecord) -> Found:
    """Let an engine judge a record, and return what it finds."""
    given, load_ms = timed(lambda: timing.peer.prepare(record))
    report, ms = timed(lambda: timing.peer.judge(given))
    timing.judging[number].append(ms)
    timing.loading.append(load_ms)
    return pairs(timing.peer.read(report))


def by_jena(guideline: Guideline, records: list[PatientRecord]) -> Iterator[Timing]:
    """Yield what Jena took, a mean for all patients, where it is installed."""
    validator = guideline.validator
    cases = [validator.make_case(record, AS_OF) for record in records]
    if result := jena(validator.catalogue.graph, cases):
        ms, found = result
        timing = Timing(Peer("Apache Jena (mean)", GIVEN, validator.make_case, jena, iter))
        for number, record in enumerate(records):
            timing.judging[number].append(ms)
            if found[number] != pairs(validator.engine(record, AS_OF)[1]):
                timing.wrong.add(number)
        yield timing


def print_single(timings: list[Timing]) -> None:
    """Print the table of single records."""
    own = timings[0]
    print(f"{'one record':<26}{'form':<16}{'patients':>9}{'median ms':>11}{'p99 ms':>9}{'x compiled':>12}")
    for timing in timings:
        numbers = set(timing.judging)
        head = f"{timing.peer.name:<26}{timing.peer.form:<16}{len(numbers):>9}"
        if timing.wrong:
            print(f"{head}  WRONG for {len(timing.wrong)} of them: not timed")
            continue
        all_ms = sorted(ms for runs in timing.judging.values() for ms in runs)
        p99 = all_ms[int(len(all_ms) * 0.99)]
        ratio = timing.mean(numbers) / own.mean(numbers)
        print(f"{head}{statistics.median(all_ms):>11.2f}{p99:>9.1f}{ratio:>11.1f}x")


def print_whole(timings: list[Timing], read_ms: float, source: Path, patients: int) -> None:
    """Print the table of NDJSON on disk to results on disk."""
    cores = os.cpu_count() or 1
    print(f"\n{'NDJSON to results':<42}{'patients':>9}{'ms a patient':>14}{'x best here':>13}")
    runs = {f"compiled, kg-service validate{jobs}": jobs.split() for jobs in jobs_on_offer(cores)}
    own = {name: run_command(source, options) / patients for name, options in runs.items()}
    best = min(own.values())
    for name, ms in own.items():
        print(f"{name:<42}{patients:>9}{ms:>14.2f}{ms / best:>12.1f}x")
    for timing in (timing for timing in timings[1:] if not timing.wrong):
        load_ms = 0.0 if timing.peer.form == GIVEN else statistics.mean(timing.loading)
        ms = (read_ms + load_ms + timing.mean(set(timing.judging))) / cores
        name = f"{timing.peer.name}, {timing.peer.form} *"
        print(f"{name:<42}{len(timing.judging):>9}{ms:>14.2f}{ms / best:>12.1f}x")
    print(f"* by its own sample of patients, divided by {cores} cores; of what is given, the making is not counted")


def jobs_on_offer(cores: int) -> list[str]:
    """Return the options for one job and for all cores, where the command line has jobs."""
    shown = subprocess.run([sys.executable, "-m", "kg_service", "validate", "--help"], capture_output=True, check=True)
    return [" --jobs 1", f" --jobs {cores}"] if b"--jobs" in shown.stdout else [""]


def run_command(source: Path, options: list[str]) -> float:
    """Return the milliseconds of the command line for a file, its start included."""
    output = source.with_name(f"verdicts{len(options)}{''.join(options[1:])}.csv")
    command = ["validate", str(source), "--as-of", AS_OF.isoformat(), "-f", "csv", "-o", str(output), *options]
    run, ms = timed(
        lambda: subprocess.run([sys.executable, "-m", "kg_service", *command], capture_output=True, check=False)
    )
    if not output.exists():
        raise click.ClickException(run.stderr.decode())
    return ms


@click.command(help=__doc__)
@click.option("--patients", default=200, show_default=True, help="Size of the sample for single records.")
@click.option("--seconds", default=60.0, show_default=True, help="What each engine may use.")
@click.option("--population", default=2000, show_default=True, help="Patients in the file of the second table.")
def main(patients: int, seconds: float, population: int) -> None:
    """Print both tables."""
    guideline = load()
    validator = guideline.validator
    fhir = FhirPopulation(guideline, Population(guideline))
    given = [fhir.bundle(SEED, number) for number in range(patients)]
    read, read_ms = timed(lambda: [guideline.records.from_fhir(bundle) for bundle in given])
    records = [record for found in read for record in found]
    validator.engine(records[0], AS_OF)  # compiled once, before any patient
    timings = measure(list(peers(validator, AS_OF)), records, seconds)
    timings += by_jena(guideline, records)
    print(f"{len(validator.catalogue.rules)} rules, {ROUNDS} rounds, up to {seconds:.0f} s for each engine\n")
    print_single(timings)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "population.ndjson")
        write_fhir(guideline, population, SEED, source)
        print_whole(timings, read_ms / patients, source, population)


if __name__ == "__main__":
    main()
