"""Where results go: a file or folder that appears in one step when all is there, or a stream."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from kg_service.errors import KgServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

UNFINISHED = ".part"


def check_place(output: Path, given: Iterable[Path | bytes]) -> None:
    """Raise KgServiceError for a place where results would harm something: the input, a device, no folder."""
    place = output.resolve()
    for one in given:
        if isinstance(one, Path) and place.is_relative_to(one.resolve()):
            raise KgServiceError(f"{output} is the input, or in its folder: choose another place with --output.")
    if place.exists() and not (place.is_file() or place.is_dir()):
        raise KgServiceError(f"{output} is no file: name one, or leave out --output to write to standard output.")
    if not place.parent.is_dir():
        raise KgServiceError(
            f"{output} cannot be written: there is no folder {place.parent}. Make it, or choose another with --output."
        )


class Output(Protocol):
    """Takes the results batch by batch."""

    def holds(self, batches: int, size: int) -> bool:
        """Tell whether so many batches, and bytes, of an earlier run are there."""
        ...

    def begin(self, batches: int, size: int, header: bytes) -> None:
        """Make ready to go on after so many batches of an earlier run, and bytes; none: from the start."""
        ...

    def add(self, content: bytes) -> int:
        """Add a batch, lastingly, and return how many bytes there are so far."""
        ...

    def finish(self, content: bytes) -> None:
        """Add the ending and make the results appear."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class ToStream:
    """Passes results on as they come."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        """Take what writes bytes."""
        self._write = write
        self._size = 0

    def holds(self, batches: int, size: int) -> bool:  # noqa: ARG002 - as the protocol says
        """Tell that a stream holds nothing of earlier runs."""
        return not batches

    def begin(self, batches: int, size: int, header: bytes) -> None:  # noqa: ARG002 - as the protocol says
        """Write the header."""
        self._write(header)

    def add(self, content: bytes) -> int:
        """Write a batch."""
        self._write(content)
        return 0

    def finish(self, content: bytes) -> None:
        """Write the ending."""
        self._write(content)

    def close(self) -> None:
        """Do nothing: the stream is its owner's."""


class ToFile:
    """Writes beside the file, and puts it in place at the end."""

    def __init__(self, path: Path) -> None:
        """Take the path of the finished file; KgServiceError when a folder is there."""
        if path.is_dir():
            raise KgServiceError(f"{path} is a folder: name a file with --output.")
        self._path = path
        self._part = path.with_name(path.name + UNFINISHED)
        self._file: IO[bytes] | None = None

    def holds(self, batches: int, size: int) -> bool:
        """Tell whether the unfinished file is that long."""
        return not batches or (self._part.exists() and self._part.stat().st_size >= size)

    def begin(self, batches: int, size: int, header: bytes) -> None:
        """Cut off what was written of a batch that was not finished."""
        self._file = self._part.open("r+b" if batches else "w+b")
        self._file.truncate(size)
        self._file.seek(size)
        if not batches:
            self._file.write(header)

    def add(self, content: bytes) -> int:
        """Write a batch through to the disk."""
        assert self._file is not None  # noqa: S101 - begin comes first
        self._file.write(content)
        _sync(self._file)
        return self._file.tell()

    def finish(self, content: bytes) -> None:
        """Write the ending and rename the file."""
        self.add(content)
        self.close()
        self._part.replace(self._path)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class ToFolder:
    """Writes each batch as a file of a folder, and puts the folder in place at the end."""

    def __init__(self, path: Path) -> None:
        """Take the path of the finished folder, at which there must be nothing."""
        if path.exists():
            raise KgServiceError(f"{path} is there already: choose another with --output, or remove it.")
        self._path = path
        self._part = path.with_name(path.name + UNFINISHED)
        self._number = 0

    def holds(self, batches: int, size: int) -> bool:  # noqa: ARG002 - as the protocol says
        """Tell whether the files of all these batches are there."""
        return all((self._part / self._name(number)).exists() for number in range(batches))

    def begin(self, batches: int, size: int, header: bytes) -> None:  # noqa: ARG002 - as the protocol says
        """Keep the files of finished batches, and no others."""
        if not batches:
            shutil.rmtree(self._part, ignore_errors=True)
        self._part.mkdir(exist_ok=True)
        kept = {self._name(number) for number in range(batches)}
        for path in self._part.iterdir():
            if path.name not in kept:
                path.unlink()
        self._number = batches

    def add(self, content: bytes) -> int:
        """Write a file, in one step."""
        unfinished = self._part / UNFINISHED
        with unfinished.open("wb") as file:
            file.write(content)
            _sync(file)
        unfinished.replace(self._part / self._name(self._number))
        self._number += 1
        return 0

    def finish(self, content: bytes) -> None:  # noqa: ARG002 - as the protocol says
        """Rename the folder."""
        self._part.replace(self._path)

    def close(self) -> None:
        """Do nothing: no file is open."""

    @staticmethod
    def _name(number: int) -> str:
        return f"part-{number:06}.parquet"


def _sync(file: IO[bytes]) -> None:
    file.flush()
    with contextlib.suppress(OSError):  # not all that can be written to is a disk
        os.fsync(file.fileno())
