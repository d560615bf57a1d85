"""Content negotiation: which representation a client gets (RFC 9110, sections 12.4 and 12.5.1).

A client's most specific range decides the weight of a type, weight 0 excludes it, and among equal weights
the type that the client named beats one that only a wildcard admits; what is then still equal is settled by
the server's order. Names that clients use for a type beside its registered one (aliases) count when the
client writes them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from kg_service.errors import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Sequence

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

Range = tuple[str, float]
"""A media range and its quality."""


def accepted() -> Sequence[Range]:
    """Return the media ranges of the request's Accept header with their quality; ``*/*`` when it has none."""
    return _ranges(request.headers.get("Accept", ""))


@lru_cache(maxsize=128)  # clients have few, and parsing takes as long as a small query
def _ranges(header: str) -> Sequence[Range]:
    given = parse_accept_header(header, MIMEAccept)
    return tuple((value.partition(";")[0].strip().lower(), quality) for value, quality in given) or (("*/*", 1.0),)


def choose(offers: Sequence[Offer]) -> str:
    """Return the media type to send.

    Raises NotAcceptable, with the list of what there is, when the client takes none of the offers.
    """
    chosen = _best(tuple(offers), accepted())
    if chosen is None:
        available = [offer.media_type for offer in offers]
        raise NotAcceptable("None of the media types asked for can be sent.", available)
    return chosen.media_type


@lru_cache(maxsize=256)
def _best(offers: Sequence[Offer], ranges: Sequence[Range]) -> Offer | None:
    weights = [_weight(offer, ranges) for offer in offers]
    best = max(weights, default=_EXCLUDED)
    return offers[weights.index(best)] if best[0] > 0 else None


def _weight(offer: Offer, ranges: Sequence[Range]) -> Weight:
    registered = _weight_of_name(offer.media_type, ranges)
    if registered is not None and registered[1] == 2:  # noqa: PLR2004 - the client names this very type
        return registered
    named = [weight for alias in offer.aliases for weight in _exact(alias, ranges)]
    return max([*named, registered or _EXCLUDED])


def _exact(name: str, ranges: Sequence[Range]) -> list[Weight]:
    return [(quality, 2) for media_range, quality in ranges if media_range == name]


def _weight_of_name(name: str, ranges: Sequence[Range]) -> Weight | None:
    family = name.partition("/")[0] + "/*"
    for specificity, wanted in ((2, name), (1, family), (0, "*/*")):
        found = [quality for media_range, quality in ranges if media_range == wanted]
        if found:
            return (max(found), specificity)
    return None
