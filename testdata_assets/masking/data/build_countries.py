"""Writes countries.txt: the codes of ISO 3166-1, and country names in several languages.

Codes are facts, read from a machine's iso-codes folder; English names are those of the time-zone database
(public domain); those of other languages are what Faker's locales list. Names that another list holds too
belong to the first. Run `python -m testdata_assets.masking.data.build_countries` only to start a new version.
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

VERSION = 1
TARGET = Path(__file__).parent / "countries.txt"
_CODES = Path("/usr/share/iso-codes/json/iso_3166-1.json")
_NAMES = Path("/usr/share/zoneinfo/iso3166.tab")
_LOCALES = {
    "de": "de_DE", "fr": "fr_FR", "es": "es_ES", "it": "it_IT", "pt": "pt_PT", "nl": "nl_NL", "pl": "pl_PL",
    "sv": "sv_SE", "da": "da_DK", "fi": "fi_FI", "cs": "cs_CZ", "hu": "hu_HU", "ro": "ro_RO", "ru": "ru_RU",
    "uk": "uk_UA", "el": "el_GR", "he": "he_IL", "hi": "hi_IN", "th": "th", "zh": "zh_CN",
    "ja": "ja_JP", "ko": "ko_KR",
}  # fmt: skip


def main() -> None:
    entries = json.loads(_CODES.read_text(encoding="utf-8"))["3166-1"]
    lines = [f"version {VERSION}"]
    for label, key in (("codes 2", "alpha_2"), ("codes 3", "alpha_3"), ("codes n", "numeric")):
        lines += [f"[{label}]", "|".join(sorted(entry[key] for entry in entries))]
    tabs = (line.split("\t")[1] for line in _NAMES.read_text(encoding="utf-8").splitlines() if line[0] != "#")
    english = [re.sub(r" \(.*\)$", "", name) for name in tabs]
    english = ["United Kingdom" if name == "Britain" else name.replace(" & ", " and ") for name in english]
    lines += ["[names en]", "|".join(dict.fromkeys(english))]
    for language, locale in _LOCALES.items():
        listed = importlib.import_module(f"faker.providers.address.{locale}").Provider.countries
        names = {name.strip() for name in listed if "|" not in name and 1 < len(name) < 30 and "(" not in name}
        lines += [f"[names {language}]", "|".join(sorted(names))]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
