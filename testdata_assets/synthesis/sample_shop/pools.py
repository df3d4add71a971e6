"""Value pools: names, companies and streets by culture, filled once by Faker under a fixed seed.

Drawing from pools is a thousand times faster than asking Faker for every row. The seed here is fixed: the
shop's own seed decides what is drawn, not what the pools hold.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from faker import Faker

_POOL_SEED = 7
_TRIES = 1200  # enough to see nearly every entry of Faker's longest lists


def _words(text: str) -> tuple[str, ...]:
    """The words of a text; `_` stands for a space inside one."""
    return tuple(word.replace("_", " ") for word in text.split())


@dataclass(frozen=True)
class Culture:
    """How people of one culture are named.

    Attributes:
        locale: Faker locale.
        order: `{first}` and `{last}` as they are written.
        particles: Put before some last names.
        handles: What people whose script e-mail does not know call themselves; empty: their names, romanised.
    """

    locale: str
    order: str = "{first} {last}"
    particles: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


CULTURES: tuple[Culture, ...] = (
    Culture("en_US", particles=("de", "St.")),
    Culture("en_GB", particles=("Fitz-",)),
    Culture("de_DE", particles=("von", "von der", "zu")),
    Culture("fr_FR", particles=("de", "de la", "d'")),
    Culture("es_ES", particles=("de la", "del", "de los")),
    Culture("it_IT", particles=("De", "Di", "Dell'", "D'")),
    Culture("nl_NL", particles=("van", "van der", "'t")),
    Culture("pl_PL"),
    Culture("pt_BR", particles=("da", "dos", "de")),
    Culture("sv_SE", particles=("af",)),
    Culture("ru_RU"),
    Culture("uk_UA"),
    Culture("el_GR"),
    Culture(
        "zh_CN", "{last}{first}", handles=_words("zhang wang li liu chen yang zhao huang wu zhou xiaoming meiling")
    ),
    Culture(
        "ja_JP", "{last} {first}", handles=_words("sato suzuki takahashi tanaka ito yamamoto nakamura hiroshi yuki")
    ),
    Culture("ko_KR", "{last}{first}", handles=_words("kim lee park choi jung kang minjun seoyeon jiwoo hyunwoo")),
    Culture(
        "ar_AA",
        particles=("بن", "أبو", "آل"),
        handles=_words("ahmed mohamed fatma youssef mariam hassan nour omar layla"),
    ),
    Culture("en_IN"),
    Culture("hi_IN", handles=_words("rahul priya amit neha sanjay anjali vikram pooja")),
    Culture("tr_TR"),
    Culture("he_IL", handles=_words("david noa yossi tamar avi michal eitan shira")),
)
CULTURE_NUMBER = {culture.locale: number for number, culture in enumerate(CULTURES)}

# Faker knows no Arabic or Turkish streets, and its English ones read like a novel.
_STREETS = {
    "en_US": _words(
        "Oak Maple Cedar Elm Pine Walnut Washington Lincoln Jefferson Madison Jackson Franklin Lake Hill Park River "
        "Church Main Spring Highland Sunset Chestnut Spruce Willow Meadow Forest Prospect Broad Center Union Mill "
        "Dogwood Magnolia Hickory Juniper Sycamore Ridge Valley Canyon Harbor O'Farrell Martin_Luther_King"
    ),
    "en_GB": _words(
        "Station Church Victoria Albert Mill King's Queen's Park Manor Grange Chapel Orchard St_Mary's Windsor "
        "Richmond Kingsway Highfield Springfield Abbey Priory"
    ),
    "ar_AA": _words("شارع_النصر شارع_التحرير شارع_الهرم شارع_رمسيس شارع_الجمهورية شارع_البحر شارع_فيصل"),
    "tr_TR": _words(
        "Atatürk_Caddesi İstiklal_Caddesi Cumhuriyet_Caddesi Çınar_Sokak Gül_Sokak Lale_Sokak Menekşe_Sokak "
        "Fevzi_Çakmak_Caddesi Bağdat_Caddesi Kızılırmak_Sokak"
    ),
    "ja_JP": _words("本町 中央 栄町 緑が丘 桜木町 旭町 若葉 新町 東山 西新宿"),
}
_STREET_KINDS = {
    "en_US": ("St", "Ave", "Rd", "Ln", "Dr", "Ct", "Blvd", "Street", "Avenue", "Way"),
    "en_GB": ("Road", "Street", "Lane", "Close", "Gardens", "Avenue", "Terrace"),
}
_IRISH_AND_OTHERS = ["O'Brien", "O'Connor", "O'Neill", "O'Malley", "D'Angelo", "D'Souza", "McDonald", "MacLeod"]

_ROMAN = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфыэіґ", "abvgdeziyklmnoprstufyeig", strict=True))
    | dict(zip("жхцчшщюяїєё", _words("zh kh ts ch sh shch yu ya yi ye e"), strict=True))
    | dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True))
    | {"θ": "th", "χ": "ch", "ψ": "ps", "ъ": "", "ь": ""}
    | {"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i", "ð": "d", "þ": "th"}
)


def romanised(text: str) -> str:
    """The lower-case ASCII letters (and apostrophes) an e-mail address makes of a name; '' where there are none."""
    # Once more after decomposing: then an accented Greek letter meets its plain form in the table.
    plain = unicodedata.normalize("NFKD", text.lower().translate(_ROMAN)).translate(_ROMAN)
    return "".join(character for character in plain if "a" <= character <= "z" or character == "'").strip("'")


@dataclass(frozen=True)
class NamePool:
    """First and last names of one culture and gender, commonest first, with their romanised forms."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    first_handles: tuple[str, ...]
    last_handles: tuple[str, ...]


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale, use_weighting=False)


