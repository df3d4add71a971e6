"""Writes pools.txt: name and city tokens per script, and the syllables that invented words are made of.

First names and cities are single words that Faker's locales list; family names, street names, companies and
the corpus of free text are invented, so that a masked full name is nobody's. `heads` x `tails` make the
invented words; `avoid` lists those products that Faker knows as real. Everything is lower-case and survives
a change of case. Run `python -m testdata_assets.masking.data.build_pools` only to start a new version.
"""

# ruff: noqa: E501 - lists read best on one line each

from __future__ import annotations

import hashlib
import importlib
import itertools
import pkgutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from testdata_assets.masking.characters import LETTER, MARK, characters

VERSION = 1
TARGET = Path(__file__).parent / "pools.txt"

_SCRIPTS = {
    "latin": "LATIN",
    "accented": "LATIN",
    "cyrillic": "CYRILLIC",
    "greek": "GREEK",
    "arabic": "ARABIC",
    "hebrew": "HEBREW",
    "devanagari": "DEVANAGARI",
    "thai": "THAI",
}
_PER_LENGTH = {"latin": 90, "accented": 40, "cyrillic": 50, "greek": 40}
_LENGTHS = range(2, 13)

# Syllables per script: (onsets, rimes, infixes, endings); heads are onset + rime, tails infix + ending.
_SYLLABLES = {
    "latin": (
        "bl br cr dr dw fl gl gr gw kl kr kn pl pr qu scr shr sk sl sm sn spl str sv thr tr tw vr wr z zw j k v y",
        "ab ack ald amb ang ark asp ath eb eck eld elm eng erk esk eth av ez ild imb irk isp ith ov eth old omb ork oth ud uld umb urk usk uth",
        "ab ad av az eb ef eg ev ib ig iv iz ob od of ov ub ud uf uz",
        "ek el en eth il ix o ok on or oth ow u ul um ux y ane ith orn yx",
    ),
    "accented": (
        "bł br čr dr fl gł gr kł kr pl př sk šl sm sň str šv tř vr z žw j k v",
        "áb äck áld ömb ürk ésp éth èb éck öld ärm üng íb ílm óck ôld ún ükk",
        "ab ed ib ob ud",
        "én ík ö ös óv ül ýn eş ań ça ić ąk",
    ),
    "cyrillic": (
        "бл бр вр гл гр др жв зв кв кл кр мл пл пр скр сл см сн тв тр хв хр цв чв шв шк шл шп щ ж з",
        "аб авд аг азг ак алм амб ар ас ев едр ег езн ек елг ем ерн иб ивр ид изг ик илм ин об овд ог озн ок олг уб увр уг удр ук",
        "ав аз ег еж иг из ов ож уб уд ыг ыл",
        "ин ов ев енко ук юк ский ян ич ыч ец ур",
    ),
    "greek": (
        "βλ βρ γκ γρ δρ ζ θρ κλ κρ μν ξ πλ πν πρ σκ σπ στ τζ φλ φρ χρ ψ",
        "αβ αγ αδ ακ αμ αρτ εβ εγ εκ εμ ερν ιβ ιγ ιζ ιλμ οβ ογ οζ ομ ουβ ουζ υμ",
        "αβ εζ ιμ οζ ουδ υξ",
        "άκη ίδη όπουλου έα ίνου άτου ούση άρη ώτη",
    ),
    "arabic": (
        "بظ ثغ جظ حذ خض دغ ذب زغ سظ شذ صغ ضب طث ظم عذ غث فظ قذ كظ مض نغ هث",
        "ا و ي را لو مي نا رو لي",
        "ب ث ج د ذ ز ظ غ ف ق م ن",
        "اوي وني يان ور وش اد ين",
    ),
    "hebrew": (
        "גז דצ זט חג טז כצ לט מז נג סז פט צג קז רט שג תז בצ הט",
        "ו י א רו לי מא",
        "ב ג ד ז ט ל מ נ פ צ ק ר",
        "וביץ ואי יון נר לוז טיק ה",
    ),
    "devanagari": (
        "झ ठ ड ढ थ फ घ छ ख भ ध ट",
        "ाव ोल ेक ीम ूर ाख ेड ोन ीज ूप",
        "ब म ल व स ट घ ड",
        "ोरा ेकर ूलिया ीणा ाने ेवाल ाड़ ूर",
    ),
    "thai": (
        "ฉัฐ ฌาน ญาณ ฐาน ณัฏ ฑิต ธูป ภูผ ฟอง ฝอย ศิล ษาน ฬาร ฮวง",
        "กร พร ชัย วง มน รุ สี",
        "ก ข จ ด ต บ พ ม ร ล ส",
        "ากูล ินทร์ ูรณ์ ำเริญ ิวัฒน์ าภรณ์",
    ),
}
# Syllables that are words, or make words with an ending.
_WORDS = (
    "crab drab grab stab scab slab flab quack slack crack black track smack snack shrack skald keck vang trav crav grav "
    "jumb clamb wreck fleck dreck spark clark stark brisk frisk whisk grasp crisp wisp kalb kemp jov kov yov zov "
    "bramb crumb plumb thumb drumb climb klimb breath wreath broth froth sloth cloth smith frith plud slud crust trust "
    "brusk dusk tusk husk kamb lamb glamb smeld veld wild child build guild scold drold jerk clerk krald prusk"
)
# Scripts written without letters' case or word pieces: a word is made of single characters.
_SINGLES = {
    "han family": "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严",
    "han given": "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红春梅建国文辉力永健世广志义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子昌成康星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以家致树炎德行时泰盛雄琛钧冠策腾楠榕风航弘",
    "hangul family": "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염",
    "hangul given": "민서준현지우영수진호성은혜경미선정희연주원재동상태승훈규철윤아린하채율다솔빈건찬기용석환도겸",
    "katakana": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ",
    "hiragana": "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわ",
    "han text": "的一是不了在有人这来大为上个国我以要他时用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严",
    "hangul text": "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허고노도로모보소오조초코토포호구누두루무부수우주추쿠투푸후그느드르므브스으즈츠크트프흐기니디리미비시이지치키티피히",
}


