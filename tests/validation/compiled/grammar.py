"""Random small graphs, and random queries of all the forms that are compiled, nested in one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

NODES = (":a", ":b", ":c")
LITERALS = (
    "1", "2", "1.0", "2.5", "1.0e0", '"x"', '"y"', '"x"@en', "true", "false", '"2024-01-31"^^xsd:date',
    '"2024-02-01"^^xsd:date', '"2024-02-01T10:00:00"^^xsd:dateTime', '"bad"^^xsd:integer', '"z"^^:unknown',
)  # fmt: skip
OWN, OF_GUIDELINE = (":p", ":q", ":r"), (":g", ":h")
PREDICATES = (*OWN, *OF_GUIDELINE)
VARIABLES = ("?x", "?y", "?z")
FORMS = (
    *(f"({{}} {sign} {{}})" for sign in ("=", "=", "!=", "!=", "<", ">", "<=", ">=")),
    *(f"({{}} {sign} {{}})" for sign in ("&&", "||", "&&", "||", "+", "*", "/")),
    "({} - 1)", "(! {})", "(- {})", "({} IN ({}, {}))", "({} NOT IN ({}, {}))", "(?x IN (:a, :b))",
    "(?y NOT IN (:a, :b))",
    "BOUND(?x)", "BOUND(?y)", "BOUND(?z)", "(! BOUND(?z))", "COALESCE({}, {})", "IF({}, {}, {})", "STR({})",
    "CONCAT({}, {})", "CONCAT(STR({}), STR({}))", "(STR({}) = STR({}))", "IRI({})",
)  # fmt: skip
OF_PREDICATES = (
    "(?k IN (:p, :q))", "(?k IN (:p, :g) && {})", "(?k IN (:p, :q) && {} || {})", "(?k IN (:q, :r) || {})",
    "(! (?k IN (:p, :q)))", "(?k = :p)",
)  # fmt: skip
AGGREGATES = (
    "COUNT({})", "COUNT(DISTINCT {})", "COUNT(*)", "SUM({})", "SUM(DISTINCT {})", "MIN({})", "MAX({})",
    "MAX(IF(BOUND({}), 1, 0))", "COALESCE(MAX({}), 0)", "SUM({}) + 1",
)  # fmt: skip


def graph(choose: random.Random, predicates: tuple[str, ...], cls: str, size: int) -> str:
    """Return a graph in Turtle."""
    lines = (
        [f":every :term {', '.join((*NODES, *LITERALS))} ."] if predicates == OWN else []
    )  # a path of no steps begins in the graph
    lines += [f"{choose.choice(NODES)} a {cls} ." for _ in range(choose.randint(0, 2))]
    for _ in range(choose.randint(0, size)):
        obj = choose.choice(NODES if choose.random() < 0.6 else LITERALS)
        lines.append(f"{choose.choice(NODES)} {choose.choice(predicates)} {obj} .")
    return "\n".join(lines)


class Grammar:
    """Writes queries; each choice is drawn from one source of chance."""

    def __init__(self, choose: random.Random) -> None:
        """Draw from `choose`."""
        self._choose = choose
        self._one = choose.choice

    def select(self, depth: int, *, inner: bool = False) -> str:
        """Write a SELECT, some with groups of solutions; what it shows begins with `$this`."""
        where = self.group(depth)
        if self._choose.random() < 0.75:
            shown = self._choose.sample((*VARIABLES, "?k", "?n"), self._choose.randint(1, 4))
            if self._choose.random() < 0.25:
                shown.append(f"({self.expression(1, exists=False)} AS ?{'w' if inner else 'v'})")
            return f"SELECT {self._one(('', 'DISTINCT '))}$this {' '.join(shown)} WHERE {where}"
        keys = self._one(("$this", f"$this {self._one(VARIABLES)}"))
        aggregate = self._one(AGGREGATES).format(self._one(VARIABLES))
        return f"SELECT {keys} ({aggregate} AS ?{'w' if inner else 'v'}) WHERE {where} GROUP BY {keys}"

    def group(self, depth: int) -> str:
        """Write a group graph pattern."""
        found = [self.triple()] if self._choose.random() < 0.85 else []
        found += [self._element(depth) for _ in range(self._choose.randint(0, 3 if depth > 0 else 1))]
        return "{ " + " ".join(found) + " }"

    def _element(self, depth: int) -> str:  # noqa: PLR0911 - one for each form
        kinds = ["triple", "triple", "filter"]
        if depth > 0:
            kinds += ["optional", "optional", "union", "union", "group", "bind", "filter", "select"]
        match self._one(kinds):
            case "triple":
                return self.triple()
            case "filter":
                condition = self.expression(min(depth, 2))
                return f"FILTER {condition}" if "EXISTS {" in condition[:12] else f"FILTER ({condition})"
            case "optional":
                return f"OPTIONAL {self.group(depth - 1)}"
            case "union":
                return " UNION ".join(self.group(depth - 1) for _ in range(self._choose.randint(2, 3)))
            case "group":
                return self.group(depth - 1)
            case "bind":
                return f"BIND ({self.expression(2, exists=False)} AS {self._one(('?n', '?m', '?x', '?y', '?z'))})"
            case _:
                return f"{{ {self.select(depth - 1, inner=True)} }}"

    def triple(self) -> str:
        """Write a triple pattern, or several of one subject."""
        subject = self._one(("$this", "$this", *VARIABLES, *VARIABLES, ":b"))
        chance = self._choose.random()
        if chance < 0.1:
            return f"{subject} a {self._one((':C', ':G'))} ."
        if chance < 0.2:
            return f"{subject} ?k {self._object()} ."
        if chance < 0.3:
            return f"{subject} {self._path()} {self._object()} ; {self._path()} {self._object()}, {self._object()} ."
        return f"{subject} {self._path()} {self._object()} ."

    def _object(self) -> str:
        return self._one(
            ("$this", *VARIABLES, *VARIABLES, *VARIABLES, *VARIABLES, self._one(NODES), self._one(LITERALS))
        )

    def _path(self) -> str:
        if self._choose.random() < 0.75:
            return self._one(PREDICATES)
        return "/".join(self._step() for _ in range(self._choose.randint(1, 2)))

    def _step(self) -> str:
        one, other = self._choose.sample(PREDICATES, 2)
        return self._one((one, f"{one}?", f"{one}*", f"{one}+", f"^{one}", f"({one}|{other})"))

    def expression(self, depth: int, *, exists: bool = True) -> str:
        """Write an expression, in brackets where it is an operation; none with `exists` False holds EXISTS."""
        chance = self._choose.random()
        if depth <= 0 or chance < 0.1:
            return self._one((*VARIABLES, *VARIABLES, "$this", "?k", "?n", "?w", self._one(NODES), self._one(LITERALS)))
        if exists and chance < 0.3:
            return f"{self._one(('', 'NOT '))}EXISTS {self.group(depth - 1)}"
        form = self._one(OF_PREDICATES if chance > 0.9 else FORMS)
        return form.format(*(self.expression(depth - 1, exists=exists) for _ in range(form.count("{}"))))
