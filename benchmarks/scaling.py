"""How time and memory grow with the number of patients: `kg-service validate` from NDJSON on disk to results on disk.

    python benchmarks/scaling.py [--up-to 100000] [--jobs N] [--keep FOLDER]

One population is made, and its first patients are taken for the smaller sizes. Peak memory is that of the largest
process of a run. The line is fitted to seconds by patients; an exponent of 1 means that cost grows in proportion.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from statistics import correlation, linear_regression

import click
from engines import AS_OF, SEED
from population import write_fhir

from kg_service import load

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)


def run(source: Path, options: list[str]) -> tuple[float, float]:
    """Return seconds and peak memory, in MB, of judging a file."""
    output = source.with_suffix(".verdicts")
    command = ["validate", str(source), "--as-of", AS_OF.isoformat(), "-f", "ndjson", "-o", str(output), *options]
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "kg_service", *command], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if not output.exists():
        raise click.ClickException(f"kg-service validate ended with {process.returncode}, and wrote nothing.")
    output.unlink()
    return seconds, usage.ru_maxrss / 1024


def first_of(whole: Path, size: int) -> Path:
    """Write the first patients of a population to a file of their own."""
    part = whole.with_name(f"first-{size}.ndjson")
    with whole.open("rb") as given, part.open("wb") as written:
        written.writelines(islice(given, size))
    return part


def print_line(sizes: list[int], seconds: list[float]) -> None:
    """Print the line through the points, and the exponent of growth between the smallest and the largest."""
    slope, intercept = linear_regression(sizes, seconds)
    exponent, _ = linear_regression([math.log(n) for n in sizes], [math.log(s - max(0, intercept)) for s in seconds])
    fit = correlation(sizes, seconds) ** 2
    print(f"\nseconds = {intercept:.2f} + {slope * 1000:.3f} / 1,000 patients (R² {fit:.4f}); exponent {exponent:.2f}")


@click.command(help=__doc__)
@click.option("--up-to", default=SIZES[-1], show_default=True, help="The largest number of patients.")
@click.option("--jobs", type=int, help="Given to kg-service validate.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Where populations are kept and reused.")
def main(up_to: int, jobs: int | None, keep: Path | None) -> None:
    """Print one row for each size, and the fitted line."""
    sizes = [size for size in SIZES if size <= up_to]
    options = [] if jobs is None else ["--jobs", str(jobs)]
    print(f"{'patients':>9}{'seconds':>10}{'ms a patient':>14}{'peak MB':>9}")
    measured = []
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, f"population-{sizes[-1]}.ndjson")
        whole.parent.mkdir(parents=True, exist_ok=True)
        if not whole.exists():
            write_fhir(load(), sizes[-1], SEED, whole)
        for size in sizes:
            part = first_of(whole, size)
            seconds, peak = run(part, options)
            part.unlink()
            measured.append(seconds)
            print(f"{size:>9,}{seconds:>10.1f}{seconds / size * 1000:>14.2f}{peak:>9.0f}", flush=True)
    if len(sizes) > 1:
        print_line(sizes, measured)


if __name__ == "__main__":
    main()
