"""HTTP to one SPARQL server, bounded in time and size (https://www.w3.org/TR/sparql11-protocol/).

Credentials come from the environment: KG_SERVICE_STORE_USER and KG_SERVICE_STORE_PASSWORD (HTTP Digest where the server
offers it, else Basic), or KG_SERVICE_STORE_TOKEN (Bearer).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from kg_service.errors import AnswerTooLarge, KgServiceError, QueryError, StoreError, StoreTimeout, StoreUnavailable

try:
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
    from urllib3.exceptions import HTTPError, ReadTimeoutError
except ImportError as error:
    raise KgServiceError("A remote store needs one more library: pip install 'guideline-kg[remote]'") from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from requests import PreparedRequest, Response

CONNECT_SECONDS = 5.0
PAUSES = (0.2, 0.8)
"""How long to wait before each further try, in seconds: a server that restarts, or drops a connection, is met again."""

CHUNK = 64 * 1024
KEPT = 32  # open connections that are kept for threads to share
BUSY = frozenset({429, 502, 503})
REFUSED_TEXT = frozenset({400, 422})
CUT = {"X-SPARQL-MaxRows": "its limit of rows", "X-SQL-State": "its limit of time"}
"""Headers by which Virtuoso tells that an answer is not whole, and what cut it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may take: seconds from first to last byte, all tries together, and bytes of the answer."""

    seconds: float = 30.0
    size: int = 64 * 1024 * 1024


USUAL = Bounds()


class Content(NamedTuple):
    """The body of an answer, and its media type."""

    body: bytes
    media_type: str


class Connection:
    """One endpoint of a server. Threads may share it."""

    def __init__(self, url: str, bounds: Bounds = USUAL, shown: str = "") -> None:
        """Take an endpoint by its http(s) URL; nothing is sent yet. KgServiceError for another kind of URL.

        `shown` is what messages call the URL; by default, all of it before a question mark, behind which may be a key.
        """
        self.url = checked(url)
        self.shown = shown or urlsplit(url)._replace(query="", fragment="").geturl()
        self._bounds = bounds
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no password from a file
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=KEPT))
        self._session.auth = _credentials(self.url)  # which asks nothing before the first request
        self._session.headers.update({"User-Agent": "guideline-kg", "Accept-Encoding": "identity"})

    def read(self, form: Sequence[tuple[str, str]], accept: str) -> Content:
        """Send a request that changes nothing; again, after a pause, when the server is away or busy."""
        deadline = time.monotonic() + self._bounds.seconds
        for pause in PAUSES:
            try:
                return self._send(form, accept, deadline)
            except StoreUnavailable:
                if time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)
        return self._send(form, accept, deadline)

    def write(self, form: Sequence[tuple[str, str]]) -> None:
        """Send a request that changes the server's content, once."""
        self._send(form, "*/*", time.monotonic() + self._bounds.seconds)

    def close(self) -> None:
        """Let go of open connections; the next request opens one again."""
        self._session.close()

    def _send(self, form: Sequence[tuple[str, str]], accept: str, deadline: float) -> Content:
        left = max(deadline - time.monotonic(), 0.001)
        try:
            with self._session.post(
                self.url,
                data=list(form),
                headers={"Accept": accept},
                timeout=(min(CONNECT_SECONDS, left), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._check(response)
                body = b"".join(self._chunks(response, deadline))
                return Content(body, response.headers.get("Content-Type", "").partition(";")[0].strip().lower())
        except (requests.ReadTimeout, ReadTimeoutError) as error:
            raise self._too_slow() from error
        except requests.exceptions.SSLError as error:
            raise StoreError(
                f"There is no safe connection to the store at {self.shown}: its certificate is not trusted, or it does "
                "not speak TLS. Mend the certificate, or write http:// where the store speaks plain HTTP."
            ) from error
        except (requests.RequestException, HTTPError) as error:
            raise StoreUnavailable(
                f"The store at {self.shown} cannot be reached: start it, or try again later."
            ) from error

    def _check(self, response: Response) -> None:
        """Raise what the status means."""
        status = response.status_code
        if status in BUSY:
            raise StoreUnavailable(f"The store at {self.shown} is too busy (status {status}): try again later.")
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            raise self._too_slow()
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise StoreError(f"The store at {self.shown} has moved, and redirects are not followed: give its new URL.")
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise StoreError(
                f"The store at {self.shown} does not let this service in (status {status}): set KG_SERVICE_STORE_USER "
                "and KG_SERVICE_STORE_PASSWORD, or KG_SERVICE_STORE_TOKEN."
            )
        if status in REFUSED_TEXT:
            raise QueryError("The query is valid SPARQL 1.1, but the store that holds the graph does not take it.")
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT}:
            raise StoreError(f"The store at {self.shown} failed (status {status}): check the URL, and see its log.")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise StoreError(f"The store at {self.shown} compresses what it was asked to send plain: switch that off.")
        for header, limit in CUT.items():
            if header in response.headers:
                raise AnswerTooLarge(f"The store cut the answer at {limit}: ask for less, or raise the store's limit.")

    def _chunks(self, response: Response, deadline: float) -> Iterator[bytes]:
        """Yield the body as it comes; the time is watched between any two pieces, however small they are."""
        size = 0
        while chunk := response.raw.read1(CHUNK):
            size += len(chunk)
            if size > self._bounds.size:
                raise AnswerTooLarge(
                    f"The answer is longer than {self._bounds.size:,} bytes: ask for less, with LIMIT."
                )
            if time.monotonic() > deadline:
                raise self._too_slow()
            yield chunk

    def _too_slow(self) -> StoreTimeout:
        return StoreTimeout(
            f"The store has not answered within {self._bounds.seconds:g} seconds: ask for less, or see if it hangs.",
            seconds=self._bounds.seconds,
        )


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._value = f"Bearer {token}"

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class _Password(AuthBase):
    """Sends user and password by HTTP Digest where the server offers it, else by Basic."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._said = (user, password)
        self._by: AuthBase | None = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self._by is None:
            self._by = (HTTPDigestAuth if _offers_digest(self._url) else HTTPBasicAuth)(*self._said)
        answered: PreparedRequest = self._by(request)
        return answered


def checked(url: str) -> str:
    """Return the URL of a server; KgServiceError when it is none, or holds a password that would be shown."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise KgServiceError("A store is given by its URL, like http://localhost:3030/guideline.")
    if parts.username or parts.password:
        raise KgServiceError(
            "The URL of the store holds a user or password: put them in KG_SERVICE_STORE_USER and "
            "KG_SERVICE_STORE_PASSWORD instead."
        )
    return url


def _credentials(url: str) -> AuthBase | None:
    if token := os.environ.get("KG_SERVICE_STORE_TOKEN"):
        return _Bearer(token)
    user, password = (os.environ.get(f"KG_SERVICE_STORE_{name}", "") for name in ("USER", "PASSWORD"))
    return _Password(url, user, password) if user else None


def _offers_digest(url: str) -> bool:
    """Ask without credentials what the server wants: a password is not sent in clear where Digest will do."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, timeout=CONNECT_SECONDS, allow_redirects=False, stream=True)
        return "digest" in answer.headers.get("WWW-Authenticate", "").lower()
