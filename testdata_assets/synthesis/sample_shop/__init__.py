"""The sample production database: a small shop, fabricated from a scale and a seed, byte for byte repeatable.

Callers use `create_sample`. Everything in it is invented: names come from Faker's lists and from
`notable.py`, domains and numbers only look real. What real users do to a database is here on purpose;
`notable.py` and the tests say what.
"""

from __future__ import annotations

from testdata_assets.synthesis.sample_shop.load import SampleSummary, create_sample
from testdata_assets.synthesis.sample_shop.shop import DEFAULT_SCALE

__all__ = ["DEFAULT_SCALE", "SampleSummary", "create_sample"]
