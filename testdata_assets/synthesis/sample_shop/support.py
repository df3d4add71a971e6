"""Support tickets that quote their customers, the audit log, and sessions."""

from __future__ import annotations

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.calendar import DAY, END, HOUR, moments
from testdata_assets.synthesis.sample_shop.catalogue import consonants
from testdata_assets.synthesis.sample_shop.commerce import Orders
from testdata_assets.synthesis.sample_shop.contacts import draw_ips, draw_phones
from testdata_assets.synthesis.sample_shop.draw import (
    Rng,
    between,
    chance,
    choose,
    fill,
    fill_each,
    json_text,
    letters,
    only,
    pick,
    stream,
    weighted_index,
)
from testdata_assets.synthesis.sample_shop.notable import ODD_BODIES
from testdata_assets.synthesis.sample_shop.people import Users

_SUBJECTS = (
    "Order {order} has not arrived",
    "Refund for {name}",
    "Wrong e-mail on my account ({email})",
    "Re: your call",
    "cannot log in",
    "Rechnung für {name}",
    "¿Dónde está mi pedido {order}?",
    "URGENT!!! {name} / {phone}",
)
_OPENINGS = (
    "Hi,\n\n",
    "Hello, this is {name}. ",
    "Dear support team,\n",
    "hey ",
    "Guten Tag,\n\n",
    "Bonjour, je m'appelle {name}.\n",
    "",
)
_MATTERS = (
    "my order {order} was due last week and still says 'shipped'.",
    "I can't log in with {email} any more, the reset mail never comes.",
    "you charged my card {card} twice for order {order}!",
    "please change the delivery address to {street}, {city}.",
    "could somebody call me? My number is {phone}, after 5 pm is best.",
    "the parcel went to {other} by mistake, who lives next door.",
    "meine Bestellung {order} ist beschädigt angekommen. Bitte um Rückruf unter {phone}.",
    "je n'ai jamais reçu ma commande {order}, merci de m'écrire à {email}.",
    "mi pedido {order} llegó roto, llámenme al {phone} por favor.",
    'the invoice says "{upper_name}" but it should say "{name}".',
    "someone logged in from {ip} and that was not me.",
)
_CLOSINGS = (
    "\n\nThanks,\n{name}\n{phone}",
    "\n\nBest regards\n{name} <{email}>",
    " Thx {first}",
    "\n\nMit freundlichen Grüßen\n{name}\nTel. {phone}",
    "",
    "\n--\n{name} | {email} | {phone}\nSent from my iPhone",
)
_AGENTS = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0",
           "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
           "KestrelApp/4.2 (Android 15)")  # fmt: skip


def build_tickets(seed: int, users: Users, orders: Orders, cards: pl.Series, employees: int) -> pl.DataFrame:
    """One ticket for every four users, most about an order; heavy buyers write more.

    Args:
        cards: The card each user keeps using.
        employees: How many there are to assign tickets to.
    """
    rng = stream(seed, "tickets")
    count = users.frame.height // 4
    order = rng.integers(0, len(orders.user), count)
    about_order = chance(rng, count, 0.7)
    owner = np.where(about_order, orders.user[order], rng.integers(0, users.frame.height, count))
    since = np.where(about_order, orders.placed[order], users.created[owner])
    created = between(rng, since, np.minimum(since + 20 * DAY, END))
    parts = _quotable(rng, users, owner, cards)
    parts["order"] = "SO-" + consonants(order * 48_271_337 % 20**6, 6)
    body = (
        fill_each(weighted_index(rng, count, (5, 4, 3, 2, 1, 1, 4)), _OPENINGS, parts)
        + fill_each(rng.integers(0, len(_MATTERS), count), _MATTERS, parts)
        + fill_each(weighted_index(rng, count, (5, 3, 2, 1, 2, 2)), _CLOSINGS, parts)
    )
    odd = chance(rng, count, 0.05)
    odd[3 : 3 + 4 * len(ODD_BODIES) : 4] = True  # each odd body at least once, at every scale
    which = rng.integers(0, len(ODD_BODIES), count)
    which[3 : 3 + 4 * len(ODD_BODIES) : 4] = np.arange(len(ODD_BODIES))
    body = choose(odd, fill_each(which, ODD_BODIES, parts), body)
    resolved = only(moments(created + rng.integers(HOUR, 9 * DAY, count)), chance(rng, count, 0.82))
    return pl.DataFrame(
        {
            "id": np.arange(1, count + 1),
            "user_id": owner + 1,
            "order_id": only(pl.Series(order + 1), about_order),
            "assigned_to": only(pl.Series(rng.integers(2, employees + 1, count)), chance(rng, count, 0.9)),
            "requester_email": users.frame["email"].gather(owner),
            "subject": fill_each(rng.integers(0, len(_SUBJECTS), count), _SUBJECTS, parts),
            "body": body,
            "channel": pick(rng, count, ("email", "chat", "phone", "web"), (5, 3, 1, 2)),
            "priority": 1 + weighted_index(rng, count, (1, 2, 6, 3, 1)),
            "created_at": moments(created),
            "resolved_at": resolved,
        }
    )


