"""Users' own transformers: by entry point and by dotted path, what is refused, and the digest of their code."""

from __future__ import annotations

import importlib
import json
import pickle
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import jsonschema
import polars as pl
import pytest

from testdata_assets.errors import EnvironmentLack, UsageFault
from testdata_assets.masking import tasks
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.plan import PlanRefused, compile_plan
from testdata_assets.masking.rules import json_schema, load_rules, parse_rules, rules_digest
from testdata_assets.masking.rules_check import check_rules
from testdata_assets.masking.transformers import registry
from testdata_assets.postgres.identifiers import TableName
from testdata_assets.production.catalog import Catalog, Column, Table

CLASS = """
from testdata_assets.masking.transformers.base import Coincidence, Guarantees, Params, Transformer, Uniqueness
from pydantic import Field
{imports}

class LoyaltyParams(Params):
    prefix: str = Field("L", description="What numbers begin with.")

class LoyaltyNumber(Transformer[LoyaltyParams]):
    '''Draws another number.'''
    name = "{name}"
    summary = "Replaces loyalty numbers."
    params_model = LoyaltyParams
    guarantees = Guarantees(Uniqueness.HASHED, Coincidence.DISJOINT)
    base_types = frozenset({{"text"}})

    def apply(self, values, context):
        return {result}

not_a_class = 7
class Stranger: pass
"""
RESULT = "self.params.prefix + context.hash.digests(values).bin.encode('hex').str.slice(0, 12)"


