"""The pages: self-contained, readable without scripts, and harmless."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from kg_service.web.pages import ticks

if TYPE_CHECKING:
    from flask.testing import FlaskClient

PAGES = [
    "/",
    "/sparql",
    "/sparql?query=SELECT+*+{?s+?p+?o}",
    "/sparql?query=ASK+{}",
    "/sparql?query=CONSTRUCT+WHERE+{?s+?p+?o}",
    "/queries",
    "/queries/advice",
    "/queries/advice?about=green+tea",
    "/queries/map",
    "/statements/T-1",
    "/sources/SRC-LEAF",
    "/concepts/green-tea",
    "/statements",
    "/conflicts",
    "/explain",
    "/nothing",
]
OTHERS = ["/healthz", "/robots.txt", "/openapi.json", "/.well-known/void", "/graphs?default"]
VOID_ELEMENTS = {"meta", "link", "input"}


class Outline(HTMLParser):
    """Notes the elements of a page, and that each is closed where it has to be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def outline(client: FlaskClient, path: str) -> Outline:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.content_type == "text/html; charset=utf-8"
    page = Outline()
    page.feed(response.text)
    assert page.open == []
    return page


@pytest.mark.parametrize("path", PAGES)
def test_page_is_self_contained_and_has_no_script(client: FlaskClient, path: str) -> None:
    page = outline(client, path)
    assert not page.all("script")
    assert not page.all("img")
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith(("on", "style"))]


@pytest.mark.parametrize("path", PAGES)
def test_page_can_be_read_by_everybody(client: FlaskClient, path: str) -> None:
    page = outline(client, path)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    labelled = {label["for"] for label in page.all("label")}
    fields = page.all("input") + page.all("textarea")
    assert {field["id"] for field in fields} == labelled
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(cell["scope"] in {"col", "row"} for cell in page.all("th"))


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(client: FlaskClient, path: str) -> None:
    for link in outline(client, path).all("a"):
        target = link["href"] or ""
        if target.startswith("/"):
            assert client.get(target, headers={"Accept": "text/html,*/*;q=0.8"}).status_code == 200, target
        else:
            assert target.startswith(("https://", "http://", "#main")), target


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_headers_that_protect_the_reader(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in response.headers


def test_the_policy_admits_the_style_of_the_page(client: FlaskClient) -> None:
    response = client.get("/")
    style = re.search(r"<style>(.*)</style>", response.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in response.headers["Content-Security-Policy"]


def test_sign_of_life(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert json.loads(response.data) == {"status": "ok", "graph_digest": response.headers["Graph-Digest"]}


def test_crawlers_are_kept_from_the_query_doors(client: FlaskClient) -> None:
    response = client.get("/robots.txt")
    assert response.mimetype == "text/plain"
    assert "Disallow: /sparql" in response.text.splitlines()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as `via` <b>", "as <code>via</code> &lt;b&gt;"),
        ("`<i>`", "<code>&lt;i&gt;</code>"),
        ("one ` only", "one ` only"),
        ("", ""),
    ],
)
def test_backticks_become_code(text: str, shown: str) -> None:
    assert ticks(text) == shown
