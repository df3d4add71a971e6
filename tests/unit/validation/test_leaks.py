"""The leak search: finds what must be found wherever it is, and stays silent where a match is chance."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from testdata_assets.masking.fingerprint_collector import FingerprintCollector, Rank
from testdata_assets.masking.sensitive import member_hashes, members_of
from testdata_assets.validation.column_hits import ColumnHits, Role, by_chance
from testdata_assets.validation.leaks import LeakDetector, is_strong
from testdata_assets.validation.report import Finding

MOVED = "On the third of May she moved from the old flat above the bakery to the house by the quiet river."
SENSITIVE = {
    "public.users.email": ["Ann.Lee@Corp.com", "o'hara+news@mail.ie", "юлия@почта.рф"],
    "public.users.full_name": ["Mary van Dyke", "Ana O'Brien-Smith", "李小龙先生", "Juan"],
    "public.users.phone": ["+44 20 7946 0958", "(030) 901820-11", "14033335568"],
    "public.users.street": ["47 MySakila Drive", "Hauptstraße 5", "12 rue de la Paix"],
    "public.users.username": ["alex1992", "sunshine", "jackson", "williams", "johnson", "millers"],
    "public.users.card": ["4012888888881881"],
    "public.users.accented": ["José García López", "Jürgen Müller"],
    "public.users.letter": [MOVED],
    "public.users.city": ["Bad Homburg", "reykjavik", "São Paulo"],
    "public.users.nickname": ["mallorca"],
    "public.users.bio": ["I was born in Bath and never left it", "thank you very much", "Please Call Me"],
}


@pytest.fixture(scope="module")
def detector() -> LeakDetector:
    collector = FingerprintCollector(seed=11)
    for column, values in SENSITIVE.items():
        collector.add(column, pl.Series(values))
    return LeakDetector(
        collector.finish(), prose={"public.users.bio"}, coinciding={"public.users.card", "public.users.city"}
    )


def search(
    detector: LeakDetector,
    values: list[str],
    role: Role = "kept",
    *,
    embedded: bool = True,
    counts: list[int] | None = None,
) -> list[tuple[str, int]]:
    hits = ColumnHits(role, frozenset({"public.users.username"}))
    detector.probe(
        pl.Series(values, dtype=pl.String),
        None if counts is None else pl.Series(counts, dtype=pl.Int64),
        hits,
        embedded=embedded,
    )
    found = hits.findings("public.t", "c")
    assert all((finding.table, finding.column_or_object) == ("public.t", "c") for finding in found)
    return [(finding.kind, finding.count) for finding in found]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("ann.lee@corp.com", "value of public.users.email"),
        ("  ANN.LEE@CORP.COM ", "value of public.users.email"),
        ("mary van dyke", "value of public.users.full_name"),
        ("14033335568", "value of public.users.phone"),
        ("47 mysakila drive", "value of public.users.street"),
        ("alex1992", "value of public.users.username"),
        ("see ann.lee@corp.com.", "value of public.users.email inside text"),
        ('{"to": "юлия@почта.рф"}', "value of public.users.email inside text"),
        ("mailto:o'hara+news@mail.ie?subject=x", "value of public.users.email inside text"),
        ("call +44 20 7946 0958, please", "value of public.users.phone inside text"),
        ("tel:14033335568", "value of public.users.phone inside text"),
        ("for Mary van Dyke, upstairs", "value of public.users.full_name inside text"),
        ("FOR MARY VAN DYKE", "value of public.users.full_name inside text"),
        ("Frau Ana O'Brien-Smith.", "value of public.users.full_name inside text"),
        ("wohnt Hauptstraße 5 im Hof", "value of public.users.street inside text"),
        ("to 47 MySakila Drive!", "value of public.users.street inside text"),
        ("I was born in Bath and never left it", "value of public.users.bio"),
        ("known as alex1992 there", "value of public.users.username inside text"),
    ],
)
def test_a_sensitive_value_is_found_in_a_kept_column(detector: LeakDetector, value: str, kind: str) -> None:
    assert search(detector, ["something else", value, "more words here"]) == [(kind, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "sunshine",  # one word: chance, unless the column is a copy
        "the sunshine of Jackson and Williams",
        "we thank you very much for it",  # prose inside prose proves nothing
        "Please Call Me tomorrow",
        "thank you very much",  # nor as a value of its own
        "mary van lines",
        "Juan",  # too short to have a fingerprint
        "10 47 11",
        "ann.lee@corp.community",
        "",
    ],
)
def test_chance_matches_stay_silent_in_kept_columns(detector: LeakDetector, text: str) -> None:
    assert search(detector, [text, "another value", "a third"]) == []


def test_a_copied_column_is_found_word_by_word(detector: LeakDetector) -> None:
    names = ["sunshine", "jackson", "williams", "johnson", "millers"]
    assert search(detector, [*names, "elsewhere"]) == [("value of public.users.username", 5)]
    assert search(detector, [*names, *(f"actor{letter}x" for letter in "abcdefgh")]) == []
    assert search(detector, names[:2]) == []  # two out of two: too few to tell


def test_masked_columns_that_promise_disjoint_values_admit_no_match(detector: LeakDetector) -> None:
    assert search(detector, ["sunshine", "x" * 9], "disjoint") == [("value of public.users.username", 1)]
    assert search(detector, ["sunshine", "x" * 9], "masked") == []
    assert search(detector, ["mallorca", "x" * 9], "disjoint") == []  # one word of another domain: chance
    assert search(detector, ["ann.lee@corp.com"], "disjoint") == [("value of public.users.email", 1)]
    assert search(detector, ["ann.lee@corp.com"], "masked") == [("value of public.users.email", 1)]


def test_what_may_coincide_is_looked_for_in_what_is_kept_only(detector: LeakDetector) -> None:
    assert search(detector, ["paid by 4012888888881881"]) == [("value of public.users.card inside text", 1)]
    assert search(detector, ["Bad Homburg"]) == [("value of public.users.city", 1)]
    assert search(detector, ["reykjavik"]) == []
    for role in ("masked", "disjoint"):
        assert search(detector, ["4012888888881881", "x 4012888888881881", "reykjavik"], role) == []


def test_rows_are_counted_not_values(detector: LeakDetector) -> None:
    found = search(detector, ["ann.lee@corp.com", "other"], counts=[41, 7])
    assert found == [("value of public.users.email", 41)]


def test_hits_of_several_blocks_add_up(detector: LeakDetector) -> None:
    total = ColumnHits("kept")
    for name in ("sunshine", "jackson", "williams", "johnson", "millers"):
        part = ColumnHits("kept")
        detector.probe(pl.Series([name]), None, part, embedded=True)
        assert part.findings("t", "c") == []
        total.merge(part)
    assert total.findings("t", "c") == [Finding("t", "c", "value of public.users.username", 5)]


def test_no_fingerprints_find_nothing() -> None:
    empty = LeakDetector(FingerprintCollector(seed=1).finish())
    assert search(empty, ["ann.lee@corp.com"]) == []


@pytest.mark.parametrize(
    ("value", "strong"),
    [
        ("a@b.de", True),
        ("4711 0815", False),  # numbers are judged by chance
        ("new york", False),
        ("Best Buy", False),
        ("New Customer", False),
        ("test user", False),
        ("Zoe Quillfeather", True),
        ("Amy Orr", True),
        ("A. White", False),
        ("R. Green", False),
        ("AB123456C", True),
        ("berlin", False),
        ("abcdefghijkl", False),
        ("alex1992", True),
        ("a1", False),
        ("2024-01-15", False),
    ],
)
def test_strength(value: str, strong: bool) -> None:
    assert is_strong(pl.Series([value])).tolist() == [strong]


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("dyke, mary van", "full_name"),
        ("Dyke, Mary van called", "full_name"),
        ("for\u00a0MARY\nvan\tDyke", "full_name"),
        ("4420 7946 0958", "phone"),
        ("ring 0044 (0)20-7946.0958 now", "phone"),
        ("?mail=ann.lee%40corp.com&x=1", "email"),
        (r'{"a": "\u0061nn.lee@corp.com"}', "email"),
        (r"first\nMary van Dyke", "full_name"),
        ("paid 4012-8888-8888-1881 twice", "card"),
        ("user o'hara+news wrote", "email"),
        ("020 7946 0958", "phone"),
        ("ring (020) 7946-0958 now", "phone"),
        ("+49 30 90182011", "phone"),
        ("call 0049 30 901820-11!", "phone"),
        ("+1 403 333 5568", "phone"),
        ("403-333-5568", "phone"),
        ("for Jose Garcia Lopez", "accented"),
        ("JOSE\u0301 GARCI\u0301A LO\u0301PEZ", "accented"),
        ("Ｊｏｓé Garcia López", "accented"),
        ("Mueller, Juergen", "accented"),
        ("an Jurgen Muller", "accented"),
        ("?q=Jos%C3%A9+Garc%c3%ada+L%C3%B3pez&x=1", "accented"),
        ("?q=Jos%E9%20Garc%EDa%20L%F3pez", "accented"),
        ("?u=%2Fx%3Fq%3DJos%25C3%25A9%2520Garc%25C3%25ADa%2520L%25C3%25B3pez", "accented"),
        ("<b>Jos&eacute; Garc&#237;a L&#xF3;pez</b>", "accented"),
        ("&lt;b&gt;Jos&amp;eacute; Garc&amp;#237;a L&amp;#xF3;pez", "accented"),
        (r'{"a": "Jos\\u00e9 Garc\\u00eda L\\u00f3pez"}', "accented"),
        ("escape: Jos%u00e9 Garc%u00EDa L%u00f3pez", "accented"),
        ("?mail=ann.lee%2540corp.com&x=1", "email"),
        (f"Note (Monday): {MOVED.upper()} Signed, nobody.", "letter"),
        (f'{{"text": "{MOVED}", "n": 1}}', "letter"),
    ],
)
def test_other_clothes_hide_nothing(detector: LeakDetector, value: str, origin: str) -> None:
    assert [kind.split()[2] for kind, _ in search(detector, ["x", value])] == [f"public.users.{origin}"]


@pytest.mark.parametrize(
    "text",
    [
        MOVED[:-12],  # not all of it: letters begin alike
        "Sao Paulo",
        "in S%C3%A3o Paulo",
        "100%ab of &nothing; in \\uabc",
        "order 0044 of 20 7946",
        "7946 0958",
    ],
)
def test_what_is_alike_is_no_leak(detector: LeakDetector, text: str) -> None:
    assert search(detector, [text, "another value"]) == []


def test_numbers_without_calling_codes_count_in_kept_columns_beyond_chance_only() -> None:
    """A mask may be somebody's number in another country, and many national numbers are somebody's."""
    collector = FingerprintCollector(seed=3)
    collector.add("t.phone", pl.Series([f"+49 30 {20_000_000 + 997 * i}" for i in range(20_000)]))
    detector = LeakDetector(collector.finish())
    copied = [f"030 {20_000_000 + 997 * i}" for i in range(50)]
    assert search(detector, copied) == [("value of t.phone", 50)]
    assert search(detector, [f"call {each}" for each in copied]) == [("value of t.phone inside text", 50)]
    assert search(detector, copied, "disjoint") == []
    assert search(detector, [f"+33 {each[1:]}" for each in copied], "masked") == []
    assert search(detector, [str(3_020_000_000 + 31 * i) for i in range(300_000)]) == []


def test_in_masked_texts_local_parts_prove_nothing(detector: LeakDetector) -> None:
    assert search(detector, ["user o'hara+news wrote"], "disjoint") == []


def test_places_are_told_where_asked_for(detector: LeakDetector) -> None:
    hits = ColumnHits("kept", located={})
    texts = pl.Series(["x", "ann.lee@corp.com", "y", "to Mary van Dyke", "to Mary van Dyke, Mary van Dyke"])
    detector.probe(texts, None, hits, embedded=True)
    assert hits.located is not None
    told = {place: sorted(int(row) for part in parts for row in part) for place, parts in hits.located.items()}
    assert told == {("public.users.email", False): [1], ("public.users.full_name", True): [3, 4]}
    assert hits.strong[("public.users.full_name", True)] == 2


def test_numbers_count_beyond_chance_only() -> None:
    collector = FingerprintCollector(seed=3)
    collector.add("t.phone", pl.Series([str(4_000_000_000 + 997 * i) for i in range(50_000)]))
    numbers = LeakDetector(collector.finish())

    def matches(values: list[int]) -> int:
        hits = ColumnHits("kept", numbers=True)
        numbers.probe(pl.Series([str(each) for each in values]), None, hits, embedded=False)
        return sum(found.count for found in hits.findings("t", "c"))

    assert matches(list(range(7_000_000_000, 7_000_300_000))) == 0
    assert matches([*range(1_000_000, 1_001_000), 4_000_000_997]) == 1
    assert matches([4_000_000_000 + 997 * i for i in range(1000)]) == 1000
    scattered = [4_000_000_000 + 997 * 5, *(1_000_000_000 + 31_013 * i for i in range(250_000))]
    assert matches(scattered) == 0  # one in 250,000 different ones is what chance brings


@pytest.mark.parametrize(
    ("found", "expected", "chance"),
    [(0, 0.0, False), (1, 0.0, False), (1, 9e-4, False), (1, 2e-3, True), (3, 5.0, True), (40, 5.0, False)],
)
def test_chance(found: int, expected: float, chance: bool) -> None:
    assert by_chance(found, expected, 1e-3) == chance


def test_ids_among_dense_numbers_of_production_match_by_chance() -> None:
    """Uniform chance explains a few matches; ids that lie where production's numbers are dense bring many more."""
    collector = FingerprintCollector(seed=3)
    collector.add("t.phone", pl.Series([str(300_000_000 + 3 * i) for i in range(20_000)]))
    detector = LeakDetector(collector.finish())
    for values, count in (
        ([300_000_000 + 7 * i for i in range(5_000)], 0),
        ([300_000_000 + 3 * i for i in range(5_000)], 5_000),
        ([300_000_003, 17, 400_000_000], 1),
    ):
        hits = ColumnHits("kept")
        detector.probe(pl.Series([str(each) for each in values]), None, hits, embedded=False)
        assert sum(found.count for found in hits.findings("t", "c")) == count


