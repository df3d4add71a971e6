"""What a second reading of the masking engine found: each of these once let something through, or masked it wrongly."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from pydantic import Field

from testdata_assets.errors import RefusedError
from testdata_assets.keys import key_id
from testdata_assets.masking import tasks
from testdata_assets.masking.block_rows import BlockRows, FrameLines
from testdata_assets.masking.conditions import Condition
from testdata_assets.masking.engine import TableMasker
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import TablePlan, compile_plan
from testdata_assets.masking.plan_models import ColumnPlan
from testdata_assets.masking.preview import preview_rows
from testdata_assets.masking.rules import parse_rules
from testdata_assets.masking.sensitive import may_coincide
from testdata_assets.masking.tasks import BlockAnswer, BlockTask, TaskFailure
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import (
    Coincidence,
    Guarantees,
    MaskContext,
    Params,
    Transformer,
    Uniqueness,
)
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table
from testdata_assets.production.chunk_store import ChunkStore, ChunkStoreDamaged, RecordPlace
from testdata_assets.settings import Settings

KEY = b"k" * 32
OLDER = b"o" * 32
STORE = b"s" * 32
HASH_FOR = partial(KeyedHash.derive, KEY)
BODY = "\n".join(f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj{line}" for line in range(3))


def _column(name: str, base_type: str = "text", category: str = "S", position: int = 1) -> Column:
    return Column(name=name, type=base_type, base_type=base_type, category=category, position=position)


def _context(base_type: str = "text") -> MaskContext:
    return MaskContext(HASH_FOR("d"), _column("c", base_type), hash_for=HASH_FOR)


def _masked(name: str, value: str, params: dict[str, object] | None = None) -> str:
    return str(registry.build(name, params).apply(pl.Series([value]), _context())[0])


# -- values of a form, with something before or inside them that is not of it ----------------------------------------


@pytest.mark.parametrize("before", ["", "-----\n", "Bag Attributes\n----------\n", "----- key of Jo Smith -----\n"])
@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY"])
def test_a_private_key_is_masked_whatever_dashes_stand_before_it(before: str, kind: str) -> None:
    value = f"{before}-----BEGIN {kind}-----\n{BODY}\n-----END {kind}-----\n"
    masked = _masked("secret", value)
    assert not [line for line in BODY.split("\n") if line in masked]
    assert "Smith" not in masked
    assert f"-----BEGIN {kind}-----\n" in masked
    assert masked.endswith(f"\n-----END {kind}-----\n")
    assert len(masked) == len(value)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("$argon2id$v=19$m=65536,t=3,p=4,data=am9obi5zbWl0aEBhY21lLmNvbQ$" + "aB1" * 8 + "$" + "cD2" * 14, "am9obi5z"),
        ("$y$john smith, 4 Mill Lane$" + "ab3" * 14, "Mill"),
    ],
)
def test_what_only_begins_like_a_password_hash_is_masked(value: str, secret: str) -> None:
    assert secret not in _masked("secret", value)


def test_an_end_tag_holds_nothing_but_its_name() -> None:
    with pytest.raises(RefusedError):
        _masked("xml", "<a>hello</a Jo Smith>", {"paths": {"**": "hash"}})
    assert _masked("xml", "<a>hello</a\n>", {"paths": {"**": "hash"}}).endswith("</a\n>")


def test_only_an_xml_declaration_passes_for_one() -> None:
    masked = _masked("xml", "<?xml Jo Smith jo@acme.example ?><a>x</a>", {"paths": {"**": "hash"}})
    assert masked.startswith("<a>")
    declared = """<?xml version="1.0" encoding='UTF-8' standalone="yes"?><a>x</a>"""
    assert _masked("xml", declared, {"paths": {"**": "hash"}}).startswith(declared[:-8])


# -- conditions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n == 10000000000000000", [False, True, False, False, False]),
        ("n == '10000000000000001'", [True, False, False, False, False]),
        ("n in (1.5, 0)", [False, False, True, True, False]),
        ("n == '1.500'", [False, False, True, False, False]),
        ("n == -0.0", [False, False, False, True, False]),
        ("n == 'NaN'", [False, False, False, False, True]),
    ],
)
def test_numerics_are_compared_exactly(text: str, expected: list[bool]) -> None:
    rows = BlockRows(FrameLines(pl.DataFrame({"n": ["10000000000000001", "10000000000000000", "1.50", "0.00", "NaN"]})))
    columns = {"n": _column("n", "numeric", "N")}
    assert Condition.parse(text).problems(columns) == ()
    assert Condition.parse(text).evaluate(rows, columns).to_list() == expected


@pytest.mark.parametrize(
    ("base_type", "good", "never"),
    [
        ("date", "2020-02-29", "2020-2-29"),
        ("timestamp", "2020-02-29 10:00:00.5", "2020-02-29"),
        ("timestamptz", "2020-02-29 10:00:00+00", "2020-02-29 10:00:00"),
        ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"),
    ],
)
def test_a_literal_that_a_column_never_shows_is_refused(base_type: str, good: str, never: str) -> None:
    columns = {"c": _column("c", base_type, "D")}
    assert Condition.parse(f"c != '{good}' and c is not null").problems(columns) == ()
    assert "never equals" in Condition.parse(f"c != '{never}'").problems(columns)[0]
    assert "never equals" in Condition.parse("c == 7").problems(columns)[0]


def test_the_filter_of_a_child_table_is_refused_rather_than_ignored(make: SimpleNamespace) -> None:
    catalog = make.catalog(
        make.table("public.p", "id int8 not", "kind text"),
        make.table("public.c", "id int8 not", "kind text", "x text", parent="public.p"),
    )
    rules = "public.p: {id: keep, kind: keep}\npublic.c: {where: \"kind == 'a'\", x: keep}"
    assert [(each.kind, each.table) for each in make.refusal(rules, catalog)] == [("condition", "public.c")]


# -- one domain, one mask --------------------------------------------------------------------------------------------


def test_an_else_with_its_own_domain_sees_that_domains_limits() -> None:
    names = [TableName("public", "u"), TableName("public", "v")]
    wide = (_column("m"), _column("kind", position=2))
    narrow = (replace(_column("m", "varchar"), type="character varying(20)", max_length=20),)
    tables = tuple(
        Table(name, number, "r", columns, name)
        for number, (name, columns) in enumerate(zip(names, (wide, narrow), strict=True))
    )
    rules = """
