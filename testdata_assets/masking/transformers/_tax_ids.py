"""Tax numbers of companies by country: their parts, check symbols and usual written forms.

Sources: the European Commission's VIES documentation and the tax offices' published rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from testdata_assets.masking.transformers._checksums import Digits, luhn, mod_11_10, number, remainder, spread, weighted
from testdata_assets.masking.transformers._forms import Flags
from testdata_assets.masking.transformers._id_schemes import Free, Scheme, value_of

Check = Callable[[Digits, Digits], Digits]


@dataclass(frozen=True)
class _Number:
    """A tax number without its country's prefix.

    Attributes:
        country: ISO 3166 code.
        prefix: What precedes it within the European Union.
        form: D digit, A letter, * either.
        free: Places that change.
        check: From values and the number before masking, (n, c) check symbols.
        check_at: Their places.
        accepts: A condition beyond.
        written: Usual written form of the bare number.
        told_bare: Whether it is told without prefix and without a country given; `written` if only so written.
    """

    country: str
    prefix: str
    form: str
    free: Sequence[int]
    check: Check | None
    check_at: tuple[int, ...]
    accepts: Callable[[Digits], Flags] | None = None
    written: str = ""
    told_bare: str = "no"

    def scheme(self, prefixed: bool, only_written: bool = False) -> Scheme:
        """As a scheme of permutation."""
        prefix = self.prefix if prefixed else ""
        start = len(prefix)
        check, accepts = self.check, self.accepts

        def checks(values: Digits, source: Digits) -> Digits:
            if check is None:
                return np.zeros((len(values), 0), np.int64)
            return check(values[:, start:], source[:, start:])

        def accepted(values: Digits) -> Flags:
            return np.ones(len(values), np.bool_) if accepts is None else accepts(values[:, start:])

        return Scheme(
            f"{self.country} {self.form} {self.check_at}",
            "*" * start + self.form,
            (Free(*(place + start for place in self.free)),),
            checks,
            tuple(place + start for place in self.check_at),
            written="" if prefixed else self.written,
            only_written=only_written,
            accepts=accepted,
            prefix=prefix,
        )


def _one(check: Digits) -> Digits:
    return check[:, None]


def _sum_check(weights: Sequence[int], modulus: int) -> Check:
    """The digit that makes a weighted sum a multiple of a modulus, itself weighing 1."""
    return lambda values, _: _one(-weighted(values[:, : len(weights)], weights) % modulus)


def _first_not_zero(values: Digits) -> Flags:
    flags: Flags = values[:, 0] != 0
    return flags


def _not_zero(values: Digits) -> Flags:
    return np.asarray((values > 0).any(axis=1))


def _at_check(values: Digits, _source: Digits) -> Digits:
    return _one((6 + luhn(values[:, 1:7]) - values[:, 7]) % 10)


def _be_check(values: Digits, _source: Digits) -> Digits:
    return spread(97 - number(values[:, :8]) % 97, 2)


def _be_accepts(values: Digits) -> Flags:
    return np.asarray((values[:, 0] <= 1) & (number(values) > 0))


def _el_check(values: Digits, _source: Digits) -> Digits:
    return _one(weighted(values[:, :8], [2**power for power in range(8, 0, -1)]) % 11 % 10)


def _es_company(values: Digits, source: Digits) -> Digits:
    check = luhn(values[:, 1:8])
    letters = np.array([value_of(symbol) for symbol in "JABCDEFGHI"])
    return _one(np.where(source[:, 8] > 9, letters[check], check))


def _es_company_accepts(values: Digits) -> Flags:
    return np.isin(values[:, 0], [value_of(symbol) for symbol in "ABCDEFGHJNPQRSUVW"])


_DNI = np.array([value_of(symbol) for symbol in "TRWAGMYFPDXBNJZSQVHLCKE"], np.int64)


def _es_person(values: Digits, _source: Digits) -> Digits:
    digits = values[:, :8].copy()
    digits[:, 0] -= np.where(digits[:, 0] > 9, value_of("X"), 0)
    return _one(_DNI[number(digits) % 23])


def _es_person_accepts(values: Digits) -> Flags:
    return np.isin(values[:, 0], [*range(10), *(value_of(symbol) for symbol in "XYZ")])


def _fr_check(values: Digits, _source: Digits) -> Digits:
    """The key of two digits, and Luhn's digit of the SIREN."""
    last = luhn(values[:, 2:10])
    siren = number(values[:, 2:10]) * 10 + last
    return np.concatenate((spread((siren * 100 + 12) % 97, 2), _one(last)), axis=1)


