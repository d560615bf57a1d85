"""The lines of a function being written: loops, and where the values of variables are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_service.validation.compiled.expressions import Constant, Variable
from kg_service.validation.compiled.steps import THIS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg_service.validation.compiled.steps import Side
    from kg_service.validation.compiled.unit import Unit


class Lines:
    """The lines of one function, written from the outside of its loops to the inside.

    `known` are the variables with a value: surely (True) or perhaps. `sees_all` says that every known variable is
    visible in every scope, as within EXISTS; `at_end` is the statement that gives up where there is no loop.
    """

    def __init__(self, unit: Unit, known: Mapping[str, bool], *, at_end: str, sees_all: bool = False) -> None:
        """Begin a function to which the `known` variables are given."""
        self.unit = unit
        self.known = {THIS: True, **known}
        self.lines: list[str] = []
        self._depth = 0
        self._at_end = at_end
        self._sees_all = sees_all
        self._visible: frozenset[str] = frozenset()
        self._needed: frozenset[str] | None = None
        self._allowed: Mapping[str, tuple[str, ...]] = {}  # the names that a variable may be
        self._local: dict[str, str] = {}  # what variables are called that have got another value
        self._begun, self._base, self._given_first = 0, 0, self._locals()

    def write(self, line: str) -> None:
        """Add a line within the loops that are open."""
        self.lines.append("    " * self._depth + line)

    def loop(self, head: str) -> None:
        """Open a loop."""
        self.write(f"{head}:")
        self._depth += 1

    def require(self, condition: str) -> None:
        """Go on only where a condition holds."""
        self.write(f"if not {condition}:")
        self.write(f"    {'continue' if self._depth else self._at_end}")

    def close(self) -> None:
        """Leave all loops."""
        self._depth = 0

    def _spill(self) -> None:
        """Make what is written of a group so far a function of its own: Python nests no more than 20 loops."""
        names = self._locals()
        self.write(f"yield {as_tuple(names)}")
        lines = [line[4 * self._base :] for line in self.lines[self._begun :]]
        self.lines[self._begun :] = []
        self._depth = self._base
        name = self.unit.fresh("g")
        params = ", ".join(self._given_first)
        self.unit.functions.append(
            [f"def {name}({params}):", "    for _ in ONCE:", *(f"        {one}" for one in lines)]
        )
        self.loop(f"for {as_tuple(names)} in {name}({params})")

    def place(self, name: str) -> str:
        """Write where the value of a variable is."""
        own = f"s_{name[1:]}" if name[0] == "/" else f"v_{name}"  # a name that no query has
        return self._local.get(name, own)

    def restart(self, allowed: Mapping[str, tuple[str, ...]]) -> None:
        """Begin with the values that were given, and what is known of them."""
        self._local, self._allowed = {}, allowed

    def _anew(self, name: str) -> str:
        """Write where another value of a variable goes: what it had is needed at the next turn of a loop."""
        if name in self.known:
            self._local[name] = self.unit.fresh("w")
        return self.place(name)

    def _locals(self) -> tuple[str, ...]:
        return tuple(self.place(name) for name in self.known if name != THIS)

    def _is_known(self, side: Side) -> bool:
        return isinstance(side, Constant) or self.known.get(side.name, False)

    def _is_listed(self, side: Side) -> bool:
        """Tell whether a side has no value yet, but a condition says which few it may have."""
        return isinstance(side, Variable) and side.name not in self.known and side.name in self._allowed

    def _is_doubtful(self, side: Side) -> bool:
        return isinstance(side, Variable) and self.known.get(side.name) is False

    def _is_needed(self, name: str) -> bool:
        return self._needed is None or name in self._needed

    def _given(self, side: Side) -> str:
        """Write what is known of a side: a term, or None."""
        if isinstance(side, Constant):
            return self.unit.constant(side.term)
        return self.place(side.name) if side.name in self.known else "None"

    def _target(self, side: Side) -> str:
        """Write where the value of a side goes, that has none yet."""
        assert isinstance(side, Variable)  # noqa: S101 - narrows the type: constants are known
        self.known[side.name] = True
        return self.place(side.name)

    def _take(self, side: Side, found: str) -> None:
        """Give a side the value that was found, or, if it has one, hold it to that."""
        if self._is_known(side):
            self.require(f"{self._given(side)} == {found}")
        elif isinstance(side, Variable) and self._is_doubtful(side):
            given = self._given(side)
            self.require(f"({given} is None or {given} == {found})")
            self.write(f"{self._anew(side.name)} = {found}")
            self.known[side.name] = True
        else:
            self.write(f"{self._target(side)} = {found}")

    def _take_perhaps(self, name: str, found: str, *, sure: bool) -> None:
        """Give a variable a value that may be None."""
        if name not in self.known:
            self.write(f"{self.place(name)} = {found}")
            self.known[name] = sure
        elif sure:
            self._take(Variable(name), found)
        else:
            given = self.place(name)
            self.require(f"({given} is None or {found} is None or {given} == {found})")
            if not self.known[name]:
                self.write(f"{self._anew(name)} = {found} if {given} is None else {given}")

    def _unsure(self, names: frozenset[str]) -> list[str]:
        """Return those of some variables that have no sure value yet, in a stable order."""
        return sorted(name for name in names if not self.known.get(name))


def as_tuple(parts: Iterable[str]) -> str:
    """Write a tuple of expressions."""
    joined = ", ".join(parts)
    return f"({joined},)" if joined else "()"