version: 1
tables:
  public.u:
    m: {transform: email, domain: a, when: kind == 'x', else: {transform: email, domain: mails}}
    kind: keep
  public.v: {m: {transform: email, domain: mails}}
"""
    plan = compile_plan(parse_rules(rules), Catalog(180000, "1", "shop", tables), KEY)
    first = TableMasker(plan.tables[0], HASH_FOR).mask(b"jo.smith@acme.example\ty\n").data.split(b"\t")[0]
    assert first == TableMasker(plan.tables[1], HASH_FOR).mask(b"jo.smith@acme.example\n").data.rstrip()


class WordParams(Params):
    word: str = Field(repr=False)


class Words(Transformer[WordParams]):
    """Writes a word that its parameters do not show."""

    name = "second_read_words"
    summary = "For tests."
    params_model = WordParams
    guarantees = Guarantees(Uniqueness.LOSSY, Coincidence.MAY_COINCIDE)

    def apply(self, values: pl.Series, context: MaskContext) -> pl.Series:
        return pl.Series([self.params.word] * len(values), dtype=pl.String)


def test_columns_whose_parameters_only_look_alike_share_no_memo() -> None:
    columns = (_column("a"), _column("b", position=2))
    name = TableName("public", "t")
    plans = tuple(
        ColumnPlan(column, Words(WordParams(word=word)), "d", None, False, None, shares=True)
        for column, word in zip(columns, ("one", "two"), strict=True)
    )
    plan = TablePlan(Table(name, 1, "r", columns, name), "mask", plans)
    assert TableMasker(plan, HASH_FOR).mask(b"x\tx\nx\tx\n").data == b"one\ttwo\none\ttwo\n"


# -- the search for leaks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "column", "expected"),
    [
        ("phone", _column("p"), True),
        ("{transform: phone, when: k == 'x', else: keep}", _column("p"), True),
        ("{transform: email, when: k == 'x', else: {transform: phone}}", _column("p"), True),
        ("{transform: email, when: k == 'x', else: keep}", _column("p"), False),
        ("{transform: hstore, keys: {a: phone, b: email}}", _column("p", "hstore", "U"), False),
        ("{transform: hstore, keys: {b: email}}", _column("p", "hstore", "U"), False),
        ("{transform: json, paths: {'$.a': phone, '$.b': email}}", _column("p", "jsonb", "U"), False),
    ],
)
def test_masks_that_may_equal_real_values_count_as_such_in_conditions_and_parts_apart(
    rule: str, column: Column, expected: bool
) -> None:
    name = TableName("public", "u")
    table = Table(name, 1, "r", (column, _column("k", position=2)), name)
    rules = f"version: 1\ntables:\n  public.u: {{p: {rule}, k: keep}}\n"
    plan = compile_plan(parse_rules(rules), Catalog(180000, "1", "shop", (table,)), KEY)
    assert may_coincide(plan.tables[0].columns[0]) is expected


# -- preview ----------------------------------------------------------------------------------------------------------


def test_a_preview_of_shuffled_values_shows_no_other_rows_values() -> None:
    name = TableName("public", "staff")
    columns = (
        _column("id", "int4", "N"), _column("pay", position=2), _column("note", position=3),
        _column("prefs", "jsonb", "U", 4),
    )  # fmt: skip
    rules = """