def test_nine_digits_in_prose_count_if_few_numbers_were_looked_at() -> None:
    collector = FingerprintCollector(seed=3)
    collector.add("t.ssn", pl.Series([str(219_000_000 + 7919 * i) for i in range(20_000)]))
    detector = LeakDetector(collector.finish())
    assert search(detector, ["taxpayer 219 00 7919 asked", "nothing"]) == [("value of t.ssn inside text", 1)]
    orders = [f"order {400_000_000 + 997 * i} sent" for i in range(100_000)]
    assert search(detector, [*orders, "taxpayer 219007919"]) == []


def test_shared_values_count_in_a_copy_of_the_column_only() -> None:
    collector = FingerprintCollector(seed=3)
    names = [f"surname{letter}{other}" for letter in "abcdefghij" for other in "klmnopqrst"]
    collector.add("t.last_name", pl.Series(names))
    collector.add_hashes(members_of("t.last_name"), member_hashes(pl.Series(names), 3, "t.last_name"))
    detector = LeakDetector(collector.finish(), coinciding={"t.last_name"}, shared={"t.last_name": "t.last_name"})
    assert search(detector, names[:70]) == [("value of t.last_name", 70)]
    assert search(detector, names[:30]) == []  # some of them: other people are called so, too
    assert search(detector, [*names, *(f"actress{each}" for each in names)]) == []
    assert search(detector, [f"call {name} now" for name in names]) == []
    assert search(detector, names, "masked") == []
    hits = ColumnHits("kept", located={})
    detector.probe(pl.Series(["x", *names]), None, hits, embedded=True)
    assert hits.located is not None
    assert np.concatenate(hits.located["t.last_name", False]).tolist() == list(range(1, 101))


