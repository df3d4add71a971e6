"""Writes phone_prefixes.txt: leading national digits to keep so that a redrawn number stays assigned.

Numbering plans differ: in most countries all seven last digits may be redrawn, on an island that shares +1
only four. For every country code, national length and leading digits this samples valid numbers, redraws
their tails and takes the shortest kept prefix under which at least 95 % stay valid by `phonenumbers`.
Run `python -m testdata_assets.masking.data.build_phone_prefixes` only to start a new version.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber

VERSION = 2
_SEED = 1  # of the samples: the same in all versions, so that a new one changes no more than it must
TARGET = Path(__file__).parent / "phone_prefixes.txt"
_WANTED = 0.95
_LEAST_REDRAWN = 4
_SAMPLES, _TAILS = 40, 25
# Where four redrawn digits are too many by far: (country, national length, leading digits) and the digits to keep.
_BY_HAND = {
    **{(672, 6, f"{prefix}"): 3 for prefix in (10, 11, 12, 13)},
    (683, 7, "88"): 4,
    **{(691, 7, f"{prefix}"): 4 for prefix in (31, 32, 33, 35, 36, 37, 38, 39)},
}


def is_valid(code: int, national: str) -> bool:
    zeros = len(national) - len(national.lstrip("0"))
    number = PhoneNumber(
        country_code=code,
        national_number=int(national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )
    return phonenumbers.is_valid_number(number)


def looked_at(code: int) -> int:
    """Leading digits that decide: the area code in North America, two digits elsewhere."""
    return 3 if code == 1 else 2


def default_kept(national: int) -> int:
    """Digits kept where the file says nothing; the transformer does the same."""
    return national - 7 if national >= 9 else min(2, max(national - 4, 0))


def examples(code: int) -> set[str]:
    """Numbers that the metadata gives as examples."""
    found = set()
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]:
        metadata = PhoneMetadata.metadata_for_region(region)
        for kind in ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "uan", "pager"):
            description = getattr(metadata, kind, None) if metadata else None
            if description is not None and description.example_number:
                found.add(description.example_number)
    return found


def valid_samples(code: int, draw: random.Random) -> dict[tuple[int, str], list[str]]:
    """Valid numbers by (national length, leading digits)."""
    look = looked_at(code)
    groups: dict[tuple[int, str], list[str]] = defaultdict(list)
    seeds = examples(code)
    for seed in sorted(seeds):
        for kept in range(look, len(seed) - 3):
            for _ in range(20):
                number = seed[:kept] + "".join(draw.choices("0123456789", k=len(seed) - kept))
                if is_valid(code, number):
                    groups[len(seed), number[:look]].append(number)
    for length in sorted({len(seed) for seed in seeds}):
        for prefix in range(10**look):
            group = groups[length, f"{prefix:0{look}d}"]
            for _ in range(60):
                if len(group) >= _SAMPLES:
                    break
                number = f"{prefix:0{look}d}" + "".join(draw.choices("0123456789", k=length - look))
                if is_valid(code, number):
                    group.append(number)
    return {key: draw.sample(group, min(len(group), _SAMPLES)) for key, group in groups.items() if group}


def tail(code: int, kept: int, count: int, draw: random.Random) -> str:
    """Redrawn digits; a North American exchange begins with 2 to 9, as the transformer sees to."""
    digits = draw.choices("0123456789", k=count)
    if code == 1 and kept == 3:
        digits[0] = draw.choice("23456789")
    return "".join(digits)


def kept_digits(code: int, samples: list[str], draw: random.Random) -> int:
    length = len(samples[0])
    start = max(looked_at(code), default_kept(length))
    for kept in range(start, length - _LEAST_REDRAWN + 1):
        hits = total = 0
        for sample in samples:
            for _ in range(_TAILS):
                total += 1
                hits += is_valid(code, sample[:kept] + tail(code, kept, length - kept, draw))
            if total >= 5 * _TAILS and hits < 0.6 * total:
                break
        if hits >= _WANTED * total:
            return kept
    return max(start, length - _LEAST_REDRAWN)


def main() -> None:
    draw = random.Random(_SEED)  # noqa: S311 - samples, not secrets
    lines = [f"version {VERSION} phonenumbers {phonenumbers.__version__}"]
    for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE):
        by_length: dict[int, dict[str, int]] = defaultdict(dict)
        for (length, prefix), samples in sorted(valid_samples(code, draw).items()):
            kept = kept_digits(code, samples, draw)
            by_length[length][prefix] = _BY_HAND.get((code, length, prefix), kept)
        for length, found in sorted(by_length.items()):
            usual = Counter(found.values()).most_common(1)[0][0]
            odd = [f"{prefix}:{kept}" for prefix, kept in sorted(found.items()) if kept != usual]
            lines.append(" ".join([f"{code} {length} {usual}", *odd]))
    TARGET.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
