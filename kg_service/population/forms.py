"""The forms in which verdicts on a population are written, batch by batch."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Protocol

from kg_service.errors import KgServiceError
from kg_service.validation.reports.document import LineWriter
from kg_service.validation.reports.rows import COLUMNS, HEADER, RowWriter, as_text, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kg_service.population.tally import Tally
    from kg_service.validation.catalogue import Rule
    from kg_service.validation.verdicts import PatientVerdicts


class Writer(Protocol):
    """Writes batches of patients; `header` goes before all of them, what `ending` gives after them."""

    header: bytes

    def __call__(self, patients: Iterable[PatientVerdicts]) -> bytes:
        """Return what is written of patients."""
        ...

    def ending(self, tally: Tally, rules: Sequence[Rule]) -> bytes:
        """Return what is written when all patients have been."""
        ...


class _Text:
    """Writes each patient as text."""

    def __init__(self, write: Callable[[PatientVerdicts], str], header: str = "") -> None:
        self.header = header.encode()
        self._write = write

    def __call__(self, patients: Iterable[PatientVerdicts]) -> bytes:
        return "".join(map(self._write, patients)).encode()

    def ending(self, tally: Tally, rules: Sequence[Rule]) -> bytes:  # noqa: ARG002 - as the protocol says
        return b""


class _Summary:
    """Writes nothing of single patients, and a table by rule and outcome at the end."""

    header = b""

    def __call__(self, patients: Iterable[PatientVerdicts]) -> bytes:  # noqa: ARG002 - as the protocol says
        return b""

    def ending(self, tally: Tally, rules: Sequence[Rule]) -> bytes:
        return tally.table(rules).encode()


class _Parquet:
    """Writes each batch as a Parquet file (https://parquet.apache.org) with the columns of the CSV form."""

    header = b""

    def __init__(self) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415 - an extra
            import pyarrow.parquet as pq  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise KgServiceError("Parquet needs pyarrow: pip install 'guideline-kg[parquet]'.") from error
        kinds = {"findings": pa.int32()}
        self._schema = pa.schema([(column, kinds.get(column, pa.string())) for column in COLUMNS])
        self._table = pa.table
        self._write_table = pq.write_table

    def __call__(self, patients: Iterable[PatientVerdicts]) -> bytes:
        rows = [row for patient in patients for row in rows_of(patient)]
        columns: dict[str, list[Any]] = {name: [as_text(row[at]) for row in rows] for at, name in enumerate(COLUMNS)}
        columns["findings"] = [int(number or 0) for number in columns["findings"]]
        out = io.BytesIO()
        self._write_table(self._table(columns, schema=self._schema), out)
        return out.getvalue()

    def ending(self, tally: Tally, rules: Sequence[Rule]) -> bytes:  # noqa: ARG002 - as the protocol says
        return b""


PARQUET = "parquet"
FORMS: Mapping[str, Callable[[Mapping[str, Any]], Writer]] = {
    "ndjson": lambda frame: _Text(LineWriter(frame)),
    "csv": lambda _: _Text(RowWriter(), HEADER),
    PARQUET: lambda _: _Parquet(),
    "summary": lambda _: _Summary(),
}
"""Makes a writer; `frame` is what each line of NDJSON ends with."""