def test_a_copy_of_one_of_several_columns_that_share_values_is_found() -> None:
    """Whichever of them a fingerprint is attributed to, and however many parts the table has."""
    names = [f"surname{letter}{other}" for letter in "abcdefghij" for other in "klmnopqrst"]
    columns = {"a.last_name": names[:70], "b_1.last_name": names[40:80], "b_2.last_name": names[60:]}
    of = {"a.last_name": "a.last_name", "b_1.last_name": "b.last_name", "b_2.last_name": "b.last_name"}
    collector = FingerprintCollector(seed=3)
    collector.add("t.nickname", pl.Series(names[50:60]))
    for origin, values in columns.items():
        collector.add(origin, pl.Series(values))
        collector.add_hashes(members_of(origin), member_hashes(pl.Series(values), 3, of[origin]))
    detector = LeakDetector(collector.finish(), coinciding=columns, shared=of)
    assert search(detector, names[:70]) == [("value of a.last_name", 70)]
    assert search(detector, names[40:]) == [("value of b.last_name", 60)]
    assert search(detector, names[20:60]) == [("value of a.last_name", 40)]


def test_in_masked_columns_numbers_that_are_not_looked_for_explain_nothing() -> None:
    collector = FingerprintCollector(seed=3)
    collector.add("t.card", pl.Series([str(100_000_000 + 900 * i) for i in range(200_000)]))
    collector.add("t.account", pl.Series([str(123_456_789 + 7_000_000 * i) for i in range(20)]))
    detector = LeakDetector(collector.finish(), coinciding={"t.card"})
    values = ["account 123456789", *(f"number {900_000_001 + 2 * i}" for i in range(20))]
    assert search(detector, values, "masked") == [("value of t.account inside text", 1)]
    assert search(detector, values) == []


