"""Categories of personal data as rules name them, in words, and where each stands among HIPAA's 18 identifiers."""

from __future__ import annotations

from dataclasses import dataclass

OTHER = "other"


@dataclass(frozen=True)
class Category:
    """One category.

    Attributes:
        title: For a heading.
        hipaa: Number of the identifier in 45 CFR 164.514(b)(2)(i), (A) being 1; 18 for any other identifying number
            or characteristic; 0 where it is none by itself.
        special: Whether GDPR Art. 9 or CCPA's sensitive personal information is likely to cover it.
        card: Whether PCI DSS counts it as account data.
    """

    title: str
    hipaa: int = 18
    special: bool = False
    card: bool = False


CATEGORIES = {
    "person_name": Category("Names of persons", 1),
    "first_name": Category("First names", 1),
    "last_name": Category("Last names", 1),
    "identity": Category("Whole identities", 1),
    "full_address": Category("Postal addresses", 2),
    "street_address": Category("Streets and house numbers", 2),
    "address": Category("Postal addresses", 2),
    "city": Category("Towns and cities", 2),
    "postcode": Category("Postcodes", 2),
    "region": Category("Regions", 2),
    "lat_lon": Category("Coordinates", 2),
    "birth_date": Category("Dates of birth", 3),
    "phone": Category("Telephone numbers", 4),
    "fax": Category("Fax numbers", 5),
    "email": Category("E-mail addresses", 6),
    "national_id": Category("National ids and social security numbers", 7, special=True),
    "tax_id": Category("Tax ids", 7, special=True),
    "medical_record": Category("Medical record numbers", 8, special=True),
    "health_plan": Category("Health plan numbers", 9, special=True),
    "iban": Category("Bank accounts (IBAN)", 10),
    "bic": Category("Bank codes (BIC)", 10),
    "account_number": Category("Account numbers", 10),
    "credit_card": Category("Payment card numbers", 10, card=True),
    "passport": Category("Passports", 11, special=True),
    "driving_licence": Category("Driving licences", 11, special=True),
    "licence_plate": Category("Vehicle registrations", 12),
    "mac": Category("Network hardware addresses", 13),
    "device_id": Category("Device ids", 13),
    "url": Category("Web addresses", 14),
    "ip": Category("IP addresses", 15),
    "biometric": Category("Biometric data", 16, special=True),
    "photo": Category("Photographs", 17),
    "username": Category("User names"),
    "customer_id": Category("Customer numbers"),
    "secret": Category("Passwords, tokens and keys"),
    "user_agent": Category("Browsers and devices", 0),
    "company": Category("Companies", 0),
    "job_title": Category("Job titles", 0),
    "country": Category("Countries", 0),
    "gender": Category("Sex, gender, form of address", 0),
    "demographic": Category("Demographic data", 0, special=True),
    "health": Category("Health data", 0, special=True),
    "financial": Category("Financial figures", 0),
    "free_text": Category("Free text", 18),
    "document": Category("Documents", 18),
    "attachment": Category("Attachments", 18),
    "search_index": Category("Search indexes over personal data", 18),
    "contact_data": Category("Contact data in documents", 18),
    OTHER: Category("Masked, without a category of its own", 18),
}

HIPAA_IDENTIFIERS = (
    "Names",
    "Places smaller than a state",
    "Dates of a person, except the year; ages over 89",
    "Telephone numbers",
    "Fax numbers",
    "E-mail addresses",
    "Social security numbers",
    "Medical record numbers",
    "Health plan beneficiary numbers",
    "Account numbers",
    "Certificate and licence numbers",
    "Vehicle identifiers, licence plates",
    "Device identifiers and serial numbers",
    "Web addresses (URL)",
    "IP addresses",
    "Biometric identifiers",
    "Full-face photographs and the like",
    "Any other identifying number, characteristic or code",
)


def category_of(pii: str | None, transformer: str) -> str:
    """The category of a column or of a part of one: what its rule says, else what its transformer is made for."""
    if pii:
        return pii
    return transformer if transformer in CATEGORIES else OTHER


def describe(name: str) -> Category:
    """A category, also of a name that somebody invented in their rules."""
    return CATEGORIES.get(name) or Category(name.replace("_", " ").capitalize())
