"""What the shop sells: categories, a tree, and products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from testdata_assets.synthesis.sample_shop.calendar import DAY, START, moments
from testdata_assets.synthesis.sample_shop.draw import (
    Ints,
    chance,
    choose,
    fill,
    fill_each,
    joined,
    only,
    pick,
    skewed_index,
    stream,
    weighted_index,
)

_TREE = {
    "Home": ("Lighting", "Furniture", "Rugs", "Storage"),
    "Kitchen": ("Cookware", "Coffee & Tea", "Knives"),
    "Garden": ("Tools", "Plants", "Outdoor Seating"),
    "Clothing": ("Shirts", "Knitwear", "Socks"),
    "Office": ("Desks", "Stationery", "Lamps"),
}
_MATERIALS = (
    "Walnut",
    "Linen",
    "Cast-Iron",
    "Ceramic",
    "Merino",
    "Brass",
    "Bamboo",
    "Recycled",
    "Oak-Veneer",
    "Cotton",
)
_KINDS = ("Desk Lamp", "Armchair", "Rug 2×3 m", "Storage Box", "Skillet", "Café Press", "Bread Knife", "Hand Trowel",
          "Planter", "Bench", "Shirt", "Sweater", "Socks (3 pairs)", "Notebook", 'Shelf 24"', "Floor Lamp")  # fmt: skip
_LINES = ("Classic", "Nordic", "Studio", "Everyday", "Heritage", "Mini", "XL", "No. 5")
_TAGS = ("{}", "{new}", "{sale,new}", '{"gift idea"}', '{bestseller,"gift idea"}', "{sale}")
_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True)
class Catalogue:
    """Categories and products as COPY takes them; `price` in cents, cheapest position first come."""

    categories: pl.DataFrame
    products: pl.DataFrame
    price: Ints


def consonants(numbers: Ints, length: int) -> pl.Series:
    """Distinct numbers below 20**length as distinct words without vowels or digits (nobody takes them for phones)."""
    figures = (numbers[:, None] // 20 ** np.arange(length - 1, -1, -1)) % 20
    return joined(figures, _CONSONANTS)


def build_catalogue(seed: int, count: int) -> Catalogue:
    """Draws `count` products; the first are the most popular (`commerce.py` favours them)."""
    rng = stream(seed, "products")
    categories = _categories()
    leaves = categories.filter(pl.col("parent_id").is_not_null())["id"].to_numpy()
    price = np.maximum(199, (np.exp(rng.normal(3.6, 0.9, count)) * 100).astype(np.int64) // 50 * 50 - 1)
    parts = {
        "line": pick(rng, count, _LINES),
        "material": pick(rng, count, _MATERIALS),
        "kind": pick(rng, count, _KINDS),
        "grams": pl.Series(rng.integers(40, 30_000, count)).cast(pl.String),
        "colour": pick(rng, count, ("natural", "black", "white", "green", "terracotta")),
        "fragile": choose(chance(rng, count, 0.2), "true", "false"),
    }
    descriptions = (
        "{material} {kind} from our {line} line. Wipe clean with a damp cloth.",
        "Our {line} {kind}: {material}, {colour}.\nShips flat; assembly takes ten minutes.",
        "",
    )
    description = fill_each(weighted_index(rng, count, (6, 4, 1)), descriptions, parts)
    products = pl.DataFrame(
        {
            "id": np.arange(1, count + 1),
            "category_id": leaves[rng.integers(0, len(leaves), count)],
            "sku": "KM-" + consonants((np.arange(count) * 7919 + 12_345) % 20**5, 5),
            "name": fill("{line} {material} {kind}", parts),
            "description": only(description, chance(rng, count, 0.95)),
            "price": price / 100,
            "tags": pick(rng, count, _TAGS, (8, 3, 1, 1, 1, 2)),
            "attributes": fill('{"grams": {grams}, "colour": "{colour}", "fragile": {fragile}}', parts),
            "active": chance(rng, count, 0.93),
            "created_at": moments(START - 90 * DAY + skewed_index(rng, count, 900 * DAY, 1.0)),
        }
    )
    return Catalogue(categories, products, price)


def _categories() -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for parent, children in _TREE.items():
        top = len(rows) + 1
        rows.append({"id": top, "parent_id": None, "name": parent, "slug": parent.lower()})
        for child in children:
            slug = f"{parent}-{child}".lower().replace(" & ", "-").replace(" ", "-")
            rows.append({"id": len(rows) + 1, "parent_id": top, "name": child, "slug": slug})
    return pl.DataFrame(rows, schema={"id": pl.Int64, "parent_id": pl.Int64, "name": pl.String, "slug": pl.String})
