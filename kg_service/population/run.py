"""One run over a population: survey, batches, processes, and an output that can be continued."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg_service import __version__
from kg_service.errors import KgServiceError, NotAcceptable
from kg_service.knowledge.canonical import sha256
from kg_service.patients.fhir.glance import glance
from kg_service.patients.sources import sources_of
from kg_service.patients.survey import Survey
from kg_service.population.forms import FORMS, PARQUET
from kg_service.population.journal import Journal, NoJournal, Progress
from kg_service.population.output import ToFile, ToFolder, ToStream, check_place
from kg_service.population.pool import check_all
from kg_service.population.worker import Task
from kg_service.validation.report import Report
from kg_service.validation.reports.document import frame

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyoxigraph import NamedNode

    from kg_service.guideline import Guideline
    from kg_service.patients.sources import Source
    from kg_service.patients.survey import Unit
    from kg_service.population.forms import Writer
    from kg_service.population.output import Output
    from kg_service.population.tally import Tally
    from kg_service.population.worker import Checked
    from kg_service.validation.validator import Validator

UNITS_AT_ONCE = 100
BYTES_AT_ONCE = 4_000_000
"""A batch is full with as many units or bytes of input as this."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a run is: bytes of the input surveyed or checked, of how many, and patients checked by this run."""

    is_survey: bool
    done: int
    total: int
    patients: int = 0


@dataclass(frozen=True)
class Run:
    """What is to be checked, how, and where the results go; see `Guideline.validate_population`."""

    guideline: Guideline
    given: Sequence[Path | bytes]
    output: Path | Callable[[bytes], object]
    form: str
    as_of: dt.date
    jurisdictions: tuple[NamedNode, ...]
    engine: str
    jobs: int
    resume: bool
    told: Callable[[Stage], object]

    def __call__(self) -> Tally:
        """Check all patients and return the counts, with those of the interrupted run that this one continues."""
        header = self._writer.header
        stamps = [source.stamp for source in self.sources]
        if isinstance(self.output, Path):
            check_place(self.output, self.given)
        output = self._output()
        with _temporary_folder() as place, self._errors_named(), ExitStack() as stack:
            journal = stack.enter_context(closing(self._journal()))
            stack.enter_context(closing(output))
            progress = journal.begin(self._identity(), resume=self.resume)
            if not output.holds(progress.batches, progress.size):  # it was put in place, or is gone
                progress = Progress()
            output.begin(progress.batches, progress.size, header)
            survey = stack.enter_context(Survey(self.sources, str(place / "survey")))
            for seen in survey.take(glance):
                self.told(Stage(is_survey=True, done=seen, total=self._size))
            for checked in self._checked(survey, progress.batches):
                progress.batches += 1
                progress.size = output.add(checked.content)
                progress.tally += checked.tally
                journal.note(progress)
            if [source.stamp for source in sources_of(self.given)] != stamps:
                journal.finish()  # there is nothing to go on from: to run again is to begin anew
                raise KgServiceError("The input has changed while it was read: run again when nothing writes to it.")
            output.finish(self._writer.ending(progress.tally, self.validator.catalogue.rules))
            journal.finish()
        return progress.tally

    @cached_property
    def sources(self) -> Sequence[Source]:
        """The files of the input."""
        return sources_of(self.given)

    @cached_property
    def validator(self) -> Validator:
        """The rules."""
        return self.guideline.validator_with(self.engine)

    @cached_property
    def _size(self) -> int:
        return sum(source.size for source in self.sources)

    @cached_property
    def _frame(self) -> dict[str, Any]:
        return frame(Report.of(self.validator, (), self.as_of, self.jurisdictions))

    @cached_property
    def _writer(self) -> Writer:
        if self.form not in FORMS:
            raise NotAcceptable(f"Verdicts on a population cannot be written as {self.form}.", list(FORMS))
        return FORMS[self.form](self._frame)

    def _identity(self) -> dict[str, Any]:
        """Return what two runs must share for one to continue the other."""
        return {
            "version": __version__,
            "input": sha256("\n".join(source.stamp for source in self.sources)),
            "engine": self.engine,
            "form": self.form,
            **self._frame,
        }

    def _journal(self) -> Journal | NoJournal:
        return Journal(self.output) if isinstance(self.output, Path) else NoJournal()

    def _output(self) -> Output:
        if not isinstance(self.output, Path):
            return ToStream(self.output)
        return ToFolder(self.output) if self.form == PARQUET else ToFile(self.output)

    def _checked(self, survey: Survey, done: int) -> Iterator[Checked]:
        """Yield what becomes of each batch after the first `done`."""
        task = Task(survey, self.as_of, self.jurisdictions, self.engine, self.form, self._frame)
        batches = _batches(survey.units())
        before = sum(unit.size for batch in islice(batches, done) for unit in batch)
        patients = 0
        for checked in check_all(batches, task, self.guideline, self.validator, self.jobs):
            yield checked
            before += checked.size
            patients += checked.tally.patients
            self.told(Stage(is_survey=False, done=before, total=self._size, patients=patients))

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """Say of an output that cannot be written what to do."""
        try:
            yield
        except OSError as error:
            if not isinstance(self.output, Path):
                raise
            raise KgServiceError(
                f"{self.output} cannot be written: {error.strerror}. Choose another with --output; what is written "
                "so far can be continued with --resume."
            ) from error


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="kg-service-")
    except OSError as error:
        raise KgServiceError(
            f"There is no folder for temporary files: {error.strerror}. Make one, and name it in TMPDIR."
        ) from error
    with folder as name:
        yield Path(name)


def _batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    batch: list[Unit] = []
    size = 0
    for unit in units:
        batch.append(unit)
        size += unit.size
        if len(batch) == UNITS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
