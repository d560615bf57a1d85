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
    from collections.abc import Callable, Iterator, Sequence

    from pyoxigraph import NamedNode

    from kg_service.patients.record import PatientRecord
    from kg_service.patients.records import Records
    from kg_service.population.run import Stage
    from kg_service.population.tally import Tally
    from kg_service.provenance.audit import Audit
    from kg_service.provenance.diff import Difference
    from kg_service.provenance.explainer import Explainer
    from kg_service.provenance.impact import Impact
    from kg_service.provenance.nanopub import Nanopub
    from kg_service.validation.report import Report
    from kg_service.validation.validator import Validator
    from kg_service.validation.verdicts import PatientVerdicts

Given: TypeAlias = "str | Path | bytes | Mapping[str, Any] | PatientRecord"


class Guideline(KnowledgeGraph):
    """A knowledge graph with its rules."""

    @cached_property
    def validator(self) -> Validator:
        """The rules of the release, read once."""
        from kg_service.validation.validator import Validator  # noqa: PLC0415 - 0.3 s that only validation needs

        return Validator(self)

    def validator_with(self, engine: str) -> Validator:
        """Return the rules run by an engine: see `validation.validator.ENGINES`."""
        from kg_service.validation.validator import COMPILED, Validator  # noqa: PLC0415 - as above

        return self.validator if engine == COMPILED else Validator(self, engine)

    @cached_property
    def records(self) -> Records:
        """Reads patient records, RDF and FHIR R4."""
        from kg_service.patients.records import Records  # noqa: PLC0415 - a question needs none of it

        return Records(self)

    @cached_property
    def explain(self) -> Explainer:
        """Tells why: `explain.triple(…)`, `explain.row(…)`, `explain.sparql(…)`, `explain.verdict(…)`."""
        from kg_service.provenance.explainer import Explainer  # noqa: PLC0415 - as above

        return Explainer(self)

    def validate(
        self,
        records: Given | Iterable[Given],
        *,
        as_of: dt.date | str | None = None,
        jurisdiction: str | Sequence[str] = (),
    ) -> Report:
        """Hold patient records against the rules.

        `records` are paths to files or folders, bytes as such a file holds, parsed FHIR R4 resources, or records read
        before; one or several. What several say of one patient is joined, but for records, each of which is judged.
        `as_of` is the day of judgement (default: today), `jurisdiction` a name or names as parameters take them
        (default: all). Raises RecordError for what cannot be read, ParameterError for a jurisdiction not known.
        """
        from kg_service.validation.report import Report  # noqa: PLC0415 - as above

        day, places = as_day(as_of), self.jurisdictions(jurisdiction)
        return Report.of(self.validator, self.read(records), day, places)

    def validate_population(  # noqa: PLR0913 - what can be chosen, by name
        self,
        records: str | Path | bytes | Iterable[str | Path | bytes],
        output: str | Path | Callable[[bytes], object],
        *,
        form: str = "ndjson",
        as_of: dt.date | str | None = None,
        jurisdiction: str | Sequence[str] = (),
        engine: str = "compiled",
        jobs: int = 1,
        resume: bool = False,
        told: Callable[[Stage], object] = lambda _: None,
    ) -> Tally:
        """Hold any number of patients against the rules in bounded memory, and return the counts.

        `records` are paths of files or folders, or the bytes of one; `output` is a file (of "parquet" a folder), which
        appears when all is done, or what takes bytes as they come. `form` is ndjson, csv, parquet or summary, `jobs`
        how many processes work. `resume` continues an interrupted run of the same arguments. `told` is called with
        each Stage. What cannot be read is in the output as a patient with faults. Raises RecordError for paths that
        are not there or not to be read, KgServiceError for an output that cannot be written or continued, or when a
        process dies.
        """
        from kg_service.population.run import Run  # noqa: PLC0415 - as above

        several = [records] if isinstance(records, str | Path | bytes) else records
        return Run(
            guideline=self,
            given=[one if isinstance(one, bytes) else Path(one) for one in several],
            output=Path(output) if isinstance(output, str) else output,
            form=form,
            as_of=as_day(as_of),
            jurisdictions=self.jurisdictions(jurisdiction),
            engine=engine,
            jobs=jobs,
            resume=resume,
            told=told,
        )()

    def judge(
        self, records: Iterable[PatientRecord], as_of: dt.date, jurisdictions: Sequence[NamedNode] = ()
    ) -> Iterator[PatientVerdicts]:
        """Yield the verdicts on each record as it is read."""
        return self.validator(records, as_of, jurisdictions)

    def read(self, records: Given | Iterable[Given]) -> Iterator[PatientRecord]:
        """Yield the records in what `validate` takes: paths, bytes, parsed FHIR R4 resources, records, one or several.

        Raises RecordError for what cannot be read, ParameterError for what is none of these.
        """
        if isinstance(records, Mapping):
            yield from self.records.from_fhir(records)
            return
        is_one = isinstance(records, str | Path | bytes) or not isinstance(records, Iterable)
        several: list[Any] = [records] if is_one else list(records)  # type: ignore[arg-type]
        given = [_as_input(one) for one in several if not _is_record(one)]
        if given:
            yield from self.records.from_all(given)
        yield from (one for one in several if _is_record(one))

    def audit(self, source: str | None = None, document: str | Path | None = None) -> Audit:
        """Run the checks of the audit, on everything or on what concerns one source.

        With a document (plain text, UTF-8), hold it instead against the locators into the source, by default the only
        one that has digests. `source` is an identifier or another name. Raises ParameterError for a source not known or
        without digests, DocumentError for a file that cannot be read.
        """
        from kg_service.provenance.audit import audit_graph  # noqa: PLC0415 - a question needs none of it
        from kg_service.provenance.located import audit_document  # noqa: PLC0415 - as above

        named = None if source is None else self.resolve(source, "gkg:Source")
        chosen = None if isinstance(named, Literal) else named
        return audit_graph(self, chosen) if document is None else audit_document(self, Path(document), chosen)

    def jurisdictions(self, names: str | Sequence[str]) -> tuple[NamedNode, ...]:
        """Return the jurisdictions that names or IRIs stand for; ParameterError, with the nearest, for others."""
        given = [names] if isinstance(names, str) else names
        found = [self.resolve(name, "gkg:Jurisdiction") for name in given]
        return tuple(dict.fromkeys(node for node in found if not isinstance(node, Literal)))

    def impact(self, *, source: str | None = None, statement: str | None = None) -> Impact:
        """Tell what would fall without all that a source says, or without one statement; give one of the two.

        Raises ParameterError for a name not known, and when not exactly one is given.
        """
        from kg_service.provenance.impact import impact_of_source, impact_of_statement  # noqa: PLC0415 - as above

        if (source is None) == (statement is None):
            raise ParameterError("Give a source or a statement, one of the two.")
        kind = "gkg:Source" if source else "gkg:Passage"
        node = self.resolve(source or statement or "", kind)
        assert not isinstance(node, Literal)  # noqa: S101 - narrows the type; the kind is a class
        return impact_of_source(self, node) if source else impact_of_statement(self, node)

    def nanopub(self, statement: str) -> Nanopub:
        """Return a statement as a nanopublication (https://nanopub.net/guidelines/working_draft/).

        `statement` is an identifier, a CURIE or an IRI. Raises ParameterError, with the nearest, for one not known.
        """
        from kg_service.provenance.nanopub import nanopub  # noqa: PLC0415 - as above

        node = self.resolve(statement, "gkg:Passage")
        assert not isinstance(node, Literal)  # noqa: S101 - narrows the type; the kind is a class
        return nanopub(self, node)

    def difference(
        self, old: Guideline, records: Given | Iterable[Given] = (), *, as_of: dt.date | str | None = None
    ) -> Difference:
        """Tell how this release differs from an older one: statements, rules and all else, and whose verdicts."""
        from kg_service.provenance.diff import difference  # noqa: PLC0415 - as above

        return difference(old, self, list(self.read(records)), as_day(as_of))


def _is_record(given: object) -> bool:
    from kg_service.patients.record import PatientRecord  # noqa: PLC0415 - as above

    return isinstance(given, PatientRecord)


def _as_input(given: object) -> Path | bytes | Mapping[str, Any]:
    if isinstance(given, str) and given.lstrip().startswith(("{", "[")):
        raise ParameterError("A text of JSON is no path: give json.loads(…) of it, or its bytes.")
    if isinstance(given, str | Path):
        return Path(given)
    if isinstance(given, bytes | Mapping):
        return given
    raise ParameterError(f"A {type(given).__name__} is no record: give paths, bytes, or parsed FHIR R4 resources.")


def as_day(given: dt.date | str | None) -> dt.date:
    """Return the day of judgement: today when none is given; ParameterError for a text that is no date."""
    if isinstance(given, dt.date):
        return given
    if given is None:
        return dt.datetime.now(tz=dt.UTC).astimezone().date()
    try:
        return dt.date.fromisoformat(given)
    except ValueError as error:
        raise ParameterError(f"as_of is {given!r}, which is not a date: write it like 2026-01-31.") from error
