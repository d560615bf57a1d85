"""Each form of query has the rows that Oxigraph finds, on a graph made for it."""

from __future__ import annotations

import pytest

from kg_service.errors import ReleaseError
from kg_service.validation.compiled.codegen import compile_construct
from kg_service.validation.compiled.facts import Facts
from kg_service.validation.compiled.values import Value

from .conftest import NAMES, PREFIXES, by_oxigraph, compiled, read

FACTS = """
    :a :p :b , :c ; :q 1 , 2 ; :r :b ; a :C ; :date "2024-01-31"^^xsd:date ; :bad "x"^^xsd:integer .
    :b :p :c ; :q 2 , 3.5 ; :s "text" ; :loop :c ; a :C .
    :c :q 2 ; :loop :b ; :t true ; a :D .
    :d :p :a ; :loop :d .
"""
GUIDELINE = """
    :b :wide :e . :e :wide :f . :f :wide :b . :c a :G . :e a :G ; :limit 2 . :f :limit 3 .
"""
QUERIES = {
    "joins": "{ $this :p ?x . ?x :q ?y . ?y ^:q ?z }",
    "a variable twice": "{ ?x :loop ?x }",
    "a pattern without variables": "{ $this :p :b . ?x :q 3.5 }",
    "no pattern": "{ }",
    "nothing but a filter": "{ FILTER (1 = 1.0) }",
    "lists of objects and predicates": "{ $this :p ?x , ?y ; :q ?z . FILTER (?x != ?y) }",
    "case and guideline": "{ $this :p ?x . ?x :wide ?y . ?y :limit ?z }",
    "types of both": "{ ?x a ?y }",
    "types of the guideline": "{ $this :p ?x . ?x a :G }",
    "types that are named": "{ ?x a ?y . FILTER (?y IN (:C, :G)) }",
    "types that are named, of the case": "{ ?x a ?y . FILTER (?y IN (:C, :D)) }",
    # OPTIONAL
    "optional": "{ $this :p ?x . OPTIONAL { ?x :s ?y } }",
    "optional with several solutions": "{ $this :p ?x . OPTIONAL { ?x :q ?y } }",
    "optional with a filter on outer variables":
        "{ $this :q ?x . OPTIONAL { $this :p ?y . ?y :q ?z . FILTER (?z > ?x) } }",
    "optional in optional": "{ $this :p ?x . OPTIONAL { ?x :loop ?y . OPTIONAL { ?y :t ?z } } }",
    "the filter of an inner optional sees one group out":
        "{ $this :q ?x . OPTIONAL { $this :p ?y . OPTIONAL { ?y :q ?z . FILTER (?z = ?x) } } }",
    "optional of two patterns": "{ $this :p ?x . OPTIONAL { ?x :s ?y . ?x :loop ?z } }",
    "unbound joined later": "{ $this :p ?x . OPTIONAL { ?x :s ?y } ?z :q ?y }",
    "unbound joined later, in a loop between": "{ $this :p ?x . OPTIONAL { ?x :none ?y } $this :q ?z . $this :p ?y }",
    "optional twice": "{ OPTIONAL { $this :s ?x } OPTIONAL { $this :q ?x } OPTIONAL { ?z :q ?x } }",
    "optional after union": "{ { $this :p ?x } UNION { $this :q ?y } OPTIONAL { ?x :s ?y } }",
    "a filter after an optional": "{ $this :p ?x . OPTIONAL { ?x :s ?y } FILTER (! BOUND(?y)) }",
    "a filter before an optional of its variable": "{ $this :p ?x . FILTER (! BOUND(?y)) OPTIONAL { ?x :s ?y } }",
    # UNION
    "union": "{ { $this :p ?x } UNION { $this :q ?y } }",
    "union of three": "{ { $this :p ?x } UNION { $this :r ?x } UNION { ?x :loop ?x } }",
    "scope of filters in a union": "{ $this :p ?x . { $this :q ?y . FILTER (?x = :b) } UNION { $this :r ?x } }",
    "a variable of one branch joined": "{ { $this :p ?x } UNION { $this :q ?y } ?x :q ?y }",
    "names that are allowed in one branch":
        "{ { $this ?k ?x . FILTER (?k IN (:p)) } UNION { $this ?k ?y . FILTER (?y != :b) } }",
    "bind in a union": "{ $this :p ?x . { ?x :s ?y . BIND (1 AS ?z) } UNION { ?x :t ?y . BIND (2 AS ?z) } }",
    # EXISTS
    "exists": "{ $this :p ?x . FILTER EXISTS { ?x :s ?y } }",
    "not exists": "{ $this :p ?x . FILTER NOT EXISTS { ?x :s ?y } }",
    "exists in exists":
        "{ $this :p ?x . FILTER NOT EXISTS { ?x :q ?y . FILTER NOT EXISTS { ?z :q ?y . FILTER (?z != ?x) } } }",
    "exists with a filter on outer variables": "{ $this :q ?x . FILTER EXISTS { ?y :q ?z . FILTER (?z > ?x) } }",
    "exists with a union": "{ $this :p ?x . FILTER EXISTS { { ?x :s ?y } UNION { ?x :t ?y . FILTER (?x = :c) } } }",
    "exists in a disjunction": "{ $this :p ?x . FILTER (?x = :c || EXISTS { ?x :s ?y }) }",
    "exists with what is unbound": "{ $this :p ?x . OPTIONAL { ?x :s ?y } FILTER EXISTS { ?z :q ?y } }",
    "exists in an optional": "{ $this :p ?x . OPTIONAL { ?x :q ?y . FILTER NOT EXISTS { $this :q ?y } } }",
    # Subqueries
    "subquery":
        "{ $this :p ?x . { SELECT $this ?x (COUNT(?v) AS ?y) WHERE { $this :p ?x . ?x :q ?v } GROUP BY $this ?x } }",
    "subquery, distinct": "{ { SELECT DISTINCT $this ?y WHERE { $this :p ?x . ?x :q ?y } } ?z :q ?y }",
    "aggregates":
        "{ { SELECT $this (MAX(?v) AS ?x) (MIN(?v) AS ?y) (SUM(?v) AS ?z) WHERE { ?w :q ?v } GROUP BY $this } }",
    "an aggregate in an expression":
        "{ { SELECT $this (SUM(?v) + COUNT(?w) AS ?x) WHERE { ?w :q ?v } GROUP BY $this } }",
    "a sum in error": "{ { SELECT $this (SUM(?v) AS ?x) WHERE { ?w :p ?v } GROUP BY $this } }",
    "an aggregate that is joined":
        "{ ?x :q ?y . { SELECT $this (MAX(?v) AS ?y) WHERE { $this :q ?v } GROUP BY $this } }",
    "no solutions to group": "{ { SELECT $this (COUNT(?v) AS ?x) WHERE { $this :none ?v } GROUP BY $this } }",
    "counting what is unbound":
        "{ { SELECT $this (COUNT(?v) AS ?x) (COUNT(*) AS ?y) WHERE { $this :p ?w OPTIONAL { ?w :s ?v } } GROUP BY $this"
        " } }",
    "an inner name is not an outer one": "{ $this :q ?y . { SELECT $this ?x WHERE { $this :p ?x . ?x :q ?y } } }",
    # Predicates and paths
    "any predicate": "{ $this ?k ?x }",
    "any predicate of both": "{ :e ?k ?x }",
    "a predicate that is known": "{ $this ?k ?x . :b ?k ?y . :c ?k ?z }",
    "predicates that are named": "{ $this ?k ?x . FILTER (?k IN (:p, :q, :limit)) }",
    "predicates that are named in a conjunction": "{ $this ?k ?x . FILTER (?k IN (:p, :q) && ?x != :b) }",
    "predicates that are named in a disjunction": "{ $this ?k ?x . FILTER (?k IN (:p) && ?x = :b || ?x = 1) }",
    "sequence": "{ $this :p/:q ?x }",
    "names that could be those of steps": "{ $this :p/:q/:s? ?x . $this :p ?_1 . ?_1 :q ?y . ?_2 :p ?_1 }",
    "an IRI with an escape": r"{ $this <https://example.org/\u0070> ?x }",
    "inverse": "{ ?x ^:p $this }",
    "inverse of a sequence": "{ ?x ^(:p/:p) $this }",
    "alternatives": "{ $this (:p|:r) ?x }",
    "alternatives of case and guideline": "{ :b (:p|:wide) ?x }",
    "sequence with alternatives": "{ $this (:p|:r)/:q ?x . :c ^:p/:q ?y }",
    "zero or one": "{ $this :p? ?x }",
    "zero or more, in a circle": "{ $this :p/:loop* ?x }",
    "one or more, in a circle": "{ :b :loop+ ?x }",
    "one or more, from the end": "{ ?x :loop+ :b }",
    "zero or more, in the guideline": "{ $this :p ?x . ?x :wide* ?y }",
    "zero or more, both ends known": "{ $this :p ?x , ?y . ?x :loop* ?y }",
    "zero or more, to what is unbound": "{ $this :p ?x . OPTIONAL { ?x :loop ?y } ?x :loop* ?y }",
    # Expressions
    "bind": "{ $this :q ?x . BIND (?x * 2 AS ?y) FILTER (?y > 2) }",
    "bind of an error": "{ $this :p ?x . BIND (?x + 1 AS ?y) }",
    "bind of an error, joined": "{ $this :p ?x . BIND (?x + 1 AS ?y) $this :q ?y }",
    "bind of an unbound variable": "{ BIND (?x AS ?y) $this :q ?y }",
    "if": "{ $this :p ?x . BIND (IF(EXISTS_, 1, 2) AS ?y) }".replace("EXISTS_", "?x = :b"),
    "if in error": "{ $this :p ?x . BIND (IF(?x + 1, 1, 2) AS ?y) }",
    "coalesce": "{ $this :p ?x . OPTIONAL { ?x :s ?y } BIND (COALESCE(?y, ?x + 1, 'none') AS ?z) }",
    "coalesce of errors alone": "{ $this :p ?x . BIND (COALESCE(?y, ?x + 1) AS ?z) }",
    "in with an unbound variable": "{ $this :p ?x . FILTER (?x IN (?y, :b)) }",
    "in with an unbound variable, not found": "{ $this :p ?x . FILTER (! (?x IN (?y, :none))) }",
    "not in with errors": "{ $this :q ?x . FILTER (?x NOT IN (1, 1/0)) }",
    "true or error": "{ $this :q ?x . FILTER (?x = 1 || 1/0) }",
    "false and error": "{ $this :q ?x . FILTER (! (?x = 1 && 1/0)) }",
    "an ill-typed value": "{ $this :bad ?x . FILTER (?x > 1 || ! (?x > 1) || true) }",
    "an ill-typed value, alone": "{ $this :bad ?x . FILTER (! (?x > 1)) }",
    "dates": "{ $this :date ?x . FILTER (?x < '2024-02-01'^^xsd:date) BIND (STR(?x) AS ?y) }",
    "texts": "{ $this :p ?x . BIND (CONCAT(STR(?x), ' and ', STR(?y)) AS ?z) }",
    "iris": "{ $this :p ?x . BIND (IRI(CONCAT(STR(?x), '1')) AS ?y) }",
    "strings with braces and keywords": "{ $this :p ?x . BIND (CONCAT('} UNION {', \"(?z AS ?q)\") AS ?y) }",
    "escapes": r"{ BIND ('a\tb\"c\\\u00e9' AS ?x) BIND ('''it's''' AS ?y) }",
    "comments": "{ $this :p ?x # not } this\n . ?x :q ?y }",
    "many patterns":
        "{ " + " . ".join(f"$this :p ?x{n} . ?x{n} :q ?y{n}" for n in range(12)) + " . BIND (?y11 AS ?x) }",
    "many patterns around an optional":
        "{ $this :p ?x . OPTIONAL { ?x :none ?y } "
        + " . ".join(f"?x :q ?y{n}" for n in range(16)) + " . $this :q ?y }",
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("this", [":a", ":b", ":d"])
def test_rows_are_those_of_oxigraph(name: str, this: str) -> None:
    query = f"SELECT $this ?x ?y ?z ?k WHERE {QUERIES[name]}"
    facts, guideline = read(FACTS), read(GUIDELINE)
    assert compiled(query, facts, this, guideline) == by_oxigraph(query, facts, this, guideline)


def test_the_queries_find_something() -> None:
    """Some are there for finding nothing."""
    found = {
        name
        for name, where in QUERIES.items()
        for this in (":a", ":b", ":d")
        if compiled(f"SELECT $this ?x ?y ?z ?k WHERE {where}", read(FACTS), this, read(GUIDELINE))
    }
    assert QUERIES.keys() - found == {
        "no solutions to group", "in with an unbound variable, not found", "an ill-typed value, alone",
        "not in with errors",
    }  # fmt: skip


@pytest.mark.parametrize("query", [
    "SELECT (COUNT(?x) AS ?n) WHERE { $this :p ?x }",
    "SELECT (COUNT(?x) AS ?n) WHERE { $this :none ?x }",
    "SELECT (MAX(?x) AS ?n) (SUM(?x) AS ?m) WHERE { $this :none ?x }",
    "SELECT DISTINCT $this WHERE { $this :p ?x }",
    "SELECT $this (?x AS ?y) (STR(?x) AS ?z) WHERE { $this :p ?x }",
    "SELECT $this (CONCAT(STR(?x), IF((?x = :b), ((')')), '(')) AS ?z) WHERE { $this :p ?x }",
])  # fmt: skip
def test_select_clauses(query: str) -> None:
    assert compiled(query, read(FACTS)) == by_oxigraph(query, read(FACTS))


def test_lower_case_keywords() -> None:
    query = """select $this ?x (str(?x) as ?y)
        where { { $this :p ?x } union { $this :r ?x } optional { ?x :s ?z } filter(?x in (:b)) }"""
    b = PREFIXES[""] + "b"
    assert {row[1] for row in compiled(query, read(FACTS))} == {b}


def test_a_construct_yields_each_triple_that_is_whole() -> None:
    run = compile_construct(
        """CONSTRUCT { ?x :new ?y ; a :C . $this ?k ?x }
        WHERE { $this ?k ?x . FILTER (?k IN (:p)) OPTIONAL { ?x :s ?y } }""",
        NAMES,
        Facts(),
    )
    base, rdf_type = PREFIXES[""], "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    rows = run(Facts(read(FACTS)), base + "a")
    found = {tuple(one.lexical if isinstance(one, Value) else one for one in row) for row in rows}
    assert found == {
        (base + "b", base + "new", "text"),
        (base + "b", rdf_type, base + "C"),
        (base + "c", rdf_type, base + "C"),
        (base + "a", base + "p", base + "b"),
        (base + "a", base + "p", base + "c"),
    }


@pytest.mark.parametrize(("query", "named"), [
    ("SELECT $this WHERE { $this :p ?x MINUS { ?x :q ?y } }", "MINUS"),
    ("SELECT $this WHERE { VALUES ?x { :b } $this :p ?x }", "VALUES"),
    ("SELECT $this WHERE { $this :p ?x } VALUES ?x { :b }", "VALUES"),
    ("SELECT $this WHERE { SERVICE :s { $this :p ?x } }", "SERVICE"),
    ("SELECT $this WHERE { GRAPH :g { $this :p ?x } }", "GRAPH"),
    ("SELECT $this WHERE { $this :p ?x } ORDER BY ?x", "ORDER"),
    ("SELECT $this WHERE { $this :p ?x } LIMIT 1", "LIMIT"),
    ("SELECT $this WHERE { $this :p ?x } OFFSET 1", "OFFSET"),
    ("SELECT $this WHERE { $this :p ?x } GROUP BY $this HAVING (COUNT(?x) > 1)", "HAVING"),
    ("SELECT $this (COUNT(?x) AS ?n) WHERE { $this :p ?x } GROUP BY $this (STR(?x) AS ?y)", "STR"),
    ("SELECT * WHERE { $this :p ?x }", "SELECT *"),
    ("SELECT REDUCED $this WHERE { $this :p ?x }", "REDUCED"),
    ("SELECT $this FROM :g WHERE { $this :p ?x }", "FROM"),
    ("ASK { $this :p ?x }", "ASK"),
    ("DESCRIBE $this WHERE { $this :p ?x }", "DESCRIBE"),
    ("PREFIX e: <https://example.org/> SELECT $this WHERE { $this e:p ?x }", "PREFIX"),
    ("SELECT $this (AVG(?x) AS ?n) WHERE { $this :q ?x } GROUP BY $this", "AVG"),
    ("SELECT $this (SAMPLE(?x) AS ?n) WHERE { $this :q ?x } GROUP BY $this", "SAMPLE"),
    ("SELECT $this (GROUP_CONCAT(?x) AS ?n) WHERE { $this :q ?x } GROUP BY $this", "GROUP_CONCAT"),
    ("SELECT $this (COUNT(DISTINCT *) AS ?n) WHERE { $this :q ?x } GROUP BY $this", "COUNT(DISTINCT *)"),
    ("SELECT $this WHERE { $this :q ?x . FILTER (COUNT(?x) > 1) }", "COUNT"),
    ("SELECT $this (STR(?x) AS ?y) (STR(?y) AS ?z) WHERE { $this :q ?x }", "?y"),
    ("SELECT (1 AS $this) WHERE { ?x :q ?y }", "$this"),
    ("SELECT $this WHERE { BIND (:a AS $this) }", "$this"),
    ("SELECT $this WHERE { { SELECT ?x WHERE { ?x :q ?y } } }", "$this"),
    ("SELECT $this WHERE { $this :p ?x . BIND (EXISTS { ?x :q ?y } AS ?z) }", "EXISTS within BIND"),
    ("SELECT $this WHERE { $this :p ?x . { BIND (1 AS ?x) } }", "?x"),
    ("SELECT $this WHERE { $this :p ?x . { $this :q ?y OPTIONAL { ?y :s ?x } } }", "?x"),
    ("SELECT $this ?y WHERE { $this :p ?x OPTIONAL { $this :q ?y OPTIONAL { ?y :s ?x } } }", "?x"),
    ("SELECT $this WHERE { OPTIONAL { $this :p ?k } $this ?k ?x }", "?k"),
    ("SELECT $this WHERE { ?x :p* ?y }", "?, * or +"),
    ("SELECT $this WHERE { $this !:p ?x }", "!"),
    ("SELECT $this WHERE { $this (:p/:q|:r) ?x }", "|"),
    ("SELECT $this WHERE { $this (:p/:q)* ?x }", "repeated"),
    ("SELECT $this WHERE { $this :p _:x }", "_:x"),
    ("SELECT $this WHERE { $this :p [ :q ?x ] }", "[ :q ?x ]"),
    ("SELECT $this WHERE { $this :p ?x . [ :q ?x ] FILTER (?x > 1) }", "[ :q ?x ]"),
    ("SELECT $this WHERE { $this :p ?x . [ :q ?x ] }", "[ :q ?x ]"),
    ("SELECT $this WHERE { $this :p (1 2) }", "(1 2)"),
    ("SELECT $this WHERE { $this none:p ?x }", "none:p"),
    *(
        (f"SELECT $this WHERE {{ $this :p ?x . FILTER ({call}) }}", call.partition("(")[0].split()[-1])
        for call in (
            "REGEX(STR(?x), 'b')", "LANG(?x) = 'en'", "DATATYPE(?x) = xsd:date", "YEAR(?x) = 2024", "NOW() > ?x",
            "STRLEN(?x) > 1", "CONTAINS(?x, 'b')", "ISIRI(?x)", "SAMETERM(?x, ?y)", "ABS(?x) = 1", "RAND() > 0.5",
            "xsd:integer(?x) = 1", ":own(?x)", "STRDT('1', xsd:integer) = 1", "LCASE(?x) = 'b'", "UUID() = ?x",
        )
    ),
])  # fmt: skip
def test_what_is_not_supported_is_refused_by_name(query: str, named: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        compiled(query, ())
    assert named in str(caught.value)


@pytest.mark.parametrize("query", [
    "CONSTRUCT { $this :new ?x } WHERE { $this :p ?x } LIMIT 1",
    "CONSTRUCT { $this :new ?x } FROM :g WHERE { $this :p ?x }",
    "SELECT $this WHERE { $this :p ?x }",
    "CONSTRUCT { $this :new _:x } WHERE { $this :p ?x }",
    "CONSTRUCT { $this :wide ?x } WHERE { $this :p ?x }",
    "CONSTRUCT { $this a :G } WHERE { $this :p ?x }",
])  # fmt: skip
def test_what_no_derivation_can_be_is_refused(query: str) -> None:
    """Nor one that makes what would not be seen, as the guideline has such triples."""
    with pytest.raises(ReleaseError):
        compile_construct(query, NAMES, Facts(read(GUIDELINE)))
