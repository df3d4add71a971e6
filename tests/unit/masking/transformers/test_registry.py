"""The registry finds every transformer, and each says what it does."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from testdata_assets.errors import UsageFault
from testdata_assets.masking import transformers
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, Transformer, Uniqueness
from testdata_assets.production.catalog import Column

NAMES = (
    "birth_date city company constant credit_card email first_name free_text hash ip json keep last_name null "
    "person_name phone postcode scramble street_address url username"
)


def test_all_promised_transformers_are_there():
    assert set(NAMES.split()) <= set(registry.all())
    assert list(registry.all()) == sorted(registry.all())


def test_every_file_holds_the_transformer_it_is_named_after():
    helpers = {"base", "registry", "text"}
    modules = {module.name for module in pkgutil.iter_modules(transformers.__path__)}
    public = {name for name in modules if not name.startswith("_")} - helpers
    assert public == {each.__module__.rpartition(".")[2] for each in registry.all().values()} == set(registry.all())


def test_every_transformer_has_a_test_file_of_its_own():
    tested = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert set(registry.built_in()) <= tested


@pytest.mark.parametrize("name", sorted(registry.all()))
def test_each_describes_itself(name: str):
    transformer = registry.get(name)
    assert transformer.name == name
    assert transformer.summary.endswith(".")
    assert transformer.__doc__
    fields = transformer.params_model.model_fields
    assert all(field.description for field in fields.values())


@pytest.mark.parametrize("name", sorted(registry.all()))
def test_narrow_guarantees_are_never_better_than_the_general_ones(name: str):
    if registry.get(name).params_model.model_json_schema().get("required"):
        pytest.skip("needs parameters")
    order = [Uniqueness.INJECTIVE, Uniqueness.HASHED, Uniqueness.LOSSY]
    built = registry.build(name)
    for base_type, limit in (("varchar", 3), ("varchar", 300), ("text", None)):
        found = built.guarantees_for(Column("c", base_type, base_type, "S", limit))
        assert order.index(found.uniqueness) >= order.index(built.guarantees.uniqueness)
        if built.guarantees.coincidence is not Coincidence.DISJOINT:
            assert found.coincidence is built.guarantees.coincidence


def test_an_unknown_name_is_answered_with_a_near_one():
    with pytest.raises(UsageFault, match="person_nam'") as refusal:
        registry.get("person_nam")
    assert "person_name" in refusal.value.remedy
    with pytest.raises(UsageFault, match="no transformer 'zzz'"):
        registry.build("zzz")


def test_wrong_parameters_are_named():
    with pytest.raises(ValidationError, match="lenght"):
        registry.build("hash", {"lenght": 3})
    with pytest.raises(ValidationError, match="mail_domain"):
        registry.build("email", {"mail_domain": "no domain"})


def test_two_transformers_cannot_share_a_name():
    class Impostor(Transformer):  # type: ignore[type-arg]
        name = "keep"

    with pytest.raises(ValueError, match="two transformers are called keep"):
        registry.register(Impostor)
    assert registry.get("keep").__module__.endswith("keep")


def test_types_are_checked():
    number = Column("n", "integer", "int4", "N")
    assert registry.build("email").problems(number) == ("email takes text columns, not integer",)
    assert registry.build("hash").problems(number) == ()
    assert registry.build("email").problems(Column("e", "public.citext", "citext", "S")) == ()
    assert registry.build("null").problems(Column("n", "integer", "int4", "N", not_null=True))
