"""Payment cards, bank accounts and personal numbers in texts, by form and check digits.

A form that nothing else has (a codice fiscale, a grouped IBAN, 123.456.789-09) counts by itself. A bare number
counts where the text calls it by its name, or where more of a column's different numbers have the kind's check
digits than chance lets through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from testdata_assets.masking.transformers import _national_ids_europe as europe
from testdata_assets.masking.transformers import _national_ids_world as world
from testdata_assets.masking.transformers._checksums import Digits, number
from testdata_assets.masking.transformers._iban_registry import iban_schemes
from testdata_assets.masking.transformers._id_schemes import Scheme
from testdata_assets.validation.pattern_chance import Chance
from testdata_assets.validation.pattern_texts import LEFT, RIGHT, matching, pieces, rows_of, symbols

Flags = npt.NDArray[np.bool_]
ChanceOf = Callable[[str], Chance]

_GAP = r"[ .\u00a0-]"
_GROUPS = rf"(?:[0-9]{{4}}{_GAP}){{3}}[0-9]{{1,7}}|3[0-9]{{3}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}}"
_CARD = rf"{LEFT}({_GROUPS}|[0-9]{{13,19}}){RIGHT}"
_CARD_WORDS = ["card", "visa", "mastercard", "amex", "american express", "credit", "debit", "karte", "carte"]
_CARD_WORD = r"(?i)\bpan\b"
LUHN_BY_CHANCE = 0.1
CARD_LEVEL = 1.001e-3  # three of three
_DINERS_LENGTH = 14  # French establishments have as many digits, and Luhn's check
_DINERS_SHARE = 0.5

_IBAN = rf"{LEFT}([A-Z]{{2}}[0-9]{{2}}(?:[ -]?[A-Z0-9]{{4}}){{2,7}}(?:[ -]?[A-Z0-9]{{1,4}})?){RIGHT}"

# Bare numbers looked at of one block: shares need no more.
_SAMPLE = 1_024
ID_LEVEL = 1e-6
TOLD_LEVEL = 1e-2


@dataclass(frozen=True)
class _Kind:
    """How one country's number is known in texts.

    Attributes:
        scheme: Its form and check digits.
        words: Names it goes by, as a pattern.
        chance: Share of numbers of its form that pass by chance; 1 where nothing is checked.
        sure: Pattern of a written form that nothing else has; "" for none.
        written: Pattern of forms that count where many have them; "" where only words tell.
        accepts: What the form alone must show beside.
    """

    scheme: Scheme
    words: str
    chance: float
    sure: str = ""
    written: str = ""
    accepts: Callable[[Digits], Flags] | None = None

    @property
    def label(self) -> str:
        return f"national id ({self.scheme.name})"


def _bare(length: int) -> str:
    return rf"^\d{{{length}}}$"


def _born_lately(values: Digits) -> Flags:
    year = number(values[:, 6:10])
    flags: Flags = (year >= 1900) & (year < 2100)
    return flags


_KINDS = (
    _Kind(world.US, r"ssn|social security", 1.0, sure=r"^\d{3}-\d\d-\d{4}$"),
    _Kind(europe.GB, r"nino|national insurance|ni number", 1.0, sure=r"^[A-Z]{2} \d\d \d\d \d\d [A-D]$"),
    _Kind(
        europe.FR,
        r"nir|insee|s[ée]curit[ée] sociale|num[ée]ro de s[ée]cu",
        1 / 97,
        sure=r"^[12] \d\d \d\d \d[\dAB] \d{3} \d{3} \d\d$",
        written=_bare(15),
        accepts=lambda values: (values[:, 0] == 1) | (values[:, 0] == 2),
    ),
    _Kind(europe.IT, r"codice fiscale|fiscal code", 1 / 26, sure=r"^[A-Z]"),
    _Kind(world.CN, r"身份证|resident id", 1 / 11, written=r"^\d{17}[\dX]$", accepts=_born_lately),
    _Kind(europe.CH, r"ahv|avs|oasi", 0.1, sure=r"^756\.", written=_bare(13)),
    _Kind(world.BR, r"cpf", 0.01, sure=r"^\d{3}\.\d{3}\.\d{3}-\d\d$", written=_bare(11)),
    _Kind(europe.FI_SIGN, r"hetu|henkil[öo]tunnus", 1 / 31, written=r"^\d{6}[-+]"),
    _Kind(europe.FI_LETTER, r"hetu|henkil[öo]tunnus", 1 / 31, sure=r"^\d{6}[A-FU-Y]\d{3}[0-9A-Y]$"),
    _Kind(europe.ES_DNI, r"dni|nif", 1 / 23, written=r"^\d{8}-?[A-Z]$"),
    _Kind(europe.ES_NIE, r"nie", 1 / 23, written=r"^[XYZ]\d{7}-?[A-Z]$"),
    _Kind(
        europe.BE,
        r"rijksregister\w*|registre national|niss|insz",
        0.03,
        sure=r"^\d\d\.\d\d\.\d\d-",
        written=_bare(11),
    ),
    _Kind(europe.NO, r"f[øo]dselsnummer|personnummer|fnr", 0.02, written=r"^\d{6} ?\d{5}$"),
    _Kind(europe.SE_LONG, r"personnummer|personal identity number", 0.1, written=r"^\d{8}[-+]?\d{4}$"),
    _Kind(europe.SE, r"personnummer|personal identity number", 0.1, written=r"^\d{6}[-+]?\d{4}$"),
    _Kind(europe.DK, r"cpr|cpr-nummer", 1.0),
    _Kind(europe.PL, r"pesel", 0.1, written=_bare(11)),
    _Kind(europe.DE, r"steuer\w*|idnr|tax id", 0.1, written=r"^\d{11}$|^\d\d \d{3} \d{3} \d{3}$"),
    _Kind(europe.NL, r"bsn|burgerservicenummer|sofinummer", 0.1, written=r"^\d{9}$|^\d{4}\.\d\d\.\d{3}$"),
    # French companies have nine digits and the same check digit: bare and in threes it takes a word.
    _Kind(world.CA, r"sin|social insurance|nas", 0.1, written=r"^\d{3}-\d{3}-\d{3}$"),
    _Kind(world.AU, r"tfn|tax file number", 0.1),
    _Kind(world.IN, r"aadhaar|aadhar|uidai", 0.1, written=r"^\d{12}$|^\d{4}[ -]\d{4}[ -]\d{4}$"),
    _Kind(world.ZA, r"sa id|south african id|id no", 0.1, written=r"^\d{13}$|^\d{6} \d{4} \d{2} ?\d$"),
    _Kind(world.TR, r"tckn|tc kimlik|kimlik no", 0.01, written=_bare(11)),
)
_FORMS = (
    r"[A-Z]{2} [0-9]{2} [0-9]{2} [0-9]{2} [A-D]|[A-Z]{2}[0-9]{6}[A-D]"
    r"|[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]"
    r"|[0-9XYZ][0-9]{7}-?[A-Z]|[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]|[0-9]{17}X"
    r"|[12] [0-9]{2} [0-9]{2} 2[AB] [0-9]{3} [0-9]{3} [0-9]{2}|"
    r"[12] [0-9]{2} [0-9]{2} [0-9]{2} [0-9]{3} [0-9]{3} [0-9]{2}|756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}"
    r"|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}[.-][0-9]{2}"
    r"|[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}|[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}"
    r"|[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}|[0-9]{6} [0-9]{4} [0-9]{2} ?[0-9]"
    r"|[0-9]{8}[-+][0-9]{4}|[0-9]{6}[-+ ][0-9]{4,5}"
)
_FORMED = rf"{LEFT}(?:{_FORMS}){RIGHT}"
_ID = rf"{LEFT}({_FORMS}|[0-9]{{9,18}}){RIGHT}"
_BARE = r"^[0-9]{9,19}$"
_WORDS = rf"(?i)\b(?:{'|'.join(kind.words for kind in _KINDS)})\b"

PREFILTER = tuple(
    LEFT + each
    for each in (
        r"[0-9]{9}",
        r"[0-9]{4}[ .\u00a0-][0-9]{4}[ .\u00a0-][0-9]{4}",
        r"3[0-9]{3}[ .\u00a0-][0-9]{6}[ .\u00a0-]",
        r"[A-Z]{2}[0-9]{2}[ -]?[A-Z0-9]{4}[ -]?[A-Z0-9]{4}",
        r"[A-Z]{2} [0-9]{2} [0-9]{2} [0-9]{2} [A-D]",
        r"[A-Z]{2}[0-9]{6}[A-D]",
        r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z]",
        r"[0-9XYZ][0-9]{7}-?[A-Z]",
        r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]",
        r"[12] [0-9]{2} [0-9]{2} [0-9]",
        r"756\.[0-9]{4}",
        r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-",
        r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}",
        r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}",
        r"[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}",
        r"[0-9]{4}\.[0-9]{2}\.[0-9]{3}",
        r"[0-9]{6}[ +-][0-9]{4}",
        r"[0-9]{8}[-+][0-9]{4}",
    )
)


def kinds_by_chance() -> dict[str, float]:
    """For each kind that can be told by its share: the share that passes by chance."""
    return {kind.label: kind.chance for kind in _KINDS if kind.written}


def words_of(label: str) -> str:
    """The names that a kind goes by, as a pattern."""
    return "|".join(kind.words for kind in _KINDS if kind.label == label)


def bare_and_mixed(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The texts that are one number of nine to nineteen digits, and all others."""
    alone = frame.get_column("v").str.contains(_BARE)
    return frame.filter(alone), frame.filter(~alone)


