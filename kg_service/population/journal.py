"""What a run has finished, kept beside its output so that an interrupted run can be continued.

The first line says what the run is of, each further one that a batch is in the output: how many bytes there are by
then, and all counts so far. Nothing about a patient is in it.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from kg_service.errors import KgServiceError
from kg_service.population.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUFFIX = ".journal"


@dataclass(slots=True)
class Progress:
    """How far a run has come: batches, bytes of output, and the counts of all batches."""

    batches: int = 0
    size: int = 0
    tally: Tally = field(default_factory=Tally)


class Journal:
    """The journal of a run into the file `output`."""

    def __init__(self, output: Path) -> None:
        """Name it after the output."""
        self._path = output.with_name(output.name + SUFFIX)
        self._output = output
        self._file: IO[bytes] | None = None

    def begin(self, run: Mapping[str, Any], *, resume: bool) -> Progress:
        """Return how far an earlier run has come, and note from here on.

        `run` is what the run is of. Raises KgServiceError when there is an unfinished run that was not to be
        continued, is of something else, or still goes on.
        """
        self._file = self._path.open("a+b")
        self._lock(self._file)
        lines = list(_whole_lines(self._file))
        if lines and not resume:
            raise KgServiceError(
                f"A run into {self._output.name} has not been finished. Continue it with --resume, or delete "
                f"{self._path.name} to begin anew."
            )
        if not lines:
            self._write(run)
            return Progress()
        self._compare(lines[0], run)
        last = lines[-1]
        return Progress(last["batches"], last["size"], Tally.from_dict(last["tally"])) if lines[1:] else Progress()

    def note(self, progress: Progress) -> None:
        """Note that a batch is in the output."""
        self._write({"batches": progress.batches, "size": progress.size, "tally": progress.tally.to_dict()})

    def finish(self) -> None:
        """Remove the journal: the output is in place."""
        self._path.unlink()
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _lock(self, file: IO[bytes]) -> None:
        """Keep other runs away as long as this one lives: two would write into one output."""
        if sys.platform != "win32":  # there no other process can replace what is open
            import fcntl  # noqa: PLC0415 - not everywhere

            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # of this process alone: a worker may outlive it
            except OSError as error:
                if error.errno in {errno.EACCES, errno.EAGAIN}:  # else the file system has no locks
                    raise KgServiceError(
                        f"A run into {self._output.name} is going on: wait for it, or choose another with --output."
                    ) from None

    def _compare(self, known: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        differing = [f"{name} (it was {known.get(name)})" for name in run if known.get(name) != run[name]]
        if differing:
            raise KgServiceError(
                f"The unfinished run into {self._output.name} was of something else: other {', '.join(differing)}. "
                f"Give what it was begun with, or delete {self._path.name} and leave out --resume to begin anew."
            )

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._file is not None  # noqa: S101 - begin comes first
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _whole_lines(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield what a journal holds, and cut off what was not written to its end."""
    file.seek(0)
    end = 0
    for line in file.read().splitlines(keepends=True):
        if not line.endswith(b"}\n"):
            break
        yield json.loads(line)
        end += len(line)
    file.truncate(end)


class NoJournal:
    """What a run into a stream has: it cannot be continued."""

    def begin(self, run: Mapping[str, Any], *, resume: bool) -> Progress:  # noqa: ARG002 - as a journal takes it
        """Begin anew; KgServiceError when a run was to be continued."""
        if resume:
            raise KgServiceError("Only a run into a file can be continued: give it with --output.")
        return Progress()

    def note(self, progress: Progress) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
