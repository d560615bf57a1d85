"""The exceptions of the package: one tree, each message naming what is wrong, where, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_service.patients.record import Fault


class KgServiceError(Exception):
    """Root of all errors raised on purpose.

    `status` is the HTTP status, `title` the short name of the kind of problem, `headers` what an HTTP answer says
    beside, and `extras` the further members of a problem detail (RFC 9457).
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, message: str, **extras: object) -> None:
        """Take the sentence for the user and what a machine may want to know beside it."""
        super().__init__(message)
        self.extras: Mapping[str, object] = extras


class InconsistencyError(KgServiceError):
    """What the program worked out does not fit together: the fault is its own, not the input's."""


class ReleaseError(KgServiceError):
    """The ontology, shapes or queries on disk cannot be read or contradict each other."""

    title = "Unusable release"


class QueryError(KgServiceError):
    """The query cannot be answered as it stands."""

    status = 400
    title = "Bad query"


class MalformedQuery(QueryError):
    """The text is not a SPARQL 1.1 query; `line` and `column` (from 1) say how far reading came."""

    title = "Malformed query"

    def __init__(self, message: str, line: int, column: int) -> None:
        """Keep the place beside the message."""
        super().__init__(message, line=line, column=column)
        self.line = line
        self.column = column


class RefusedQuery(QueryError):
    """The query is understood and not run: it would write, reach out, or exceed a limit."""

    title = "Refused query"


class StoreError(KgServiceError):
    """The server that holds the graph does not do what it is asked; no message quotes what it said."""

    status = 502
    title = "Store failed"


class StoreUnavailable(StoreError):
    """The server that holds the graph is away, or too busy; the request may be sent again later."""

    status = 503
    title = "Store unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class StoreTimeout(StoreError):
    """The server that holds the graph has not answered within the time that it is given."""

    status = 504
    title = "Store timeout"


class StoreMismatch(StoreError):
    """The server holds no release, another one, or not all of it."""

    status = 503
    title = "Store holds another release"


class _Nearest(KgServiceError):
    """An error that offers the names that come closest."""

    def __init__(self, message: str, nearest: Sequence[str] = ()) -> None:
        """End the message with the nearest names, when there are any."""
        self.nearest = list(nearest)
        offer = f" Nearest: {', '.join(self.nearest)}." if self.nearest else ""
        super().__init__(message + offer, nearest=self.nearest)


class UnknownName(_Nearest):
    """Nothing in the release has this name."""

    status = 404
    title = "Unknown name"


class ParameterError(_Nearest):
    """A parameter is missing, unknown, or has a value that stands for nothing of its kind."""

    status = 400
    title = "Bad parameter"


class NotAcceptable(KgServiceError):
    """The answer cannot be written in any of the formats asked for; `available` lists those that can."""

    status = 406
    title = "Not acceptable"

    def __init__(self, message: str, available: Sequence[str]) -> None:
        """End the message with the list of formats."""
        self.available = list(available)
        super().__init__(f"{message} Available: {', '.join(self.available)}.", available=self.available)


class UnsupportedMedia(KgServiceError):
    """The request's body has a media type that is not read here."""

    status = 415
    title = "Unsupported media type"


class RecordError(KgServiceError):
    """A patient's record cannot be read or judged; no message quotes what it holds."""

    status = 400
    title = "Unreadable record"


class MalformedRecord(RecordError):
    """The input is not of its format; `line` and `column` (from 1) say where reading stopped."""

    title = "Malformed record"

    def __init__(self, message: str, line: int, column: int) -> None:
        """Keep the place beside the message."""
        super().__init__(message, line=line, column=column)
        self.line = line
        self.column = column


class WrongRecord(RecordError):
    """The input is well-formed, but no patient record of a kind read here; `path` says where it goes astray."""

    status = 422
    title = "Wrong kind of record"

    def __init__(self, message: str, path: str = "") -> None:
        """Keep the place beside the message."""
        super().__init__(message, **({"path": path} if path else {}))
        self.path = path


class FaultyRecord(RecordError):
    """Every record is of the wrong form; `faults` lists place and reason of each fault."""

    status = 422
    title = "Faulty record"

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Name the first fault in the message and all beside it."""
        self.faults = tuple(faults)
        first = faults[0]
        more = f" There are {len(faults) - 1} more." if len(faults) > 1 else ""
        super().__init__(
            f"The record cannot be judged. {first.path}: {first.reason}{more}",
            faults=[{"path": fault.path, "reason": fault.reason} for fault in faults],
        )


class DocumentError(KgServiceError):
    """A document that is to be audited cannot be read; no message quotes what it holds."""

    status = 400
    title = "Unreadable document"


class LimitError(KgServiceError):
    """A request went beyond a limit of the service; `limit` says which, in the unit that its name ends with."""

    status = 413


class AnswerTooLarge(LimitError):
    """The answer has more rows or bytes than are sent; nothing of it is, for a part could pass for the whole."""

    title = "Answer too large"


class MemoryLimit(LimitError):
    """Answering took more memory than a request is given."""

    title = "Memory limit reached"


class RequestTooLarge(LimitError):
    """The body is longer than is read."""

    title = "Request too large"


class AddressTooLong(LimitError):
    """The address, with its query, is longer than is read."""

    status = 414
    title = "Address too long"


class HeadersTooLarge(LimitError):
    """The headers are longer than is read."""

    status = 431
    title = "Headers too large"


class TimeLimit(LimitError):
    """Answering took longer than a request is given."""

    status = 504
    title = "Time limit reached"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "60"}


class SlowRequest(LimitError):
    """The client took longer to send its body than it is given."""

    status = 408
    title = "Request too slow"


class BrokenRequest(KgServiceError):
    """What was sent is no whole HTTP request."""

    status = 400
    title = "Broken request"


class Busy(KgServiceError):
    """There is too much to do at the moment."""

    status = 503
    title = "Too busy"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class WorkerLost(KgServiceError):
    """The process that answered has ended; the fault is the service's."""

    status = 503
    title = "Answer lost"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class Unauthorized(KgServiceError):
    """The request lacks the token that the service asks for."""

    status = 401
    title = "Not authorized"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class ConfigurationError(KgServiceError):
    """The service cannot be run as it is configured."""

    title = "Wrong configuration"
