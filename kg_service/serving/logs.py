"""Logs, one JSON object a line, on standard error. They name no query, no parameter and nothing of a patient.

What cannot be written, to a full disk or a pipe that nobody reads, is dropped and counted: nothing fails for it.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import os
import select
import sys
import traceback
from typing import TextIO

from kg_service.serving import metrics

_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: it is used for every request


class JsonFormatter(logging.Formatter):
    """Writes a record and what was given as `extra={"fields": …}`; of an exception, its kind and place only."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; the message of an exception is left out, for it could quote the request."""
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["place"] = traceback.format_tb(record.exc_info[2])
        return _encode(line)


class _Unhindered(logging.StreamHandler[TextIO]):
    """Writes to standard error, but drops a line rather than wait for somebody to read what is there."""

    def __init__(self) -> None:
        super().__init__()
        self._room = None
        if hasattr(select, "poll"):
            self._room = select.poll()
            self._room.register(self.stream, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record if there is room for it in the pipe; files and terminals always have some."""
        if self._room and not self._room.poll(0):
            metrics.DROPPED.inc()
            return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        """Count a line that could not be written; there is nowhere else to tell of it."""
        if isinstance(sys.exception(), OSError):
            metrics.DROPPED.inc()
        else:
            super().handleError(record)


def configure(number: int = 2) -> None:
    """Send all logs of this process as JSON to standard error, the open file *number*.

    Parsers' warnings, which quote, go nowhere.
    """
    if sys.stderr is None:  # whoever started the process has closed it
        _open_nowhere()
    sys.stderr = _unbuffered(number)
    handler = _Unhindered()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    ours = logging.getLogger("kg_service")
    ours.handlers.clear()
    ours.propagate = True
    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)


def _unbuffered(number: int) -> TextIO:
    """Return a stream that keeps nothing: what could not be written would fail the next start of a worker."""
    file = io.FileIO(number, "w", closefd=False)
    return io.TextIOWrapper(file, "utf-8", "backslashreplace", write_through=True)


def _open_nowhere() -> None:
    """Make standard error one that nobody reads, for processes started from here as well."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.set_inheritable(2, True)  # noqa: FBT003 - the name says it
