"""Canonical forms: what is the same in other clothes has one form, what differs has another; both ways agree."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking import canonical, kernels, word_hashes
from testdata_assets.masking.canonical import (
    FIRST_CODE_TAG,
    LOCAL_TAG,
    LONG_TAG,
    Filter,
    as_national,
    forms,
    longer_runs,
    probes,
    runs,
)
from testdata_assets.masking.fingerprint_filters import filter_of

SEED = 7
ODD = st.text(alphabet="abXYZ0019234 .@-(0)+é李ß\n\t/'_\x00\u00a0", max_size=40)


def form(value: str) -> int:
    return int(forms(pl.Series([value]), SEED)[0][0])


@pytest.mark.parametrize(
    "same",
    [
        ["Ann.Lee@Corp.com", "  ANN.LEE@CORP.COM\n", "<ann.lee@corp.com>"],
        ["Mary van Dyke", "MARY VAN DYKE", "Dyke, Mary van", "mary\u00a0van  dyke", "Mary-van_Dyke"],
        ["+44 20 7946 0958", "0044 20 7946 0958", "+44 (0)20 7946 0958", "44.20.7946.0958", "442079460958"],
        ["GB82 WEST 1234 5698 7654 32", "gb82west12345698765432", "GB82-WEST-1234-5698-7654-32"],
        ["Hauptstraße 5", "HAUPTSTRASSE 5"],
        ["юлия@почта.рф", "ЮЛИЯ@ПОЧТА.РФ"],
        ["Jörg Müller", "Jo\u0308rg Mu\u0308ller", "ＪÖＲＧ Müller", "Jorg Muller"],
        ["Łukasz Đoković", "Lukasz Dokovic", "ŁUKASZ ĐOKOVIĆ"],
        ["İstanbul Ærø", "istanbul aero"],
        ["Андрей Ёлкин", "АНДРЕЙ ЕЛКИН"],
        ["김철수 님", "\u1100\u1175\u11b7\u110e\u1165\u11af\u1109\u116e 님"],
        ["Mary\u00ad van\u200b Dyke\u200e", "Mary van Dyke"],
        ["4012 8888 8888 1881", "4012-8888-8888-1881", "4012888888881881"],
        ["+44 20 7946 0958", "+٤٤ ٢٠ ٧٩٤٦ ٠٩٥٨", "+४४ २० ७९४६ ०९५८", "۴۴۲۰۷۹۴۶۰۹۵۸"],
        ["442079460958", "＋４４ ２０ ７９４６ ０９５８", "𝟒𝟒𝟐𝟎𝟕𝟗𝟒𝟔𝟎𝟗𝟓𝟖", "𞥔𞥔𞥒𞥐𞥗𞥙𞥔𞥖𞥐𞥙𞥕𞥘"],
        ["شارع النيل ١٢", "شارع النيل 12"],
    ],
)
def test_the_same_in_other_clothes_has_one_form(same: list[str]) -> None:
    assert len({form(value) for value in same}) == 1
    assert form(same[0]) != 0


def test_what_differs_has_another_form() -> None:
    different = ["Mary Dyke", "Mary van Dyke", "Mary van Dijk", "Maryvan Dyke", "ann.lee@corp.com", "ann.lee@corp.org"]
    different += ["442079460958", "442079460985", "4420794609580", "47 Oak Street", "48 Oak Street"]
    assert len({form(value) for value in different}) == len(different)


@pytest.mark.parametrize("value", ["", "  ", "Juan", "12345", "123456", "***", "0000000", "(0)", "10 47 11", "❤️❤️❤️"])
def test_what_says_too_little_has_no_form(value: str) -> None:
    assert form(value) == 0


def test_a_hash_tells_what_it_was_made_of() -> None:
    long = " ".join(f"word{letter}" for letter in "abcdefghijklmn")
    values = ["Johnson", "Mary van Dyke", long, "1234567", "442079460958"]
    tags = [form(value) & 31 for value in values]
    assert tags == [1, 3, LONG_TAG, FIRST_CODE_TAG, FIRST_CODE_TAG + 5]


@pytest.mark.parametrize(
    ("address", "telling"),
    [
        ("mary.smith@corp.com", True),
        ("msmith1987@corp.com", True),
        ("marysmith@corp.com", False),  # one word that anybody may write
        ("info1@corp.com", False),
        ("mary.smith", False),
        ("mary smith@corp.com", False),
        ("mary.smith@corp@com", False),
        ("12345678@corp.com", False),
    ],
)
def test_telling_local_parts_have_a_form_of_their_own(address: str, telling: bool) -> None:
    local = int(forms(pl.Series([address]), SEED)[1][0])
    assert (local != 0) == telling
    assert not telling or local & 31 == LOCAL_TAG
    assert not telling or local != form(address.partition("@")[0])


def test_seeds_give_unrelated_forms() -> None:
    values = pl.Series([f"Person {letter} Name" for letter in "abcdefgh"])
    assert not set(forms(values, 1)[0].tolist()) & set(forms(values, 2)[0].tolist())


def test_forms_collide_no_more_often_than_chance() -> None:
    values = pl.Series([f"{a} {b} street" for a in range(500) for b in range(a, 500)])
    assert len(np.unique(forms(values, SEED)[0])) == len(values)


def found(text: str, *wanted: str) -> list[str]:
    whole, local = forms(pl.Series(wanted), SEED)
    hashes = np.unique(np.concatenate((whole, local)))
    hashes = hashes[hashes != 0]
    these = runs(pl.Series(["nothing here", text]), SEED, filter_of(hashes))
    these = these.chosen(np.flatnonzero(np.isin(these.hashes, hashes)))
    assert set(these.rows.tolist()) <= {1}
    return sorted(set(these.texts().to_list()))


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("call Mary van Dyke, now", "mary van dyke", ["Mary van Dyke"]),
        ("for DYKE, MARY VAN.", "mary van dyke", ["DYKE, MARY VAN"]),
        ("Mary called van Dyke", "mary van dyke", []),
        ("order 4711, +44 (0)20 7946-0958 please", "+442079460958", ["20 7946-0958", "44 (0)20 7946-0958"]),
        ("x 0044 20 7946 0958 y", "+442079460958", ["0044 20 7946 0958", "20 7946 0958"]),
        ("to <ann.lee@corp.com>; now", "Ann.Lee@corp.com", ["ann.lee@corp.com"]),
        ("user mary.smith said", "mary.smith@corp.com", ["mary.smith"]),
        ("user mary smith said", "mary.smith@corp.com", []),
        ("/home/alex1992/x.png", "alex1992", ["alex1992"]),
    ],
)
def test_runs_of_words_are_found_inside_texts(text: str, wanted: str, expected: list[str]) -> None:
    assert found(text, wanted) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(ODD, min_size=1, max_size=30))
def test_compiled_and_general_way_agree(values: list[str]) -> None:
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    from testdata_assets.masking.kernels import canonical as compiled

    values += ["+49 (0)30 1234567", "0044 20 7946 0958", "1 555 223 4567", " ".join(values), "x y " * 7]
    data, offsets = canonical.prepared(pl.Series(values, dtype=pl.String))
    keys = word_hashes.keys_of(SEED)
    general = word_hashes.forms(data, offsets, keys)
    fast = [np.zeros(len(values), np.uint64) for _ in general]
    keyed = (word_hashes.CLASSES, keys.table, np.uint64(keys.base), keys.mixers, word_hashes.CALLING)
    compiled.forms(data, offsets, *keyed, *fast)
    for one, other in zip(general, fast, strict=True):
        assert np.array_equal(one, other)


def test_runs_agree_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    from testdata_assets.masking.kernels import canonical as compiled

    rng = random.Random(5)
    alphabet = "abcXY0192 .@-(0)+é李\n"
    texts = ["+49 30 1234567 or 0044 (0)20 7946 0958, 1 555 223 4567 +39 06 1234567", "a b c d " * 8]
    values = pl.Series(["".join(rng.choices(alphabet, k=rng.randrange(60))) for _ in range(1500)] + texts)
    everything = Filter(np.full(1 << 13, 255, np.uint8), 48, np.ones(32, np.uint8))
    results, tested = [], []
    for module in (compiled, None):
        monkeypatch.setattr(kernels, "load", lambda _name, _count, module=module: module)
        each = runs(values, SEED, everything)
        results.append(
            sorted(zip(each.rows.tolist(), each.hashes.tolist(), each.starts.tolist(), each.ends.tolist(), strict=True))
        )
        tested.append(each.codes.tolist())
    assert results[0] == results[1]
    assert len(results[0]) > 3000
    assert tested[0] == tested[1]
    assert 0 < sum(tested[0][FIRST_CODE_TAG:]) < sum(each & 31 >= FIRST_CODE_TAG for _, each, _, _ in results[0])


def test_a_filter_passes_what_it_was_made_of_and_little_else() -> None:
    hashes = np.unique(forms(pl.Series([f"person{i}@mail.net" for i in range(20_000)]), SEED)[0])
    others = np.unique(forms(pl.Series([f"nobody{i}@mail.net" for i in range(20_000)]), SEED)[0])
    made = filter_of(hashes)
    assert made.passes(hashes).all()
    assert made.passes(others).mean() < 0.1
    assert not filter_of(np.zeros(0, np.uint64)).passes(others).any()


@pytest.mark.parametrize("filling", ["words of no use, ", "xyzöß"])
def test_long_texts_are_looked_at_in_portions(filling: str) -> None:
    size = 3 * canonical._PORTION
    wanted = forms(pl.Series(["Mary van Dyke", "+44 20 7946 0958"]), SEED)[0]
    piece = size // 40 // len(filling)
    text = "".join(filling * piece + " Mary\n van Dyke, +44 20 7946-0958 " for _ in range(40))
    values = pl.Series(["Mary van Dyke", text, "call Mary van Dyke", ""])
    found = runs(values, SEED, filter_of(np.sort(wanted)))
    found = found.chosen(np.flatnonzero(np.isin(found.hashes, wanted)))
    places = {(row, start) for row, start in zip(found.rows.tolist(), found.starts.tolist(), strict=True)}
    assert len([row for row, _ in places if row == 1]) == 80
    assert {row for row, _ in places} == {0, 1, 2}
    assert {text.lower() for text in found.texts()} == {"mary van dyke", "mary\n van dyke", "44 20 7946-0958"}


def test_of_very_long_values_the_beginning_counts() -> None:
    start = "some words " * (canonical.LONGEST // 11 + 1)
    assert form(start + "one end") == form(start + "another end") != 0
    assert form("other " + start) != form(start)


@pytest.mark.parametrize(
    ("international", "national"),
    [
        ("+49 30 1234567", "030 1234567"),
        ("0049 30 1234567", "(030) 123-4567"),
        ("+49 (0)30 1234567", "0301234567"),
        ("(+49) 030-1234567", "30 1234567"),
        ("+1 (555) 223-4567", "555-223-4567"),
        ("1 555 223 4567", "555.223.4567"),
        ("+39 06 1234567", "06 1234567"),
        ("+7 912 345-67-89", "912 3456789"),
        ("8 912 345-67-89", "9123456789"),
        ("+358 9 1234567", "09 1234567"),
    ],
)
def test_a_number_is_known_with_and_without_its_calling_code(international: str, national: str) -> None:
    """Whichever of the two production has, the other is found, alone and inside text."""
    stored, at_home = probes(pl.Series([international]), SEED)
    there, nothing = probes(pl.Series([national]), SEED)
    assert stored[0] != there[0]
    assert at_home[0] == there[0] != 0
    assert nothing[0] == 0
    # Production has the international number.
    assert as_national(there, SEED)[0] in forms(pl.Series([international]), SEED)[1]
    assert found(f"call {national} now", international) == [national.strip("(")]
    # Production has the national one.
    assert forms(pl.Series([national]), SEED)[0][0] == at_home[0]
    assert any(each in f"{international}" for each in found(f"call {international} now", national))


@pytest.mark.parametrize(
    "number", ["4930 1234567", "442079460958", "4012888888881881", "+49 30 1234", "12341678901", "GB82WEST1234"]
)
def test_a_number_that_tells_no_calling_code_has_none(number: str) -> None:
    assert probes(pl.Series([number]), SEED)[1][0] == 0


LONG = "On the third of May she moved from the old flat above the bakery to the house by the quiet river."


@pytest.mark.parametrize("way", ["compiled", "general"])
def test_a_long_value_is_found_where_all_of_it_is(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "general":
        monkeypatch.setattr(kernels, "load", lambda _name, _count: None)
    whole, more = forms(pl.Series([LONG]), SEED)
    wanted = np.unique(np.concatenate((whole, more[more != 0])))
    texts = pl.Series(
        [
            "x",
            f"note (1): {LONG.upper()} -- end. {LONG}",
            LONG,
            LONG[:-8],
            f"{LONG[:30]} {LONG[30:]} and so on. " * 3,
            "old words " * 30,
        ]
    )
    found = runs(texts, SEED, filter_of(wanted))
    openings = found.chosen(np.flatnonzero(np.isin(found.hashes, wanted)))
    assert set(openings.rows.tolist()) == {1, 2, 3, 4}
    longer = longer_runs(openings, SEED, filter_of(wanted))
    longer = longer.chosen(np.flatnonzero(np.isin(longer.hashes, wanted)))
    assert longer.rows.tolist() == [1, 1, 2, 4, 4, 4]
    assert {" ".join(text.lower().split()) for text in longer.texts()} == {LONG.lower().strip(".")}


def test_an_opening_is_found_after_a_word_that_it_ends_with() -> None:
    whole, more = forms(pl.Series([LONG]), SEED)
    wanted = np.unique(np.concatenate((whole, more[more != 0])))
    word = LONG.split()[12]
    found = runs(pl.Series([f"{word} {LONG} and so on"]), SEED, filter_of(wanted))
    openings = found.chosen(np.flatnonzero(np.isin(found.hashes, wanted)))
    assert whole[0] in longer_runs(openings, SEED, filter_of(wanted)).hashes


@pytest.mark.parametrize("others", [[], ["x"]])
def test_the_end_of_a_long_text_is_looked_at(others: list[str]) -> None:
    address = "bob.miller77@corp.example"
    wanted = forms(pl.Series([address]), SEED)[0]
    text = f"{'many words ' * 150_000} {address}"
    found = runs(pl.Series([text, *others]), SEED, filter_of(wanted))
    assert found.texts().to_list()[-1] == address
    assert wanted[0] in found.hashes


def test_words_that_repeat_all_over_a_text_take_no_longer() -> None:
    value = "old " * 20
    whole, more = forms(pl.Series([value]), SEED)
    wanted = np.unique(np.concatenate((whole, more[more != 0])))
    found = runs(pl.Series(["old " * 20_000]), SEED, filter_of(wanted))
    openings = found.chosen(np.flatnonzero(np.isin(found.hashes, wanted)))
    assert len(openings.rows) > 19_000
    longer = longer_runs(openings, SEED, filter_of(wanted))
    assert len(longer.rows) < 20_000
    assert whole[0] in longer.hashes


def test_what_may_be_spelled_out_is_stored_both_ways() -> None:
    stored = np.concatenate(forms(pl.Series(["Jörg Müller", "Bjørn Åberg", "Plain Name"]), SEED))
    for each in ("Joerg Mueller", "JORG MULLER", "Bjoern Aaberg", "Bjorn Aberg", "Plain Name"):
        assert form(each) in stored
    assert form("Paelain Name") not in stored


@pytest.mark.parametrize(
    "leaked",
    ["Bjoern Akesson", "Bjorn Aakesson", "BJORN AAKESSON", "Aakesson, Bjorn", "Jurgen Mueller", "Juergen Muller"],
)
def test_a_value_is_found_with_some_of_its_letters_spelled_out(leaked: str) -> None:
    stored = np.concatenate(forms(pl.Series(["Bjørn Åkesson", "Ju\u0308rgen MU\u0308LLER", "Åsa"]), SEED))
    assert form(leaked) in stored
    assert form("Bjorn Mueller") not in stored


def test_ways_to_spell_a_value_are_bounded() -> None:
    def count(value: str) -> int:
        return len(np.unique(np.concatenate(forms(pl.Series([value]), SEED)))) - 1  # and zero

    assert [count(f"Familie {'ö' * letters}") for letters in range(7)] == [1, 2, 4, 8, 16, 2, 2]
    assert count("zwei Ötztäler " + "und ein langer Satz ohne einen einzigen davon " * 3) == 2 + 2  # and their openings
    assert form("Sorgaard Nygaard") in np.concatenate(forms(pl.Series(["Sørgård\nNygård"]), SEED))