def count_cards(bare: pl.DataFrame, mixed: pl.DataFrame, chance_of: ChanceOf) -> int:
    """Rows with card numbers that are grouped or called so; bare ones go to `chance_of("card")`.

    Args:
        bare: Texts that are numbers, as `bare_and_mixed` tells.
        mixed: Other texts.
        chance_of: The column's numbers of a kind.
    """
    _add_bare(bare, chance_of)
    some = matching(mixed, _CARD)
    if some.height == 0:
        return 0
    telling = pl.col("v").str.to_lowercase().str.contains_any(_CARD_WORDS) | pl.col("v").str.contains(_CARD_WORD)
    parts = pieces(some.with_columns(told=telling), _CARD, ["told"])
    parts = parts.with_columns(bare=pl.col("v").str.contains("^[0-9]+$"))
    parts = parts.with_columns(pl.col("v").str.replace_all("[^0-9]", ""))
    _add_bare(parts.filter(pl.col("bare") & ~pl.col("told")), chance_of)
    sure = parts.filter(~pl.col("bare") | pl.col("told"))
    sure = sure.filter(pl.Series(issuer_fits(sure.get_column("v"))))
    return rows_of(sure.filter(pl.Series(luhn(sure.get_column("v")))))


def _add_bare(numbers: pl.DataFrame, chance_of: ChanceOf) -> None:
    """Looks at digits that nothing says what they are of."""
    if numbers.height == 0:
        return
    digits = numbers.get_column("v")
    issued = issuer_fits(digits)
    short = (digits.str.len_bytes() == _DINERS_LENGTH).to_numpy()
    if issued[short].sum() < _DINERS_SHARE * short.sum():
        issued &= ~short
    if issued.any():
        fitting = numbers.filter(pl.Series(issued))
        digits = fitting.get_column("v")
        chance_of("card").add(digits, luhn(digits), fitting.get_column("n").to_numpy())


