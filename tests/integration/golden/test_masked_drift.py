"""What masking does to the distribution of masked columns, seen by the drift check of real refreshes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from psycopg import sql
from pydantic import SecretStr

from testdata_assets.golden import refresh
from testdata_assets.golden.registry import GoldenRegistry
from testdata_assets.masking.transformers.address import Address
from testdata_assets.masking.transformers.base import RowTransformer, Transformer
from testdata_assets.masking.transformers.choice import Choice
from testdata_assets.masking.transformers.identity import Identity
from testdata_assets.masking.transformers.number_bucket import NumberBucket
from testdata_assets.masking.transformers.shuffle import Shuffle
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.embedded import EmbeddedServer
from testdata_assets.postgres.places import ensure_database, open_places
from testdata_assets.settings import Settings
from testdata_assets.validation.run import validate_candidate

Judge = Callable[..., list[str]]

SOURCE = """
CREATE TYPE status AS ENUM ('new', 'paid', 'shipped');
CREATE TABLE sales (id int PRIMARY KEY, person int, amount numeric(10, 2), weight float8, age int, score int,
    placed timestamptz, born date, due date, lat numeric(9, 6), lon numeric(9, 6), agreed boolean, member boolean,
    state status, band int, sex text, title text, land text, postcode text, code int, city text);
SELECT setseed(0.25);
INSERT INTO sales SELECT i, 1 + i * 7919 % 800, exp(2 + 1.2 * (random() + random() + random()))::numeric(10, 2),
    50 + 20 * (random() + random() - 1), 18 + floor(70 * random() * random()), floor(100 * random()),
    timestamptz '2024-01-01' + random() * interval '300 days', date '1940-01-01' + floor(24000 * random())::int,
    date '2024-01-01' + floor(300 * random())::int, 48 + 4 * random(), 8 + 5 * random(), random() < 0.5,
    random() < 0.9, (ARRAY['new', 'paid', 'shipped'])[1 + floor(3 * random())::int]::status,
    floor(200 * random()), (ARRAY['female', 'male'])[1 + floor(2 * random())::int],
    (ARRAY['Mr', 'Mrs', 'Dr'])[1 + floor(3 * random())::int], (ARRAY['Germany', 'France', 'Peru'])[1 + i % 3],
    lpad(floor(99999 * random())::text, 5, '0'), 100000 + i, (ARRAY['Berlin', 'Paris', 'Lima'])[1 + i / 3 % 3]
FROM generate_series(1, 10000) i;
"""
# Everything in the catalogue that numbers, times, booleans and enums can be masked with, and draws from a few.
RULES = {
    "id": "keep",
    "person": "integer_permute",
    "amount": "number_noise",
    "weight": {"transform": "number_noise", "amount": 3, "distribution": "normal"},
    "age": "number_bucket",
    "score": {"transform": "shuffle", "by": "id"},
    "placed": {"transform": "date_shift", "entity": "person", "within": "30 days"},
    "born": "birth_date",
    "due": "timestamp_noise",
    "lat": {"transform": "lat_lon", "part": "lat", "other": "lon"},
    "lon": {"transform": "lat_lon", "part": "lon", "other": "lat"},
    "agreed": {"transform": "choice", "values": [True, False], "by": "id"},
    "member": {"transform": "shuffle", "by": "id"},
    "state": {"transform": "choice", "values": {"new": 1, "paid": 1, "shipped": 8}, "by": "id"},
    "band": {"transform": "number_bucket", "edges": [0, 50, 150]},
    "sex": {"transform": "identity", "part": "gender", "entity": "person"},
    "title": "gender_title",
    "land": {"transform": "address", "part": "country", "entity": "person"},
    "postcode": "postcode",
    "code": "hash",
    "city": {"transform": "shuffle", "by": "id", "within": "land"},
}
FREQUENT = (77654.32, 88654.32)
OWN = '''
import polars as pl
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, NOTHING, Params, Transformer, Uniqueness


class Scaled(Transformer[Params]):
    """Bends what it masks, and does not say so."""
    name = "scaled"
    summary = "Scales numbers."
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)
    base_types = frozenset({"numeric", "int4", "float8"})

    def apply(self, values, context):
        return (values.cast(pl.Float64) * 1.2 + 0.01).round(2).cast(pl.String)


class Confessed(Scaled):
    """The same, and says so."""
    name = "confessed"
    distribution = NOTHING
'''


@pytest.fixture
def own(tmp_path: Path) -> Iterator[str]:
    """A module of a user's own beside the rules folder."""
    module = "w7_scaling"
    file = tmp_path.parent / f"{module}.py"
    file.write_text(OWN)
    yield module
    file.unlink()


