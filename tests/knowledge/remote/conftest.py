"""Servers to hold the release: a small one in this process that can be made to fail, and real ones where present."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections import deque
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
import requests
from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat, Store

from kg_service.knowledge import remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg_service import Guideline

START_SECONDS = 60
ASK = {"query": "ASK {}"}


class Server(ThreadingHTTPServer):
    """A SPARQL server over an Oxigraph store, that notes what it is sent and fails when told to."""

    daemon_threads = True

    def __init__(self) -> None:
        self.store = Store()
        self.forms: list[dict[str, list[str]]] = []
        self.faults: deque[Callable[[Handler], None]] = deque()
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that leave in the middle of an answer."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/kg"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.forms.append({**form, "authorization": [self.headers.get("Authorization", "")]})
        if self.server.faults:
            self.server.faults.popleft()(self)
        elif "update" in form:
            self.server.store.update(form["update"][0])
            self.answer(b"", status=204)
        else:
            self.answer(*self.found(form))

    def do_GET(self) -> None:
        self.answer(b"", status=400)

    def found(self, form: dict[str, list[str]]) -> tuple[bytes, str]:
        result = self.server.store.query(
            form["query"][0],
            default_graph=[NamedNode(iri) for iri in form.get("default-graph-uri", [])],
            named_graphs=[NamedNode(iri) for iri in form.get("named-graph-uri", [])],
        )
        if isinstance(result, QuerySolutions | QueryBoolean):
            return result.serialize(format=QueryResultsFormat.JSON) or b"", "application/sparql-results+json"
        return result.serialize(format=RdfFormat.N_TRIPLES) or b"", "application/n-triples"

    def answer(self, body: bytes, media_type: str = "text/plain", *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def loaded(server: Server, knots: Guideline) -> Server:
    """A server that holds the small release."""
    assert remote.load(knots, remote.Connection(server.url), remote.Connection(server.url))
    server.forms.clear()
    return server


@contextmanager
def running(command: list[str], folder: Path, url: str) -> Iterator[None]:
    """Run a server until it is no longer needed; skip when it does not come up for lack of a newer Java."""
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(command, cwd=folder, stdout=output, stderr=output) as p,
    ):
        try:
            await_answer(p, folder / "output", url)
            yield
        finally:
            p.kill()


def await_answer(process: subprocess.Popen[bytes], output: Path, url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if requests.post(url, data=ASK, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    text = output.read_text(errors="replace")
    if "UnsupportedClassVersionError" in text:
        pytest.skip("Apache Jena 5 needs Java 17")
    pytest.fail(f"The server does not answer: {text[-2000:]}")


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def fuseki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty dataset at Apache Jena Fuseki."""
    java, folder = shutil.which("java"), os.environ.get("KG_SERVICE_FUSEKI")
    jar = next(Path(folder).glob("jena-fuseki-server-*.jar"), None) if folder else None
    if java is None or jar is None:
        pytest.skip("no Java, or KG_SERVICE_FUSEKI names no folder with the jar of Fuseki: see CONTRIBUTING.md")
    place, port = tmp_path_factory.mktemp("fuseki"), free_port()
    (place / "tdb").mkdir()
    url = f"http://127.0.0.1:{port}/kg"
    options = ["--tdb2", "--loc=tdb", "--update", "--localhost", f"--port={port}", "/kg"]
    with running([java, "-Xmx1g", "-jar", str(jar), *options], place, url):
        yield url


@pytest.fixture(scope="module")
def virtuoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root URL of an empty Virtuoso."""
    program = shutil.which("virtuoso-t")
    if program is None:
        pytest.skip("no Virtuoso on this machine: apt-get install virtuoso-opensource-7-bin")
    place, sql, http = tmp_path_factory.mktemp("virtuoso"), free_port(), free_port()
    (place / "virtuoso.ini").write_text(
        "[Database]\nDatabaseFile = v.db\nErrorLogFile = v.log\nLockFile = v.lck\nTransactionFile = v.trx\n"
        "xa_persistent_file = v.pxa\n[TempDatabase]\nDatabaseFile = t.db\nTransactionFile = t.trx\n"
        f"[Parameters]\nServerPort = 127.0.0.1:{sql}\nNumberOfBuffers = 10000\nMaxDirtyBuffers = 6000\n"
        f"[HTTPServer]\nServerPort = 127.0.0.1:{http}\nServerThreads = 10\n"
    )
    url = f"http://127.0.0.1:{http}"
    with running([program, "-f", "-c", "virtuoso.ini"], place, f"{url}/sparql"):
        yield url
