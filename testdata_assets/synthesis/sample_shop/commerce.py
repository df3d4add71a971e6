"""Orders with their items and payments: numbers for all at once, texts slice by slice.

The numeric skeleton of a million orders is small; their texts are not, so they are made for one slice of
rows at a time, each from a stream of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.calendar import (
    DAY,
    END,
    HOUR,
    MINUTE,
    moments,
    wall_clock,
)
from testdata_assets.synthesis.sample_shop.catalogue import Catalogue, consonants
from testdata_assets.synthesis.sample_shop.contacts import draw_cards, recase_some
from testdata_assets.synthesis.sample_shop.countries import COUNTRIES
from testdata_assets.synthesis.sample_shop.draw import (
    Bools,
    Ints,
    between,
    chance,
    choose,
    fill_each,
    only,
    pick,
    skewed_index,
    stream,
    weighted_index,
)
from testdata_assets.synthesis.sample_shop.people import Users

_ORDER_STATUS = ("placed", "paid", "shipped", "delivered", "cancelled", "returned")
_PLACED, _PAID, _SHIPPED, _DELIVERED, _CANCELLED, _RETURNED = range(6)
PAYMENT_STATUS = ("pending", "succeeded", "partially_succeeded", "failed", "refunded")
_PENDING, _SUCCEEDED, _PARTIAL, _FAILED, _REFUNDED = range(5)
_METHODS = ("card", "paypal", "bank_transfer", "gift_card")
_REASONS = ("card_declined", "insufficient_funds", "expired_card", "processing_error")
_NOTES = (
    "Leave at the door",
    "",
    "Please ring {first}, not the neighbours",
    "Gift for {other}: Happy Birthday!!\nLove, {first}",
    "call {phone} on arrival / {name}",
    "Invoice to {email} please",
    "Deliver to {name}'s office, 2nd floor\tback entrance",
)


def draw_order_counts(seed: int, users: int, orders: int) -> Ints:
    """Spreads orders over users with a long tail (Pareto weights); one user in five never bought anything."""
    rng = stream(seed, "order counts")
    weights = (1 + rng.pareto(1.5, users)) * ~chance(rng, users, 0.2)
    return rng.multinomial(orders, weights / weights.sum()).astype(np.int64)


@dataclass(frozen=True)
class Orders:
    """The skeleton of n orders, by time. Money in cents, moments in microseconds since 1970."""

    seed: int
    user: Ints
    status: Ints
    placed: Ints
    total: Ints
    first_item: Ints  # n + 1 positions in the items
    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints

    @classmethod
    def build(cls, seed: int, users: Users, counts: Ints, catalogue: Catalogue) -> Orders:
        """Places `counts[u]` orders of each user u between joining and the sample's end."""
        rng = stream(seed, "orders")
        owner = np.repeat(np.arange(len(counts)), counts)
        placed = between(rng, users.created[owner], np.full(len(owner), END - 2 * DAY))
        by_time = np.argsort(placed, kind="stable")
        owner, placed = owner[by_time], placed[by_time]
        count = len(owner)
        status = weighted_index(rng, count, (3, 5, 7, 75, 6, 4))
        items = np.minimum(rng.geometric(0.47, count), 12)
        first = np.concatenate([[0], np.cumsum(items)])
        product = skewed_index(rng, int(first[-1]), len(catalogue.price), 2.2)
        quantity = np.minimum(rng.geometric(0.7, len(product)), 20)
        unit = catalogue.price[product]
        discount = np.where(chance(rng, len(product), 0.12), quantity * unit // 10, 0)
        goods = np.add.reduceat(quantity * unit - discount, first[:-1])
        total = goods + np.where(goods < 5000, 499, 0)
        return cls(seed, owner, status, placed, total, first, product, quantity, unit, discount)

    def items_slice(self, start: int, stop: int) -> pl.DataFrame:
        """The items of orders `start` to `stop`, as COPY takes them."""
        a, b = int(self.first_item[start]), int(self.first_item[stop])
        sizes = np.diff(self.first_item[start : stop + 1])
        order = np.repeat(np.arange(start, stop), sizes)
        return pl.DataFrame(
            {
                "order_id": order + 1,
                "line_number": np.arange(a, b) - self.first_item[order] + 1,
                "product_id": self.product[a:b] + 1,
                "quantity": self.quantity[a:b],
                "unit_price": self.unit_price[a:b] / 100,
                "discount": self.discount[a:b] / 100,
            }
        )

    def slice(self, users: Users, start: int, stop: int) -> pl.DataFrame:
        """Orders `start` to `stop`, as COPY takes them."""
        rng = stream(self.seed, "orders", start)
        count = stop - start
        owner, placed = self.user[start:stop], self.placed[start:stop]
        who = users.frame.select("email", "full_name", "phone", "time_zone")[owner]
        where = users.addresses.select("street", "city", "postcode", "country")[owner]
        stranger = rng.integers(0, users.frame.height, count)
        gift = chance(rng, count, 0.06)
        other = users.frame["full_name"].gather(stranger)
        parts = {"first": users.first.gather(owner), "other": other, "name": who["full_name"],
                 "phone": who["phone"], "email": who["email"]}  # fmt: skip
        notes = fill_each(weighted_index(rng, count, (5, 3, 3, 2, 2, 1, 1)), _NOTES, parts)
        shipped = np.isin(self.status[start:stop], (_SHIPPED, _DELIVERED, _RETURNED))
        typed = recase_some(rng, who["email"], 0.15)
        outsider = users.outsider_emails.gather(rng.integers(0, len(users.outsider_emails), count))
        return pl.DataFrame(
            {
                "id": np.arange(start + 1, stop + 1),
                # 48 271 337 and 20**6 have no common factor: every order gets a number of its own.
                "order_number": "SO-" + consonants(np.arange(start, stop) * 48_271_337 % 20**6, 6),
                "user_id": owner + 1,
                "status": pl.Series(_ORDER_STATUS).gather(self.status[start:stop]),
                "currency": pl.Series([place.currency for place in COUNTRIES]).gather(users.country[owner]),
                "total": self.total[start:stop] / 100,
                "contact_email": choose(chance(rng, count, 0.03), outsider, typed),
                "ship_name": choose(gift, other, who["full_name"]),
                "ship_street": where["street"],
                "ship_city": where["city"],
                "ship_postcode": where["postcode"],
                "ship_country": where["country"],
                "ship_phone": only(who["phone"], chance(rng, count, 0.7)),
                "note": only(notes, chance(rng, count, 0.25) | gift),
                "placed_at": moments(placed),
                "placed_local": wall_clock(placed, who["time_zone"]),
                "time_zone": who["time_zone"],
                "shipped_at": only(moments(placed + between(rng, 2 * HOUR, np.full(count, 2 * DAY))), shipped),
            }
        )


@dataclass(frozen=True)
class Payments:
    """The skeleton of n payment attempts, by time."""

    seed: int
    order: Ints
    status: Ints
    amount: Ints
    captured: Ints
    paid: Ints
    method: Ints

    @classmethod
    def build(cls, orders: Orders) -> Payments:
        """One attempt for each order that was not just cancelled; failed ones before, remainders after some."""
        rng = stream(orders.seed, "payments")
        count = len(orders.user)
        main = {_PLACED: _PENDING, _CANCELLED: _FAILED, _RETURNED: _REFUNDED}
        status = np.full(count, _SUCCEEDED, dtype=np.int64)
        for order_status, payment_status in main.items():
            status[orders.status == order_status] = payment_status
        partial: Bools = (status == _SUCCEEDED) & chance(rng, count, 0.015) & (orders.total > 1)
        status[partial] = _PARTIAL
        kept = np.flatnonzero((status != _FAILED) | chance(rng, count, 0.5))
        at = orders.placed + between(rng, MINUTE, np.full(count, 30 * MINUTE))
        share = np.floor(orders.total * (0.3 + 0.6 * rng.random(count))).astype(np.int64)
        captured = np.select([np.isin(status, (_SUCCEEDED, _REFUNDED)), status == _PARTIAL], [orders.total, share], 0)
        failed = np.flatnonzero(chance(rng, count, 0.06) & (status != _PENDING))
        rest = np.flatnonzero(partial & chance(rng, count, 0.5))
        remainder = (orders.total - share)[rest]
        order = np.concatenate([kept, failed, rest])
        paid = np.concatenate([at[kept], orders.placed[failed] + 20_000_000, at[rest] + 20 * HOUR])
        by_time = np.argsort(paid, kind="stable")
        return cls(
            orders.seed,
            order[by_time],
            np.concatenate([status[kept], np.full(len(failed), _FAILED), np.full(len(rest), _SUCCEEDED)])[by_time],
            np.concatenate([orders.total[kept], orders.total[failed], remainder])[by_time],
            np.concatenate([captured[kept], np.zeros(len(failed), np.int64), remainder])[by_time],
            paid[by_time],
            weighted_index(rng, len(order), (74, 17, 6, 3)),
        )

    def slice(self, users: Users, orders: Orders, cards: pl.Series, start: int, stop: int) -> pl.DataFrame:
        """Attempts `start` to `stop`, as COPY takes them.

        Args:
            cards: The card each user keeps using.
        """
        rng = stream(self.seed, "payments", start)
        count = stop - start
        owner = orders.user[self.order[start:stop]]
        who = users.frame.select("email", "full_name")[owner]
        card = self.method[start:stop] == 0
        embossed = choose(chance(rng, count, 0.5), who["full_name"].str.to_uppercase(), who["full_name"])
        number = choose(chance(rng, count, 0.08), draw_cards(rng, count), cards.gather(owner))
        billed = chance(rng, count, 0.4) | (self.method[start:stop] == 1)
        return pl.DataFrame(
            {
                "id": np.arange(start + 1, stop + 1),
                "order_id": self.order[start:stop] + 1,
                "status": pl.Series(PAYMENT_STATUS).gather(self.status[start:stop]),
                "method": pl.Series(_METHODS).gather(self.method[start:stop]),
                "currency": pl.Series([place.currency for place in COUNTRIES]).gather(users.country[owner]),
                "amount": self.amount[start:stop] / 100,
                "captured_amount": self.captured[start:stop] / 100,
                "card_number": only(number, card),
                "card_holder": only(embossed, card & chance(rng, count, 0.95)),
                "billing_email": only(who["email"], billed),
                "failure_reason": only(pick(rng, count, _REASONS), self.status[start:stop] == _FAILED),
                "paid_at": moments(self.paid[start:stop]),
            }
        )