def test_no_transformer_of_the_catalogue_alarms(judge: Judge) -> None:
    """Nor do draws from a few count as values that were not masked."""
    assert judge(SOURCE, {"public.sales": RULES}) == []


# Columns whose masks may be the value, by the class that masks them.
COINCIDING: dict[str, type[Transformer[Any]]] = {
    "score": Shuffle, "member": Shuffle, "agreed": Choice, "state": Choice, "sex": Identity, "land": Address,
    "age": NumberBucket, "band": NumberBucket,
}  # fmt: skip


def test_half_a_column_left_as_it_was_is_found(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though other rows changed, and many may stay by chance."""
    for kind in set(COINCIDING.values()):
        name = "apply_rows" if issubclass(kind, RowTransformer) else "apply"
        monkeypatch.setattr(kind, name, _half(getattr(kind, name)))
    found = judge(SOURCE, {"public.sales": {**RULES, "city": "keep"}})
    unchanged = {each.split()[2].rstrip(":") for each in found if "unchanged values" in each}
    assert unchanged == set(COINCIDING)


def _half(masks: Callable[..., pl.Series]) -> Callable[..., pl.Series]:
    def masked(self: Transformer[Any], values: pl.Series, *others: Any) -> pl.Series:
        even = pl.Series(range(len(values))) % 2 == 0
        return pl.select(pl.when(even).then(values).otherwise(masks(self, values, *others))).to_series()

    return masked


def test_a_transformer_that_scales_is_found_unless_it_says_so(judge: Judge, own: str) -> None:
    rules = dict.fromkeys(RULES, "keep")
    found = judge(SOURCE, {"public.sales": {**rules, "amount": f"{own}:Scaled"}})
    assert "distribution_drift: public.sales amount: drift of scale (1)" in found
    assert "distribution_drift: public.sales amount: drift of values (1)" in found
    assert all(each.startswith("distribution_drift: public.sales amount") for each in found)


def test_a_transformer_that_says_so_may_scale(judge: Judge, own: str) -> None:
    rules = dict.fromkeys(RULES, "keep")
    assert judge(SOURCE, {"public.sales": {**rules, "amount": f"{own}:Confessed"}}) == []


@pytest.fixture
def sales(server: EmbeddedServer, database: Dsn) -> Iterator[Dsn]:
    """The source by itself, two amounts of it frequent."""
    name = f"{database.database}_sales"
    ensure_database(server.dsn(), name)
    with connect(server.dsn(name)) as conn:
        marked = [f"UPDATE sales SET amount = {amount} WHERE id % 20 = {rest}" for rest, amount in enumerate(FREQUENT)]
        conn.execute(";".join([SOURCE, *marked]).replace(";;", ";").encode())
    yield server.dsn(name)
    with connect(server.dsn()) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_what_is_compared_is_not_kept(settings: Settings, sales: Dsn, tmp_path: Path, own: str) -> None:
    """Of a masked column whose drift is measured, neither figures nor pictures nor the registry hold a value."""
    rules = {**dict.fromkeys(RULES, "keep"), "amount": f"{own}:Scaled"}
    text = yaml.safe_dump({"version": 1, "tables": {"public.sales": rules}, "objects": {"comments": "keep"}})
    (tmp_path / "masking.yaml").write_text(text, encoding="utf-8")
    changed = settings.model_copy(update={"source_dsn": SecretStr(sales.secret()), "rules_dir": tmp_path})
    places = open_places(changed)
    image = refresh.build_image(changed, places, refresh.take_snapshot(changed, places).snapshot_id)
    report = validate_candidate(changed, places, image.golden_id)
    assert not report.check("distribution_drift").passed
    with connect_control(places.control) as control:
        stored = GoldenRegistry(control).get(image.golden_id).profile
    written = json.dumps([report.as_json(), report.drift_table, report.stored_profile, stored], default=str)
    written += repr(report.image_profiles)
    assert "amount" in written
    # As they are, rounded, and scaled.
    for value in FREQUENT:
        for shown in (f"{value:.0f}", f"{value:.1f}", f"{value}", f"{value * 1.2:.0f}", f"{value * 1.2:.1f}"):
            assert shown not in written
    refresh.reject_image(changed, places, image.golden_id, "test")
