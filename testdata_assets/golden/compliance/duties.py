"""Duties for test environments in five frameworks, and what an image shows towards each.

The duties are told in our words and no legal advice. A duty is never called fulfilled: `SHOWN` means that the record at
hand proves the part named, `HELPS` that it is one of several things needed, `YOURS` that nothing here can show it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from testdata_assets.golden.compliance.categories import HIPAA_IDENTIFIERS
from testdata_assets.golden.compliance.facts import ColumnFact, Facts

SHOWN, HELPS, OPEN, YOURS = "shown", "helps", "open", "yours"
WORDS = {SHOWN: "shown", HELPS: "contributes", OPEN: "not shown", YOURS: "yours to show"}

LEAKS, PATTERNS, COUNTS = "no_production_values", "no_pii_patterns", "row_counts"


@dataclass(frozen=True)
class Duty:
    """One duty and what this image says to it."""

    reference: str
    duty: str
    state: str
    evidence: str


@dataclass(frozen=True)
class Framework:
    """One framework's duties."""

    name: str
    scope: str
    duties: tuple[Duty, ...]


@dataclass(frozen=True)
class Identifier:
    """One of HIPAA's 18 identifiers in this image."""

    number: int
    title: str
    state: str
    masked: tuple[ColumnFact, ...]
    kept: tuple[ColumnFact, ...]
    note: str


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 column`, `2 columns`, `no column`."""
    return f"{number or 'no'} {one if number == 1 else many or one + 's' if number else one}"


def frameworks(facts: Facts) -> list[Framework]:
    """All duties, each with what this image shows."""
    return [build(facts) for build in _BUILDERS]


def _when(facts: Facts, *checks: str) -> str:
    return SHOWN if facts.passed(*checks) else OPEN


def _masking(facts: Facts) -> str:
    named = count(len([each for each in facts.categories if each.masked]), "category", "categories")
    return f"{count(len(facts.masked), 'column')} of {len(facts.columns)} masked, in {named} of data"


def _searched(facts: Facts) -> str:
    found = {check.name: check for check in facts.checks}
    said = [f"{name}: {'passed' if found[name].passed else 'FAILED'}" for name in (LEAKS, PATTERNS) if name in found]
    return ", ".join(said) or "no check is on record"


def _looked(facts: Facts) -> str:
    if not facts.verification:
        return "no verification of every row is on record yet"
    word = "passed" if facts.verification.get("passed") else "FAILED"
    return f"the last verification of every row {word} at {facts.verification.get('verified_at')}"


def _gdpr(facts: Facts) -> Framework:
    special = [each for each in facts.categories if each.category.special]
    kept_special = sum(len(each.kept) for each in special)
    dropped = [*facts.tables_of("truncate"), *facts.tables_of("synthesize")]
    return Framework(
        "GDPR",
        "Regulation (EU) 2016/679; for copies of production that developers and tests use",
        (
            Duty(
                "Art. 5(1)(b), (c)",
                "Use personal data for the purpose they were collected for, and no more of them than needed.",
                _when(facts, LEAKS),
                f"{_masking(facts)}; {count(len(dropped), 'table')} without production's rows. Whether what is kept is "
                "needed is for you to say: see the kept columns below.",
            ),
            Duty(
                "Art. 4(5), Recital 26",
                "Pseudonymous data remain personal data while somebody holds what links them to a person.",
                HELPS,
                "Masks hang on a secret key (id in the table above). Whoever holds it can test guesses, so the image "
                "is pseudonymous and not anonymous; destroying the key and judging the kept columns are steps on the "
                "way to the latter.",
            ),
            Duty(
                "Art. 5(1)(f), 32(1)(a)",
                "Secure personal data, by pseudonymisation and encryption among other means.",
                _when(facts, LEAKS, PATTERNS),
                f"Search of the whole image for production's values and for patterns: {_searched(facts)}. The snapshot "
                "was encrypted at rest and its key was destroyed at publication.",
            ),
            Duty(
                "Art. 32(1)(d)",
                "Test regularly whether the measures work.",
                SHOWN if facts.checks and facts.signed_by else OPEN,
                f"{count(len(facts.checks), 'check')} before each publication, results signed; {_looked(facts)}.",
            ),
            Duty(
                "Art. 25",
                "Protect data by design and by default.",
                HELPS,
                "A column without a rule stops the refresh before a row is read; an image without a valid attestation "
                "is not branched.",
            ),
            Duty(
                "Art. 9",
                "Process special categories (health, biometric and the like) only under its conditions.",
                OPEN if kept_special else HELPS,
                "Columns of a sensitive kind: "
                f"{sum(len(each.masked) for each in special) or 'none'} masked, {kept_special or 'none'} kept. "
                "Only columns that rules call so are counted.",
            ),
            Duty(
                "Art. 5(1)(e), 17",
                "Keep data no longer than needed; erase them on request.",
                HELPS,
                "Who was erased in production is absent from the next image. Old images go when no branch needs them: "
                "how often you refresh and how long branches live is yours to set.",
            ),
            Duty(
                "Art. 5(2), 24, 30, 35",
                "Be able to show all this; keep records of processing; assess impact where risk is high.",
                YOURS,
                "This report and the signed attestation are material for your records; neither replaces them.",
            ),
        ),
    )


def _hipaa(facts: Facts) -> Framework:
    return Framework(
        "HIPAA",
        "45 CFR Part 164; the 18 identifiers are listed one by one below",
        (
            Duty(
                "164.514(b)(2)(i)",
                "Safe harbour: remove all 18 identifiers of the person, relatives, employers and household.",
                OPEN,
                f"{_identified(facts)} Not claimed as met: {count(len(facts.kept_dates), 'date column')} kept, and a "
                "column that nobody classified is not counted.",
            ),
            Duty(
                "164.514(b)(2)(i)(R), (c)",
                "A code in place of an identifier must not be derived from it nor be translatable back.",
                OPEN,
                "Masks are keyed functions of the values they replace. Until the key is destroyed, rely on expert "
                "determination instead; a fresh key for every refresh that is destroyed after it makes this easier.",
            ),
            Duty(
                "164.514(b)(1)",
                "Expert determination: a statistician finds the risk of re-identification very small.",
                YOURS,
                "The figures of the checks and the inventory of kept columns are input for the expert.",
            ),
            Duty(
                "164.502(b)",
                "Use the minimum necessary.",
                _when(facts, COUNTS),
                f"{_masking(facts)}; tables without production's rows: "
                f"{count(len(facts.tables_of('truncate')) + len(facts.tables_of('synthesize')), 'table')}.",
            ),
            Duty(
                "164.312(c)(1)",
                "Protect records from improper alteration.",
                SHOWN if facts.signed_by else OPEN,
                f"Digest of every table and catalog under an Ed25519 signature; {_looked(facts)}.",
            ),
        ),
    )


def _identified(facts: Facts) -> str:
    treated = [each for each in identifiers(facts) if each.masked]
    return f"Columns of {len(treated)} of the 18 identifiers are masked."


def _pci(facts: Facts) -> Framework:
    cards = [each for each in facts.categories if each.category.card]
    masked, kept = sum(len(each.masked) for each in cards), sum(len(each.kept) for each in cards)
    named = count(masked, "card number column")
    return Framework(
        "PCI DSS 4.0.1",
        "Requirements for pre-production environments outside the cardholder data environment",
        (
            Duty(
                "6.5.5",
                "No live card numbers in pre-production, unless it is protected as the cardholder environment is.",
                OPEN if kept else _when(facts, LEAKS, PATTERNS),
                f"{named.capitalize()} masked, {kept or 'none'} kept. Patterns: numbers that pass Luhn's check were "
                f"searched for in kept columns, documents and texts ({_searched(facts)}).",
            ),
            Duty(
                "3.3.1",
                "Keep no card verification codes, tracks or PINs after authorisation.",
                YOURS,
                "Production must not hold them at all. Where it does, give the column null or the table truncate; "
                "no check recognises a three-digit code.",
            ),
            Duty(
                "3.5.1, 3.4.1",
                "Make stored numbers unreadable; show at most first six and last four digits.",
                _when(facts, LEAKS) if masked else YOURS,
                f"{named.capitalize()} masked. Search for production's own numbers: {_searched(facts)}."
                if masked
                else "No column is classified as a card number.",
            ),
            Duty(
                "6.5.6",
                "Remove test data and accounts before a system goes into production.",
                YOURS,
                "Data flow from production to branches only; nothing here writes to production.",
            ),
            Duty(
                "6.5.3, 6.5.4",
                "Separate pre-production from production, in access and in roles.",
                HELPS,
                "Each branch is a database with a role of its own that reaches no other database of the server; "
                "foreign servers and user mappings are never restored.",
            ),
        ),
    )


def _soc2(facts: Facts) -> Framework:
    return Framework(
        "SOC 2",
        "Trust Services Criteria 2017, points of focus of 2022",
        (
            Duty(
                "CC8.1",
                "Protect confidential and personal information while systems are developed, tested and changed.",
                _when(facts, LEAKS, PATTERNS),
                f"Rules are version-controlled (digest signed); {_searched(facts)}.",
            ),
            Duty(
                "C1.1",
                "Identify confidential information and protect it.",
                SHOWN if facts.plan_recorded and facts.signed_by else OPEN,
                f"Every column is decided: {_masking(facts)}, {len(facts.kept)} kept. The inventory below is signed.",
            ),
            Duty(
                "C1.2",
                "Dispose of confidential information when it is not needed any more.",
                HELPS,
                "The snapshot's data key is destroyed when an image is published or rejected; branches expire.",
            ),
            Duty(
                "CC6.1, CC6.7",
                "Restrict logical access, and movement of information, to those authorised.",
                HELPS,
                "Only images with a valid signature are branched; each branch has its own role and a random password. "
                "Who may ask for a branch is for your repository's and network's settings to show.",
            ),
            Duty(
                "CC7.1, CC7.2",
                "Detect changes and anomalies.",
                SHOWN if facts.verification and facts.verification.get("passed") else HELPS,
                f"A seal is checked with every branch; {_looked(facts)}.",
            ),
        ),
    )


def _ccpa(facts: Facts) -> Framework:
    return Framework(
        "CCPA",
        "California Civil Code 1798.100 and following, as amended by the CPRA",
        (
            Duty(
                "1798.100(c)",
                "Use personal information only as is necessary and proportionate to its purpose.",
                _when(facts, LEAKS),
                f"{_masking(facts)}; what is kept is listed below.",
            ),
            Duty(
                "1798.100(e), 1798.150",
                "Keep reasonable security; a breach of unredacted data may be sued for.",
                _when(facts, LEAKS, PATTERNS),
                f"{_searched(facts).capitalize()}; snapshots are encrypted.",
            ),
            Duty(
                "1798.140(m), (aa)",
                "Deidentified data need a public commitment and contracts; pseudonymised data are still personal.",
                YOURS,
                "The image is pseudonymised. No claim of deidentification is made.",
            ),
            Duty(
                "1798.121",
                "Honour limits on the use of sensitive personal information.",
                HELPS,
                f"{count(sum(len(e.masked) for e in facts.categories if e.category.special), 'column')} of a sensitive "
                f"kind masked, {sum(len(e.kept) for e in facts.categories if e.category.special) or 'none'} kept.",
            ),
            Duty(
                "1798.105",
                "Delete on request.",
                HELPS,
                "A person deleted in production is absent from the next image.",
            ),
        ),
    )


_BUILDERS: tuple[Callable[[Facts], Framework], ...] = (_gdpr, _hipaa, _pci, _soc2, _ccpa)


def identifiers(facts: Facts) -> list[Identifier]:
    """HIPAA's 18 identifiers, each with the columns that rules classify as such."""
    found = []
    for number, title in enumerate(HIPAA_IDENTIFIERS, 1):
        masked = tuple(c for each in facts.categories if each.category.hipaa == number for c in each.masked)
        kept = tuple(c for each in facts.categories if each.category.hipaa == number for c in each.kept)
        note = "no column is classified so"
        if masked or kept:
            note = f"{len(masked)} masked" + (f", {len(kept)} KEPT by rule" if kept else "")
        if number == 3 and facts.kept_dates:
            note += f"; {count(len(facts.kept_dates), 'date column')} kept (may be of a person or of a thing)"
        state = OPEN if kept or (number == 3 and facts.kept_dates) else SHOWN if masked else YOURS
        found.append(Identifier(number, title, state, masked, kept, note))
    return found


def limits(facts: Facts) -> list[str]:
    """What this report does not show, with the image's own figures."""
    unlabelled = [column for column in facts.kept if not column.pii]
    drawn = [column for column in facts.masked if column.coincidence == "may coincide"]
    failed = [check.name for check in facts.checks if not check.passed]
    found = [
        f"{count(len(unlabelled), 'column').capitalize()} kept as {'it is' if len(unlabelled) == 1 else 'they are'} "
        "because a rule says that nothing personal is in there. People decided that; checks only search such columns "
        "for production's masked values and for well-known patterns.",
        "Kept columns tell more together than alone: a kept date, place and sex can single out one person.",
        "Equal values have equal masks. Which rows belong to one person, and how often a value occurs, can be seen.",
        "Whoever holds the masking key can compute the mask of a guess. The image is pseudonymous, not anonymous.",
        "Distributions were compared on samples and by stored profiles, within the limits in rules/validation.yaml.",
        "What happens in a branch after it was made is not looked at: its user may load real data.",
        "A superuser of the images' server, or root on its machine, can change data and programs. The verification of "
        "every row finds changed data, unless the server itself was replaced by one that lies.",
        "This is a record of technical measures: no legal advice, no certificate, no audit.",
    ]
    if drawn:
        found.insert(
            1,
            f"{count(len(drawn), 'masked column').capitalize()} may hold masks that are also real values (a common "
            "first name). There the rate of change was checked, not each value.",
        )
    if facts.kept_personal:
        names = ", ".join(column.name for column in facts.kept_personal[:8])
        found.insert(0, f"Rules call {names} personal, and keep {'it' if len(facts.kept_personal) == 1 else 'them'}.")
    if not facts.plan_recorded:
        found.insert(0, "This image was made before plans were recorded: kept columns are unknown to this report.")
    if failed:
        found.insert(0, f"These checks did not pass: {', '.join(failed)}.")
    if facts.objects.get("comments") == "keep":
        found.append("Comments of the schema were kept; they were searched like any other text.")
    if facts.objects.get("large_objects") == "keep":
        found.append("Large objects were kept as they are.")
    return found
