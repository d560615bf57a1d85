"""The canonical form of a dataset and its digest: equal whatever the order of files and triples and blank nodes' names.

https://www.w3.org/TR/rdf-canon/ (RDFC-1.0): blank nodes get canonical names, and the N-Quads lines are sorted.
"""

from __future__ import annotations

import hashlib

from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, serialize


def canonical_quads(dataset: Dataset) -> bytes:
    """Return the canonical N-Quads document of a dataset, whose blank nodes are renamed thereby."""
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted_quads(dataset)


def sorted_quads(dataset: Dataset) -> bytes:
    """Return the dataset as N-Quads: one line a quad, sorted by code point (as UTF-8 bytes are)."""
    return b"".join(sorted((serialize(dataset, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)))


def sha256(content: bytes | str) -> str:
    """Return the digest of bytes, or of text as UTF-8, as `sha256:HEX`."""
    raw = content.encode(errors="surrogatepass") if isinstance(content, str) else content
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
