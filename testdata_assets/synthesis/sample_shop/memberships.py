"""Subscriptions, the newsletter and its coupons: everything hung on an e-mail address or a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.calendar import DAY, END, dates, moments
from testdata_assets.synthesis.sample_shop.commerce import Orders
from testdata_assets.synthesis.sample_shop.contacts import recase_some
from testdata_assets.synthesis.sample_shop.draw import (
    Ints,
    between,
    chance,
    choose,
    fill_each,
    letters,
    only,
    pick,
    skewed_index,
    stream,
    weighted_index,
)
from testdata_assets.synthesis.sample_shop.people import Users

_PLANS = ("basic", "plus", "family", "business")
_ACCOUNT_NOTES = (
    "Spoke to {name} on {phone}; wants one invoice for all seats.",
    "{first} asked for a discount, see mail from {email}.",
    "Renewed by phone. Contact: {name} ({company})",
    "",
)
_CAMPAIGNS = tuple(
    f"{season}-{year}" for year in (2023, 2024, 2025) for season in ("spring", "summer", "autumn", "winter")
)
_COUPONS = ("WELCOME10", "SUMMER25", "FREESHIP", "BIRTHDAY")


def build_subscriptions(seed: int, users: Users) -> pl.DataFrame:
    """Subscriptions of one user in four, some of them with several."""
    rng = stream(seed, "subscriptions")
    count = users.frame.height * 3 // 10
    owner = np.sort(skewed_index(rng, count, users.frame.height, 1.0))
    who = users.frame.select("full_name", "email", "phone", "company")[owner]
    plan = weighted_index(rng, count, (45, 30, 15, 10))
    created = between(rng, users.created[owner], np.full(count, END))
    first_day = created // DAY
    parts = {"name": who["full_name"], "first": users.first.gather(owner), "email": who["email"],
             "phone": who["phone"], "company": who["company"]}  # fmt: skip
    notes = fill_each(rng.integers(0, len(_ACCOUNT_NOTES), count), _ACCOUNT_NOTES, parts)
    business = plan == 3
    return pl.DataFrame(
        {
            "id": np.arange(1, count + 1),
            "user_id": owner + 1,
            "reference": _uuids(seed, "subscriptions", count),
            "plan": pl.Series(_PLANS).gather(plan),
            "seats": np.where(business, 2 + skewed_index(rng, count, 200, 4.0), 1),
            "billing_email": only(recase_some(rng, who["email"], 0.2), chance(rng, count, 0.75)),
            "billing_company": only(who["company"], business | chance(rng, count, 0.3)),
            "term": "[" + dates(first_day).cast(pl.String) + "," + dates(first_day + 365).cast(pl.String) + ")",
            "trial": only(pick(rng, count, ("14 days", "1 mon", "7 days 12:00:00")), chance(rng, count, 0.4)),
            "notes": only(notes, chance(rng, count, 0.3)),
            "created_at": moments(created),
        }
    )  # fmt: skip


def _uuids(seed: int, purpose: str, count: int) -> pl.Series:
    """Random (version 4) UUIDs."""
    figures = letters(stream(seed, purpose, "uuid"), count, 32, "0123456789abcdef")
    part = figures.str.slice
    return part(0, 8) + "-" + part(8, 4) + "-4" + part(13, 3) + "-a" + part(17, 3) + "-" + part(20, 12)


@dataclass(frozen=True)
class Newsletter:
    """The newsletter's tables as COPY takes them."""

    subscribers: pl.DataFrame
    deliveries: pl.DataFrame
    claims: pl.DataFrame
    redemptions: pl.DataFrame


def build_newsletter(seed: int, users: Users, orders: Orders) -> Newsletter:
    """Subscribes a third of the users, many under another spelling of their e-mail, and outsiders.

    No two subscribers' e-mails differ by case alone: a login and a subscription do.
    """
    rng = stream(seed, "newsletter")
    member = np.flatnonzero(chance(rng, users.frame.height, 0.35))
    emails = recase_some(rng, users.frame["email"].gather(member), 0.3)
    outside = np.flatnonzero(chance(rng, len(users.outsider_emails), 0.5))
    email = pl.concat([emails, users.outsider_emails.gather(outside)])
    first = pl.concat([users.first.gather(member), users.outsider_first.gather(outside)])
    count = len(email)
    since = between(
        rng, np.concatenate([users.created[member], np.full(len(outside), END - 900 * DAY)]), np.full(count, END)
    )
    first = choose(chance(rng, count, 0.05), "", only(first, chance(rng, count, 0.6)))
    subscribers = pl.DataFrame(
        {
            "email": email,
            "first_name": first,
            "source": pick(rng, count, ("checkout", "footer", "popup", "import"), (5, 3, 2, 1)),
            "confirmed": chance(rng, count, 0.85),
            "subscribed_at": moments(since),
        }
    )
    claims, holder = _claims(seed, email, since)
    owner = np.concatenate([member, np.full(len(outside), -1)])[holder]
    return Newsletter(subscribers, _deliveries(seed, email, since), claims, _redemptions(seed, claims, owner, orders))


def _deliveries(seed: int, email: pl.Series, since: Ints) -> pl.DataFrame:
    rng = stream(seed, "deliveries")
    count = 3 * len(email)
    to = np.sort(rng.integers(0, len(email), count))
    sent = between(rng, since[to], np.full(count, END - DAY))
    return pl.DataFrame(
        {
            "id": np.arange(1, count + 1),
            "subscriber_email": email.gather(to),
            "campaign": pick(rng, count, _CAMPAIGNS),
            "sent_at": moments(sent),
            "opened_at": only(moments(sent + rng.integers(0, DAY, count)), chance(rng, count, 0.31)),
            "bounced": chance(rng, count, 0.02),
        }
    )


def _claims(seed: int, email: pl.Series, since: Ints) -> tuple[pl.DataFrame, Ints]:
    """Each coupon is claimed by one subscriber in five, at most once; also returns who claimed."""
    rng = stream(seed, "claims")
    holders = [np.flatnonzero(chance(rng, len(email), 0.2)) for _ in _COUPONS]
    holder = np.concatenate(holders)
    code = pl.Series(_COUPONS).gather(np.repeat(np.arange(len(_COUPONS)), [len(one) for one in holders]))
    claimed = between(rng, since[holder], np.full(len(holder), END))
    frame = pl.DataFrame(
        {"subscriber_email": email.gather(holder), "coupon_code": code, "claimed_at": moments(claimed)}
    )
    return frame, holder


def _redemptions(seed: int, claims: pl.DataFrame, owner: Ints, orders: Orders) -> pl.DataFrame:
    """Half of the claims by users who ever ordered are spent on their first order."""
    rng = stream(seed, "redemptions")
    buyers, first_order = np.unique(orders.user, return_index=True)
    place = np.minimum(np.searchsorted(buyers, owner), len(buyers) - 1)
    bought = (buyers[place] == owner) & chance(rng, len(owner), 0.5)
    used = np.flatnonzero(bought)
    order = first_order[place[used]]
    return pl.DataFrame(
        {
            "id": np.arange(1, len(used) + 1),
            "subscriber_email": claims["subscriber_email"].gather(used),
            "coupon_code": claims["coupon_code"].gather(used),
            "order_id": order + 1,
            "redeemed_at": moments(orders.placed[order]),
        }
    )
