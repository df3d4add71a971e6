"""uuid: version, variant and written form stay; one uuid is one uuid in every spelling."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Uniqueness
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[str]]
SAMPLE = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


@settings(max_examples=50, deadline=None)
@given(st.sets(st.uuids(), min_size=1, max_size=60))
def test_version_and_variant_stay_and_uuids_stay_distinct(mask: Mask, found: set[uuid.UUID]):
    values = sorted(str(each) for each in found)
    masked = mask("uuid", values, base_type="uuid")
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert str(uuid.UUID(result)) == result != value
        assert (result[14], result[19]) == (value[14], value[19])


@settings(max_examples=30, deadline=None)
@given(st.uuids())
def test_spellings_agree_and_stay(mask: Mask, value: uuid.UUID):
    plain, bare = str(value), value.hex
    forms = [plain, plain.upper(), bare, bare.upper(), f"{{{plain}}}", f"{{{bare}}}", value.urn, value.urn.upper()]
    masked = mask("uuid", forms)
    assert {uuid.UUID(each.lower()) for each in masked} == {uuid.UUID(mask("uuid", [plain], base_type="uuid")[0])}
    assert masked[0] == masked[0].lower()
    assert masked[1] == masked[0].upper()
    assert masked[3] == masked[2].upper() == masked[0].replace("-", "").upper()
    assert (masked[4], masked[5]) == (f"{{{masked[0]}}}", f"{{{masked[2]}}}")
    assert masked[6] == f"urn:uuid:{masked[0]}"
    assert masked[7] == masked[6].upper() or masked[7] == "URN:UUID:" + masked[1]


def test_mixed_case_is_the_same_uuid(mask: Mask):
    mixed, plain = mask("uuid", [SAMPLE.replace("a", "A", 1), SAMPLE])
    assert mixed == plain


def test_one_bit_changes_everything(mask: Mask):
    values = [f"00000000-0000-4000-8000-{number:012x}" for number in range(2000)]
    masked = mask("uuid", values, base_type="uuid")
    assert len({each[:8] for each in masked}) > 1990
    assert all(each[14] == "4" and each[19] == "8" for each in masked)


def test_the_nil_uuid_changes_too(mask: Mask):
    nil = str(uuid.UUID(int=0))
    masked = mask("uuid", [nil, str(uuid.UUID(int=2**128 - 1))], base_type="uuid")
    assert masked[0] != nil
    assert masked[0][14] == masked[0][19] == "0"
    assert masked[1][14] == masked[1][19] == "f"


def test_time_goes_unless_it_is_kept(mask: Mask):
    values = [f"018f{number:04x}-1234-7abc-9def-0123456789ab" for number in range(300)]
    gone = mask("uuid", values, base_type="uuid")
    assert sorted(gone) != gone
    assert not {each[:13] for each in gone} & {each[:13] for each in values}
    kept = mask("uuid", values, base_type="uuid", params={"keep_time": True})
    assert sorted(kept) == kept
    for value, result in zip(values, kept, strict=True):
        assert result[:15] == value[:15]
        assert result[-12:] != value[-12:]


def test_version_1_keeps_its_time_but_not_its_card(mask: Mask):
    first = uuid.uuid1(node=0x123456789ABC, clock_seq=5)
    (masked,) = mask("uuid", [str(first)], base_type="uuid", params={"keep_time": True})
    assert uuid.UUID(masked).time == first.time
    assert uuid.UUID(masked).node != first.node


def test_random_uuids_have_no_time_to_keep(mask: Mask):
    (masked,) = mask("uuid", [SAMPLE], params={"keep_time": True})
    assert masked[:8] != SAMPLE[:8]


def test_keys_domains_and_other_texts(mask: Mask):
    assert mask("uuid", [SAMPLE]) != mask("uuid", [SAMPLE], key=b"another key of the tests, 32 bytes")
    assert mask("uuid", [SAMPLE]) != mask("uuid", [SAMPLE], domain="other")
    values = ["", "n/a", SAMPLE[:-1], SAMPLE + "\n", "g" * 32]
    masked = mask("uuid", values)
    assert masked[0] == ""
    assert all(result != value for value, result in zip(values[1:], masked[1:], strict=True))
    assert [len(each) for each in masked] == [len(each) for each in values]


def test_what_is_guaranteed_where():
    transformer = registry.build("uuid")
    native = transformer.guarantees_for(Column("c", "uuid", "uuid", "U"))
    assert (native.uniqueness, native.coincidence) == (Uniqueness.INJECTIVE, Coincidence.DISJOINT)
    text = transformer.guarantees_for(Column("c", "text", "text", "S"))
    assert (text.uniqueness, text.coincidence, text.searchable) == (Uniqueness.HASHED, Coincidence.MAY_COINCIDE, True)


@pytest.mark.parametrize("base_type", ["int4", "bytea", "jsonb"])
def test_other_types_are_refused(base_type: str):
    assert registry.build("uuid").problems(Column("c", base_type, base_type, "U"))
