"""xml: which leaves change, into what, and that all else stays byte for byte."""

from __future__ import annotations

import copy
import pickle
import xml.etree.ElementTree as ET
from functools import partial
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from testdata_assets.errors import RefusedError
from testdata_assets.masking.hashing import KeyedHash
from testdata_assets.masking.transformers import registry
from testdata_assets.masking.transformers.base import Coincidence, MaskContext, Uniqueness
from testdata_assets.masking.xml_tokens import xml_pattern
from testdata_assets.production.catalog import Column

HASH_FOR = partial(KeyedHash.derive, b"k" * 32)
DOCUMENT = Column("doc", "xml", "xml", "U")
EMAIL = {"transform": "email", "domain": "user.email"}
X = {"transform": "constant", "value": "X"}


def mask(paths: dict[str, Any], *documents: str, kind: Column = DOCUMENT, comments: str = "drop", **other: Any) -> Any:
    context = MaskContext(HASH_FOR("public.users.doc"), kind, hash_for=HASH_FOR, **other)
    built = registry.build("xml", {"paths": paths, "comments": comments})
    masked = built.apply(pl.Series("doc", documents, dtype=pl.String), context)
    assert masked.name == "doc"
    return masked.to_list()


def scalar(name: str, value: str, domain: str = "public.users.doc") -> Any:
    context = MaskContext(HASH_FOR(domain), Column("x", "text", "text", "S"))
    return registry.build(name).apply(pl.Series([value]), context)[0]


def test_a_leaf_masks_as_a_scalar_column_of_its_domain():
    document = '<?xml version="1.0"?>\n<contact  kind = "a>b"><email>\n ann@example.org </email><n>1</n></contact >\n'
    (masked,) = mask({"/contact/email": EMAIL, "**": "keep"}, document)
    assert masked == document.replace("ann@example.org", scalar("email", "ann@example.org", "user.email"))


def test_attributes_sections_and_quotes():
    document = """<a id='1' o="2"><b><![CDATA[x<y]]></b><c/><b id="&lt;&#65;&quot;"/></a>"""
    quoted = {"transform": "constant", "value": "<\"'&]]>\t"}
    assert mask({"//@id": quoted, "**": "keep"}, document) == [
        """<a id='&lt;&quot;&apos;&amp;]]&gt;&#9;' o="2"><b><![CDATA[x<y]]></b><c/>"""
        """<b id="&lt;&quot;&apos;&amp;]]&gt;&#9;"/></a>"""
    ]
    assert mask({"//b": quoted, "**": "keep"}, document) == [
        document.replace("x<y", "<\"'&]]]]><![CDATA[>\t"),
    ]


def test_references_are_undone_before_masking():
    documents = ["<a>J&#246;rg &amp; &#x43;o&amp;amp;</a>", "<a><![CDATA[Jörg & Co&amp;]]></a>"]
    masked = mask({"/a": "hash"}, *documents)
    hashed = scalar("hash", "Jörg & Co&amp;")
    assert masked == [f"<a>{hashed}</a>", f"<a><![CDATA[{hashed}]]></a>"]


def test_the_most_specific_path_wins():
    document = "<a><b><c>1</c></b><c>2</c><d>3</d></a>"
    paths = {"/a/b/c": {"transform": "constant", "value": "p"}, "//c": X, "/a/*": "keep", "**": None}
    assert mask(paths, document) == ["<a><b><c>p</c></b><c>2</c><d>3</d></a>"]
    assert mask(dict(reversed(paths.items())), document) == mask(paths, document)
    assert mask({"//c": X, "**": "keep"}, document) == ["<a><b><c>X</c></b><c>X</c><d>3</d></a>"]
    assert mask({"/a/**": X}, "<a>0<b>1</b></a>") == ["<a>X<b>X</b></a>"]


def test_mixed_content_and_several_roots():
    assert mask({"/p": X, "/p/i": "keep"}, "<p>one <i>two</i> three</p>") == ["<p>X <i>two</i> X</p>"]
    assert mask({"**": X}, "text<a>1</a><a>2</a> more") == ["X<a>X</a><a>X</a> X"]
    assert mask({"/a": X}, "", "  ", "<a/>", "<a> </a>") == ["", "  ", "<a/>", "<a> </a>"]


def test_comments_go_unless_they_are_kept():
    document = "<?xml version='1.0'?><a><!-- Ann > Bob --><?call 555?>x</a>"
    assert mask({"/a": "keep"}, document) == ["<?xml version='1.0'?><a>x</a>"]
    assert mask({"/a": "keep"}, document, comments="keep") == [document]


def test_namespaces_stay_and_prefixes_are_part_of_names():
    document = '<n:a xmlns:n="http://x.example/" xmlns="u"><n:b>1</n:b><b>2</b></n:a>'
    assert mask({"//n:b": X, "/n:a/b": "keep"}, document) == [document.replace("1<", "X<")]


def test_null_empties_a_leaf():
    assert mask({"/a": None, "/a/@b": None}, '<a b="1">2</a>') == ['<a b=""></a>']


