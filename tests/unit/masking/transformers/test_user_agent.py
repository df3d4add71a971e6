"""user_agent: family, platform and age stay, the rest is the pool's."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._user_agents import FAMILIES, PLATFORMS, pool
from testdata_assets.masking.transformers.base import Uniqueness
from testdata_assets.masking.transformers.user_agent import _read
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
SAMPLES = [
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/124.0.6367.91 Safari/537.36", "chrome", "windows", 12),
    (f"Mozilla/5.0 (Linux; Android 13; SM-S918B) {WEBKIT} Chrome/119.0.1.2 Mobile Safari/537.36",
     "chrome", "android", 11),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/118.0.0.0 Safari/537.36", "chrome", "chromeos", 11),
    (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/123.0.0.0 Safari/537.36 Edg/123.0.2420.97", "edge", "windows", 12),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "firefox", "linux", 11),
    ("Mozilla/5.0 (Android 12; Mobile; rv:109.0) Gecko/113.0 Firefox/113.0", "firefox", "android", 11),
    (f"{IPHONE} Version/17.2 Mobile/15E148 Safari/604.1", "safari", "iphone", 1),
    (f"{IPHONE} CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1", "chrome", "iphone", 12),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/16.5 Safari/605.1.15",
     "safari", "mac", 1),
    (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/114.0.0.0 Safari/537.36 OPR/100.0.0.0", "opera", "windows", 10),
    (f"Mozilla/5.0 (Linux; Android 13; SM-S908) {WEBKIT} SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
     "samsung", "android", 2),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "internet explorer", "windows", 1),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "googlebot", "any", 0),
    ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "other bot", "any", 0),
    ("curl/7.88.1", "curl", "any", 0),
    ("python-requests/2.31.0", "python", "any", 0),
]  # fmt: skip


def described(text: str) -> tuple[str, str, int]:
    family, platform, major = (int(each[0]) for each in _read(pl.Series([text.lower()])))
    return FAMILIES[family].name, list(PLATFORMS)[platform], major // 10


@pytest.mark.parametrize(
    ("value", "family", "platform", "band"), SAMPLES, ids=[f"{each[1]} {each[2]}" for each in SAMPLES]
)
def test_family_platform_and_band_stay(mask: Mask, value: str, family: str, platform: str, band: int):
    assert described(value) == (family, platform, band)
    variants = [value, value + " x", value + " yz", value + " 12"]
    for variant, result in zip(variants, mask("user_agent", variants), strict=True):
        assert described(result) == (family, platform, band)
        assert result != variant
        assert "#" not in result


def test_every_pool_text_is_told_as_what_it_is():
    texts = pool()
    whole = []
    for row in range(len(texts.marks)):
        parts = [str(text.take(pl.Series([row]).to_numpy()).to_series()[0]) for text in texts.texts]
        whole.append("120".join(parts[: texts.marks[row] + 1]).lower())
    family, platform, _ = _read(pl.Series(whole))
    for number, each in enumerate(FAMILIES):
        for column, name in enumerate(PLATFORMS):
            start, count = int(texts.first[number, column]), int(texts.count[number, column])
            assert count > 1
            assert set(family[start : start + count].tolist()) == {number}
            if name in each.pool and name != "any":
                assert set(platform[start : start + count].tolist()) == {column}


def test_versions_are_never_newer(mask: Mask):
    values = [SAMPLES[0][0].replace("124", str(major)) for major in range(100, 160)]
    for major, result in zip(range(100, 160), mask("user_agent", values), strict=True):
        found = int(re.search(r"Chrome/(\d+)", result)[1])  # type: ignore[index]
        assert major - major % 10 <= found <= major


def test_rare_devices_vanish(mask: Mask):
    values = [f"Mozilla/5.0 (Linux; Android 13; Rare{number}) {WEBKIT} Chrome/119.0.1.2 Mobile Safari/537.36"
              for number in range(500)]  # fmt: skip
    masked = mask("user_agent", values)
    assert not any("Rare" in each for each in masked)
    assert 50 < len(set(masked)) < 500


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([each[0] for each in SAMPLES]), st.text("abc 123/;()", max_size=20))
def test_masks_are_deterministic(mask: Mask, value: str, tail: str):
    assert mask("user_agent", [value + tail]) == mask("user_agent", ["x", value + tail])[1:]
    assert mask("user_agent", [value + tail], fold=True) != [value + tail]


def test_keys_and_domains_matter(mask: Mask):
    values = [SAMPLES[1][0].replace("SM-S918B", f"SM-{number}") for number in range(100)]
    plain = mask("user_agent", values)
    for other in (mask("user_agent", values, key=b"another key of the tests, 32 bytes"),
                  mask("user_agent", values, domain="other")):  # fmt: skip
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 20


def test_unknown_blank_and_narrow(mask: Mask):
    unknown = ["", "MyApp internal 12", "-x-"]
    masked = mask("user_agent", unknown)
    assert masked[0] == ""
    assert all(one != two and len(one) == len(two) for one, two in zip(unknown[1:], masked[1:], strict=True))
    narrow = mask(
        "user_agent", [SAMPLES[0][0][:60]] + [each[0][:60] for each in SAMPLES], base_type="varchar", limit=60
    )
    assert all(len(each) <= 60 for each in narrow)


def test_what_is_guaranteed():
    text = Column("c", "text", "text", "S")
    assert registry.build("user_agent").guarantees_for(text).uniqueness is Uniqueness.LOSSY
    assert registry.build("user_agent").problems(Column("c", "bigint", "int8", "N"))
