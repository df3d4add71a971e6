"""Keys: their forms, what is refused, and that nothing of them is told."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from testdata_assets.errors import EnvironmentLack
from testdata_assets.keys import key_id, load_key
from testdata_assets.settings import Settings

KEY = bytes(range(32))


def settings_with(tmp_path: Path, **values: object) -> Settings:
    return Settings.model_validate({"home": tmp_path / "state", **values})


@pytest.mark.parametrize("text", [KEY.hex(), KEY.hex().upper(), base64.b64encode(KEY).decode()])
def test_reads_hex_and_base64(tmp_path: Path, text: str) -> None:
    assert load_key(settings_with(tmp_path, masking_key=text), "masking") == KEY


def test_reads_a_file_and_a_command(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY.hex() + "\n")
    assert load_key(settings_with(tmp_path, store_key=f"file:{file}"), "store") == KEY
    assert load_key(settings_with(tmp_path, store_key=f"cmd:cat {file}"), "store") == KEY


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("00" * 31, "key-too-short"),
        ("not a key, surely!", "key-invalid"),
        ("z" * 80, "key-guessable"),
        ("XyzW" * 20, "key-guessable"),
        ("file:/nowhere/at/all", "key-unreadable"),
        ("cmd:false", "key-unreadable"),
        ("cmd:/nowhere/at/all", "key-unreadable"),
        ('cmd:echo "unclosed', "key-unreadable"),
    ],
)
def test_refuses_unfit_keys_without_telling_them(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(EnvironmentLack) as caught:
        load_key(settings_with(tmp_path, masking_key=text), "masking")
    assert caught.value.error_code == code
    assert caught.value.where == "TESTDATA_MASKING_KEY"
    assert "not a key, surely" not in str(caught.value)


def test_doctor_warns_of_a_key_that_repeats_a_few_bytes(tmp_path: Path) -> None:
    from testdata_assets.cli.doctor import _key
    from testdata_assets.postgres.places import Places

    for text, status in (
        ("11" * 32, "warning"),
        ("0123456789abcd" * 5, "warning"),
        ("00112233445566778899aabbccddeeff" * 2, "warning"),
        (KEY.hex(), "ok"),
    ):
        settings = settings_with(tmp_path, masking_key=text)
        found = _key(settings, Places(settings), "masking")
        assert (found.status, bool(found.remedy)) == (status, status == "warning")
        assert text[:8] not in found.message


def test_a_refresh_knows_which_of_its_keys_are_easy_to_guess(tmp_path: Path) -> None:
    from testdata_assets.keys import key_id
    from testdata_assets.masking.keyring import KeyRing

    weak = KeyRing.load(settings_with(tmp_path, masking_key=KEY.hex(), masking_key_previous="11" * 32))
    assert weak.guessable == [key_id(b"\x11" * 32)]
    assert KeyRing.load(settings_with(tmp_path, masking_key=KEY.hex())).guessable == []


def test_missing_key_is_refused_unless_it_may_be_made(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    with pytest.raises(EnvironmentLack) as caught:
        load_key(settings, "masking")
    assert caught.value.error_code == "masking-key-missing"
    made = load_key(settings, "masking", create=True)
    assert len(made) == 32
    assert load_key(settings, "masking") == made
    file = settings.state_dir / "keys" / "masking.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_key_id_tells_keys_apart_but_not_the_key() -> None:
    assert key_id(KEY) != key_id(KEY[::-1])
    assert len(key_id(KEY)) == 12
    assert key_id(KEY) not in KEY.hex()
