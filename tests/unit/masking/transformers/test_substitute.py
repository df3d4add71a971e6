"""substitute: entries of a file that the rules bring along, whose content counts and whose place does not."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import UsageFault
from testdata_assets.masking.rule_files import RulesFile
from testdata_assets.masking.rules import RulesError, load_rules, rules_digest
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Uniqueness
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Column

Mask = Callable[..., list[Any]]
RUNS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ENTRIES = ["Ash", "Birch", "Cedar", "Douglas fir", "Elm"]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    file = tmp_path / "trees.txt"
    file.write_text("\n".join(ENTRIES) + "\n", encoding="utf-8")
    return file


@RUNS
@given(values=st.lists(st.sampled_from([*ENTRIES, "ash", "ELM", ""]) | st.text("ab é漢", max_size=5), min_size=1))
def test_entries_are_drawn_and_never_the_value_itself(mask: Mask, pool: Path, values: list[str]):
    masked = mask("substitute", values, params={"file": str(pool)})
    assert masked == [mask("substitute", [value], params={"file": str(pool)})[0] for value in values]
    for value, other in zip(values, masked, strict=True):
        if value.strip():
            assert other in ENTRIES
            assert other.lower() != value.lower()
        else:
            assert other == value


def test_every_entry_is_drawn(mask: Mask, pool: Path):
    masked = mask("substitute", [str(number) for number in range(5000)], params={"file": str(pool)})
    assert min(masked.count(entry) for entry in ENTRIES) > 850


def test_two_entries_change_places(mask: Mask, tmp_path: Path):
    (tmp_path / "two.txt").write_text("yes\nno\nYES\n")
    params = {"file": str(tmp_path / "two.txt")}
    assert mask("substitute", ["yes", "YES"], params=params) == ["no", "no"]
    assert mask("substitute", ["no"], params=params)[0].lower() == "yes"


def test_keys_domains_and_case(mask: Mask, pool: Path, tmp_path: Path):
    (tmp_path / "many.txt").write_text("\n".join(f"entry {number}" for number in range(1000)))
    params, values = {"file": str(tmp_path / "many.txt")}, [f"Value {number}" for number in range(500)]
    plain = mask("substitute", values, params=params)
    for other in (
        mask("substitute", values, params=params, key=b"k" * 32),
        mask("substitute", values, params=params, domain="other"),
    ):
        assert sum(one == two for one, two in zip(plain, other, strict=True)) < 10
    folded = mask("substitute", [value.upper() for value in values], params=params, fold=True)
    assert folded == mask("substitute", values, params=params, fold=True)


def test_narrow_columns_get_what_fits(mask: Mask, pool: Path):
    params = {"file": str(pool)}
    values = [str(number) for number in range(100)]
    assert set(mask("substitute", values, params=params, base_type="varchar", limit=4)) == {"Ash", "Elm"}
    built = registry.build("substitute", params)
    assert not built.problems(Column("c", "character varying(3)", "varchar", "S", 3))
    assert built.problems(Column("c", "character varying(2)", "varchar", "S", 2))
    assert built.problems(Column("c", "integer", "int4", "N"))
    assert built.guarantees.uniqueness is Uniqueness.LOSSY


def test_numbers_for_number_columns(mask: Mask, tmp_path: Path):
    (tmp_path / "codes.txt").write_text("100\n200\n\n300\n")
    params = {"file": str(tmp_path / "codes.txt")}
    masked = mask("substitute", list("123456"), params=params, base_type="int4")
    assert set(masked) <= {"100", "200", "300"}
    assert not registry.build("substitute", params).problems(Column("c", "integer", "int4", "N"))


def rules(folder: Path, rule: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "masking.yaml").write_text(f"version: 1\ntables:\n  public.plants:\n    name: {rule}\n", encoding="utf-8")
    return folder


def test_rules_read_the_file_from_their_folder_and_digest_its_content(tmp_path: Path):
    digests = []
    for name, entries in (("one", "a\nb"), ("two", "a\nb"), ("three", "a\nc")):
        folder = rules(tmp_path / name, "{transform: substitute, file: pools/words.txt}")
        (folder / "pools").mkdir()
        (folder / "pools" / "words.txt").write_text(entries)
        found = load_rules(folder)
        rule = found.tables[TableName.parse("public.plants")].columns["name"]
        assert registry.build("substitute", rule.params).params.file.lines == tuple(entries.split("\n"))
        digests.append(rules_digest(found))
    assert digests[0] == digests[1]  # where the folder lies does not matter
    assert digests[0] != digests[2]


def test_nested_rules_read_files_too(tmp_path: Path):
    nested = "{transform: json, paths: {'$.a': {transform: substitute, file: words.txt}}}"
    folder = rules(tmp_path / "rules", nested)
    (folder / "words.txt").write_text("a\nb")
    found = load_rules(folder)
    rule = found.tables[TableName.parse("public.plants")].columns["name"]
    before = rules_digest(found)
    assert registry.build("json", rule.params)
    (folder / "words.txt").write_text("a\nc")
    assert rules_digest(load_rules(folder)) != before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"a\0b", "NUL"),
    ],
)
def test_a_bad_file_is_named_at_its_place_in_the_rules(tmp_path: Path, content: bytes | None, words: str):
    folder = rules(tmp_path / "rules", "{transform: substitute, file: words.txt}")
    if content is not None:
        (folder / "words.txt").write_bytes(content)
    with pytest.raises(RulesError, match=words) as refusal:
        load_rules(folder)
    assert str(folder / "words.txt") in str(refusal.value)
    assert "masking.yaml:4:" in str(refusal.value)


@pytest.mark.parametrize("path", ["../words.txt", "pools/../../words.txt"])
def test_a_path_stays_in_the_rules_folder(tmp_path: Path, path: str):
    (tmp_path / "words.txt").write_text("a\nb")
    folder = rules(tmp_path / "rules", f"{{transform: substitute, file: {path}}}")
    (folder / "pools").mkdir()
    with pytest.raises(RulesError, match="leads out of the rules folder"):
        load_rules(folder)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("a\nb")
    folder = rules(tmp_path / "rules", "{transform: substitute, file: words.txt}")
    (folder / "words.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(RulesError, match="leads out of the rules folder"):
        load_rules(folder)


@pytest.mark.parametrize(
    "params", [{}, {"file": ""}, {"file": 3}, {"file": "relative.txt"}, {"file": "/nowhere/a.txt"}]
)
def test_bad_parameters(params: dict[str, Any]):
    with pytest.raises(ValidationError):
        registry.build("substitute", params)


def test_one_entry_is_no_pool(tmp_path: Path):
    (tmp_path / "one.txt").write_text("same\nSAME\n")
    with pytest.raises(ValidationError, match="two different entries"):
        registry.build("substitute", {"file": str(tmp_path / "one.txt")})


def test_a_file_travels_with_the_plan(pool: Path):
    file = RulesFile.read("trees.txt", pool.parent)
    pool.unlink()
    for other in (pickle.loads(pickle.dumps(file)), copy.deepcopy(file)):  # noqa: S301 - our own bytes
        assert isinstance(other, RulesFile)
        assert (str(other), other.lines, other.digest) == ("trees.txt", tuple(ENTRIES), file.digest)
    built = pickle.loads(pickle.dumps(registry.build("substitute", {"file": file})))  # noqa: S301
    assert built.params.file.lines == tuple(ENTRIES)
    assert file.digest in repr(built.params)
    assert built.params.model_dump(mode="json") == {"file": "trees.txt"}


def test_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("testdata_assets.masking.rule_files._LARGEST", 5)
    (tmp_path / "words.txt").write_text("a\nb\nc\n")
    with pytest.raises(UsageFault, match="larger"):
        RulesFile.read("words.txt", tmp_path)
