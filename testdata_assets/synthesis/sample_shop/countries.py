"""Countries of the sample: cities, forms of streets and postcodes, time zones, currencies, mobile numbers.

Tables only; `places.py` and `contacts.py` draw from them. Cities are real, most populous first.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """One country.

    Attributes:
        code: ISO 3166 alpha-2.
        culture: Faker locale whose names are usual there.
        dial: International prefix without `+`.
        trunk: What nationals dial in its place.
        mobiles: Number starts and how many digits follow.
        street: Form of a street line, with `{n}` and `{street}`.
        postcode: Tail of a postcode after the city's start: `#` a digit, `@` a letter.
        zones: IANA time zones with weights.
        cities: City, region and start of its postcodes.
    """

    code: str
    culture: str
    currency: str
    dial: str
    trunk: str
    mobiles: tuple[tuple[str, int], ...]
    street: str
    postcode: str
    zones: tuple[tuple[str, float], ...]
    cities: tuple[tuple[str, str, str], ...]


def _mobiles(starts: str, following: int) -> tuple[tuple[str, int], ...]:
    return tuple((start, following) for start in starts.split())


def _cities(text: str) -> tuple[tuple[str, str, str], ...]:
    """Reads `city|region|start` triples; the most populous first, as draws favour the first."""
    triples = (entry.strip().split("|") for entry in text.strip().split(";"))
    return tuple((city, region, start) for city, region, start in triples)


# Area codes with exchanges that neither end in 11 nor are 555, so that numbers are valid.
_US_STARTS = tuple(
    (f"{area}{exchange}", 4)
    for area in (212, 646, 718, 310, 323, 415, 510, 312, 773, 713, 214, 512, 602, 215, 206, 303, 617, 305, 404, 503)
    for exchange in (234, 248, 267, 326, 347, 382, 433, 459, 524, 546, 638, 672, 724, 768, 839, 862, 923, 947)
)

COUNTRIES: tuple[Country, ...] = (
    Country(
        "US",
        "en_US",
        "USD",
        "1",
        "",
        _US_STARTS,
        "{n} {street}",
        "##",
        (
            ("America/New_York", 47),
            ("America/Chicago", 29),
            ("America/Los_Angeles", 17),
            ("America/Denver", 5),
            ("America/Phoenix", 2),
        ),
        _cities("""New York|NY|100; Los Angeles|CA|900; Brooklyn|NY|112; Chicago|IL|606; Houston|TX|770; Phoenix|AZ|850;
            Philadelphia|PA|191; San Antonio|TX|782; San Diego|CA|921; Dallas|TX|752; Austin|TX|787; San Jose|CA|951;
            Columbus|OH|432; Charlotte|NC|282; Indianapolis|IN|462; Seattle|WA|981; Denver|CO|802; Boston|MA|021;
            Nashville|TN|372; Portland|OR|972; Las Vegas|NV|891; Detroit|MI|482; Memphis|TN|381; Baltimore|MD|212;
            Milwaukee|WI|532; Albuquerque|NM|871; Tucson|AZ|857; Fresno|CA|937; Sacramento|CA|958; Kansas City|MO|641;
            Atlanta|GA|303; Omaha|NE|681; Raleigh|NC|276; Miami|FL|331; Minneapolis|MN|554; Tulsa|OK|741;
            New Orleans|LA|701; Cleveland|OH|441; Honolulu|HI|968; Coeur d'Alene|ID|838; Winston-Salem|NC|271"""),
    ),
    Country(
        "GB",
        "en_GB",
        "GBP",
        "44",
        "0",
        _mobiles("7400 7425 7500 7522 7711 7725 7788 7801 7855 7900 7912 7974", 6),
        "{n} {street}",
        "# #@@",
        (("Europe/London", 1),),
        _cities("""London|Greater London|SW; Birmingham|West Midlands|B; Manchester|Greater Manchester|M;
            Leeds|West Yorkshire|LS; Glasgow|Scotland|G; Liverpool|Merseyside|L; Bristol|Bristol|BS;
            Stratford-upon-Avon|Warwickshire|CV; King's Lynn|Norfolk|PE; Edinburgh|Scotland|EH"""),
    ),
    Country(
        "DE",
        "de_DE",
        "EUR",
        "49",
        "0",
        _mobiles("151 157", 8) + _mobiles("160 170 171 172 173 175", 7),
        "{street} {n}",
        "##",
        (("Europe/Berlin", 1),),
        _cities("""Berlin|Berlin|101; Hamburg|Hamburg|200; München|Bayern|803; Köln|Nordrhein-Westfalen|506;
            Frankfurt am Main|Hessen|603; Düsseldorf|Nordrhein-Westfalen|402; Leipzig|Sachsen|041;
            Nürnberg|Bayern|904; Garmisch-Partenkirchen|Bayern|824; Würzburg|Bayern|970"""),
    ),
    Country(
        "FR",
        "fr_FR",
        "EUR",
        "33",
        "0",
        _mobiles("612 623 634 645 661 672 683 698 751 768", 6),
        "{n} {street}",
        "##",
        (("Europe/Paris", 1),),
        _cities("""Paris|Île-de-France|750; Marseille|Provence-Alpes-Côte d'Azur|130; Lyon|Auvergne-Rhône-Alpes|690;
            Toulouse|Occitanie|310; Nice|Provence-Alpes-Côte d'Azur|060; Nantes|Pays de la Loire|440;
            L'Haÿ-les-Roses|Île-de-France|942; Saint-Étienne|Auvergne-Rhône-Alpes|420; Besançon|Bourgogne|250"""),
    ),
    Country(
        "ES",
        "es_ES",
        "EUR",
        "34",
        "",
        _mobiles("612 626 637 645 654 665 678 686 699 722", 6),
        "{street}, {n}",
        "##",
        (("Europe/Madrid", 9), ("Atlantic/Canary", 1)),
        _cities("""Madrid|Madrid|280; Barcelona|Cataluña|080; València|Comunitat Valenciana|460; Sevilla|Andalucía|410;
            Zaragoza|Aragón|500; Málaga|Andalucía|290; A Coruña|Galicia|150; Las Palmas|Canarias|350"""),
    ),
    Country(
        "IT",
        "it_IT",
        "EUR",
        "39",
        "",
        _mobiles("320 328 333 338 340 347 348 349 380 391", 7),
        "{street}, {n}",
        "##",
        (("Europe/Rome", 1),),
        _cities("""Roma|Lazio|001; Milano|Lombardia|201; Napoli|Campania|801; Torino|Piemonte|101; Palermo|Sicilia|901;
            Bologna|Emilia-Romagna|401; Firenze|Toscana|501; L'Aquila|Abruzzo|671; Forlì|Emilia-Romagna|471"""),
    ),
    Country(
        "NL",
        "nl_NL",
        "EUR",
        "31",
        "0",
        _mobiles("61 62 63 64 65", 7),
        "{street} {n}",
        "# @@",
        (("Europe/Amsterdam", 1),),
        _cities("""Amsterdam|Noord-Holland|101; Rotterdam|Zuid-Holland|301; 's-Gravenhage|Zuid-Holland|251;
            Utrecht|Utrecht|351; Eindhoven|Noord-Brabant|561; 's-Hertogenbosch|Noord-Brabant|521"""),
    ),
    Country(
        "PL",
        "pl_PL",
        "PLN",
        "48",
        "",
        _mobiles("501 512 600 602 609 660 693 721 787 880", 6),
        "{street} {n}",
        "-###",
        (("Europe/Warsaw", 1),),
        _cities("""Warszawa|mazowieckie|00; Kraków|małopolskie|30; Łódź|łódzkie|90; Wrocław|dolnośląskie|50;
            Poznań|wielkopolskie|60; Gdańsk|pomorskie|80; Bielsko-Biała|śląskie|43"""),
    ),
    Country(
        "BR",
        "pt_BR",
        "BRL",
        "55",
        "0",
        _mobiles("1196 1198 1199 2197 2198 2199 3198 3199 4199 5199", 7),
        "{street}, {n}",
        "##-###",
        (("America/Sao_Paulo", 9), ("America/Manaus", 1)),
        _cities("""São Paulo|SP|010; Rio de Janeiro|RJ|200; Belo Horizonte|MG|301; Brasília|DF|700; Salvador|BA|400;
            Florianópolis|SC|880; Manaus|AM|690"""),
    ),
    Country(
        "SE",
        "sv_SE",
        "SEK",
        "46",
        "0",
        _mobiles("70 72 73 76", 7),
        "{street} {n}",
        "# ##",
        (("Europe/Stockholm", 1),),
        _cities("Stockholm|Stockholms län|11; Göteborg|Västra Götaland|41; Malmö|Skåne|21; Umeå|Västerbotten|90"),
    ),
    Country(
        "RU",
        "ru_RU",
        "RUB",
        "7",
        "8",
        _mobiles("903 905 909 911 915 916 921 925 926 985", 7),
        "{street}, д. {n}",
        "###",
        (("Europe/Moscow", 7), ("Asia/Yekaterinburg", 2), ("Asia/Vladivostok", 1)),
        _cities(
            "Москва|Москва|101; Санкт-Петербург|Санкт-Петербург|190; Екатеринбург|Свердловская обл.|620; "
            "Новосибирск|Новосибирская обл.|630; Ростов-на-Дону|Ростовская обл.|344"
        ),
    ),
    Country(
        "UA",
        "uk_UA",
        "UAH",
        "380",
        "0",
        _mobiles("50 63 66 67 68 73 93 95 97 99", 7),
        "{street}, буд. {n}",
        "###",
        (("Europe/Kyiv", 1),),
        _cities("Київ|Київ|01; Харків|Харківська обл.|61; Одеса|Одеська обл.|65; Львів|Львівська обл.|79"),
    ),
    Country(
        "GR",
        "el_GR",
        "EUR",
        "30",
        "",
        _mobiles("693 694 697 698 699", 7),
        "{street} {n}",
        " ##",
        (("Europe/Athens", 1),),
        _cities("Αθήνα|Αττική|105; Θεσσαλονίκη|Κεντρική Μακεδονία|546; Πάτρα|Δυτική Ελλάδα|262; Ηράκλειο|Κρήτη|712"),
    ),
    Country(
        "CN",
        "zh_CN",
        "CNY",
        "86",
        "",
        _mobiles("135 136 138 139 150 158 159 186 188 189", 8),
        "{street}{n}号",
        "####",
        (("Asia/Shanghai", 1),),
        _cities(
            "上海市|上海市|20; 北京市|北京市|10; 深圳市|广东省|51; 广州市|广东省|51; 成都市|四川省|61; 杭州市|浙江省|31"
        ),
    ),
    Country(
        "JP",
        "ja_JP",
        "JPY",
        "81",
        "0",
        _mobiles("902 903 904 803 804 805 907 908", 7),
        "{street}{n}",
        "-####",
        (("Asia/Tokyo", 1),),
        _cities(
            "世田谷区|東京都|154; 横浜市鶴見区|神奈川県|230; 大阪市北区|大阪府|530; 名古屋市中区|愛知県|460; "
            "札幌市中央区|北海道|060; 福岡市博多区|福岡県|812"
        ),
    ),
    Country(
        "KR",
        "ko_KR",
        "KRW",
        "82",
        "0",
        _mobiles("102 103 104 105 106 107 108 109", 7),
        "{street} {n}",
        "##",
        (("Asia/Seoul", 1),),
        _cities(
            "서울특별시 강남구|서울특별시|061; 부산광역시 해운대구|부산광역시|480; "
            "대구광역시|대구광역시|419; 수원시|경기도|164"
        ),
    ),
    Country(
        "EG",
        "ar_AA",
        "EGP",
        "20",
        "0",
        _mobiles("100 101 106 109 111 112 114 120 122 128", 7),
        "{n} {street}",
        "##",
        (("Africa/Cairo", 1),),
        _cities("القاهرة|محافظة القاهرة|115; الإسكندرية|محافظة الإسكندرية|215; الجيزة|محافظة الجيزة|125"),
    ),
    Country(
        "IN",
        "en_IN",
        "INR",
        "91",
        "0",
        _mobiles("9810 9811 9820 9845 9880 9900 9930 9986 8800 7700", 6),
        "{n}, {street}",
        "###",
        (("Asia/Kolkata", 1),),
        _cities("""Mumbai|Maharashtra|400; Delhi|Delhi|110; Bengaluru|Karnataka|560; Hyderabad|Telangana|500;
            Chennai|Tamil Nadu|600; Pune|Maharashtra|411; Kolkata|West Bengal|700; Jaipur|Rajasthan|302"""),
    ),
    Country(
        "TR",
        "tr_TR",
        "TRY",
        "90",
        "0",
        _mobiles("530 532 533 535 537 541 542 544 505 555", 7),
        "{street} No: {n}",
        "###",
        (("Europe/Istanbul", 1),),
        _cities("İstanbul|İstanbul|34; Ankara|Ankara|06; İzmir|İzmir|35; Bursa|Bursa|16; Iğdır|Iğdır|76"),
    ),
    Country(
        "IL",
        "he_IL",
        "ILS",
        "972",
        "0",
        _mobiles("50 52 53 54 58", 7),
        "{street} {n}",
        "#####",
        (("Asia/Jerusalem", 1),),
        _cities("תל אביב-יפו|מרכז|61; ירושלים|ירושלים|91; חיפה|חיפה|31; באר שבע|דרום|84"),
    ),
)
CODES = tuple(country.code for country in COUNTRIES)
HOME = 0  # the country of four orders in five