def _gb_sum(values: Digits) -> Digits:
    return weighted(values[:, :7], range(8, 1, -1))


def _gb_check(values: Digits, source: Digits) -> Digits:
    """Two digits that bring the sum to 0 modulo 97, or to 42 or 55 as before."""
    left = (_gb_sum(source) + number(source[:, 7:9])) % 97
    check = (left - _gb_sum(values)) % 97
    return spread(np.where(check == 0, 97, check), 2)


def _gb_accepts(values: Digits) -> Flags:
    left = (_gb_sum(values) + number(values[:, 7:9])) % 97
    return np.asarray((left == 0) | ((values[:, 0] > 0) & np.isin(left, (42, 55))))


def _ie_check(values: Digits, _source: Digits) -> Digits:
    letters = np.array([value_of(symbol) for symbol in "WABCDEFGHIJKLMNOPQRSTUV"])
    return _one(letters[weighted(values[:, :7], range(8, 1, -1)) % 23])


def _it_accepts(values: Digits) -> Flags:
    office = number(values[:, 7:10])
    known = ((office >= 1) & (office <= 100)) | np.isin(office, (120, 121, 888, 999))
    return np.asarray(known & (number(values[:, :7]) > 0))


def _nl_accepts(values: Digits) -> Flags:
    return np.asarray((values[:, 9] == value_of("B")) & (number(values[:, 10:12]) > 0) & (number(values[:, :9]) > 0))


def _nl_company(values: Digits, _source: Digits) -> Digits:
    return _one(weighted(values[:, :8], range(9, 1, -1)) % 11)


def _nl_person(values: Digits, _source: Digits) -> Digits:
    """ISO/IEC 7064 MOD 97-10 over the number with its country."""
    country = np.broadcast_to(np.array([value_of("N"), value_of("L")], np.int64), (len(values), 2))
    zeros = np.zeros((len(values), 2), np.int64)
    return spread(98 - remainder(np.concatenate((country, values[:, :10], zeros), axis=1), 97), 2)


def _pt_check(values: Digits, _source: Digits) -> Digits:
    return _one(-weighted(values[:, :8], range(9, 1, -1)) % 11 % 10)


def _si_check(values: Digits, _source: Digits) -> Digits:
    check = 11 - weighted(values[:, :7], range(8, 1, -1)) % 11
    return _one(np.where(check == 10, 0, np.where(check == 11, 99, check)))


def _se_accepts(values: Digits) -> Flags:
    flags: Flags = number(values[:, 10:12]) > 0
    return flags


