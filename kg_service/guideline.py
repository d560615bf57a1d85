"""The guideline as one thing to ask and to hold records against: what `load` gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pyoxigraph import Literal

from kg_service.errors import ParameterError
from kg_service.knowledge import KnowledgeGraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyoxigraph import NamedNode

    from kg_service.patients.record import PatientRecord
    from kg_service.patients.records import Records
    from kg_service.validation.report import Report
    from kg_service.validation.validator import Validator
    from kg_service.validation.verdicts import PatientVerdicts

Given: TypeAlias = "str | Path | Mapping[str, Any] | PatientRecord"


class Guideline(KnowledgeGraph):
    """A knowledge graph with its rules."""

    @cached_property
    def validator(self) -> Validator:
        """The rules of the release, read once."""
        from kg_service.validation.validator import Validator  # noqa: PLC0415 - 0.3 s that only validation needs

        return Validator(self)

    @cached_property
    def records(self) -> Records:
        """Reads patient records, RDF and FHIR R4."""
        from kg_service.patients.records import Records  # noqa: PLC0415 - a question needs none of it

        return Records(self)

    def validate(
        self,
        records: Given | Iterable[Given],
        *,
        as_of: dt.date | str | None = None,
        jurisdiction: str | Sequence[str] = (),
    ) -> Report:
        """Hold patient records against the rules.

        `records` are paths to files or folders, parsed FHIR R4 resources, or records read before; one or several.
        `as_of` is the day of judgement (default: today), `jurisdiction` a name or names as parameters take them
        (default: all). Raises RecordError for what cannot be read, ParameterError for a jurisdiction not known.
        """
        from kg_service.validation.report import Report  # noqa: PLC0415 - as above

        day = as_day(as_of)
        places = self.jurisdictions(jurisdiction)
        several = (
            [records] if isinstance(records, str | Path | Mapping) or not isinstance(records, Iterable) else records
        )
        read = (record for given in several for record in self._read(given))
        return Report(
            patients=tuple(self.judge(read, day, places)),
            as_of=day,
            graph_digest=self.digest,
            jurisdictions=tuple(self.labels[place.value] for place in places),
        )

    def judge(
        self, records: Iterable[PatientRecord], as_of: dt.date, jurisdictions: Sequence[NamedNode] = ()
    ) -> Iterator[PatientVerdicts]:
        """Yield the verdicts on each record as it is read."""
        return self.validator(records, as_of, jurisdictions)

    def jurisdictions(self, names: str | Sequence[str]) -> tuple[NamedNode, ...]:
        """Return the jurisdictions that names or IRIs stand for; ParameterError, with the nearest, for others."""
        given = [names] if isinstance(names, str) else names
        found = [self.resolve(name, "gkg:Jurisdiction") for name in given]
        return tuple(dict.fromkeys(node for node in found if not isinstance(node, Literal)))

    def _read(self, given: Given) -> Iterable[PatientRecord]:
        if isinstance(given, str | Path):
            return self.records.from_path(Path(given))
        if isinstance(given, Mapping):
            return self.records.from_fhir(given)
        return [given]


def as_day(given: dt.date | str | None) -> dt.date:
    """Return the day of judgement: today when none is given; ParameterError for a text that is no date."""
    if isinstance(given, dt.date):
        return given
    if given is None:
        return dt.datetime.now(tz=dt.UTC).astimezone().date()
    try:
        return dt.date.fromisoformat(given)
    except ValueError as error:
        raise ParameterError(f"{given!r} is not a date: write it like 2026-01-31.") from error
