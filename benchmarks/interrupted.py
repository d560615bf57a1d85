"""Kills `kg-service validate` at random moments and resumes it, until the result must be that of an undisturbed run.

    python benchmarks/interrupted.py population.ndjson [kills] [form]

The input is of any size; `population.py` makes one. Whole process groups get SIGKILL, workers included. Exits with 1
when a result differs by a byte.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEFAULT_KILLS = 20
START = 5.0  # seconds in which a run is too young to have written anything


def run(source: Path, out: Path, form: str) -> subprocess.Popen[bytes]:
    """Begin or resume a run, in a process group of its own."""
    options = ["-f", form, "-o", str(out), "--as-of", "2026-01-31", "--fail-on", "never", "--resume"]
    command = [sys.executable, "-m", "kg_service", "validate", str(source), *options]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    """Print what came of each kill."""
    given = dict(enumerate(sys.argv))
    source, kills, form = Path(given[1]), int(given.get(2, DEFAULT_KILLS)), given.get(3, "csv")
    draw = random.Random(kills)  # noqa: S311 - moments, no secrets
    done, differing = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        begun = time.monotonic()
        run(source, out, form).wait()
        longest, expected = time.monotonic() - begun, digest(out)
        print(f"undisturbed: {longest:.0f} s, {out.stat().st_size:,} bytes")
        while done < kills:
            out.unlink()
            while True:
                process = run(source, out, form)
                try:
                    process.wait(START + draw.uniform(0, longest / 4))
                    break
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    done += 1
                    part = out.with_name("out.part")
                    print(f"kill {done} at {part.stat().st_size if part.exists() else 0:,} bytes")
            differing += digest(out) != expected
            print("the same" if not differing else "DIFFERENT")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
