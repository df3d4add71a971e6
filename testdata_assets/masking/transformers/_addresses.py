"""E-mail addresses: reading them and drawing others, for `email` and for user names that are addresses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from testdata_assets.masking.characters import is_space
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.text_arrays import (
    Pieces,
    Positions,
    TextArray,
    is_any,
    merge_rows,
    ragged_indices,
)
from testdata_assets.masking.transformers._handles import (
    HASH_CHARACTERS,
    base32,
    capitals,
    read_stems,
    reserved_hosts,
)
from testdata_assets.masking.transformers._plain_addresses import PlainAddresses, fits
from testdata_assets.masking.transformers.text import Draw, fold, scrambled

SHORTEST_HASHED = HASH_CHARACTERS + len("@example.com")
LONGEST = 44  # no drawn address is longer, unless its domain was kept or given
_TAG = 3
_AT, _PLUS = 0x40, 0x2B
# What may be an address inside a text: @ between characters that may stand in one, no dot or plus at the edges.
_ODD = r'\s<>()\[\],;:"\\'
_INSIDE = rf"[^{_ODD}@.+][^{_ODD}]*@[^{_ODD}]*[^{_ODD}.]"
_HOLE = "\0"


def read_at(text: TextArray) -> tuple[NDArray[np.bool_], Positions]:
    """Which texts look like addresses (one @ inside, no blanks or brackets), and where their @ is."""
    codes = text.codes
    at = codes == _AT
    position = text.first(at)
    odd = is_space(codes) | is_any(codes, '<>()[],;:"\\')
    good = (text.count(at) == 1) & (text.count(odd) == 0)
    good &= (position > text.offsets[:-1]) & (position < text.offsets[1:] - 1)
    # Neither part begins or ends with a dot, nor the first with a plus.
    first, last = codes[text.offsets[:-1].clip(max=max(len(codes) - 1, 0))], codes[text.offsets[1:] - 1]
    after = codes[np.minimum(position + 1, max(len(codes) - 1, 0))]
    before = codes[np.maximum(position - 1, 0)]
    for edge in (first, last, after, before):
        good &= edge != 0x2E
    return good & (first != _PLUS), position


@dataclass(frozen=True)
class AddressStyle:
    """How drawn addresses look.

    Attributes:
        kept_domains: Lower-case domains that stay.
        mail_domain: One domain for all others, instead of a reserved one for each.
    """

    kept_domains: frozenset[str] = frozenset()
    mail_domain: str | None = None


def draw_addresses(draw: Draw, keyed: KeyedHash, style: AddressStyle) -> pl.Series:
    """Other addresses for texts that are addresses; other texts of the same form for the rest."""
    if draw.limit is not None and draw.limit < SHORTEST_HASHED:
        return scrambled(draw)
    if not fits(draw.limit, style.mail_domain):
        return _draw_any(draw, keyed, style)
    plain = PlainAddresses.read(*draw.bytes, draw.context.fold_case)
    if style.kept_domains and len(plain.rows):
        plain = plain.outside(style.kept_domains)
    if not len(plain.rows):
        return _draw_any(draw, keyed, style)
    seeds = draw.seeds_of(keyed)
    if len(plain.rows) == len(draw.values):
        return plain.draw(seeds, keyed, style.mail_domain)
    other = np.ones(len(draw.values), np.bool_)
    other[plain.rows] = False
    rest = np.flatnonzero(other)
    masked = plain.draw((seeds[0][plain.rows], seeds[1][plain.rows]), keyed, style.mail_domain)
    return merge_rows(merge_rows(draw.values, plain.rows, masked), rest, _draw_any(draw.narrowed(rest), keyed, style))


def _draw_any(draw: Draw, keyed: KeyedHash, style: AddressStyle) -> pl.Series:
    """The same for any texts."""
    good, at = read_at(draw.text)
    rows = np.flatnonzero(good)
    if len(rows) == len(good):
        return _addresses(draw, keyed, style, at)
    rest = np.flatnonzero(~good)
    other = _draw_around(draw if not len(rows) else draw.narrowed(rest), keyed, style)
    if not len(rows):
        return other
    part = draw.narrowed(rows)
    addresses = _addresses(part, keyed, style, read_at(part.text)[1])
    return merge_rows(merge_rows(draw.values, rest, other), rows, addresses)


def _draw_around(draw: Draw, keyed: KeyedHash, style: AddressStyle) -> pl.Series:
    """Texts that are no addresses: each address inside gets its own mask, letters and digits around are permuted."""
    rows = np.flatnonzero(draw.values.str.contains(_INSIDE).to_numpy())
    if not len(rows):
        return scrambled(draw)
    if len(rows) < len(draw.values):
        return merge_rows(scrambled(draw), rows, _draw_around(draw.narrowed(rows), keyed, style))
    found = draw.values.str.extract_all(_INSIDE)
    counts = found.list.len().to_numpy().astype(np.int64)
    inside = Draw(found.explode(), keyed, draw.context)
    # No text of Postgres holds NUL, so it can stand where an address was; permutations leave it.
    around = scrambled(Draw(draw.values.str.replace_all(_INSIDE, _HOLE), draw.hash, draw.context))
    joined = _filled(around, _draw_inside(inside, keyed, style, shortest=False), counts)
    if draw.limit is None:
        return joined
    long = np.flatnonzero((joined.str.len_chars() > draw.limit).to_numpy())
    if not len(long):
        return joined
    joined = merge_rows(
        joined,
        long,
        _filled(around, _draw_inside(inside, keyed, style, shortest=True), counts).gather(pl.Series(long)),
    )
    long = np.flatnonzero((joined.str.len_chars() > draw.limit).to_numpy())
    return merge_rows(joined, long, scrambled(draw, long)) if len(long) else joined


def _draw_inside(inside: Draw, keyed: KeyedHash, style: AddressStyle, *, shortest: bool) -> pl.Series:
    """What stands for addresses inside texts, as it would alone, or in its shortest form."""
    good, at = read_at(inside.text)
    rows = np.flatnonzero(good)
    if len(rows) < len(good):
        result = scrambled(inside)
        if not len(rows):
            return result
        return merge_rows(result, rows, _draw_inside(inside.narrowed(rows), keyed, style, shortest=shortest))
    return _layout(inside, keyed, style, at, level=2) if shortest else _addresses(inside, keyed, style, at)


def _filled(around: pl.Series, inside: pl.Series, counts: Positions) -> pl.Series:
    """Texts with their holes, `counts` each, filled in order."""
    pieces = around.str.split(_HOLE).explode()
    last = np.cumsum(counts + 1) - 1
    holes = np.ones(len(pieces), np.bool_)
    holes[last] = False
    filling = merge_rows(pl.Series([""]).new_from_index(0, len(pieces)), np.flatnonzero(holes), inside)
    frame = pl.DataFrame({"row": np.repeat(np.arange(len(counts)), counts + 1), "piece": pieces, "filling": filling})
    text = pl.concat_str("piece", "filling").str.join("")
    return frame.group_by("row", maintain_order=True).agg(text.alias("text")).get_column("text")


def _addresses(draw: Draw, keyed: KeyedHash, style: AddressStyle, at: Positions) -> pl.Series:
    """All texts are addresses with their @ at `at`."""
    full = _layout(draw, keyed, style, at, level=0)
    if draw.limit is None:
        return full
    for level in (1, 2):
        long = np.flatnonzero((full.str.len_chars() > draw.limit).to_numpy())
        if not len(long):
            break
        part = draw.narrowed(long)
        full = merge_rows(full, long, _layout(part, keyed, style, read_at(part.text)[1], level))
    return full


def _layout(draw: Draw, keyed: KeyedHash, style: AddressStyle, at: Positions, level: int) -> pl.Series:
    """Level 0 is word, separator, hash, tag, domain; 1 leaves the word out; 2 has hash and example.com."""
    text, seeds = draw.text, draw.seeds_of(keyed)
    begins = text.offsets[:-1]
    plus_at = np.append(np.flatnonzero(text.codes == _PLUS), len(text.codes))
    plus = plus_at[np.searchsorted(plus_at, begins)]
    tagged = (plus < at) & (level < 2)
    stem_end = np.where(plus < at, plus, at)
    stem = read_stems(text, begins, stem_end, seeds[1])
    pieces = Pieces(len(text))
    worded = level == 0
    word = pieces.add_text(stem.words(worded))
    pieces.add(text.codes, stem.separator, stem.separated * worded)
    hashed = pieces.add_text(base32(seeds[0], HASH_CHARACTERS))
    pieces.add_constant("+", tagged)
    tag = np.minimum(at - plus - 1, _TAG if worded else 1)
    pieces.add(base32(seeds[1], _TAG).codes, np.arange(len(text)) * _TAG, tag * tagged)
    pieces.add_constant("@")
    if level < 2:
        _add_domain(pieces, draw, keyed, style, at)
    else:
        pieces.add_constant("example.com")
    masked, edges = pieces.join()
    capitals(draw, masked, (edges[:, hashed], edges[:, hashed + 1]), edges[:, word], stem)
    return masked.to_series()


def _add_domain(pieces: Pieces, draw: Draw, keyed: KeyedHash, style: AddressStyle, at: Positions) -> None:
    text = draw.text
    lengths = text.offsets[1:] - at - 1
    domains = TextArray(text.codes[ragged_indices(at + 1, lengths)], np.append(0, np.cumsum(lengths)))
    series = domains.to_series()
    kept = np.zeros(len(text), np.bool_)
    if style.kept_domains:
        kept = fold(series).is_in(sorted(style.kept_domains)).to_numpy()
    pieces.add(domains.codes, domains.offsets[:-1], lengths * kept)
    if style.mail_domain is not None:
        pieces.add_constant(style.mail_domain, ~kept)
        return
    hosts = reserved_hosts(series, keyed)
    names = hosts.names
    pieces.add(names.codes, names.offsets[:-1], names.lengths * ~kept)