def _br_check(values: Digits, _source: Digits) -> Digits:
    first = -weighted(values[:, :12], (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    first = np.where(-first % 11 < 2, 0, first)
    second = -(weighted(values[:, :12], (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3)) + 2 * first) % 11
    return np.stack((first, np.where(-second % 11 < 2, 0, second)), axis=1)


def _au_check(values: Digits, _source: Digits) -> Digits:
    """The first two digits, of which 10 is taken off, bring the weighted sum to a multiple of 89."""
    return spread(-weighted(values[:, 2:11], range(3, 20, 2)) % 89 + 10, 2)


_NUMBERS = (
    _Number("AT", "AT", "ADDDDDDDD", range(1, 8), _at_check, (8,), lambda values: np.isin(values[:, 0], value_of("U"))),
    _Number("BE", "BE", "DDDDDDDDDD", range(1, 8), _be_check, (8, 9),
            _be_accepts, r"^[01]\d{3}\.\d{3}\.\d{3}$"),
    _Number("DE", "DE", "DDDDDDDDD", range(8), lambda values, _: _one(mod_11_10(values[:, :8])), (8,),
            _first_not_zero),
    _Number("DK", "DK", "DDDDDDDD", range(7), _sum_check((2, 7, 6, 5, 4, 3, 2), 11), (7,), _first_not_zero),
    _Number("EE", "EE", "DDDDDDDDD", range(8), _sum_check((3, 7, 1, 3, 7, 1, 3, 7), 10), (8,)),
    _Number("GR", "EL", "DDDDDDDDD", range(8), _el_check, (8,), _not_zero),
    _Number("ES", "ES", "ADDDDDDD*", range(1, 8), _es_company, (8,), _es_company_accepts, told_bare="yes"),
    _Number("ES", "ES", "*DDDDDDDA", range(1, 8), _es_person, (8,), _es_person_accepts, told_bare="yes"),
    _Number("FI", "FI", "DDDDDDDD", range(7), _sum_check((7, 9, 10, 5, 8, 4, 2), 11), (7,), None, r"^\d{7}-\d$"),
    _Number("FR", "FR", "DDDDDDDDDDD", range(2, 10), _fr_check, (0, 1, 10), lambda values: number(values[:, 2:5]) > 0),
    _Number("GB", "GB", "DDDDDDDDD", range(7), _gb_check, (7, 8), _gb_accepts),
    _Number("GB", "XI", "DDDDDDDDD", range(7), _gb_check, (7, 8), _gb_accepts),
    _Number("HR", "HR", "DDDDDDDDDDD", range(10), lambda values, _: _one(mod_11_10(values[:, :10])), (10,)),
    _Number("HU", "HU", "DDDDDDDD", range(7), _sum_check((9, 7, 3, 1, 9, 7, 3), 10), (7,)),
    _Number("IE", "IE", "DDDDDDDA", range(7), _ie_check, (7,)),
    _Number("IT", "IT", "DDDDDDDDDDD", range(7), lambda values, _: _one(luhn(values[:, :10])), (10,), _it_accepts),
    _Number("LU", "LU", "DDDDDDDD", range(6), lambda values, _: spread(number(values[:, :6]) % 89, 2), (6, 7)),
    _Number("NL", "NL", "DDDDDDDDDADD", range(8), _nl_company, (8,), _nl_accepts, told_bare="yes"),
    _Number("NL", "NL", "DDDDDDDDDADD", range(9), _nl_person, (10, 11), _nl_accepts, told_bare="yes"),
    _Number("PL", "PL", "DDDDDDDDDD", range(9),
            lambda values, _: _one(weighted(values[:, :9], (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11), (9,), None,
            r"^\d{3}-\d{3}-\d\d-\d\d$|^\d{3}-\d\d-\d\d-\d{3}$", "written"),
    _Number("PT", "PT", "DDDDDDDDD", range(8), _pt_check, (8,), _first_not_zero),
    _Number("SE", "SE", "DDDDDDDDDDDD", range(9), lambda values, _: _one(luhn(values[:, :9])), (9,), _se_accepts),
    _Number("SI", "SI", "DDDDDDDD", range(7), _si_check, (7,), _first_not_zero),
    *(_Number("CH", "CHE", "DDDDDDDDD" + suffix, range(8), _sum_check((5, 4, 3, 2, 7, 6, 5, 4), 11), (8,))
      for suffix in ("", "AAA", "AAAA")),
    _Number("BR", "", "DDDDDDDDDDDDDD", range(8), _br_check, (12, 13), _not_zero,
            r"^\d\d\.\d{3}\.\d{3}/\d{4}-\d\d$", "yes"),
    _Number("AU", "", "DDDDDDDDDDD", range(2, 11), _au_check, (0, 1), None, r"^\d\d \d{3} \d{3} \d{3}$", "yes"),
    _Number("US", "", "DDDDDDDDD", range(2, 9), None, (), None, r"^\d\d-\d{7}$", "written"),
)  # fmt: skip


@cache
def tax_schemes(country: str | None) -> tuple[Scheme, ...]:
    """Schemes of one country, or of all: with prefix first, then bare where that tells enough."""
    chosen = [each for each in _NUMBERS if country in (None, each.country)]
    with_prefix = [each.scheme(True) for each in chosen if each.prefix]
    if country is not None:
        # Northern Ireland's prefix has the same numbers: one bare scheme is enough.
        return (*with_prefix, *(each.scheme(False) for each in chosen if each.prefix != "XI"))
    bare = [each.scheme(False, each.told_bare == "written") for each in chosen if each.told_bare != "no"]
    return (*with_prefix, *bare)
