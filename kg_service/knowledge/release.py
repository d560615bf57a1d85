"""A release on disk: the folders ontology/, shapes/ and queries/, found and read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

from pyoxigraph import Dataset, NamedNode, Quad, RdfFormat, parse

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import ONTOLOGY, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Asserted:
    """What the ontology files say: quads, one named graph per file, and the prefixes the files declare."""

    dataset: Dataset
    prefixes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """The folder that holds ontology/, shapes/ and queries/."""

    root: Path

    @classmethod
    def find(cls, root: str | Path | None = None) -> Self:
        """Take `root`, or the data inside an installed package, or the clone that the package stands in.

        Raises ReleaseError when there is no ontology.
        """
        candidates = [Path(root)] if root else [PACKAGE / "data", PACKAGE.parent]
        for candidate in candidates:
            if (candidate / "ontology").is_dir():
                return cls(candidate)
        raise ReleaseError(
            f"No ontology/ folder in {' or '.join(map(str, candidates))}: "
            "give the folder that holds ontology/, shapes/ and queries/, or install the package again."
        )

    @property
    def ontologies(self) -> list[Path]:
        """All ontology files, in a stable order."""
        return sorted((self.root / "ontology").rglob("*.ttl"), key=self.name_of)

    @property
    def graph_shapes(self) -> list[Path]:
        """The shapes that the graph itself must conform to."""
        return sorted((self.root / "shapes").glob("graph-*.ttl"))

    @property
    def patient_shapes(self) -> list[Path]:
        """The shapes that patient records are held against, and what is worked out before."""
        return sorted(set((self.root / "shapes").glob("*.ttl")) - set(self.graph_shapes))

    @property
    def queries(self) -> dict[str, Path]:
        """The named questions' files by name, sorted."""
        return {path.stem: path for path in sorted((self.root / "queries").glob("*.rq"))}

    @property
    def audit_queries(self) -> list[Path]:
        """The checks of the audit, sorted by name."""
        return sorted((self.root / "queries" / "audit").glob("*.rq"))

    def name_of(self, path: Path) -> str:
        """Return the path as messages show it: relative to the release, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the ontology files' names and bytes: equal fingerprints mean equal graphs.

        Raises ReleaseError for a file that cannot be read.
        """
        total = hashlib.sha256()
        for path in self.ontologies:
            name = self.name_of(path)
            total.update(f"{name} {hashlib.sha256(_read(path, name)).hexdigest()}\n".encode())
        return total.hexdigest()

    def read(self) -> Asserted:
        """Parse every ontology file into the named graph of its own ontology IRI.

        Raises ReleaseError, with file and place, on syntax errors, on files that do not declare exactly one
        ontology, and on a prefix that stands for two namespaces.
        """
        dataset = Dataset()
        prefixes: dict[str, str] = {}
        owner: dict[NamedNode, str] = {}
        for path in self.ontologies:
            name = self.name_of(path)
            triples, declared = read_turtle(path, name)
            graph = _ontology_iri(triples, name)
            if graph in owner:
                raise ReleaseError(f"{name} declares {graph}, which {owner[graph]} declares already: one file each.")
            owner[graph] = name
            for triple in triples:
                dataset.add(Quad(triple.subject, triple.predicate, triple.object, graph))
            _merge_prefixes(prefixes, declared, name)
        return Asserted(dataset, prefixes)


def read_turtle(path: Path, name: str) -> tuple[list[Quad], dict[str, str]]:
    """Parse one Turtle file into triples and prefixes; ReleaseError with line and column when it does not."""
    try:
        parser = parse(_read(path, name), format=RdfFormat.TURTLE, rename_blank_nodes=True)
        return list(parser), dict(parser.prefixes)
    except SyntaxError as error:
        _raise_syntax(name, error)


def read_query(path: Path, name: str) -> str:
    """Return the text of a query, lines ended by line feeds; ReleaseError when it cannot be read, or is not UTF-8."""
    try:
        return _read(path, name).decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ReleaseError(f"{name} is not UTF-8 at byte {error.start}. Save it as UTF-8.") from error


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{name} cannot be read: {error.strerror}. Check the file and its permissions.") from error


def _raise_syntax(name: str, error: SyntaxError) -> NoReturn:
    raise ReleaseError(
        f"{name}, line {error.lineno}, column {error.offset}: not valid Turtle ({error.msg}). Correct the file.",
        file=name,
        line=error.lineno,
        column=error.offset,
    ) from error


def _ontology_iri(triples: Iterable[Quad], name: str) -> NamedNode:
    subjects = {t.subject for t in triples if t.predicate == TYPE and t.object == ONTOLOGY}
    if len(subjects) == 1 and isinstance(subject := subjects.pop(), NamedNode):
        return subject
    raise ReleaseError(f"{name} must declare exactly one IRI `a owl:Ontology`: it names the file's graph.")


def _merge_prefixes(known: dict[str, str], declared: dict[str, str], name: str) -> None:
    for prefix, namespace in declared.items():
        if prefix and known.setdefault(prefix, namespace) != namespace:
            raise ReleaseError(
                f"{name}: prefix {prefix}: stands for {namespace} here and for {known[prefix]} in another file. "
                "Use one namespace per prefix."
            )
