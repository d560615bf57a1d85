"""What compiled queries look up in ways that need a decision at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kg_service.validation.compiled.facts import Facts
    from kg_service.validation.compiled.values import Found, Term

By: TypeAlias = "Mapping[Term, list[Term]]"


def matching(objects: By, subjects: By, subject: Found, obj: Found) -> Iterator[tuple[Term, Term]]:
    """Yield subject and object of the triples in two indexes that fit what is known of them (None: anything)."""
    if subject is not None:
        yield from ((subject, one) for one in objects.get(subject, ()) if obj is None or one == obj)
    elif obj is not None:
        yield from ((one, obj) for one in subjects.get(obj, ()))
    else:
        yield from ((one, other) for one, others in objects.items() for other in others)


def once(rows: Callable[[], Iterator[tuple[Found, ...]]]) -> Callable[[], Sequence[tuple[Found, ...]]]:
    """Return a function that works rows out when it is first called; lighter than functools.cache."""
    held: list[tuple[Found, ...]] | None = None

    def given() -> Sequence[tuple[Found, ...]]:
        nonlocal held
        if held is None:
            held = [*rows()]
        return held

    return given


def predicates(facts: Facts, guideline: Facts) -> tuple[str, ...]:
    """Return all predicates."""
    return tuple(facts.objects | guideline.objects)
