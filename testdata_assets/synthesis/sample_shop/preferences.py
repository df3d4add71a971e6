"""The JSON documents of `users.preferences`: settings with contact data inside, nested and in arrays.

`rules/masking.yaml` lists every leaf written here; a new leaf needs a rule there.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.calendar import END, wall_clock
from testdata_assets.synthesis.sample_shop.contacts import draw_ips, recase
from testdata_assets.synthesis.sample_shop.draw import (
    Ints,
    Rng,
    between,
    chance,
    choose,
    fill_each,
    json_text,
    only,
    pick,
    weighted_index,
)

_SEARCHES = ("standing desk", "linen shirt", "café press", "gift for {other}", "garden hose", "return policy")
_OLD_APP = '{"theme": {theme}, "contact": {"email": {email}}, "beta": {flag}}'
_PLAIN = (
    '{"theme": {theme}, "contact": {"name": {name}, "email": {email}, "phone": {phone}}, '
    '"notifications": {"email": {flag}, "sms": false, "quiet_hours": {"from": "22:00", "to": "07:00"}}, '
    '"last_seen": {seen}}'
)
_FULL = (
    '{"theme": {theme}, "contact": {"name": {name}, "email": {email}, "phone": {phone}, '
    '"backup_emails": [{recased}, {other_email}]}, '
    '"emergency_contacts": [{"name": {other}, "phone": {other_phone}, "relation": "partner"}, '
    '{"name": {third}, "phone": null, "relation": "friend"}], '
    '"devices": [{"os": "iOS 18.2", "last_ip": {ip}, "push": {flag}}, '
    '{"os": "Windows 11", "last_ip": null, "push": false}], '
    '"notifications": {"email": true, "sms": {flag}}, "recent_searches": [{search}, {search2}], "last_seen": {seen}}'
)
_EMPTY_LISTS = (
    '{"theme": {theme}, "contact": {"name": {name}, "email": {email}, "phone": "", "backup_emails": []}, '
    '"emergency_contacts": [], "devices": [], "recent_searches": [], "last_seen": null}'
)
_SHAPES = (_PLAIN, _FULL, _OLD_APP, _EMPTY_LISTS, "{}")
_WEIGHTS = (42, 35, 10, 7, 6)


def draw_preferences(rng: Rng, people: pl.DataFrame, zones: pl.Series, created: Ints) -> pl.Series:
    """Draws a document for seven users in eight; the others have none (SQL NULL).

    Args:
        people: full_name, first, email and phone of n users.
        zones: Their time zones; `last_seen` carries its offset.
        created: When each joined, microseconds since 1970.
    """
    count = people.height
    other, third = rng.integers(0, count, count), rng.integers(0, count, count)
    searches = [
        fill_each(
            weighted_index(rng, count, (8, 6, 5, 2, 4, 3)), _SEARCHES, {"other": people["full_name"].gather(other)}
        )
        for _ in range(2)
    ]
    parts = {
        "theme": pick(rng, count, ('"light"', '"dark"', '"system"')),
        "flag": choose(chance(rng, count, 0.5), "true", "false"),
        "name": json_text(people["full_name"]),
        "email": json_text(people["email"]),
        "phone": json_text(people["phone"]),
        "recased": json_text(recase(rng, people["email"])),
        "other": json_text(people["full_name"].gather(other)),
        "other_email": json_text(people["email"].gather(other)),
        "other_phone": json_text(people["phone"].gather(other)),
        "third": json_text(people["first"].gather(third)),
        "ip": json_text(draw_ips(rng, count)),
        "search": json_text(searches[0]),
        "search2": json_text(searches[1]),
        "seen": json_text(_with_offset(between(rng, created, np.full(count, END)), zones)),
    }
    documents = fill_each(weighted_index(rng, count, _WEIGHTS), _SHAPES, parts)
    return only(documents, chance(rng, count, 0.875))


def _with_offset(microseconds: Ints, zones: pl.Series) -> pl.Series:
    """ISO 8601 with the zone's own offset, as phones report it: `2025-03-01T08:12:44+05:30`."""
    local = wall_clock(microseconds, zones)
    minutes = (local.to_physical().to_numpy() - microseconds) // 60_000_000
    frame = pl.DataFrame({"local": local, "minutes": minutes}).with_columns(size=pl.col("minutes").abs())
    return frame.select(
        pl.concat_str(
            pl.col("local").dt.strftime("%Y-%m-%dT%H:%M:%S"),
            pl.when(pl.col("minutes") < 0).then(pl.lit("-")).otherwise(pl.lit("+")),
            (pl.col("size") // 60).cast(pl.String).str.zfill(2),
            pl.lit(":"),
            (pl.col("size") % 60).cast(pl.String).str.zfill(2),
        )
    ).to_series()
