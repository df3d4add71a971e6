"""url: structure stays, hosts are mapped, the rest is permuted."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]

hosts = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z]{2,5}){1,2}", fullmatch=True)
rests = st.from_regex(
    r"(/[a-z0-9]{0,6}){0,3}(\?[a-z]{1,3}=[a-z0-9]{0,5}(&[a-z]=[0-9])?)?(#[a-z]{0,4})?", fullmatch=True
)
urls = st.builds("{}://{}{}".format, st.sampled_from(["http", "https", "HTTPS", "ftp"]), hosts, rests)


@settings(max_examples=50, deadline=None)
@given(st.sets(urls, min_size=1, max_size=30))
def test_structure_stays_and_hosts_are_reserved(mask: Mask, values: set[str]):
    ordered = sorted(values)
    masked = mask("url", ordered)
    assert len(set(masked)) == len(values)
    for value, result in zip(ordered, masked, strict=True):
        before, after = urlsplit(value), urlsplit(result)
        assert after.scheme == before.scheme
        assert re.fullmatch(r"[a-z2-7]{8}\.example\.(com|org|net)", after.hostname or "")
        for part in ("path", "query", "fragment"):
            assert re.sub(r"\w", "x", getattr(after, part)) == re.sub(r"\w", "x", getattr(before, part))


def test_equal_hosts_stay_equal(mask: Mask):
    masked = mask("url", ["https://acme.com/a", "http://ACME.com", "acme.com/b", "https://other.com"])
    names = [(urlsplit(url).hostname or url.split("/")[0]).lower() for url in masked]
    assert names[0] == names[1] == names[2] != names[3]


def test_ports_users_and_escapes(mask: Mask):
    (masked,) = mask("url", ["http://bob:secret@acme.com:8080/J%C3%A9r%20x?mail=jane%40acme.com"])
    assert urlsplit(masked).port == 8080
    assert "bob" not in masked
    assert "secret" not in masked
    assert "acme" not in masked
    assert unquote(masked, errors="strict").count("@") == 2
    assert masked.count("%20") == 1


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("https://[::1]/", r"https://H/"),
        ("https://[2001:db8::17]:8443/a?b=c", r"https://H:8443/[a-z]\?[a-z]=[a-z]"),
        ("http://bob@[fe80::1%25eth0]", r"http://[a-z]{3}@H"),
    ],
)
def test_ipv6_addresses_are_hosts(mask: Mask, value: str, pattern: str):
    masked, same = mask("url", [value, value.replace("a?b", "c?d")])
    assert re.fullmatch(pattern.replace("H", r"[a-z2-7]{8}\.example\.(com|org|net)"), masked)
    assert urlsplit(masked).hostname == urlsplit(same).hostname
    assert urlsplit(masked).port == urlsplit(value).port


@pytest.mark.parametrize(
    "value", ["http://acme:john/x", "http://[2001:db8::1", "http://2001:db8::17/", "ssh://a:123456"]
)
def test_what_is_no_port_is_not_kept(mask: Mask, value: str):
    (masked,) = mask("url", [value])
    after, before = masked.partition("://")[2], value.partition("://")[2]
    assert after.partition(":")[2] != before.partition(":")[2]
    assert re.sub(r"\w", "x", after.partition(":")[2]) == re.sub(r"\w", "x", before.partition(":")[2])


@pytest.mark.parametrize("other", ["/relative/path", "no url at all", "mailto:bob@acme.com"])
def test_other_texts_are_permuted(mask: Mask, other: str):
    (masked,) = mask("url", [other])
    assert len(masked) == len(other)
    assert not set(re.findall(r"\w{3,}", other)) & set(re.findall(r"\w{3,}", masked))


def test_short_columns_get_a_permuted_url(mask: Mask):
    (masked,) = mask("url", ["https://acme.com/x"], base_type="varchar", limit=20)
    assert re.fullmatch(r"https://[a-z]{4}\.[a-z]{3}/[a-z]", masked)


@pytest.mark.parametrize(
    ("value", "following"), [("abc.de", "x//y"), ("abc.de:", "//y.de"), ("a.de/%", "41.de/41"), ("a.de/%4", "1.de/41")]
)
def test_what_follows_makes_no_difference(mask: Mask, value: str, following: str):
    assert mask("url", [value, following]) == mask("url", [value]) + mask("url", [following])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab1.:/@%?", min_size=1, max_size=8), min_size=2, max_size=6))
def test_neighbours_make_no_difference(mask: Mask, values: list[str]):
    assert mask("url", values) == [each for value in values for each in mask("url", [value])]
