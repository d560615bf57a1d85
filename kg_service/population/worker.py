"""What a process does: reads the units of a batch, judges their patients, and puts the verdicts into bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from kg_service.patients.record import Fault
from kg_service.population.forms import FORMS
from kg_service.population.tally import Tally

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from pyoxigraph import NamedNode

    from kg_service.guideline import Guideline
    from kg_service.patients.record import PatientRecord
    from kg_service.patients.survey import Survey, Unit
    from kg_service.validation.validator import Validator
    from kg_service.validation.verdicts import PatientVerdicts


@dataclass(frozen=True, slots=True)
class Task:
    """What a run is of; all processes are given the same."""

    survey: Survey
    as_of: dt.date
    jurisdictions: tuple[NamedNode, ...]
    engine: str
    form: str
    frame: Mapping[str, Any]


class Checked(NamedTuple):
    """What has become of a batch: the bytes to write, its counts, and how many bytes of input it was."""

    content: bytes
    tally: Tally
    size: int


class Worker:
    """Checks batches; one for each process."""

    def __init__(self, task: Task, guideline: Guideline, validator: Validator) -> None:
        """Take the rules, and what is to be held against them."""
        self._task = task
        self._read = guideline.records.reader(task.survey)
        self._validator = validator
        self._write = FORMS[task.form](task.frame)

    def __call__(self, batch: Sequence[Unit]) -> Checked:
        """Return what has become of the units."""
        patients = [patient for unit in batch for patient in self._judged(unit)]
        return Checked(self._write(patients), Tally.of(patients), sum(unit.size for unit in batch))

    def _judged(self, unit: Unit) -> list[PatientVerdicts]:
        """Return the verdicts on a unit's patients; an error that nobody foresaw is a fault of one of them alone."""
        try:
            records = self._read.or_fault(unit)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop a run; what the error says may quote it
            records = [self._read.only_fault(unit, _internal(error))]
        return [verdicts for record in records for verdicts in self._verdicts(record)]

    def _verdicts(self, record: PatientRecord) -> Iterable[PatientVerdicts]:
        try:
            return list(self._check(record))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            fault = Fault(record.resource_id, _internal(error))
            return self._check(replace(record, triples=(), faults=(*record.faults, fault)))

    def _check(self, record: PatientRecord) -> Iterable[PatientVerdicts]:
        return self._validator([record], self._task.as_of, self._task.jurisdictions)


def _internal(error: Exception) -> str:
    return f"An internal error ({type(error).__name__}) stopped the check: report it to the maintainers."