def _quotable(rng: Rng, users: Users, owner: np.ndarray, cards: pl.Series) -> dict[str, pl.Series]:
    """What a ticket may quote of its customer, as typed in a message: nothing is null."""
    count = len(owner)
    who = users.frame.select("full_name", "email", "phone")[owner]
    where = users.addresses.select("street", "city")[owner]
    drawn = draw_phones(rng, users.country[owner])
    phone = choose((who["phone"].fill_null("") != "").to_numpy(), who["phone"], drawn)
    return {
        "name": who["full_name"],
        "upper_name": who["full_name"].str.to_uppercase(),
        "first": users.first.gather(owner),
        "email": who["email"],
        "upper_email": who["email"].str.to_uppercase(),
        "phone": phone,
        "street": where["street"],
        "city": where["city"],
        "card": cards.gather(owner),
        "other": users.frame["full_name"].gather(rng.integers(0, users.frame.height, count)),
        "ip": draw_ips(rng, count),
    }


def build_audit_log(seed: int, users: Users, employees: pl.DataFrame) -> pl.DataFrame:
    """What the trigger wrote over the years: e-mails of old and new, phones and names inside `changes`."""
    rng = stream(seed, "audit")
    count = users.frame.height * 6 // 10
    row = rng.integers(0, users.frame.height, count)
    at = np.sort(between(rng, users.created[row], np.full(count, END)))
    who = users.frame.select("email", "phone", "full_name")[row]
    former = users.outsider_emails.gather(rng.integers(0, len(users.outsider_emails), count))
    former = choose(chance(rng, count, 0.3), who["email"].str.to_lowercase(), former)
    kind = weighted_index(rng, count, (5, 3, 1, 2))  # e-mail, phone, name, status
    changes = fill_each(
        kind,
        (
            '{"email": {"old": {former}, "new": {email}}}',
            '{"phone": {"old": {old_phone}, "new": {phone}}}',
            '{"full_name": {"old": {old_name}, "new": {name}}}',
            '{"status": {"old": "pending", "new": "active"}}',
        ),
        {
            "former": json_text(former),
            "email": json_text(who["email"]),
            "old_phone": json_text(draw_phones(rng, users.country[row])),
            "phone": json_text(who["phone"]),
            "old_name": json_text(users.outsider_names.gather(rng.integers(0, len(users.outsider_names), count))),
            "name": json_text(who["full_name"]),
        },
    )
    staff = employees["email"].gather(rng.integers(0, employees.height, count))
    return pl.DataFrame(
        {
            "id": np.arange(1, count + 1),
            "table_name": pick(rng, count, ("users",)),
            "row_id": row + 1,
            "action": pick(rng, count, ("update",)),
            "changed_by": only(staff, chance(rng, count, 0.35)),
            "old_email": only(former, kind == 0),
            "new_email": only(who["email"], kind == 0),
            "changes": only(changes, chance(rng, count, 0.9)),
            "client_ip": only(draw_ips(rng, count), chance(rng, count, 0.8)),
            "occurred_at": moments(at),
        }
    )


def sessions_slice(seed: int, users: Users, start: int, stop: int) -> pl.DataFrame:
    """Sessions `start` to `stop`, as COPY takes them."""
    rng = stream(seed, "sessions", start)
    count = stop - start
    created = between(rng, END - 30 * DAY, np.full(count, END))
    figures = letters(rng, count, 32, "0123456789abcdef")
    part = figures.str.slice
    return pl.DataFrame(
        {
            "id": fill("{a}-{b}-4{c}-8{d}-{e}", {"a": part(0, 8), "b": part(8, 4), "c": part(13, 3),
                                                 "d": part(17, 3), "e": part(20, 12)}),
            "user_id": 1 + rng.integers(0, users.frame.height, count),
            "ip": draw_ips(rng, count),
            "user_agent": pick(rng, count, _AGENTS),
            "token": letters(rng, count, 40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "created_at": moments(created),
            "expires_at": moments(created + 14 * DAY),
        }
    )  # fmt: skip
