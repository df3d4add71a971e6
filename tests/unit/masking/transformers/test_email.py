"""email: valid addresses, mapped domains, 60 bits, style."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]

# The addresses that browsers and most validators accept.
VALID = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+"
)
RESERVED = re.compile(r".*\.example\.(com|org|net)", re.IGNORECASE)

local = st.from_regex(r"[a-zA-Z0-9é_-]([a-zA-Z0-9._-]{0,20}[a-zA-Z0-9])?(\+[a-z0-9]{0,8})?", fullmatch=True)
domain = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,8}){1,2}", fullmatch=True)
addresses = st.builds("{}@{}".format, local, domain).filter(lambda address: ".." not in address)


@settings(max_examples=60, deadline=None)
@given(st.lists(addresses, min_size=1, max_size=30), st.sampled_from([None, 300, 44, 40, 33, 24]))
def test_addresses_become_valid_reserved_addresses(mask: Mask, values: list[str], limit: int | None):
    values = [value[-limit:].lstrip(".+@") if limit else value for value in values]
    values = [value for value in values if value.count("@") == 1 and not value.startswith("@")]
    for value, masked in zip(values, mask("email", values, base_type="varchar", limit=limit), strict=True):
        assert VALID.fullmatch(masked)
        assert masked.lower().endswith(("example.com", "example.org", "example.net"))
        assert len(masked.partition("@")[0]) <= 64
        assert ("+" in masked) == ("+" in value) or (limit is not None and limit < 40)


def test_the_longest_address_fits_44_characters(mask: Mask):
    values = [f"{'a' * 30}.{n}b+tagtag@{'d' * 50}.org" for n in range(200)]
    assert max(map(len, mask("email", values))) <= 44


def test_domains_map_one_to_one_whatever_their_case(mask: Mask):
    values = ["a@gmail.com", "b@GMAIL.com", "c@gmail.com", "d@acme.org"]
    domains = [masked.partition("@")[2].lower() for masked in mask("email", values)]
    assert domains[0] == domains[1] == domains[2] != domains[3]
    assert all(RESERVED.fullmatch(one) for one in domains)


def test_kept_and_given_domains(mask: Mask):
    params = {"keep_domains": ["@Acme.org"], "mail_domain": "test.example"}
    kept, mapped = mask("email", ["bob@ACME.org", "bob@gmail.com"], params=params)
    assert kept.endswith("@ACME.org")
    assert not kept.startswith("bob@")
    assert mapped.endswith("@test.example")


def test_style_is_kept(mask: Mask):
    dotted, scored, capital, upper = mask("email", ["a.b@x.com", "a_b@x.com", "Ann.B@x.com", "ANN@X.COM"])
    assert dotted.partition("@")[0].count(".") == 1
    assert scored.partition("@")[0].count("_") == 1
    assert capital[0].isupper()
    assert upper == upper.upper()
    assert not mask("email", ["josé@x.com"])[0].isascii()


def test_a_million_addresses_hold_sixty_bits(mask: Mask):
    values = [f"user{number}@mail.com" for number in range(100_000)]
    hashes = {masked.partition("@")[0][-12:] for masked in mask("email", values)}
    assert len(hashes) == len(values)


@pytest.mark.parametrize("garbage", ["not an address", "a@b@c", "@x", "bob@", "bob@acme.com@", "see .@x"])
def test_what_is_no_address_is_masked_in_its_form(mask: Mask, garbage: str):
    (masked,) = mask("email", [garbage])
    assert re.sub(r"[a-zA-Z]", "x", masked) == re.sub(r"[a-zA-Z]", "x", garbage)
    assert not {word for word in re.findall(r"\w{3,}", garbage)} & set(re.findall(r"\w{3,}", masked))


@pytest.mark.parametrize(
    "text",
    [
        " {} ", "{}\n", "\t{}", "\u00a0{}", "<{}>", "{}, {}", "{};{}", "{},", "{}.", "({})", "{}\n{}\r\n{}", '"{}"',
    ],
)  # fmt: skip
@pytest.mark.parametrize("fold", [False, True])
def test_addresses_inside_a_text_mask_as_they_do_alone(mask: Mask, text: str, fold: bool):
    known = ["anna@corp.com", "Bob.K+x@acme.org", "jösé@x.de"][: text.count("{}")]
    alone = mask("email", known, fold=fold)
    assert mask("email", [text.format(*known)], fold=fold) == [text.format(*alone)]
    # Also beside others, through kernels and in a column of some width.
    values = [text.format(*known), *known, "no address"]
    (inside, *others, _) = mask("email", values, fold=fold, base_type="varchar", limit=300)
    assert (inside, others) == (text.format(*alone), alone)


def test_names_before_an_address_are_masked_too(mask: Mask):
    values = ["Anna Kern <anna@corp.com>", "Anna Kerm <anna@corp.com>", "mailto:anna@corp.com", "anna@corp.com, bob@"]
    masked = mask("email", values)
    (alone,) = mask("email", ["anna@corp.com"])
    assert re.fullmatch(r"[A-Z][a-z]{3} [A-Z][a-z]{3} <" + re.escape(alone) + ">", masked[0])
    assert "Anna" not in masked[0]
    assert len(set(masked)) == len(masked)
    assert masked[2].endswith(f":{alone}")
    assert re.fullmatch(re.escape(alone) + ", [a-z]{3}@", masked[3])


@pytest.mark.parametrize(("limit", "wanted"), [(50, "full"), (44, "full"), (40, "short"), (25, "permuted")])
def test_addresses_inside_a_text_fit_the_column(mask: Mask, limit: int, wanted: str):
    value = " anna.k+x@corp.com "
    (masked,) = mask("email", [value], base_type="varchar", limit=limit)
    assert len(masked) <= limit
    alone = mask("email", [value.strip()], base_type="varchar", limit=limit)[0]
    if wanted == "full":
        assert masked == f" {alone} "
    elif wanted == "short":
        assert masked == f" {mask('email', [value.strip()], base_type='varchar', limit=24)[0]} "
    else:
        assert len(masked) == len(value)


def test_folded_addresses_differ_as_much_as_their_originals(mask: Mask):
    values = ["Bob@x.com", "bob@x.com", "BOB@X.COM", "bOb@x.com", "boB@x.com"]
    masked = mask("email", values, fold=True)
    assert len(set(masked)) == len(values)
    assert len({one.lower() for one in masked}) == 1
    assert len({one.lower() for one in mask("email", values)}) == len(values)
