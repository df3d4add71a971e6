"""The whole shop as a list of tables, each made slice by slice: what `load.py` streams to a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from testdata_assets.errors import UsageFault
from testdata_assets.synthesis.sample_shop.calendar import DAY, day
from testdata_assets.synthesis.sample_shop.catalogue import build_catalogue
from testdata_assets.synthesis.sample_shop.commerce import Orders, Payments, draw_order_counts
from testdata_assets.synthesis.sample_shop.contacts import draw_cards
from testdata_assets.synthesis.sample_shop.draw import stream
from testdata_assets.synthesis.sample_shop.memberships import build_newsletter, build_subscriptions
from testdata_assets.synthesis.sample_shop.people import build_employees, build_users
from testdata_assets.synthesis.sample_shop.support import build_audit_log, build_tickets, sessions_slice

DEFAULT_SCALE = 0.1
DEFAULT_SEED = 20
MAX_SCALE = 100.0
ROWS_PER_SLICE = 100_000
_FEWEST_USERS = 400  # room for every hand-made person and ticket


@dataclass(frozen=True)
class TableSource:
    """Rows of one storing table.

    Attributes:
        name: The table COPY writes to: a partition where the table has some.
        root: The table a user would name: the partitioned table, or `name`.
        rows: How many, for progress; items of orders are an estimate.
        starts: Where each slice begins and the last one ends.
        make: Makes the rows from a start to a stop; the frame's columns are the COPY's.
    """

    name: str
    root: str
    rows: int
    starts: tuple[int, ...]
    make: Callable[[int, int], pl.DataFrame]

    def frames(self) -> Iterator[pl.DataFrame]:
        """The slices in order."""
        for start, stop in zip(self.starts, self.starts[1:], strict=False):
            yield self.make(start, stop)


def build_shop(scale: float = DEFAULT_SCALE, seed: int = DEFAULT_SEED) -> tuple[TableSource, ...]:
    """Lays out the shop.

    Args:
        scale: 1.0 is 20,000 users and 100,000 orders; the smallest shop has 400 users.
        seed: Same scale and seed: same bytes.

    Returns:
        Its tables, the slowest to load first.

    Raises:
        UsageFault: Scale or seed is out of range.
    """
    if not 0 < scale <= MAX_SCALE:
        raise UsageFault(
            f"A scale of {scale} is out of range", where="--scale", remedy=f"Choose a number up to {MAX_SCALE:.0f}."
        )
    if seed < 0:
        raise UsageFault("A seed is never negative", where="--seed", remedy="Choose 0 or a positive number.")
    user_count = max(_FEWEST_USERS, round(20_000 * scale))
    order_counts = draw_order_counts(seed, user_count, max(2_000, round(100_000 * scale)))
    users = build_users(seed, order_counts)
    catalogue = build_catalogue(seed, int(np.clip(600 * scale, 150, 20_000)))
    employees = build_employees(seed, int(np.clip(60 * scale, 30, 600)))
    orders = Orders.build(seed, users, order_counts, catalogue)
    payments = Payments.build(orders)
    cards = draw_cards(stream(seed, "cards"), user_count)
    newsletter = build_newsletter(seed, users, orders)
    return (
        _sliced("orders", len(orders.user), lambda start, stop: orders.slice(users, start, stop)),
        _sliced("order_items", len(orders.user), orders.items_slice, rows=len(orders.product)),
        _whole("users", users.frame),
        *_payments(payments, lambda start, stop: payments.slice(users, orders, cards, start, stop)),
        _sliced("sessions", user_count * 3 // 2, lambda start, stop: sessions_slice(seed, users, start, stop)),
        _whole("newsletter_subscribers", newsletter.subscribers),
        _whole("newsletter_deliveries", newsletter.deliveries),
        _whole("coupon_claims", newsletter.claims),
        _whole("coupon_redemptions", newsletter.redemptions),
        _whole("addresses", users.addresses),
        _whole("support_tickets", build_tickets(seed, users, orders, cards, employees.height)),
        _whole("audit_log", build_audit_log(seed, users, employees)),
        _whole("subscriptions", build_subscriptions(seed, users)),
        _whole("products", catalogue.products),
        _whole("categories", catalogue.categories),
        _whole("employees", employees),
    )


def _whole(name: str, frame: pl.DataFrame) -> TableSource:
    return TableSource(name, name, frame.height, _cuts(0, frame.height), lambda start, stop: frame[start:stop])


def _sliced(name: str, count: int, make: Callable[[int, int], pl.DataFrame], *, rows: int | None = None) -> TableSource:
    return TableSource(name, name, count if rows is None else rows, _cuts(0, count), make)


def _payments(payments: Payments, make: Callable[[int, int], pl.DataFrame]) -> Iterator[TableSource]:
    """Each partition's share; payments are in the order of their time."""
    months = [(f"payments_2025_{month:02}", day(2025, month)) for month in range(1, 13)]
    edges = [0, *(int(np.searchsorted(payments.paid, first * DAY)) for _, first in months), len(payments.paid)]
    for number, name in enumerate(["payments_before_2025", *(name for name, _ in months)]):
        start, stop = edges[number], edges[number + 1]
        yield TableSource(name, "payments", stop - start, _cuts(start, stop), make)


def _cuts(start: int, stop: int) -> tuple[int, ...]:
    return (*range(start, stop, ROWS_PER_SLICE), stop)