version: 1
tables:
  public.staff:
    id: keep
    pay: {transform: shuffle, by: id}
    note: {transform: template, template: "earns {pay}"}
    prefs: {transform: shuffle, by: id}
"""
    catalog = Catalog(180000, "1", "shop", (Table(name, 1, "r", columns, name),))
    plan = compile_plan(parse_rules(rules), catalog, KEY).tables[0]
    block = b"".join(f'{n}\t{n}7654.3\tx\t{{"team": "crew{n}{n}"}}\n'.encode() for n in range(1, 5))
    shown = repr(preview_rows(plan, block, HASH_FOR))
    assert "earns 99999.9" in shown
    assert "7654" not in shown
    assert "crew" not in shown
    assert "7654" in repr(preview_rows(plan, block, HASH_FOR, reveal=True))


# -- answers and workers ----------------------------------------------------------------------------------------------


def test_an_answer_of_another_building_of_the_same_snapshot_is_refused(tmp_path: Path) -> None:
    store = ChunkStore.create(tmp_path / "s", "s-1", STORE)
    name = TableName("public", "t")
    plan = TablePlan(Table(name, 1, "r", (_column("a"),), name), "keep", ())
    task = BlockTask(
        store.location, "s-1", "0-0", RecordPlace(0, 0, 9, 9, last=True), plan, 0, 0, "m", "s", "v", run="one"
    )
    sealed = tasks.seal_answer(store, task, BlockAnswer(b"raw\n", 1))
    assert tasks.open_answer(store, task, sealed).data == b"raw\n"
    with pytest.raises(ChunkStoreDamaged):
        tasks.open_answer(store, replace(task, run="two"), sealed)


def test_a_worker_is_asked_for_the_previous_key_before_a_row_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"home": tmp_path, "masking_key": KEY.hex(), "store_key": STORE.hex()}
    monkeypatch.setattr(tasks, "_KEYS", tasks._WorkerKeys(lambda: Settings.model_validate(values)))
    ids = (key_id(KEY), key_id(STORE), tasks.code_version())
    assert tasks.check_worker(*ids) is None
    failure = tasks.check_worker(*ids, key_id(OLDER))
    assert isinstance(failure, TaskFailure)
    assert failure.code == "masking_previous-key-missing"
    values["masking_key_previous"] = OLDER.hex()
    assert tasks.check_worker(*ids, key_id(OLDER)) is None
    assert OLDER.hex() not in repr(pickle.dumps(failure))