def source(name: str = "loyalty_number", imports: str = "", result: str = "values") -> str:
    return CLASS.format(name=name, imports=imports, result=result)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No user's class is known, and what this test imports is forgotten."""
    monkeypatch.setattr(registry, "_declared", None)
    for name, empty in (("_installed", {}), ("_by_path", {}), ("_folders", [])):
        monkeypatch.setattr(registry, name, empty)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # sources change within a second here
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("w7"):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Path]:
    """Writes modules into a repository that also has a rules folder; gives the rules file."""

    def write(rules: str = "", **modules: str) -> Path:
        for module, text in modules.items():
            file = tmp_path / (module.replace("__", "/") + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (tmp_path / "rules").mkdir(exist_ok=True)
        file = tmp_path / "rules" / "masking.yaml"
        file.write_text(f"version: 1\ntables:\n  public.t: {{x: {rules or 'keep'}}}\n")
        return file

    return write


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs a distribution: modules and a dist-info with entry points, in a folder on sys.path."""
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(site))

    def write(distribution: str, entry_points: dict[str, str], version: str = "1.0", **modules: str) -> None:
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"{name} = {value}" for name, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[testdata_assets.transformers]", *lines, ""]))
        for module, text in modules.items():
            (site / f"{module}.py").write_text(text)
        importlib.invalidate_caches()

    return write


def catalog(*columns: str) -> Catalog:
    name = TableName("public", "t")
    table = Table(name, 1, "r", tuple(Column(each, "text", "text", "S") for each in columns or ("x",)), name)
    return Catalog(180000, "1", "shop", (table,))


def test_an_entry_point_is_a_transformer_like_any_other(install: Callable[..., None]) -> None:
    install("w7-acme", {"loyalty_number": "w7acme:LoyaltyNumber"}, version="1.2", w7acme=source(result=RESULT))
    assert "loyalty_number" in registry.all()
    assert list(registry.all()) == sorted(registry.all())
    assert registry.origin("loyalty_number") == "entry point of w7-acme 1.2"
    assert registry.origin("hash") == "built in"
    assert registry.unusable() == {}
    rules = parse_rules("version: 1\ntables:\n  public.t: {x: {transform: loyalty_number, prefix: M}}")
    plan = compile_plan(rules, catalog(), b"k" * 32)
    (column,) = plan.tables[0].columns
    assert (column.transformer.name, column.transformer.params.prefix) == ("loyalty_number", "M")
    validator = jsonschema.Draft202012Validator(json.loads(json.dumps(json_schema())))
    document = {"version": 1, "tables": {"public.t": {"x": {"transform": "loyalty_number", "prefix": "M"}}}}
    validator.validate(document)
    document["tables"]["public.t"]["x"] = {"transform": "loyalty_number", "perfix": "M"}
    assert not validator.is_valid(document)


@pytest.mark.parametrize(
    ("name", "value", "text", "says", "code"),
    [
        ("w7_gone", "w7nowhere:X", "", "there is no module w7nowhere", "transformer-not-importable"),
        ("w7_gone", "w7broken:X", "x = 1\n1 / 0", "ZeroDivisionError at w7broken.py:2", "transformer-not-importable"),
        ("w7_gone", "w7broken:X", "raise SystemExit('s3cret')", "SystemExit at", "transformer-not-importable"),
        ("w7_gone", "w7broken:X", "def (", "SyntaxError at w7broken.py:1", "transformer-not-importable"),
        ("w7_gone", "w7broken:X", "x = 1", "has no X", "transformer-not-importable"),
        ("w7_gone", "w7broken", "x = 1", "does not name a class", "transformer-not-importable"),
        ("w7_gone", "w7broken:not_a_class", source(), "is not a Transformer", "transformer-not-a-transformer"),
        ("w7_gone", "w7broken:Stranger", source(), "is not a Transformer", "transformer-not-a-transformer"),
        ("w7_gone", "w7broken:LoyaltyNumber", source(), "holds the transformer 'loyalty_n", "transformer-name"),
        ("W7-Gone", "w7broken:LoyaltyNumber", source(), "cannot name a transformer", "transformer-name"),
        ("email", "w7broken:LoyaltyNumber", source("email"), "called 'email'", "transformer-name-clash"),
    ],
)
def test_a_broken_entry_point_troubles_only_who_names_it(
    install: Callable[..., None], name: str, value: str, text: str, says: str, code: str
) -> None:
    install("w7-broken", {name: value}, w7broken=text)
    install("w7-acme", {"loyalty_number": "w7acme:LoyaltyNumber"}, w7acme=source())
    assert {"loyalty_number", "hash", "keep"} <= set(registry.all())
    assert name not in registry.all()
    assert [*registry.unusable()] == [name]
    for attempt in range(2):
        with pytest.raises(UsageFault) as caught:
            registry.build(name)
        assert says in caught.value.what, attempt
        assert (caught.value.error_code, "s3cret" in str(caught.value)) == (code, False)
        assert caught.value.remedy
    assert registry.build("loyalty_number").params.prefix == "L"
    problem = check_rules(parse_rules(f"version: 1\ntables:\n  public.t: {{x: {name}}}"), catalog()).errors[0]
    assert (problem.kind, problem.line) == ("unknown_transformer", 3)
    assert says in problem.message


def test_two_packages_cannot_share_a_name(install: Callable[..., None]) -> None:
    install("w7-one", {"loyalty_number": "w7one:LoyaltyNumber"}, w7one=source())
    install("w7-two", {"loyalty_number": "w7two:LoyaltyNumber"}, w7two=source())
    with pytest.raises(UsageFault, match=r"w7one:LoyaltyNumber .* and w7two:LoyaltyNumber"):
        registry.get("loyalty_number")


@pytest.mark.parametrize("written", ["w7shop.masking:LoyaltyNumber", "w7shop.masking.LoyaltyNumber"])
def test_a_dotted_path_is_found_beside_the_rules_folder(repository: Callable[..., Path], written: str) -> None:
    file = repository(
        f"{{transform: {written}, prefix: M, domain: d}}", w7shop____init__="", w7shop__masking=source(result=RESULT)
    )
    plan = compile_plan(load_rules(file), catalog(), b"k" * 32)
    (column,) = plan.tables[0].columns
    assert (column.transformer.name, column.domain) == ("loyalty_number", "d")
    assert sys.path[-1] == str(file.parent.parent)
    again = pickle.loads(pickle.dumps(column.transformer))  # noqa: S301 - our own
    assert again.params == column.transformer.params
    assert "loyalty_number" not in registry.all()
    assert registry.origin(written).startswith("dotted path w7shop.masking:")


def test_a_bare_path_is_a_rule(repository: Callable[..., Path]) -> None:
    rules = load_rules(repository("w7bare:LoyaltyNumber", w7bare=source()))
    assert check_rules(rules, catalog()).ok


def test_without_dotted_paths_no_folder_is_added(repository: Callable[..., Path]) -> None:
    before = [*sys.path]
    assert check_rules(load_rules(repository("hash")), catalog()).ok
    assert sys.path == before


def test_a_folder_of_rules_never_stands_in_for_an_installed_module(repository: Callable[..., Path]) -> None:
    load_rules(repository(json=source()))
    with pytest.raises(UsageFault, match="has no LoyaltyNumber"):
        registry.get("json:LoyaltyNumber")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (source(name="keep"), "Two transformers are called 'keep'"),
        (source(name="Bad Name"), "`name` must be lower-case"),
        (source().replace('summary = "Replaces loyalty numbers."', ""), "`summary` must be a sentence"),
        (source().replace("guarantees =", "promises ="), "`guarantees` must be a Guarantees"),
        (source().replace("Coincidence.DISJOINT", "Coincidence.UNCHANGED"), "which only keep may"),
        (source().replace("params_model = LoyaltyParams", "params_model = dict"), "must derive from Params"),
        (source().replace('frozenset({"text"})', '"text"'), "`base_types` must be a frozenset"),
        (source().replace("def apply", "def apply_it"), "it lacks apply"),
        (source().replace("not_a_class = 7", "LoyaltyNumber.__qualname__ = 'f.<locals>.C'"), "top of a module"),
    ],
)
def test_what_is_no_whole_transformer_is_refused(repository: Callable[..., Path], text: str, says: str) -> None:
    rules = load_rules(repository("w7odd:LoyaltyNumber", w7odd=text))
    with pytest.raises(PlanRefused) as caught:
        compile_plan(rules, catalog(), b"k" * 32)
    assert says.lower() in caught.value.problems[0].message.lower()
    assert caught.value.problems[0].line == 3


def test_two_paths_cannot_share_a_name(repository: Callable[..., Path]) -> None:
    load_rules(repository(w7a=source(), w7b=source()))
    assert registry.get("w7a:LoyaltyNumber") is registry.get("w7a.LoyaltyNumber")
    with pytest.raises(UsageFault, match=r"called 'loyalty_number': w7b:LoyaltyNumber and w7a:LoyaltyNumber"):
        registry.get("w7b:LoyaltyNumber")


def test_a_path_to_an_installed_transformer_is_the_same_one(install: Callable[..., None]) -> None:
    install("w7-acme", {"loyalty_number": "w7acme:LoyaltyNumber"}, w7acme=source())
    assert registry.get("w7acme:LoyaltyNumber") is registry.get("loyalty_number")


def digest(file: Path, *path: Path) -> str:
    """As a new process would say: nothing of the users' is loaded."""
    for name in [each for each in sys.modules if each.startswith("w7")]:
        del sys.modules[name]
    registry._declared = None
    for known in (registry._installed, registry._by_path, registry._folders):
        known.clear()
    before = [*sys.path]
    sys.path[:] = [*map(str, path), *before]
    importlib.invalidate_caches()
    try:
        return rules_digest(load_rules(file))
    finally:
        sys.path[:] = before


def test_the_digest_follows_the_code(repository: Callable[..., Path], install: Callable[..., None]) -> None:
    code = {
        "w7shop____init__": "",
        "w7shop__masking": source(imports="from w7shop.pools import POOL\nfrom . import more\nimport w7beside"),
        "w7shop__pools": "POOL = 1",
        "w7shop__more": "from testdata_assets.errors import UsageFault",
        "w7shop__unrelated": "",
        "w7beside": "",
    }
    rules = "{transform: w7shop.masking:LoyaltyNumber}"
    first = digest(repository(rules, **code))
    assert first == digest(repository(rules, **code, w7other="x = 1"))
    assert first == digest(repository(rules, **code | {"w7shop__unrelated": "x = 1"}))
    changed = [
        {"w7shop__masking": code["w7shop__masking"] + "# other"},
        {"w7shop__pools": "POOL = 2"},
        {"w7shop__more": ""},
        {"w7beside": "x = 1"},
    ]
    digests = {digest(repository(rules, **code | change)) for change in changed}
    assert len(digests | {first}) == 5


@pytest.mark.parametrize(
    "rules",
    [
        "{transform: loyalty_number}",
        "{transform: hash, when: x = 'a', else: {transform: loyalty_number}}",
        "{transform: json, paths: {$.a: {transform: loyalty_number}}}",
        "{transform: json, paths: {$.a: loyalty_number}}",
    ],
)
def test_the_digest_follows_an_installed_version(repository: Callable[..., Path], tmp_path: Path, rules: str) -> None:
    file = repository(rules)
    digests = set()
    for version in ("1.0", "1.1", "1.1"):
        site = tmp_path / f"{version}-site-packages"
        info = site / f"w7acme-{version}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: w7acme\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(
            "[testdata_assets.transformers]\nloyalty_number = w7acme:LoyaltyNumber\n"
        )
        (site / "w7acme.py").write_text(source())
        digests.add(digest(file, site))
    assert len(digests) == 2


