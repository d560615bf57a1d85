"""Kills runs with SIGKILL at random moments and resumes them until they end; prints what came of it as JSON.

    python kill_and_resume.py INPUT FORM DAY KILLS JOBS

The rules are loaded once; each run is a fork of this process, so that a run is no longer than its work. It is killed
with the processes that it has begun.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from kg_service import load
from kg_service.population import run

SMALL = 1_000_000  # bytes; of a small input, batches are small as well


def main(path: Path, form: str, day: str, kills: int, jobs: int) -> None:
    guideline = load()
    guideline.validator.engine  # noqa: B018 - made once, for all runs
    out = path.with_name("out")
    if path.stat().st_size < SMALL:
        run.UNITS_AT_ONCE = 3

    def begin() -> int:
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            guideline.validate_population(path, out, form=form, as_of=day, jobs=jobs, resume=True)
            os._exit(0)
        return pid

    begun = time.monotonic()
    os.waitpid(begin(), 0)
    longest, expected = time.monotonic() - begun, out.read_bytes()
    told = {"kills": 0, "resumed": 0, "failed": 0, "differing": 0}
    draw = random.Random(form)  # noqa: S311 - moments, no secrets
    while told["kills"] < kills:
        out.unlink()
        done = False
        while not done:
            pid = begin()
            time.sleep(draw.uniform(0, longest))
            with suppress(ProcessLookupError):  # it has ended, or has not yet a group of its own
                os.killpg(pid, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            done = not os.WIFSIGNALED(status)
            told["failed"] += done and os.WEXITSTATUS(status) != 0
            told["kills"] += not done
            told["resumed"] += not done and out.with_name("out.part").exists()
        told["differing"] += out.read_bytes() != expected
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
