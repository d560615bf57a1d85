"""Logs, one JSON object a line, on standard error. They name no query, no parameter and nothing of a patient."""

from __future__ import annotations

import datetime as dt
import json
import logging
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


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
        return json.dumps(line, ensure_ascii=False)


def configure(stream: TextIO | None = None) -> None:
    """Send all logs of this process to *stream* (standard error) as JSON; parsers' warnings, which quote, nowhere."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    ours = logging.getLogger("kg_service")
    ours.handlers.clear()
    ours.propagate = True
    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)