def test_a_full_copy_of_very_many_numbers_is_found() -> None:
    """What is remembered of matches ends somewhere, and so does what chance explains."""
    collector = FingerprintCollector(seed=3)
    numbers = pl.Series([str(100_000_000 + 9 * i) for i in range(300_000)])
    collector.add("t.account", numbers)
    detector = LeakDetector(collector.finish())
    hits = ColumnHits("kept", numbers=True)
    for start in range(0, len(numbers), 20_000):
        part = ColumnHits("kept", numbers=True)
        detector.probe(numbers.slice(start, 20_000), None, part, embedded=False)
        hits.merge(part)
    assert [found.count for found in hits.findings("t", "c")] == [300_000]


def test_ids_with_letters_are_not_judged_by_the_density_of_plain_numbers() -> None:
    collector = FingerprintCollector(seed=3)
    collector.add("t.ssn", pl.Series([str(100_000_000 + 4001 * i) for i in range(200_000)]))
    collector.add("t.member", pl.Series([f"A{100_000_000 + 37 * i}" for i in range(2_000)]))
    detector = LeakDetector(collector.finish())
    values = [f"A{100_000_000 + 37 * i}" for i in range(50)] + [f"B{100_000_000 + 41 * i}" for i in range(200_000)]
    assert search(detector, values) == [("value of t.member", 50)]


