"""Each transformer must suit its column: name, parameters, type, NOT NULL, uniqueness, partition key."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from testdata_assets.masking.plan_uniqueness import mentions, plainly_lowered
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import CatalogText


def test_unknown_transformers_hint_at_the_nearest(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "x text", "y text"))
    (problem,) = make.refusal("public.t: {x: emial, y: keep}", catalog)
    assert (problem.kind, problem.column, problem.line) == ("unknown_transformer", "x", 3)
    assert "'emial'" in problem.message
    assert "email" in problem.remedy


def test_bad_parameters_are_named_one_by_one_with_their_place(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "x text", "j jsonb"))
    problems = make.refusal(
        "public.t:\n  x: {transform: hash, length: 2, lenght: 9}\n  j: {transform: json, path: {}}", catalog
    )
    assert [(problem.kind, problem.column, str(problem.mark)) for problem in problems] == [
        ("bad_params", "j", "masking.yaml:5:26"),
        ("bad_params", "j", "masking.yaml:5:5"),
        ("bad_params", "x", "masking.yaml:4:37"),
        ("bad_params", "x", "masking.yaml:4:26"),
    ]
    assert "'paths'" in problems[1].message  # what is missing has no place: the rule's own
    assert "did you mean 'length'?" in problems[2].message
    assert "greater than or equal to 8" in problems[3].message


def test_types_must_fit(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "a int4", "b citext", "c varchar(9)", "d _text", "e mood"))
    problems = make.refusal("public.t: {a: email, b: email, c: email, d: hash, e: hash}", catalog)
    assert [(problem.kind, problem.column, problem.type) for problem in problems] == [
        ("transformer_type", "a", "integer"),
        ("transformer_type", "d", "text[]"),
        ("transformer_type", "e", "mood"),
    ]
    assert "hash" in problems[0].remedy
    assert "keep or null" in problems[1].remedy


def test_null_does_not_go_into_not_null(make: SimpleNamespace) -> None:
    catalog = make.catalog(make.table("public.t", "a text not null", "b text"))
    (problem,) = make.refusal("public.t: {a: null, b: null}", catalog)
    assert (problem.kind, problem.column) == ("null_in_not_null", "a")


def test_a_unique_column_wants_a_transformer_that_keeps_it_unique(make: SimpleNamespace) -> None:
    table = make.table("public.t", "a text", "b varchar(4)", "c text", "d text")
    unique = tuple(make.unique(f"public.t({name})", f"t_{name}_key") for name in "abcd")
    problems = make.refusal("public.t: {a: city, b: hash, c: email, d: null}", make.catalog(table, unique=unique))
    assert [(problem.kind, problem.column) for problem in problems] == [("uniqueness", "a"), ("uniqueness", "b")]
    assert "t_a_key" in problems[0].message
    assert "city" in problems[0].message
    assert problems[0].remedy == "Use hash, email or keep for a."


def test_part_of_a_composite_key_may_be_lossy_if_the_rest_is_unique(make: SimpleNamespace) -> None:
    table = make.table("public.t", "id int4 not null", "maybe int4", "name text")
    both = make.unique("public.t(id, name)", "t_id_name_key")
    primary = make.unique("public.t(id)", "t_pkey", primary=True)
    nullable = make.unique("public.t(maybe)", "t_maybe_key")
    text = "public.t: {id: %s, maybe: keep, name: city}"
    assert make.plan(text % "keep", make.catalog(table, unique=(both, primary)))
    assert make.plan(text % "hash", make.catalog(table, unique=(both, primary)))
    (problem,) = make.refusal(text % "keep", make.catalog(table, unique=(both,)))
    assert "t_id_name_key" in problem.message
    over_nullable = make.unique("public.t(maybe, name)", "t_maybe_name_key")
    (problem,) = make.refusal(text % "keep", make.catalog(table, unique=(over_nullable, nullable)))
    assert "t_maybe_name_key" in problem.message


def test_unique_expressions(make: SimpleNamespace) -> None:
    table = make.table("public.t", "email text", "name text")
    plain = make.unique("public.t()", "t_lower", expressions=("lower(email)",), lowered=("email",))
    wild = make.unique("public.t()", "t_left", expressions=('"left"(email, 5)',))
    assert make.plan("public.t: {email: email, name: city}", make.catalog(table, unique=(plain,)))
    (problem,) = make.refusal("public.t: {email: city, name: city}", make.catalog(table, unique=(plain,)))
    assert (problem.kind, problem.column) == ("uniqueness", "email")
    (problem,) = make.refusal("public.t: {email: email, name: city}", make.catalog(table, unique=(wild,)))
    assert 'over the expression "left"(email, 5)' in problem.message
    assert make.plan("public.t: {email: keep, name: city}", make.catalog(table, unique=(wild,)))


def test_a_unique_generated_column_hangs_on_its_sources(make: SimpleNamespace) -> None:
    table = make.table("public.t", "email text", "key text generated")
    unique = (make.unique("public.t(key)", "t_key_key"),)
    texts = (CatalogText("default", "public.t.key", "lower(email)"),)
    assert make.plan("public.t: {email: email}", make.catalog(table, unique=unique, texts=texts))
    (problem,) = make.refusal("public.t: {email: city}", make.catalog(table, unique=unique, texts=texts))
    assert (problem.column, problem.kind) == ("email", "uniqueness")


def test_masked_columns_in_a_partial_index_predicate(make: SimpleNamespace) -> None:
    table = make.table("public.t", "id int4", "state text", "gone text")
    by_state = make.unique("public.t(id)", "t_active", predicate="(state = 'gone'::text)")
    by_null = make.unique("public.t(id)", "t_present", predicate="(gone IS NULL)")
    rules = "public.t: {id: keep, state: %s, gone: %s}"
    (problem,) = make.refusal(rules % ("city", "city"), make.catalog(table, unique=(by_state, by_null)))
    assert (problem.column, "t_active" in problem.message) == ("state", True)
    assert make.plan(rules % ("keep", "city"), make.catalog(table, unique=(by_state, by_null)))
    (problem,) = make.refusal(rules % ("keep", "null"), make.catalog(table, unique=(by_null,)))
    assert problem.column == "gone"


def test_exclusion_constraints(make: SimpleNamespace) -> None:
    table = make.table("public.t", "room text", "during tsrange")
    index = make.unique("public.t(room, during)", "t_excl", exclusion=True)
    catalog = make.catalog(table, unique=(index,))
    assert make.plan("public.t: {room: hash, during: keep}", catalog)
    problems = make.refusal("public.t: {room: city, during: shift_range}", catalog)
    assert {(problem.column, "exclusion constraint t_excl" in problem.message) for problem in problems} == {
        ("room", True),
        ("during", True),
    }


def partitioned(make: SimpleNamespace, *bounds: str, **other: object):
    columns = ("region text not null", "name text")
    tables = [make.table("public.t", *columns, kind="p", partition_columns=other.pop("key", ("region",)))]
    texts = []
    unique = [make.unique("public.t(name)", "t_name_key")] if other.pop("unique", False) else []
    for number, bound in enumerate(bounds):
        leaf = make.table(f'public."T{number}"', *columns, parent="public.t", is_partition=True)
        tables.append(leaf)
        texts.append(CatalogText("partition_bound", f'public."T{number}"', bound))
        if unique:
            unique.append(make.unique(f'public."T{number}"(name)', f"T{number}_name_key"))
    return make.catalog(*tables, texts=tuple(texts), unique=tuple(unique))


def test_a_masked_key_of_hash_partitions_is_routed_anew(make: SimpleNamespace) -> None:
    bounds = [f"FOR VALUES WITH (modulus 2, remainder {remainder})" for remainder in (0, 1)]
    catalog = partitioned(make, *bounds)
    plan = make.plan("public.t: {region: hash, name: keep}", catalog)
    assert [each.load_through_root for each in plan.tables] == [True, True]
    kept = make.plan("public.t: {region: keep, name: hash}", catalog)
    assert [each.load_through_root for each in kept.tables] == [False, False]


@pytest.mark.parametrize(
    "bounds",
    [
        ("FOR VALUES IN ('eu')", "DEFAULT"),
        ("FOR VALUES FROM ('m') TO (MAXVALUE)", "FOR VALUES FROM (MINVALUE) TO ('m')"),
        ("FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",),
    ],
)
def test_a_masked_key_goes_where_every_value_has_a_place(make: SimpleNamespace, bounds: tuple[str, ...]) -> None:
    plan = make.plan("public.t: {region: hash, name: keep}", partitioned(make, *bounds))
    assert all(each.load_through_root for each in plan.tables)


def test_null_has_no_place_in_ranges(make: SimpleNamespace) -> None:
    table = make.table("public.t", "at text", kind="p", partition_columns=("at",))
    leaf = make.table("public.t1", "at text", parent="public.t", is_partition=True)
    for bound, fits in (("FOR VALUES FROM (MINVALUE) TO (MAXVALUE)", False), ("DEFAULT", True)):
        catalog = make.catalog(table, leaf, texts=(CatalogText("partition_bound", "public.t1", bound),))
        if fits:
            assert make.plan("public.t: {at: null}", catalog)
        else:
            (problem,) = make.refusal("public.t: {at: null}", catalog)
            assert problem.kind == "partition_key"


@pytest.mark.parametrize(
    "bounds",
    [
        ("FOR VALUES IN ('eu')",),
        ("FOR VALUES FROM ('a') TO ('b')",),
        ("FOR VALUES FROM (MINVALUE) TO ('b')", "FOR VALUES FROM ('c') TO (MAXVALUE)"),
        ("FOR VALUES FROM (MINVALUE) TO ('b')", "FOR VALUES FROM ('b') TO ('z')"),
        ("FOR VALUES FROM (MINVALUE, MINVALUE) TO (MAXVALUE, MAXVALUE)",),
        ("FOR VALUES IN ('eu')", "FOR VALUES WITH (modulus 2, remainder 0)"),
        ("", "DEFAULT"),
    ],
)
def test_a_masked_key_of_lists_or_ranges_with_gaps_is_refused(make: SimpleNamespace, bounds: tuple[str, ...]) -> None:
    catalog = partitioned(make, *bounds)
    (problem,) = make.refusal("public.t: {region: hash, name: keep}", catalog)
    assert (problem.kind, problem.table, problem.column) == ("partition_key", "public.t", "region")
    assert "'" not in problem.message
    assert not any(each.load_through_root for each in make.plan("public.t: {mode: keep}", catalog).tables)


def test_a_partition_key_that_is_an_expression_warns(make: SimpleNamespace) -> None:
    catalog = partitioned(make, "FOR VALUES FROM (1) TO (2)", key=(None,))
    plan = make.plan("public.t: {region: keep, name: hash}", catalog)
    assert plan.tables[0].load_through_root
    assert any("expression" in warning.message for warning in plan.warnings)


def test_a_partitioned_index_is_reported_once(make: SimpleNamespace) -> None:
    catalog = partitioned(make, "DEFAULT", "FOR VALUES IN ('x')", unique=True)
    (problem,) = make.refusal("public.t: {region: keep, name: city}", catalog)
    assert (problem.table, "t_name_key" in problem.message) == ("public.t", True)


def test_bad_rules_of_a_partitioned_table_are_reported_once_even_without_partitions(make: SimpleNamespace) -> None:
    for catalog in (partitioned(make), partitioned(make, "DEFAULT", "FOR VALUES IN ('x')")):
        (problem,) = make.refusal("public.t: {region: keep, name: shift_range}", catalog)
        assert (problem.kind, problem.table) == ("transformer_type", "public.t")


def test_a_leaf_may_be_stricter_than_its_root(make: SimpleNamespace) -> None:
    root = make.table("public.t", "a int4", "b text", kind="p", partition_columns=("a",))
    leaf = make.table("public.t1", "a int4", "b text not null", parent="public.t", is_partition=True)
    (problem,) = make.refusal("public.t: {a: keep, b: null}", make.catalog(root, leaf))
    assert (problem.kind, problem.table, problem.column) == ("null_in_not_null", "public.t1", "b")


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("lower(email)", "email", True),
        ("lower((email)::text)", "email", True),
        ('lower("E mail")', "E mail", True),
        ("(email)::text || 'name'::text", "name", False),
        ("email_hash(x)", "email", False),
        ("(x)::text", "text", False),
        ("lower(x)", "lower", False),
        ("old.email", "email", True),
    ],
)
def test_mentions(text: str, column: str, expected: bool) -> None:
    assert mentions(text, column) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lower(email)", True),
        ("upper(email)", True),
        ("lower((email)::text)", True),
        ("(lower((email)::text))", True),
        ('lower((email)::text COLLATE "C")', True),
        ("lower((email)::character varying(50))", True),
        ("lower(\"left\"(email, 4))", False),
        ("lower(email || other)", False),
        ("lower(emails)", False),
        ("md5(lower(email))", False),
    ],
)  # fmt: skip
def test_plainly_lowered(text: str, expected: bool) -> None:
    assert plainly_lowered(text, "email") is expected


def test_table_names_of_bounds_are_read_as_sql(make: SimpleNamespace) -> None:
    catalog = partitioned(make, "FOR VALUES WITH (modulus 1, remainder 0)")
    plan = make.plan("public.t: {region: hash, name: keep}", catalog)
    assert plan.table(TableName("public", "T0")).load_through_root
