"""Named questions: SPARQL files whose header (grlc's `#+` comments, in YAML) says what they ask and of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg_service.errors import ParameterError, ReleaseError, UnknownName
from kg_service.knowledge.names import nearest
from kg_service.knowledge.release import read_query
from kg_service.knowledge.tokens import tokens

if TYPE_CHECKING:
    from pathlib import Path

    from kg_service.knowledge.release import Release

SUFFIXES = {"text": "", "integer": "_integer", "date": "_xsd_date"}
"""What a literal parameter's variable ends with (grlc and BASIL names); all other kinds are classes: `_iri`."""

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `kind` is the CURIE of the class its value belongs to, or text, integer or date."""

    name: str
    description: str
    kind: str
    required: bool
    example: str

    @property
    def variable(self) -> str:
        """Its variable in the query, without question mark."""
        return f"_{self.name}{SUFFIXES.get(self.kind, '_iri')}"


@dataclass(frozen=True, slots=True)
class Question:
    """A named question: what it asks, its parameters, and the whole text of its file."""

    name: str
    summary: str
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text: str

    def example(self) -> dict[str, str]:
        """Values for the required parameters, or for the first one where none is required, to try it with."""
        required = [p for p in self.parameters if p.required] or list(self.parameters[:1])
        return {p.name: p.example for p in required}

    def match(self, given: Mapping[str, str]) -> list[tuple[Parameter, str]]:
        """Pair the given values with the parameters; ParameterError for unknown, missing and empty ones."""
        names = [p.name for p in self.parameters]
        for name in given:
            if name not in names:
                has = f"It has: {', '.join(names)}." if names else "It has none."
                raise ParameterError(f"{self.name} has no parameter {name!r}. {has}", nearest(name, names))
        for name, value in given.items():
            if not value.strip():
                raise ParameterError(f"The value of {name} is empty: give one, or leave {name} out.")
        for parameter in self.parameters:
            if parameter.required and parameter.name not in given:
                raise ParameterError(
                    f"{self.name} needs {parameter.name}: {parameter.description} Example: "
                    f"{parameter.name}={parameter.example}"
                )
        return [(p, given[p.name]) for p in self.parameters if p.name in given]


class Questions(Mapping[str, Question]):
    """The release's questions by name; a file is read when its question is asked for."""

    def __init__(self, release: Release) -> None:
        """Look up the files, without reading them."""
        self._release = release
        self._paths = release.queries
        self._read: dict[str, Question] = {}

    def __getitem__(self, name: str) -> Question:
        """Return the question; KeyError when there is none, ReleaseError when its file is wrong."""
        if name not in self._read:
            path = self._paths[name]
            self._read[name] = read_question(path, self._release.name_of(path))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, sorted."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Count the questions."""
        return len(self._paths)

    def find(self, name: str) -> Question:
        """Return the question, or raise UnknownName with the nearest names."""
        if name not in self._paths:
            raise UnknownName(f"There is no question named {name!r}.", nearest(name, self._paths))
        return self[name]


def read_question(path: Path, place: str) -> Question:
    """Read one file; ReleaseError, with the file's name and the cure, when header and query do not fit together."""
    text = read_query(path, place)
    header = read_header(text, place)
    try:
        parameters = tuple(_parameter(entry, place) for entry in header.get("parameters") or ())
        question = Question(
            name=path.stem,
            summary=str(header["summary"]),
            description=str(header["description"]).strip(),
            tags=tuple(header.get("tags") or ()),
            parameters=parameters,
            text=text,
        )
    except KeyError as error:
        raise ReleaseError(f"{place}: the header lacks {error}. Add it in a line beginning with #+.") from error
    _check_variables(question, place)
    return question


def read_header(text: str, place: str) -> dict[str, Any]:
    """Return what the `#+` lines at the head of a query say; ReleaseError when they are missing or no YAML mapping."""
    import yaml  # noqa: PLC0415 - free SPARQL does not need it

    lines = []
    for line in text.splitlines():
        if not line.startswith("#+"):
            break
        lines.append(line[2:].removeprefix(" "))
    try:
        header = yaml.load("\n".join(lines), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    except yaml.YAMLError as error:
        raise ReleaseError(f"{place}: the header is not valid YAML ({error}). Correct the #+ lines.") from error
    if not isinstance(header, dict):
        raise ReleaseError(f"{place} needs a header: lines beginning with #+ that give summary, description, …")
    return header


def _parameter(entry: dict[str, Any], place: str) -> Parameter:
    parameter = Parameter(
        name=str(entry["name"]),
        description=str(entry["description"]).strip(),
        kind=str(entry["kind"]),
        required=bool(entry["required"]),
        example=str(entry["example"]),
    )
    if not NAME.fullmatch(parameter.name):
        raise ReleaseError(f"{place}: parameter {parameter.name!r} must be lower-case letters, digits and _.")
    if parameter.kind not in SUFFIXES and ":" not in parameter.kind:
        raise ReleaseError(
            f"{place}: kind {parameter.kind!r} of {parameter.name} must be {', '.join(SUFFIXES)} or a class as CURIE."
        )
    return parameter


def _check_variables(question: Question, place: str) -> None:
    declared = {p.variable for p in question.parameters}
    used = {t.text[1:] for t in tokens(question.text) if t.kind == "variable" and t.text[1] == "_"}
    for variable in sorted(declared ^ used):
        what = "is declared but not used" if variable in declared else "is used but not declared as a parameter"
        raise ReleaseError(f"{place}: ?{variable} {what}. Parameters' variables are named by their kind.")