def count_ibans(frame: pl.DataFrame) -> int:
    """Rows with account numbers of a country's form and length with sound check digits."""
    some = matching(frame, _IBAN)
    if some.height == 0:
        return 0
    schemes = {scheme.prefix: scheme for scheme in iban_schemes(False)}
    parts = pieces(some, _IBAN).with_columns(
        grouped=pl.col("v").str.contains(" ", literal=True),
        country=pl.col("v").str.slice(0, 2),
        v=pl.col("v").str.replace_all("[ -]", ""),
    )
    lengths = {country: len(scheme.form) for country, scheme in schemes.items()}
    due = pl.col("country").replace_strict(lengths, default=0, return_dtype=pl.Int64)
    whole = pl.col("v").str.len_bytes().cast(pl.Int64)
    # In groups of four the next word in capitals may have been taken for another group.
    parts = parts.filter((due > 0) & ((whole == due) | (pl.col("grouped") & (whole > due))))
    parts = parts.with_columns(pl.col("v").str.slice(0, due))
    found = 0
    for (country,), those in parts.group_by("country"):
        sound = schemes[str(country)].valid(symbols(those.get_column("v")))
        found += rows_of(those.filter(pl.Series(sound)))
    return found


def count_ids(bare: pl.DataFrame, mixed: pl.DataFrame, chance_of: ChanceOf) -> dict[str, int]:
    """Rows with personal numbers by country that are sure; others go to `chance_of(kind)`.

    Args:
        bare: Texts that are numbers, as `bare_and_mixed` tells.
        mixed: Other texts.
        chance_of: The column's numbers of a kind.
    """
    bare = _sampled(bare).with_columns(told=pl.lit(""))
    mixed = matching(mixed, _ID)
    parts = [bare]
    if mixed.height:
        mixed = mixed.with_columns(told=pl.col("v").str.extract(_WORDS, 0).fill_null(""))
        certain = (pl.col("told") != "") | pl.col("v").str.contains(_FORMED)
        mixed = pl.concat([mixed.filter(certain), _sampled(mixed.filter(~certain))])
        parts.append(pieces(mixed, _ID, ["told"]))
    together = pl.concat([part.select("v", "n", "told") for part in parts])
    if together.height == 0:
        return {}
    together = together.with_columns(compact=pl.col("v").str.replace_all(r"[ .+-]", ""))
    together = together.with_columns(length=pl.col("compact").str.len_bytes())
    found: dict[str, int] = {}
    for (length,), those in together.group_by("length"):
        kinds = [kind for kind in _KINDS if len(kind.scheme.form) == length]
        if not kinds:
            continue
        values = symbols(those.get_column("compact"))
        for kind in kinds:
            if rows := _count_kind(kind, those, values, chance_of):
                found[kind.label] = found.get(kind.label, 0) + rows
    return found


