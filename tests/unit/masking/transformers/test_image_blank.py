"""image_blank: valid blank images of the same format and size."""

from __future__ import annotations

import io
from functools import partial

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers._images import MAX_PIXELS, blank, bounded, jpeg_size
from testdata_assets.masking.transformers.base import MaskContext
from testdata_assets.production.catalog import Column

Image = pytest.importorskip("PIL.Image", reason="Pillow reads the images that are made")
PHOTO = Column("photo", "bytea", "bytea", "U")
HASH_FOR = partial(KeyedHash.derive, b"k" * 32)


def mask(*values: bytes) -> list[bytes]:
    series = pl.Series("photo", ["\\x" + each.hex() for each in values], dtype=pl.String)
    masked = registry.build("image_blank").apply(series, MaskContext(HASH_FOR("d"), PHOTO))
    assert masked.name == "photo"
    return [bytes.fromhex(each[2:]) for each in masked]


def picture(form: str, width: int, height: int, colour: int = 77, **options: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), (colour, 200, 3)).save(written, form, **options)
    return written.getvalue()


def read(data: bytes) -> tuple[str, tuple[int, int], set[int]]:
    """Format, size and the grey levels of an image; fails where it is no valid one."""
    Image.open(io.BytesIO(data)).verify()
    image = Image.open(io.BytesIO(data))
    image.load()
    return image.format, image.size, set(image.convert("L").tobytes())


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "GIF"]), st.integers(1, 300), st.integers(1, 300))
def test_format_and_size_stay_and_all_is_white(form: str, width: int, height: int):
    found, size, levels = read(mask(picture(form, width, height))[0])
    assert (found, size) == (form, (width, height))
    assert min(levels) >= 254


def test_equal_sizes_become_equal_and_order_stays():
    values = [
        picture("PNG", 5, 6),
        picture("JPEG", 7, 8),
        b"%PDF-1.4 text",
        picture("PNG", 5, 6, 9),
        picture("GIF", 9, 2),
    ]
    masked = mask(*values)
    assert masked[0] == masked[3]
    assert [read(masked[place])[:2] for place in (0, 1, 4)] == [("PNG", (5, 6)), ("JPEG", (7, 8)), ("GIF", (9, 2))]
    assert masked == [mask(value)[0] for value in values]


def test_a_size_behind_other_segments_is_found():
    data = picture("JPEG", 31, 17, exif=b"Exif\0\0" + b"x" * 60_000, comment=b"y" * 60_000, progressive=True)
    assert read(mask(data)[0])[:2] == ("JPEG", (31, 17))
    assert jpeg_size(b"\xff\xd8\xff\xff\xd9") == (1, 1)
    assert jpeg_size(b"\xff\xd8\xff\xe0\xff\xff") == (1, 1)
    assert jpeg_size(b"\xff\xd8\xff") == (1, 1)


def test_what_is_no_image_becomes_noise_of_its_length():
    values = [b"%PDF-1.4", b"", b"\x89PNG", b"GIF87a", b"RIFF....WEBP", b"x" * 100_000]
    masked = mask(*values)
    assert [len(each) for each in masked] == [len(each) for each in values]
    assert all(out != raw or not raw for out, raw in zip(masked, values, strict=True))


@pytest.mark.parametrize("form", ["png", "jpeg", "gif"])
def test_files_stay_small(form: str):
    for width, height in ((65_535, 65_535), (4000, 3000), (1, 65_535), (0, 0)):
        data = blank(form, width, height)
        assert len(data) < 90_000
        assert read(data)[1] == bounded(width, height)


def test_huge_sizes_shrink_in_proportion():
    width, height = bounded(60_000, 30_000)
    assert width * height <= MAX_PIXELS
    assert abs(width / height - 2) < 0.01
    assert bounded(1 << 31, 1) == (65_500, 1)


def test_only_bytea():
    built = registry.build("image_blank")
    assert built.problems(PHOTO) == ()
    assert built.problems(Column("x", "text", "text", "S")) == ("image_blank takes bytea columns, not text",)
