"""People and messages written by hand: what real users do to a database, present at every scale.

Each case once broke some program. None of these people exists.
"""

from __future__ import annotations

from dataclasses import dataclass

_LONG_COMPANY = (
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft Müller, O'Leary & Søhne "
    "Internationale Beteiligungs- und Vermögensverwaltungsgesellschaft mit beschränkter Haftung & Compañía "
    "Kommanditgesellschaft auf Aktien, Zweigniederlassung Garmisch-Partenkirchen, ehemals Brüder Weiß Nachfolger"
)
LONG_COMPANY = (_LONG_COMPANY + " und Erben der Familie von der Weide zu Lichtenfels-Hohenstein")[:300]


@dataclass(frozen=True)
class Notable:
    """One hand-made customer; None leaves what the generator drew."""

    full_name: str
    first: str
    handle: str
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    bio: str | None = None


# Domains here never occur among the drawn ones, so that these addresses stay unique.
NOTABLES: tuple[Notable, ...] = (
    Notable("Siobhán O'Brien", "Siobhán", "siobhan.o'brien", "siobhan.o'brien@fastmail.com"),
    Notable("Seán O’Shaughnessy", "Seán", "sean.oshaughnessy"),  # a typographic apostrophe
    Notable("Anne-Marie Saint-Clair-Dubois", "Anne-Marie", "anne-marie.saint-clair"),
    Notable("Ludwig von und zu der Tann-Rathsamhausen", "Ludwig", "ludwig.vonundzu"),
    Notable("Pieter van 't Hoff", "Pieter", "pieter.vanthoff"),
    Notable("María José de la Cruz y Fernández", "María José", "mj.delacruz"),
    Notable("Gianluca Dell'Acqua", "Gianluca", "gianluca.dellacqua"),
    Notable("João Gonçalves dos Santos", "João", "joao.goncalves"),
    Notable("Þórdís Björk Sigurðardóttir", "Þórdís", "thordis.bjork"),
    Notable("Nguyễn Thị Minh Khuê", "Khuê", "khue.nguyen"),
    Notable("Łukasz Brzęczyszczykiewicz", "Łukasz", "lukasz.brz"),
    Notable("İpek Işıldar", "İpek", "ipek.isildar"),  # dotted and dotless i: lower() and upper() disagree
    Notable("Straße Groß", "Straße", "s.gross"),  # ß grows when upper-cased
    Notable("Анастасия Щербакова-Юрьева", "Анастасия", "nastya.scherbakova"),
    Notable("Мар'яна Коцюбинська", "Мар'яна", "maryana.k"),
    Notable("Αλέξανδρος Παπαχριστοδουλόπουλος", "Αλέξανδρος", "alex.papachristo"),
    Notable("欧阳晓芙", "晓芙", "ouyang.xiaofu", company="龙腾四海国际贸易(上海)有限公司"),
    Notable("髙橋 𠮷郎", "𠮷郎", "takahashi.yoshiro"),  # a character outside the basic plane
    Notable("佐々木 さくら・マリア", "さくら", "sasaki.sakura"),
    Notable("김 하늘빛나", "하늘빛나", "haneul.kim"),
    Notable("عبد الرحمن بن خالد آل سعيد", "عبد الرحمن", "abdulrahman.alsaid"),
    Notable("נועה בן־דוד", "נועה", "noa.bendavid"),
    Notable("अनन्या श्रीवास्तव", "अनन्या", "ananya.s"),
    Notable("Zoë 🌻 Hartmann", "Zoë", "zoe.hartmann", bio="🌱 🚲 — zoe.hartmann+hello@posteo.de"),
    Notable("Dana 👩🏽‍💻 Whitfield", "Dana", "dana.whitfield"),  # one glyph of four code points
    Notable("Jennifer Null", "Jennifer", "jennifer.null"),
    Notable("Nullius Inverba", "Nullius", "nullius", bio="NULL"),
    Notable("Tru Faulse", "Tru", "true", bio="\\N"),  # the COPY null marker as text
    Notable("O", "O", "o", bio="."),
    Notable("Hubert Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondeley Sr.", "Hubert", "hubert.w"),
    Notable('William "Bill" O\'Hanlon', "William", "bill.ohanlon"),
    Notable("Robert'); DROP TABLE users;--", "Robert", "bobby.tables"),
    Notable("Ana  Lucía   Ruiz ", "Ana", "ana.ruiz"),  # double spaces and a trailing one
    Notable("jose\u0301 nin\u0303o", "jose\u0301", "jose.nino"),  # decomposed accents
    Notable("\u200fسلمى\u200f يوسف", "سلمى", "salma.youssef"),  # right-to-left marks
    Notable("MARGARET THORNQUIST", "MARGARET", "margaret.thornquist"),
    Notable("Backslash\\Person", "Backslash", "backslash", bio="C:\\Users\\backslash\\new\\temp"),
    Notable("Plus Tester", "Plus", "plus.tester", "plus.tester+a+b.c-d@fastmail.com"),
    Notable("Plus Tester", "Plus", "plus.tester2", "plus.tester@fastmail.com"),  # the same without its tag
    Notable(
        "Long Local", "Long", "long.local",
        "the-longest-local-part-that-the-standard-admits-is-64-characters@fastmail.com",
    ),
    Notable("Sub Domain", "Sub", "sub.domain", "sub.domain@alumni.cs.eng.university-of-somewhere.ac.uk"),
    Notable("Quentin Comma, Jr.", "Quentin", "quentin.comma", phone="+1 (415) 326-0123 ext. 45"),
    Notable("Theo Vrahimis", "Theo", "theo.v", company=LONG_COMPANY),
    Notable("Ines Albrecht", "Ines", "ines.albrecht", company="O'Reilly & Sons \"Quality\" Ltd.; est. 1902"),
    Notable("Tab\tTyper", "Tab", "tab.typer", bio="first line\nsecond\tcolumn\r\nthird \\ line"),
)  # fmt: skip

# Bodies with the characters that break loaders. {name}, {email} and {phone} are the ticket's own customer's.
ODD_BODIES: tuple[str, ...] = (
    "Hello,\n\nmy order has not arrived.\n\n\tName:\t{name}\n\tE-mail:\t{email}\n\tPhone:\t{phone}\n\nThanks\n{name}",
    "The upload fails for C:\\Users\\{first}\\Documents\\new\\receipt.pdf – please write to {email}.",
    "Line with only the end-of-data mark below\n\\.\nand then my number: {phone}",
    "She said \"call me at {phone}\", then hung up. '{name}' is on the invoice; \\N is printed as the street.",
    '<p>Dear support,</p><p>please change my address. <a href="mailto:{email}">{name}</a> &amp; family</p>',
    "您好,我的订单有问题。姓名:{name},电话:{phone},邮箱:{email}。谢谢!",
    "こんにちは。{name}です。連絡先は {email} または {phone} です。よろしくお願いします🙇‍♀️",
    "مرحبا، اسمي {name} ورقم هاتفي {phone} وبريدي {email}. شكرا لكم",
    "Здравствуйте! Меня зовут {name}, мой телефон {phone}, почта {email}. Заказ не пришёл 😡😡",
    "-----Original Message-----\r\nFrom: {name} <{email}>\r\nTo: support\r\n\r\n> {name} wrote:\r\n> call {phone}",
    '{"customer": "{name}", "email": "{email}", "retry": null} <- this is all your app shows me',
    "E-Mail is {upper_email} (caps, sorry!) / {name} / {phone}",
)

EMOJI_SUFFIXES = (" 🌈", " ✨", " 🐱", " 🇺🇦", " ❤️", " 👨‍👩‍👧")