def test_an_unlisted_leaf_is_refused_with_its_path_and_nothing_else():
    for document in (
        '<a><b fax="secret1"/></a>',
        "<a><b><fax>secret2</fax></b></a>",
        "<a><é1234567>secret3</é1234567></a>",
    ):
        with pytest.raises(RefusedError) as caught:
            mask({"/a": "keep"}, "<a>1</a>", document)
        assert caught.value.error_code == "xml-path-unlisted"
        assert caught.value.where in ("/a/b/@fax", "/a/b/fax", "/a/[?]")
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "document",
    ["<a>", "</a>", "<a></b>", "<a><b></a></b>", "<a b=1/>", "<a b/>", "<a", "a<", "<a>&nbsp;</a>", "<a>x & y</a>",
     "<!-- x", "<a><![CDATA[x</a>", "<a>&#0;</a>", '<a b="<"/>', "<>x</>"],
)  # fmt: skip
def test_what_is_no_xml_is_refused(document: str):
    with pytest.raises(RefusedError) as caught:
        mask({"**": "hash"}, "<a>1</a>", document)
    assert caught.value.error_code == "xml-invalid"


def test_a_doctype_is_refused():
    with pytest.raises(RefusedError) as caught:
        mask({"**": "keep"}, '<!DOCTYPE a [<!ENTITY e "lol">]><a>&e;</a>')
    assert caught.value.error_code == "xml-doctype"


NAMES = st.sampled_from(["a", "b", "email", "x.y", "né"])
CONTENT = st.text(alphabet=st.sampled_from(list("ab1 <>&\"'\n]é😀")), max_size=6)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> ET.Element:
    element = ET.Element(draw(NAMES), draw(st.dictionaries(NAMES, CONTENT, max_size=2)))
    element.text = draw(CONTENT)
    if depth:
        for _ in range(draw(st.integers(0, 2))):
            child = draw(elements(depth=depth - 1))
            child.tail = draw(CONTENT)
            element.append(child)
    return element


@settings(max_examples=60, deadline=None)
@given(st.lists(elements(), min_size=1, max_size=3))
def test_documents_mask_as_a_parser_reads_them(roots: list[ET.Element]):
    documents = [ET.tostring(root, encoding="unicode") for root in roots]
    paths = {"//email": {"transform": "scramble", "domain": "e"}, "//@a": "scramble", "**": "keep"}
    masked = mask(paths, *documents)
    for document, found in zip(documents, masked, strict=True):
        expected = ET.fromstring(document)  # noqa: S314 - our own
        for element in expected.iter():
            if "a" in element.attrib:
                element.set("a", expected_of(element.get("a") or "", "public.users.doc"))
            if element.tag == "email":
                element.text = expected_of(element.text or "", "e")
            for child in element:
                if element.tag == "email":
                    child.tail = expected_of(child.tail or "", "e")
        read = ET.fromstring(found)  # noqa: S314 - our own
        assert ET.tostring(read, "unicode") == ET.tostring(expected, "unicode")
    assert masked == [mask(paths, document)[0] for document in documents]
    assert mask({"**": "keep"}, *documents) == documents


def expected_of(value: str, domain: str) -> str:
    core = value.strip(" \n")
    return value.replace(core, scalar("scramble", core, domain), 1) if core else value


def test_raw_leaves_are_collected_for_the_leak_scan():
    found: list[pl.Series] = []
    mask({"/a": "hash", "//@b": "keep"}, '<a b="x">ann</a>', "<a>bob</a>", collect=found.append)
    assert sorted(pl.concat(found).to_list()) == ["ann", "bob"]


def test_it_travels_to_other_processes():
    built = registry.build("xml", {"paths": {"/a": "hash"}})
    context = MaskContext(HASH_FOR("d"), DOCUMENT, hash_for=HASH_FOR)
    values = pl.Series(["<a>1</a>"])
    expected = built.apply(values, context).to_list()
    again = pickle.loads(pickle.dumps(built))  # noqa: S301 - our own
    assert again.apply(values, context).to_list() == expected
    assert copy.deepcopy(built).apply(values, context).to_list() == expected


def test_a_document_that_grows_beyond_its_column_is_refused():
    kind = Column("doc", "varchar(10)", "varchar", "S", 10)
    with pytest.raises(RefusedError) as caught:
        mask({"/a": "hash"}, "<a>1</a>", kind=kind)
    assert caught.value.error_code == "xml-too-long"


def test_guarantees_and_problems():
    built = registry.build("xml", {"paths": {"/a": "scramble"}})
    found = built.guarantees_for(DOCUMENT)
    assert (found.uniqueness, found.coincidence) == (Uniqueness.LOSSY, Coincidence.BY_PART)
    assert built.problems(DOCUMENT) == ()
    assert built.problems(Column("x", "integer", "int4", "N")) == ("xml takes text, xml columns, not integer",)
    nested = registry.build("xml", {"paths": {"/a": {"transform": "bytes"}}})
    assert nested.problems(DOCUMENT) == ("paths./a: bytes takes bytea columns, not text",)


@pytest.mark.parametrize("path", ["", "a", "/", "/a/", "/a b", "/a/@b/c", "/a[1]", "/text()", "***", "/a/***"])
def test_paths_that_make_no_sense(path: str):
    with pytest.raises(ValueError, match="XML path"):
        xml_pattern(path)


def test_rules_say_what_is_wrong():
    for params in (
        {},
        {"paths": {}},
        {"paths": {"/a": {"transform": "nobody"}}},
        {"paths": {"//**": "keep", "**": None}},
    ):
        with pytest.raises(ValidationError, match="paths"):
            registry.build("xml", params)
