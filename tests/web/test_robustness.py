"""Whatever is sent, the service answers in its own words: never with a 5xx, never with a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ALL = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
DOORS = ["/", "/sparql", "/graphs", "/queries", "/queries/advice", "/statements/T-1", "/.well-known/void", "/healthz"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
MEDIA_RANGE = st.builds(
    "{};q={}".format,
    st.sampled_from(["*/*", "text/*", "text/html", "application/ld+json", "text/csv", "x", "/", "a/b/c", ";"]),
    st.sampled_from(["0", "1", "0.5", "-1", "2", "nan", "", "0.0001", "1e3"]),
)
FRAGMENTS = st.sampled_from(
    [
        "SELECT",
        "ASK",
        "CONSTRUCT",
        "DESCRIBE",
        "WHERE",
        "FROM",
        "NAMED",
        "GRAPH",
        "FILTER",
        "BIND",
        "EXISTS",
        "SERVICE",
        "LOAD",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        ".",
        ";",
        "?",
        "*",
        "?s",
        "<a:b>",
        '"',
        "'",
        "#",
        "\\u0041",
        "\\",
        "@en",
        "^^",
        "1",
        "-1.5e3",
        "_:b",
        "<<",
        ">>",
        "PREFIX",
        "BASE",
        "LIMIT",
        "0",
        "\n",
        "\r",
        "\t",
        "\x00",
        "é",
        "😀",
        "�",
    ]
)


def check(client: FlaskClient, path: str, **request: object) -> None:
    response = client.open(path, **request)
    assert response.status_code < 500, response.text
    if response.status_code >= 400 and request.get("method") != "HEAD":
        assert response.mimetype in {"application/problem+json", "text/plain", "text/html"}
        assert "Traceback" not in response.text
    assert response.headers["Graph-Digest"]


@ALL
@given(
    door=st.sampled_from(DOORS),
    method=st.sampled_from(METHODS),
    accept=HEADER_TEXT | st.lists(MEDIA_RANGE).map(",".join),
)
def test_any_accept_header(client: FlaskClient, door: str, method: str, accept: str) -> None:
    check(client, door, method=method, headers={"Accept": accept})


@ALL
@given(
    path=st.text(max_size=40), door=st.sampled_from(["/", "/queries/", "/statements/", "/sources/", "/graphs?graph="])
)
def test_any_path(client: FlaskClient, path: str, door: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        path = ascii(path)
    check(client, door + path)


@ALL
@given(
    body=st.binary(max_size=300),
    media_type=st.sampled_from(
        [
            "application/sparql-query",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/sparql-query; charset=utf-7",
            "",
        ]
    )
    | HEADER_TEXT,
    query=st.binary(max_size=60),
)
def test_any_body(client: FlaskClient, body: bytes, media_type: str, query: bytes) -> None:
    check(
        client,
        "/sparql",
        method="POST",
        data=body,
        headers={"Content-Type": media_type},
        query_string=query.decode("latin-1"),
    )
    check(client, "/sparql", method="POST", data=b"query=" + body, content_type="application/x-www-form-urlencoded")


@ALL
@given(query=st.lists(FRAGMENTS, max_size=25).map(" ".join) | st.text(max_size=100))
def test_any_query(client: FlaskClient, query: str) -> None:
    body = query.encode("utf-8", "surrogatepass")
    check(client, "/sparql", method="POST", data=body, content_type="application/sparql-query")


@ALL
@given(value=st.text(max_size=40), name=st.sampled_from(["about", "modality", "limit"]) | st.text(max_size=10))
def test_any_parameter(client: FlaskClient, value: str, name: str) -> None:
    given_ = {"about": "green tea", name: value}
    try:
        (name + value).encode()
    except UnicodeEncodeError:
        given_ = {"about": ascii(value)}
    check(client, "/queries/advice", query_string=given_)


@ALL
@given(host=HEADER_TEXT | st.sampled_from(["", "a b", "[::1]:80", "x:99999", "<script>", "é", "a/b", "a?b", "a@b"]))
def test_any_host(client: FlaskClient, host: str) -> None:
    for path in ("/sparql", "/", "/queries", "/.well-known/void", "/.well-known/sparql-examples", "/openapi.json"):
        check(client, path, headers={"Host": host})
    check(client, "/sparql?query=CONSTRUCT{<s><p><o>}{}", headers={"Host": host})


@pytest.mark.parametrize("depth", [50, 100, 5000])
@pytest.mark.parametrize(("opening", "closing"), [("{", "}"), ("(", ")"), ("[", "]"), ("FILTER EXISTS {", "}")])
def test_deep_nesting(client: FlaskClient, depth: int, opening: str, closing: str) -> None:
    query = f"SELECT * WHERE {{ {opening * depth} {closing * depth} }}"
    check(client, "/sparql", method="POST", data=query, content_type="application/sparql-query")


def test_long_url(client: FlaskClient) -> None:
    check(client, "/sparql?query=ASK+{}&x=" + "a" * 100_000)
    check(client, "/sparql?" + "&".join(f"a{number}=1" for number in range(2000)))
