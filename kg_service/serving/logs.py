"""Logs, one JSON object a line, on standard error. They name no query, no parameter and nothing of a patient."""

from __future__ import annotations

import datetime as dt
import json
import logging
import traceback


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


def configure() -> None:
    """Send all logs of this process to standard error as JSON; parsers' warnings, which quote, to nowhere."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    ours = logging.getLogger("kg_service")
    ours.handlers.clear()
    ours.propagate = True
    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)
