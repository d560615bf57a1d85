"""Content negotiation: which representation a client gets (RFC 9110, sections 12.4 and 12.5.1).

A client's most specific range decides the weight of a type, weight 0 excludes it, and among equal weights
the type that the client named beats one that only a wildcard admits; what is then still equal is settled by
the server's order. Names that clients use for a type beside its registered one (aliases) count when the
client writes them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from kg_service.errors import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HTML = "text/html"
JSON = "application/json"


@dataclass(frozen=True)
class Offer:
    """A media type the server can send, with the other names clients know it by."""

    media_type: str
    aliases: tuple[str, ...] = ()


HTML_OFFER = Offer(HTML)
JSON_OFFER = Offer(JSON)

Weight = tuple[float, int]
"""Quality 0-1, then how precisely the client named the type: 0 any type, 1 a family, 2 the type."""

_EXCLUDED: Weight = (0.0, 0)


def accepted() -> list[tuple[str, float]]:
    """Return the media ranges of the request's Accept header with their quality; ``*/*`` when it has none."""
    ranges = [(value.partition(";")[0].strip().lower(), quality) for value, quality in request.accept_mimetypes]
    return ranges or [("*/*", 1.0)]


def choose(offers: Sequence[Offer], ranges: Iterable[tuple[str, float]] | None = None) -> str:
    """Return the media type to send.

    Raises NotAcceptable, with the list of what there is, when the client takes none of the offers.
    """
    known = accepted() if ranges is None else list(ranges)
    weights = [_weight(offer, known) for offer in offers]
    best = max(weights, default=_EXCLUDED)
    if best[0] <= 0:
        raise NotAcceptable("None of the media types asked for can be sent.", _available(offers))
    return offers[weights.index(best)].media_type


def _available(offers: Sequence[Offer]) -> list[str]:
    return [offer.media_type for offer in offers]


def _weight(offer: Offer, ranges: list[tuple[str, float]]) -> Weight:
    registered = _weight_of_name(offer.media_type, ranges)
    if registered is not None and registered[1] == 2:  # noqa: PLR2004 - the client names this very type
        return registered
    named = [weight for alias in offer.aliases for weight in _exact(alias, ranges)]
    return max([*named, registered or _EXCLUDED])


def _exact(name: str, ranges: list[tuple[str, float]]) -> list[Weight]:
    return [(quality, 2) for media_range, quality in ranges if media_range == name]


def _weight_of_name(name: str, ranges: list[tuple[str, float]]) -> Weight | None:
    family = name.partition("/")[0] + "/*"
    for specificity, wanted in ((2, name), (1, family), (0, "*/*")):
        found = [quality for media_range, quality in ranges if media_range == wanted]
        if found:
            return (max(found), specificity)
    return None
