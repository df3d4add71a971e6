"""email: another valid address, its domain mapped to a reserved one."""

from __future__ import annotations

import re
from types import ModuleType

import polars as pl
from pydantic import Field, field_validator

from testdata_assets.masking.kernels.texts import Bytes, Masks, Places
from testdata_assets.masking.transformers._addresses import SHORTEST_HASHED, AddressStyle, draw_addresses
from testdata_assets.masking.transformers._compiled_handles import Handles
from testdata_assets.masking.transformers.base import NOTHING, Coincidence, Guarantees, MaskContext, Params, Uniqueness
from testdata_assets.masking.transformers.registry import register
from testdata_assets.masking.transformers.text import Draw, TextTransformer
from testdata_assets.production.catalog import Column

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+\Z")


class EmailParams(Params):
    """Parameters of `email`."""

    keep_domains: tuple[str, ...] = Field(
        (), description="Domains that stay as they are, e.g. your own; case does not count."
    )
    mail_domain: str | None = Field(
        None, description="One domain for all masked addresses instead of a reserved one for each."
    )

    @field_validator("keep_domains")
    @classmethod
    def _lower(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().lstrip("@") for domain in domains)

    @field_validator("mail_domain")
    @classmethod
    def _a_domain(cls, domain: str | None) -> str | None:
        if domain is not None and not _DOMAIN.match(domain.lower()):
            raise ValueError("not a mail domain")
        return domain.lower() if domain else None


@register
class Email(TextTransformer[EmailParams]):
    """Draws an address with a 60-bit hash in it, e.g. `marta.k3f9qz2a1b2c+x7q@f4tz2k7m.example.org`.

    Keeps whether there is a + tag, the first separator, capitals and a script's letters in the first word.
    Each domain becomes a subdomain of example.com, .org or .net (RFC 2606), always the same one, so their
    frequencies persist. Addresses take at most 44 characters; columns of one domain should admit as many, as
    shorter ones get shorter forms, and below 24 a permutation of the address.

    Addresses inside other texts (`Anna <anna@corp.com>`, lists, blanks around) get the masks that they have
    alone; the punctuation around them stays. All else is permuted within its character classes.
    """

    name = "email"
    summary = "Replaces e-mail addresses by valid ones at reserved domains, keeping plus-tags and style."
    params_model = EmailParams
    guarantees = Guarantees(uniqueness=Uniqueness.HASHED, coincidence=Coincidence.DISJOINT, preserves_format=True)
    distribution = NOTHING
    tells_case = True

    kernel = "emails"

    @property
    def _style(self) -> AddressStyle:
        return AddressStyle(frozenset(self.params.keep_domains), self.params.mail_domain)

    def distinct_at(self, limit: int, column: Column) -> bool:
        return limit >= SHORTEST_HASHED

    def draw(self, draw: Draw) -> pl.Series:
        return draw_addresses(draw, draw.hash, self._style)

    def by_kernel(self, loaded: ModuleType, data: Bytes, offsets: Places, context: MaskContext) -> Masks | None:
        if context.max_length is not None and context.max_length < SHORTEST_HASHED:
            return None
        handles = Handles(addresses=context.hash.for_purpose(self.name), names=None, style=self._style)
        return handles.masks(loaded, data, offsets, context)
