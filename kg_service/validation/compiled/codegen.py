"""Compiles a query to a Python function: nested loops over indexed facts, one for each triple pattern.

What stands in braces of its own (UNION, OPTIONAL, EXISTS, a subquery) becomes a function within the function, which is
given the values that it may see. Variables are local names; None is unbound. $this has its value from outside, in
every scope, as SHACL wants it (https://www.w3.org/TR/shacl/#pre-binding).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from kg_service.errors import ReleaseError
from kg_service.knowledge.namespaces import TYPE
from kg_service.knowledge.pattern import Group, TriplePattern, read_query
from kg_service.knowledge.tokens import tokens
from kg_service.validation.compiled.bodies import Body
from kg_service.validation.compiled.expressions import Constant
from kg_service.validation.compiled.paths import Link, read_path
from kg_service.validation.compiled.selection import read_selection
from kg_service.validation.compiled.steps import THIS
from kg_service.validation.compiled.unit import Unit
from kg_service.validation.compiled.variables import mentioned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg_service.validation.compiled.expressions import Names
    from kg_service.validation.compiled.facts import Facts
    from kg_service.validation.compiled.values import Found, Term

NAME = re.compile(r"\b[pq]\d+\b")

Row: TypeAlias = "tuple[Found, ...]"
Run: TypeAlias = "Callable[[Facts, Term], Iterator[Row]]"
"""A compiled query: given the facts of a case and $this, yields solutions."""

Derive: TypeAlias = "Callable[[Facts, Term], Iterator[tuple[Term, str, Term]]]"
"""A compiled derivation: given the same, yields the triples that it makes."""


def compile_select(text: str, names: Names, guideline: Facts) -> tuple[Run, tuple[str, ...]]:
    """Return a SELECT as a function, and the names of its columns.

    `text` stands without prologue; what `guideline` has predicates for is looked up there. Raises ReleaseError for a
    feature that is not supported.
    """
    query = read_query(text)
    selection = read_selection(query.head, query.tail, names)
    unit = Unit(names, guideline)
    body = Body(unit, {}, at_end="return")
    body.select(selection, query.where)
    may_end = selection.grouped is None or bool(selection.grouped)  # else no solution is one row
    return _function(unit, body, query.where if may_end else Group(())), tuple(name for name, _ in selection.items)


def compile_construct(text: str, names: Names, guideline: Facts) -> Derive:
    """Return a CONSTRUCT as a function that yields triples; as `compile_select`."""
    query = read_query(text)
    words = {token.text.upper() for token in tokens(text) if token.kind == "word"}
    if query.template is None or query.tail or "FROM" in words:
        raise ReleaseError("A derivation is a CONSTRUCT without FROM, and with nothing after its WHERE: write it so.")
    unit = Unit(names, guideline)
    body = Body(unit, {}, at_end="return")
    made = query.template
    body.group(query.where, mentioned(made))
    for triple in made.elements:
        assert isinstance(triple, TriplePattern)  # noqa: S101 - narrows the type: a template holds nothing else
        body.construct(triple)
    if mentioned(made) <= {THIS}:
        body.write("return")  # every other solution makes the same
    derive: Derive = _function(unit, body, query.where)
    return derive


def _function(unit: Unit, body: Body, where: Group) -> Any:  # noqa: ANN401 - what it yields, its lines say
    """Put the text together and run it through Python's compiler."""
    inner = [line for lines in unit.functions for line in lines]
    ends = list(_early_ends(unit, where))
    needed = [*dict.fromkeys(name for name, _ in ends)]
    used = set(NAME.findall("\n".join([*inner, *body.lines])))
    fetches = unit.fetches()
    lines = [fetches[name] for name in needed]
    lines += [line for _, test in ends for line in (f"if {test}:", "    return")]
    lines += [line for name, line in fetches.items() if name in used and name not in needed]
    source = "\n".join(["def run(facts, v_this):", *(f"    {line}" for line in [*lines, *inner, *body.lines]), ""])
    namespace: dict[str, Any] = dict(unit.constants)
    exec(compile(source, "<compiled shape>", "exec"), namespace)  # noqa: S102 - written here, from the release's shapes
    return namespace["run"]


def _early_ends(unit: Unit, where: Group) -> list[tuple[str, str]]:
    """Return index and test by which a query ends at once, where a case has nothing for one of its patterns."""
    found: list[tuple[str, str]] = []
    for pattern in where.elements:
        if isinstance(pattern, TriplePattern) and not pattern.verb.startswith(("?", "$")):
            path, obj = read_path(pattern.verb, unit.names), unit.names.term(pattern.object)
            if isinstance(path, Link):
                objects, subjects = unit.index(path.predicate, obj)
                if isinstance(obj, Constant):
                    found.insert(0, (subjects, f"{unit.constant(obj.term)} not in {subjects}"))
                elif path.predicate != TYPE.value:  # or the guideline's types may do
                    found.append((objects, f"not {objects}"))
    fetched = unit.fetches()
    return [(name, test) for name, test in found if name in fetched]