def test_built_in_transformers_do_not_change_the_digest(repository: Callable[..., Path]) -> None:
    rules = parse_rules("version: 1\ntables:\n  public.t: {x: {transform: json, paths: {$.a: email}}}")
    assert registry.fingerprint("email") is None
    assert registry.fingerprint("no_such") is None
    assert rules_digest(rules) == rules_digest(rules)


def test_a_nested_rule_may_name_one(repository: Callable[..., Path]) -> None:
    text = "{transform: json, paths: {$.a: w7nested:LoyaltyNumber, $.b: {transform: w7nested:LoyaltyNumber}}}"
    rules = load_rules(repository(text, w7nested=source()))
    plan = compile_plan(rules, catalog(), b"k" * 32)
    bare = parse_rules(f"version: 1\ntables:\n  public.t: {{x: {text}}}")
    assert plan.rules_digest == compile_plan(bare, catalog(), b"k" * 32).rules_digest


def test_the_schema_takes_dotted_paths() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(json.dumps(json_schema())))

    def valid(rule: object) -> bool:
        return validator.is_valid({"version": 1, "tables": {"public.t": {"x": rule}}})

    assert valid("shop.masking:Loyalty")
    assert valid({"transform": "shop.masking.Loyalty", "prefix": "M", "domain": "d"})
    assert not valid("shop masking:Loyalty")
    assert not valid({"transform": "no_such"})
    assert not valid({"transform": "shop.masking:Loyalty", "domain": 7})