def test_one_long_value_keeps_its_shares() -> None:
    """Five one-word names among a hundred thousand strings are no copy, though all stand in one row."""
    collector = FingerprintCollector(seed=11)
    collector.add("t.username", pl.Series(["sunshine", "jackson", "williams", "johnson", "millers"]))
    detector = LeakDetector(collector.finish())
    hits = ColumnHits("kept")
    others = [f"element{letter}{other}" for letter in "abcdefghij" for other in "klmnopqrst"]
    strings = ["sunshine", "jackson", "williams", "johnson", "millers", *others]
    detector.probe(pl.Series(strings), None, hits, embedded=True)
    hits.count_once()
    assert hits.findings("t", "c") == []


def test_a_number_in_a_text_does_not_hide_what_stands_behind_escapes() -> None:
    collector = FingerprintCollector(seed=3)
    collector.add("s.t.number", pl.Series(["1234567890"]))
    collector.add("s.t.mail", pl.Series(["bob.miller77@corp.example"]))
    text = "q?id=1234567890&mail=bob%2Emiller77%40corp%2Eexample"
    found = search(LeakDetector(collector.finish()), [text])
    assert ("value of s.t.mail inside text", 1) in found
    assert all(count == 1 for _, count in found)


@pytest.mark.parametrize("padding", ["", "    ", ")"])
def test_a_copy_of_long_numbers_is_found_whatever_follows_them(padding: str) -> None:
    numbers = np.random.default_rng(3).integers(10**11, 10**12, 5000)
    collector = FingerprintCollector(seed=3)
    collector.add("s.t.phone", pl.Series(numbers).cast(pl.String))
    copied = [f"{number}{padding}" for number in numbers.tolist()]
    assert search(LeakDetector(collector.finish()), copied, embedded=False) == [("value of s.t.phone", 5000)]


def test_ids_that_are_as_dense_as_their_neighbours_are_chance() -> None:
    draw = np.random.default_rng(11)
    alarms = 0
    for _ in range(40):
        production = draw.choice(np.arange(10**9, 10**9 + 40_000), 4000, replace=False)
        collector = FingerprintCollector(seed=3)
        collector.add("s.t.number", pl.Series(production).cast(pl.String))
        ids = draw.choice(np.arange(10**9, 10**9 + 40_000), 4000, replace=False)
        alarms += bool(search(LeakDetector(collector.finish()), [str(each) for each in ids.tolist()]))
    assert alarms == 0


def test_a_value_of_several_columns_is_told_as_what_proves_most() -> None:
    collector = FingerprintCollector(seed=3)
    collector.add("s.t.first_name", pl.Series(["bob.miller77@corp.example"]), Rank.SHARED)
    collector.add("s.t.first+last", pl.Series(["Ottokar Wendelmeier"]), Rank.COINCIDING)
    collector.add("s.t.email", pl.Series(["bob.miller77@corp.example"]))
    collector.add("s.t.customer", pl.Series(["Ottokar Wendelmeier"]))
    detector = LeakDetector(
        collector.finish(), coinciding={"s.t.first+last"}, shared={"s.t.first_name": "s.t.first_name"}
    )
    found = search(detector, ["bob.miller77@corp.example", "Ottokar Wendelmeier"], "masked")
    assert found == [("value of s.t.customer", 1), ("value of s.t.email", 1)]