def _sampled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.gather_every(frame.height // _SAMPLE) if frame.height > _SAMPLE else frame


@cache
def _unchecked(kind: _Kind) -> Scheme:
    return replace(kind.scheme, check=None, check_at=())


def _count_kind(kind: _Kind, frame: pl.DataFrame, values: Digits, chance_of: ChanceOf) -> int:
    text = frame.get_column("v").str
    sure = text.contains(kind.sure).to_numpy() if kind.sure else np.zeros(frame.height, np.bool_)
    told = frame.get_column("told").str.contains(rf"(?i)^(?:{kind.words})$").to_numpy()
    many = text.contains(kind.written).to_numpy() if kind.written else np.zeros(frame.height, np.bool_)
    rows = np.flatnonzero(sure | told | many)
    if not len(rows):
        return 0
    fits = _unchecked(kind).valid(values[rows])
    if kind.accepts is not None:
        fits[fits] = kind.accepts(values[rows][fits])
    rows = rows[fits]
    passes = kind.scheme.valid(values[rows])
    weight = frame.get_column("n").to_numpy()
    certain = sure[rows] | told[rows]
    if len(others := np.flatnonzero(~certain)):
        numbers = frame.get_column("compact").gather(rows[others])
        chance_of(kind.label).add(numbers, passes[others], weight[rows[others]])
    return int(weight[rows[passes & certain]].sum())


def issuer_fits(digits: pl.Series) -> Flags:
    """Whether prefix and length are those of a card issuer (Visa, Mastercard, Amex, Discover, Diners, JCB)."""
    pattern = (
        r"^(?:4\d{15}|4\d{12}|4\d{18}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
        r"|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12})$"
    ).replace(r"\d", "[0-9]")
    return digits.str.contains(pattern).to_numpy().copy()


def luhn(digits: pl.Series) -> Flags:
    """Luhn's check of strings of up to 19 digits (ISO/IEC 7812-1, annex B)."""
    values = symbols(digits.str.zfill(19))
    if not len(values):
        return np.zeros(0, np.bool_)
    doubled = values[:, 1::2] * 2  # every second digit from the right, as 19 is odd
    total = values[:, ::2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1)
    flags: Flags = total % 10 == 0
    return flags
