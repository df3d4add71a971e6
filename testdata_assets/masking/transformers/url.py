"""url: another address of the same structure at a reserved host."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.characters import FIXED, characters, is_space
from testdata_assets.masking.permutation import default_classes, permute_text
from testdata_assets.masking.text_arrays import Pieces, TextArray, is_any, merge_rows, ragged_indices, running
from testdata_assets.masking.transformers._handles import reserved_hosts
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer, scrambled

_SLASH, _COLON, _AT, _PERCENT, _DOT = 0x2F, 0x3A, 0x40, 0x25, 0x2E
_OPEN, _CLOSE = 0x5B, 0x5D
_LONGEST_PORT = len(":65535")


@register
class Url(TextTransformer[Params]):
    """Keeps scheme, port, delimiters and lengths of the parts; maps the host; permutes everything else.

    Equal hosts, IP addresses among them, map to equal subdomains of example.com, .org or .net (RFC 2606). Letters
    and digits of user, path, query and fragment are permuted within their classes; percent escapes stay valid
    UTF-8. What is no URL, or would not fit the column with its new host, is permuted whole, keeping the scheme.
    """

    name = "url"
    summary = "Replaces URLs: scheme and structure kept, host mapped to a reserved one, the rest permuted."
    hashes_values = False
    guarantees = Guarantees(uniqueness=Uniqueness.HASHED, coincidence=Coincidence.DISJOINT, preserves_format=True)
    distribution = NOTHING
    tells_case = True

    def draw(self, draw: Draw) -> pl.Series:
        parts = _Parts(draw.text)
        rows = np.flatnonzero(parts.good)
        if len(rows) < len(draw.text):
            result = scrambled(draw)
            if not len(rows):
                return result
            return merge_rows(result, rows, self.draw(draw.narrowed(rows)))
        text = draw.text
        rest = text.select(~parts.host)
        classes = _classes(text, parts)[~parts.host]
        hosts = text.select(parts.host).to_series()
        masked = reserved_hosts(hosts, draw.hash)
        permuted = permute_text(rest, draw.hash, classes, masked.number >> np.uint64(4))
        before = parts.host_start - text.offsets[:-1]
        pieces = Pieces(len(text))
        pieces.add(permuted.codes, permuted.offsets[:-1], before)
        pieces.add_text(masked.names)
        pieces.add(permuted.codes, permuted.offsets[:-1] + before, permuted.lengths - before)
        result = pieces.join()[0].to_series()
        if draw.limit is None:
            return result
        long = np.flatnonzero((result.str.len_chars() > draw.limit).to_numpy())
        if not len(long):
            return result
        tight = text.take(long)
        whole = permute_text(tight, draw.hash.for_purpose("tight"), _classes(tight, _Parts(tight)))
        return merge_rows(result, long, whole.to_series())


class _Parts:
    """Where the host lies.

    Attributes:
        good: Texts that read as URLs: a host follows `scheme://`, or begins the text and has a dot.
        scheme_end: Position after the scheme's colon.
        host_start, host_end: Positions.
        host: Flags of the hosts' characters.
    """

    def __init__(self, text: TextArray) -> None:
        codes, begins, ends = text.codes, text.offsets[:-1], text.offsets[1:]
        padded = np.append(codes, [0, 0, 0])
        colon = text.first(codes == _COLON)
        small = codes | 0x20
        odd_scheme = ((small < 0x61) | (small > 0x7A)) & ~is_any(codes, "+-.0123456789")
        plain = text.first(odd_scheme) == colon
        absolute = plain & (colon > begins) & (colon + 3 <= ends)
        absolute &= (padded[colon + 1] == _SLASH) & (padded[colon + 2] == _SLASH)
        authority = np.where(absolute, colon + 3, begins)
        stop = np.append(np.flatnonzero(is_any(codes, "/?#")), len(codes))
        authority_end = np.minimum(stop[np.searchsorted(stop, authority)], ends)
        at = np.append(np.flatnonzero(codes == _AT), len(codes))
        last_at = at[np.maximum(np.searchsorted(at, authority_end) - 1, 0)]
        userinfo = (last_at >= authority) & (last_at < authority_end)
        self.host_start = np.where(userinfo, last_at + 1, authority)
        port = np.append(np.flatnonzero(codes == _COLON), len(codes))
        # The colons of an IPv6 address in brackets begin no port.
        close = np.append(np.flatnonzero(codes == _CLOSE), len(codes))
        closed_at = close[np.searchsorted(close, self.host_start)]
        bracketed = absolute & (padded[self.host_start] == _OPEN) & (closed_at < authority_end)
        port_at = port[np.searchsorted(port, np.where(bracketed, closed_at, self.host_start))]
        self.host_end = np.minimum(port_at, authority_end)
        self.authority_end = authority_end
        dots = np.flatnonzero(codes == _DOT)
        inner_end = np.maximum(self.host_end - 1, self.host_start)
        has_dot = np.searchsorted(dots, inner_end) > np.searchsorted(dots, self.host_start)
        blanks = text.count(is_space(codes)) == 0
        self.good = blanks & (self.host_end > self.host_start) & (absolute | (has_dot & ~userinfo))
        self.absolute = absolute
        self.scheme_end = np.where(absolute, colon, begins)
        lengths = np.where(self.good, self.host_end - self.host_start, 0)
        self.host = np.zeros(len(codes), np.bool_)
        self.host[ragged_indices(self.host_start, lengths)] = True


def _classes(text: TextArray, parts: _Parts) -> NDArray[np.int16]:
    """What may change outside the host: not the scheme, the port, nor what keeps an escape valid."""
    codes = text.codes
    classes = default_classes(codes)
    classes[ragged_indices(text.offsets[:-1], parts.scheme_end - text.offsets[:-1])] = FIXED
    digits = running((codes >= 0x30) & (codes <= 0x39))
    port = np.where(parts.good, parts.authority_end - parts.host_end, 0)
    numeric = digits[parts.authority_end] - digits[np.minimum(parts.host_end, parts.authority_end)] == port - 1
    port = np.where(numeric & (port <= _LONGEST_PORT), port, 0)  # what else follows a colon may be anything
    classes[ragged_indices(parts.host_end, port)] = FIXED
    percent = np.flatnonzero(codes == _PERCENT)
    percent = percent[percent + 2 < text.offsets[np.searchsorted(text.offsets, percent, side="right")]]
    high, low = codes[percent + 1], codes[percent + 2]
    escape = percent[is_any(high, "0123456789abcdefABCDEF") & is_any(low, "0123456789abcdefABCDEF")]
    classes[escape + 1] = FIXED
    classes[escape + 2] = FIXED
    # Continuation bytes of UTF-8 may become any other; their upper digit stays 8, 9, A or B.
    continuation = escape[is_any(codes[escape + 1], "89abAB")] + 2
    classes[continuation] = characters().special["hex"]
    return classes