def test_registering_by_hand_names_nothing(repository: Callable[..., Path]) -> None:
    text = (
        source()
        .replace("class LoyaltyNumber", "@register\nclass LoyaltyNumber")
        .replace("from pydantic", "from testdata_assets.masking.transformers.registry import register\nfrom pydantic")
    )
    load_rules(repository(w7hand=text))
    made = registry.build("w7hand:LoyaltyNumber")
    assert made.name == "loyalty_number"
    with pytest.raises(UsageFault, match="no transformer 'loyalty_number'"):
        registry.get("loyalty_number")
    assert textwrap.shorten(registry.origin("w7hand:LoyaltyNumber"), 100) == "dotted path w7hand:LoyaltyNumber"
    assert pl.Series(["a"]).equals(made.apply(pl.Series(["a"]), None))  # type: ignore[arg-type]


def test_the_example_of_the_documentation_works(repository: Callable[..., Path]) -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "how-to" / "own-transformers.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    rules = (
        page.partition("```yaml\nloyalty_no: ")[2].partition("\n```")[0].replace("mycompany.masking", "w7docs.masking")
    )
    plan = compile_plan(load_rules(repository(rules, w7docs____init__="", w7docs__masking=code)), catalog(), b"k" * 32)
    column = plan.tables[0].columns[0]
    values = pl.Series(["L1", "", "L2", "L1"])
    masked = column.transformer.apply(values, column.context(partial(KeyedHash.derive, b"k" * 32)))
    assert masked[1] == ""
    assert masked[0] == masked[3] != masked[2]
    assert masked.str.contains(r"\A(M[0-9]{12})?\z").all()


def test_a_worker_with_other_code_is_refused(repository: Callable[..., Path]) -> None:
    """Nested or not, by whatever name the rules use: each block carries the digests of the refresh."""
    text = "{transform: array, items: w7workers:LoyaltyNumber}"
    file = repository(text, w7workers=source())
    column = Column("x", "text[]", "_text", "A", parts=(Column("", "text", "text", "S"),))
    name = TableName("public", "t")
    plan = compile_plan(load_rules(file), Catalog(180000, "1", "d", (Table(name, 1, "r", (column,), name),)), b"k" * 32)
    code = plan.tables[0].own_code
    assert list(code) == ["w7workers:LoyaltyNumber"]
    tasks._require_code(code)
    digest(
        repository(text, w7workers=source(result="values.str.reverse()"))
    )  # a worker's process, with another version
    with pytest.raises(EnvironmentLack, match="another version of transformer w7workers:LoyaltyNumber"):
        tasks._require_code(code)
    with pytest.raises(EnvironmentLack, match="no transformer w7nowhere:LoyaltyNumber"):
        tasks._require_code({"w7nowhere:LoyaltyNumber": "0"})