def _lists(provider: type, wanted: tuple[str, ...]) -> Iterable[str]:
    for name in dir(provider):
        if not name.startswith(wanted) or "format" in name:
            continue
        entries = getattr(provider, name)
        if isinstance(entries, tuple | list | dict | set | frozenset):
            for entry in entries:
                yield from [entry] if isinstance(entry, str) else (part for part in entry if isinstance(part, str))


def faker_words(package: str, wanted: tuple[str, ...]) -> set[str]:
    """Single words from all locales of a Faker provider."""
    root = importlib.import_module(f"faker.providers.{package}")
    found: set[str] = set()
    for module in pkgutil.iter_modules(root.__path__):
        provider = importlib.import_module(f"{root.__name__}.{module.name}").Provider
        found.update(entry.strip() for entry in _lists(provider, wanted))
    return found


def pool_of(word: str) -> str | None:
    """The pool a token belongs to, or None if it is no single word that survives a change of case."""
    table = characters()
    codes = [ord(character) for character in word]
    letters = [code for code in codes if table.kind[code] == LETTER]
    if not letters or any(table.kind[code] not in (LETTER, MARK) for code in codes):
        return None
    if len({int(table.script[code]) for code in letters}) != 1 or table.kind[codes[0]] != LETTER:
        return None
    if word.upper().lower() != word or len(word.upper()) != len(word):
        return None
    script = int(table.script[letters[0]])
    for pool, name in _SCRIPTS.items():
        if table.scripts[name] == script:
            return "accented" if pool == "latin" and not word.isascii() else pool
    return None


def _ordered(words: Iterable[str]) -> list[str]:
    return sorted(words, key=lambda word: hashlib.blake2b(word.encode(), digest_size=8).digest())


def capped(words: Iterable[str]) -> dict[str, list[str]]:
    """Lower-case tokens by pool, at most so many of one length, shortest first."""
    groups: dict[tuple[str, int], list[str]] = defaultdict(list)
    for word in _ordered({word.lower().rstrip("ς") for word in words}):
        pool = pool_of(word)
        if pool is not None and len(word) in _LENGTHS:
            group = groups[pool, len(word)]
            if len(group) < _PER_LENGTH.get(pool, 30):
                group.append(word)
    pools: dict[str, list[str]] = defaultdict(list)
    for (pool, _), group in sorted(groups.items()):
        pools[pool] += sorted(group)
    return pools


def invented(pool: str, known: set[str]) -> tuple[list[str], list[str]]:
    onsets, rimes, infixes, endings = (part.split() for part in _SYLLABLES[pool])
    heads = _ordered({onset + rime for onset, rime in itertools.product(onsets, rimes)} - set(_WORDS.split()) - known)[
        :180
    ]
    tails = _ordered({infix + ending for infix, ending in itertools.product(infixes, endings)} | set(endings))[:170]
    return sorted(heads), sorted(tails)


def main() -> None:
    first = faker_words("person", ("first_name",))
    last = faker_words("person", ("last_name", "first_name"))
    cities = faker_words("address", ("cit", "town", "municipal", "commune"))
    known = {token.lower() for token in itertools.chain(last, cities) for token in token.split()}
    lines = [f"version {VERSION}"]
    for kind, words in (("first", first), ("city", cities)):
        for pool, tokens in capped(words).items():
            lines += [f"[{kind} {pool}]", " ".join(tokens)]
    for pool in _SYLLABLES:
        heads, tails = invented(pool, known)
        avoid = sorted({head + tail for head, tail in itertools.product(heads, tails)} & known)
        lines += [f"[heads {pool}]", " ".join(heads), f"[tails {pool}]", " ".join(tails)]
        lines += [f"[avoid {pool}]", " ".join(avoid)]
    for label, singles in _SINGLES.items():
        lines += [f"[singles {label}]", "".join(dict.fromkeys(singles))]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
