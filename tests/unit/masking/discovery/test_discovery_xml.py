"""XML documents are taken apart by path, and nothing that may be data is written down."""

from __future__ import annotations

from testdata_assets.masking.discovery.classify import Surroundings
from testdata_assets.masking.discovery.xml_documents import read_xml


def test_leaves_are_classified_by_path() -> None:
    texts = [f'<p:a xmlns:p="x"><mail n="{n}">p{n}@mail.example</mail></p:a>' for n in range(30)]
    found = {part.path: part.verdict.category for part in read_xml(texts, "doc", Surroundings())}
    assert found["/p:a/mail"] == "email"
    assert "/p:a/mail/@n" in found


def test_what_is_no_xml_or_has_entities_is_passed_over() -> None:
    texts = ["<a>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a><b>x</b></a>"]
    assert [part.path for part in read_xml(texts, "doc", Surroundings())] == ["/a/b"]


def test_names_that_may_be_data_are_not_written() -> None:
    assert read_xml(["<a><u4711234>x</u4711234></a>"], "doc", Surroundings()) == ()


def test_names_in_any_script_are_fields_where_many_documents_have_them() -> None:
    texts = [f'<?xml version="1.0"?><請求書 番号="{n}"><メール>p{n}@mail.example</メール></請求書>' for n in range(30)]
    found = {part.path: part.verdict.category for part in read_xml(texts, "doc", Surroundings())}
    assert set(found) == {"/請求書/@番号", "/請求書/メール"}
    assert found["/請求書/メール"] == "email"
    assert read_xml(texts[:2], "doc", Surroundings()) == ()
