"""Browsers, crawlers and programs: how their user agents are told, and the pool of replacements.

Replacements are texts with the major version left out (`#`), by family and platform, made from short lists of
operating systems, devices and builds. Nothing here depends on what production holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from testdata_assets.masking.text_arrays import TextArray

POOL_VERSION = 1
MARK = "#"  # stands for the major version, up to three times

# Platforms in the order in which they are looked for, each with a pattern in lower-case text.
PLATFORMS = {
    "ipad": r"ipad",
    "iphone": r"iphone|ipod",
    "tablet": r"android(?:.*tablet|[^m]*(?:sm-[tx]\d|pixel tablet|lenovo tb))",
    "android": r"android",
    "windows": r"windows",
    "chromeos": r"\bcros\b",
    "mac": r"macintosh|mac os x",
    "linux": r"linux|x11|ubuntu|fedora|freebsd|openbsd",
    "any": r"",
}

_PHONES = ("K", "SM-A515F", "SM-G991B", "Pixel 6", "Pixel 7a", "M2101K6G", "CPH2211", "moto g(30)")
_SYSTEMS = {
    "ipad": [f"iPad; CPU OS {version} like Mac OS X"
             for version in ("15_8", "16_2", "16_6", "16_7_2", "17_1", "17_4", "17_5_1", "18_0")],
    "iphone": [f"iPhone; CPU iPhone OS {version} like Mac OS X"
               for version in ("15_8", "16_2", "16_6", "16_7_2", "17_1", "17_4", "17_5_1", "18_0")],
    "tablet": [f"Linux; Android {version}; {device}"
               for version, device in itertools.product((11, 12, 13), ("SM-T510", "SM-X200", "Lenovo TB-X606F"))],
    "android": [f"Linux; Android {version}; {device}"
                for version, device in itertools.product((10, 11, 12, 13, 14), _PHONES)],
    "windows": ["Windows NT 10.0; Win64; x64", "Windows NT 10.0; WOW64", "Windows NT 6.1; Win64; x64",
                "Windows NT 6.3; Win64; x64"],
    "chromeos": [f"X11; CrOS x86_64 {build}.0.0" for build in (14541, 15117, 15236, 15393, 15474, 15633)],
    "mac": [f"Macintosh; Intel Mac OS X {version}"
            for version in ("10_13_6", "10_14_6", "10_15_7", "11_7_10", "12_7", "13_6")],
    "linux": ["X11; Linux x86_64", "X11; Ubuntu; Linux x86_64", "X11; Fedora; Linux x86_64", "X11; Linux aarch64"],
}  # fmt: skip
_BUILDS = ["0.0.0", "0.4472.114", "0.4896.127", "0.5195.102", "0.5672.93", "0.6045.160"]
_DESKTOP = ("windows", "mac", "linux")
_MOBILE = ("android", "tablet")
_APPLE = ("ipad", "iphone")
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IOS_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@dataclass(frozen=True)
class Family:
    """One kind of program.

    Attributes:
        name: As in the documentation.
        pattern: Tells it in lower-case text; its one group is the major version.
        pool: For each platform, texts with `#` for the major version; "any" where platforms do not matter.
    """

    name: str
    pattern: str
    pool: dict[str, list[str]]


def _mobile(platform: str) -> str:
    return " Mobile" if platform == "android" else ""


def _chromium(suffix: str, platforms: Iterable[str], version: str = "") -> dict[str, list[str]]:
    """A Chromium browser: its own version follows Chrome's, or stands for it where the family's is another."""
    return {
        platform: [
            f"Mozilla/5.0 ({system}) {_WEBKIT} Chrome/{version or MARK + '.' + build}{_mobile(platform)} "
            f"Safari/537.36{suffix.format(build=build)}"
            for system, build in itertools.product(_SYSTEMS[platform], _BUILDS)
        ]
        for platform in platforms
    }


def _ios(middle: str, tail: str = "") -> dict[str, list[str]]:
    return {
        platform: [
            f"Mozilla/5.0 ({system}) {_IOS_WEBKIT} {middle.format(build=build)} Mobile/{mobile} Safari/604.1{tail}"
            for system, build, mobile in itertools.product(_SYSTEMS[platform], _BUILDS[1:4], ("15E148", "15E302"))
        ]
        for platform in _APPLE
    }


def _firefox() -> dict[str, list[str]]:
    pool = {
        platform: [f"Mozilla/5.0 ({system}; rv:#.0) Gecko/20100101 Firefox/#.0" for system in _SYSTEMS[platform]]
        for platform in ("windows", "linux")
    }
    pool["mac"] = [
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.{minor}; rv:#.0) Gecko/20100101 Firefox/#.0"
        for minor in (11, 12, 13, 14, 15)
    ]
    for platform, kind in (("android", "Mobile"), ("tablet", "Tablet")):
        pool[platform] = [
            f"Mozilla/5.0 (Android {version}; {kind}; rv:#.0) Gecko/#.0 Firefox/#.0" for version in range(8, 15)
        ]
    return pool | _ios("FxiOS/#.0")


def _crawler(*texts: str) -> dict[str, list[str]]:
    return {"any": list(texts)}


def _versions(text: str, versions: Iterable[str]) -> dict[str, list[str]]:
    return {"any": [text.replace("%", version) for version in versions]}


_MINORS = ["0", "1", "2", "3", "4", "5", "6", "7"]
_PATCHES = [f"{minor}.{patch}" for minor, patch in itertools.product(("0", "1", "2", "3", "4"), ("0", "1", "2", "3"))]
_HELP = "+https://crawler.example.com/bot.html"

# Crawlers and programs before browsers, whose names they borrow; browsers built on another one before that.
FAMILIES = (
    Family("googlebot", r"googlebot(?:[^/]*)/(\d+)", _crawler(
        "Mozilla/5.0 (compatible; Googlebot/#.1; +http://www.google.com/bot.html)",
        "Googlebot/#.1 (+http://www.google.com/bot.html)",
        f"Mozilla/5.0 {_WEBKIT}; compatible; Googlebot/#.1; +http://www.google.com/bot.html) Safari/537.36",
        "Googlebot-Image/#.0", "Googlebot-Video/#.0", "Googlebot-News/#.0")),
    Family("bingbot", r"(?:bingbot|adidxbot|bingpreview)/(\d+)", _crawler(
        "Mozilla/5.0 (compatible; bingbot/#.0; +http://www.bing.com/bingbot.htm)",
        f"Mozilla/5.0 {_WEBKIT}; compatible; bingbot/#.0; +http://www.bing.com/bingbot.htm) Safari/537.36",
        "bingbot/#.0 (+http://www.bing.com/bingbot.htm)", "Mozilla/5.0 (compatible; BingPreview/#.0)")),
    Family("yandex", r"yandex\w*/(\d+)[^;]*; \+", _crawler(
        "Mozilla/5.0 (compatible; YandexBot/#.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; YandexImages/#.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; YandexMetrika/#.0; +http://yandex.com/bots)")),
    Family("social preview",
           r"(?:facebookexternalhit|twitterbot|linkedinbot|slackbot[\w-]*|telegrambot|whatsapp)/?\D*(\d*)",
           _crawler("facebookexternalhit/#.1 (+http://www.facebook.com/externalhit_uatext.php)",
                    "Twitterbot/#.0", "LinkedInBot/#.0 (compatible; Mozilla/5.0)",
                    "Slackbot-LinkExpanding #.0 (+https://api.slack.com/robots)", "TelegramBot/#.0", "WhatsApp/#.23")),
    Family("other bot", r"(?:[\w-]*(?:bot|crawler|spider|slurp|archiver|monitor|uptime|pingdom|headless\w*)\b)\D*(\d*)",
           {"any": [f"Mozilla/5.0 (compatible; {name}/#.0; {_HELP})" for name in (
               "ExampleBot", "SampleCrawler", "TestSpider", "DemoBot", "PlainBot", "QuietCrawler", "SmallSpider",
               "NorthBot", "RiverBot", "StoneCrawler")]}),
    Family("curl", r"^curl/(\d+)", _versions("curl/#.%", _PATCHES)),
    Family("wget", r"^wget/(\d+)", _versions("Wget/#.%", [*_MINORS, "20.3", "21.1", "21.2"])),
    Family("python", r"^python-(?:requests|urllib|httpx)/(\d+)", _versions("python-requests/#.%", _PATCHES)),
    Family("okhttp", r"^okhttp/(\d+)", _versions("okhttp/#.%", _PATCHES)),
    Family("go", r"^go-http-client/(\d+)", _crawler("Go-http-client/#.1", "Go-http-client/#.0")),
    Family("java", r"^(?:java|apache-httpclient)/(\d+)", _versions("Java/#.%", ["0.1", "0.2", "0.8", "0.13", "0.21"])),
    Family("javascript", r"^(?:axios|node-fetch|got|undici)/(\d+)", _versions("axios/#.%", _PATCHES)),
    Family("postman", r"^postmanruntime/(\d+)", _versions("PostmanRuntime/#.%", _PATCHES)),
    Family("dalvik", r"^dalvik/(\d+)", {"any": [
        f"Dalvik/#.1.0 (Linux; U; Android {version}; {device})"
        for version, device in itertools.product((9, 10, 11, 12, 13), _PHONES)]}),
    Family("apple networking", r"cfnetwork/(\d+)", {"any": [
        f"ExampleApp/{build} CFNetwork/#.{minor} Darwin/{kernel}"
        for build, minor, kernel in itertools.product((1, 12, 104), (1, 2, 4), ("21.6.0", "22.5.0", "23.4.0"))]}),
    Family("edge", r"\b(?:edge|edg|edga|edgios)/(\d+)",
           _chromium(" Edg/#.{build}", _DESKTOP) | _chromium(" EdgA/#.{build}", _MOBILE)
           | _ios("Version/16.0 EdgiOS/#.{build}")),
    Family("opera", r"\b(?:opr|opera|opt)/(\d+)",
           _chromium(" OPR/#.{build}", (*_DESKTOP, *_MOBILE), "114.0.0.0") | _ios("Version/16.0", " OPT/#.0")),
    Family("samsung", r"samsungbrowser/(\d+)", {
        platform: [f"Mozilla/5.0 ({system}) {_WEBKIT} SamsungBrowser/#.{minor} Chrome/111.{build}{_mobile(platform)} "
                   "Safari/537.36"
                   for system, minor, build in itertools.product(_SYSTEMS[platform], (0, 1, 2), _BUILDS[:3])]
        for platform in _MOBILE}),
    Family("firefox", r"\b(?:firefox|fxios)/(\d+)", _firefox()),
    Family("internet explorer", r"(?:msie |trident/.*rv:)(\d+)", {"windows": [
        *(f"Mozilla/5.0 (compatible; MSIE #.0; Windows NT {version}; {extra}Trident/{trident}.0)"
          for version, extra, trident in itertools.product(("6.0", "6.1", "6.2"), ("", "WOW64; "), (5, 6)))]}),
    Family("chrome", r"\b(?:chrome|crios|chromium)/(\d+)",
           _chromium("", (*_DESKTOP, *_MOBILE, "chromeos")) | _ios("CriOS/#.{build}")),
    Family("safari", r"version/(\d+)[\d.]* (?:mobile/\w+ )?safari/", {
        "mac": [f"Mozilla/5.0 ({system}) {_IOS_WEBKIT} Version/#.{minor} Safari/605.1.15"
                for system, minor in itertools.product(_SYSTEMS["mac"], range(6))]}
           | {platform: [f"Mozilla/5.0 ({system}) {_IOS_WEBKIT} Version/#.{minor} Mobile/15E148 Safari/604.1"
                         for system, minor in itertools.product(_SYSTEMS[platform], range(6))]
              for platform in _APPLE}),
)  # fmt: skip


@dataclass(frozen=True)
class Pool:
    """All replacements, cut at the marks.

    Attributes:
        first, count: (families, platforms) range of texts; count 0 where there are none.
        texts: The texts' parts between marks: four lists of equal length, '' where there is none.
        marks: Marks in each text.
    """

    first: NDArray[np.int64]
    count: NDArray[np.int64]
    texts: tuple[TextArray, ...]
    marks: NDArray[np.int64]


@cache
def pool() -> Pool:
    """The pool, built once per process."""
    shape = (len(FAMILIES), len(PLATFORMS))
    first, count = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    whole: list[str] = []
    for row, family in enumerate(FAMILIES):
        for column, platform in enumerate(PLATFORMS):
            # A platform that a family does not come on is written as its first one.
            texts = family.pool.get(platform) or next(iter(family.pool.values()))
            first[row, column], count[row, column] = len(whole), len(texts)
            whole += texts
    parts = [(text.split(MARK) + [""] * 3)[:4] for text in whole]
    pieces = tuple(TextArray.from_strings([part[place] for part in parts]) for place in range(4))
    return Pool(first, count, pieces, np.array([text.count(MARK) for text in whole]))