def _distinct(locale: str, method: str, tries: int = _TRIES) -> list[str]:
    """What one of Faker's methods gives, without repetitions; the same whatever was asked for before."""
    fake = _faker(locale)
    fake.seed_instance(f"{_POOL_SEED} {method}")
    ask = getattr(fake, method)
    return list(dict.fromkeys(str(ask()).strip() for _ in range(tries)))


@cache
def name_pool(culture: int, gender: str) -> NamePool:
    """The names of a culture; `gender` is `female` or `male` (Slavic and Greek last names follow it)."""
    about = CULTURES[culture]
    first = _distinct(about.locale, f"first_name_{gender}", 700)
    last = _distinct(about.locale, f"last_name_{gender}")
    if about.locale in ("en_US", "en_GB"):
        last = [*last[:20], *_IRISH_AND_OTHERS, *last[20:]]
    plain = last[: len(last) // 3]
    if about.locale in ("en_US", "en_GB", "de_DE", "fr_FR", "sv_SE", "pl_PL"):  # double-barrelled
        last += [f"{left}-{right}" for left, right in zip(plain[::4], plain[2::4], strict=False)]
    for number, particle in enumerate(about.particles):
        glue = "" if particle[-1] in "'-" else " "
        last += [f"{particle}{glue}{name}" for name in plain[number::12]]
    return NamePool(
        tuple(first),
        tuple(last),
        tuple(_handles(first, about.handles)),
        tuple(_handles(last, about.handles)),
    )


def _handles(names: list[str], handles: tuple[str, ...]) -> list[str]:
    if handles:
        return [handles[number % len(handles)] for number in range(len(names))]
    return [romanised(name) or "user" for name in names]


@cache
def company_pool(locale: str) -> tuple[str, ...]:
    """Company names of a culture."""
    return tuple(name[:300] for name in _distinct(locale, "company", 400))


@cache
def street_pool(locale: str) -> tuple[str, ...]:
    """Street names of a culture, without house numbers."""
    if locale in _STREET_KINDS:
        streets = [f"{base} {kind}" for base in _STREETS[locale] for kind in _STREET_KINDS[locale]]
        if locale == "en_US":
            streets += [f"{heading} {street}" for heading in "NSEW" for street in streets[:200]]
        return tuple(streets)
    if locale in _STREETS:
        return _STREETS[locale]
    return tuple(_distinct(locale, "street_name", 500))
