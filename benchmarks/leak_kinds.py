"""The kinds of leaks that `benchmarks.leaks` plants: what is written where, in which form.

Most go into a table of kept columns, one column a kind, so that every finding belongs to its kind; others into
masked columns of the database itself, or into its catalog. Every one tells of a raw value of production. Columns whose
masks may equal real values by chance (phones, cards, first names) are left out: they are held to changing row by row.
"""

# ruff: noqa: E501  (tables of SQL, one kind a line)
from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

from benchmarks import leak_forms
from benchmarks.leak_forms import PROSE, Form

SHELF = "leak_shelf"
# A table whose columns hold a name in each, as a part that rules empty: what is searched for of the parts alone.
DRAWER = "leak_drawer"


@dataclass(frozen=True)
class Emptied:
    """A column of the drawer.

    Attributes:
        type: Of the column.
        write: SQL expression of its value over `name`.
        read: SQL expression of the name in it.
        rule: Its masking rule.
    """

    type: str
    write: str
    read: str
    rule: dict[str, Any]


DRAWER_COLUMNS = {
    "emptied_json": Emptied("jsonb", "jsonb_build_object('n', i, 'to', jsonb_build_array(name))", "{} #>> '{{to,0}}'", {"transform": "json", "paths": {"$.n": "keep", "$.**": None}}),
    "emptied_constant": Emptied("json", "json_build_object('to', name)", "{} ->> 'to'", {"transform": "json", "paths": {"$.to": {"transform": "constant", "value": "somebody"}}}),
    "emptied_hstore": Emptied("hstore", "hstore('to', name)", "{} -> 'to'", {"transform": "hstore", "keys": {"*": None}}),
    "emptied_xml": Emptied("text", "'<a><b to=\"' || name || '\"/></a>'", "substring({} from '\"(.*)\"')", {"transform": "xml", "paths": {"**": None}}),
    "emptied_array": Emptied("text[]", "ARRAY['gift', name]", "{}[2]", {"transform": "array", "items": None}),
    "emptied_composite": Emptied("leak_parcel", "ROW(i, name)::leak_parcel", "({}).receiver", {"transform": "composite", "fields": {"number": "keep", "receiver": None}}),
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A column of the shelf, and how a raw value is written into it.

    Attributes:
        name: Of the kind, and of its column.
        of: Which values: email, name, phone, card, street, username, url, text, or of which column of the drawer.
        type: Of the column.
        clean: What stands in the column otherwise, as an SQL expression over `i` and `prose`.
        write: SQL expression of the new value, with one %s for the text.
        form: Makes the text of a raw value.
    """

    name: str
    of: str
    type: str = "text"
    clean: str = "prose"
    write: str = "%s"
    form: Form = lambda text, _rng: text


SHELF_KINDS = (
    # -- as a value of a kept column
    Kind("exact_email", "email"),
    Kind("exact_name", "name"),
    Kind("exact_phone", "phone"),
    Kind("exact_street", "street"),
    Kind("exact_card", "card"),
    Kind("exact_url", "url"),
    Kind("exact_text", "text"),
    Kind("upper_email", "email", form=lambda text, _: text.upper()),
    Kind("citext_email", "email", "citext"),
    Kind("varchar_name", "name", "varchar(400)"),
    Kind("char_name", "name", "char(200)"),
    Kind("padded_name", "name", form=lambda text, _: f"  {text} \n"),
    Kind("upper_name", "name", form=lambda text, _: text.upper()),
    Kind("spaced_name", "name", form=leak_forms.spaced),
    Kind("reversed_name", "name", form=leak_forms.reversed),
    Kind("upper_street", "street", form=lambda text, _: text.upper()),
    Kind("phone_other_punctuation", "phone", form=leak_forms.regrouped),
    Kind("phone_digits_only", "phone", form=lambda text, _: leak_forms.digits(text)),
    Kind("phone_double_zero", "phone_plus", form=lambda text, _: "00" + leak_forms.digits(text)),
    Kind("phone_in_bigint", "phone_number", "bigint", "i * 13::bigint", "%s::bigint", lambda text, _: leak_forms.digits(text)),
    Kind("phone_in_numeric", "phone_number", "numeric", "i * 1.5", "%s::numeric", lambda text, _: leak_forms.digits(text)),
    Kind("card_grouped", "card", form=leak_forms.grouped),
    Kind("local_part", "local"),
    Kind("phone_national", "phone_abroad", form=leak_forms.national),
    Kind("phone_national_in_bigint", "phone_abroad", "bigint", "i * 13::bigint", "%s::bigint", lambda text, _: leak_forms.digits(leak_forms.national(text, _)).lstrip("0")),
    Kind("phone_international", "phone_at_home", form=leak_forms.international),
    Kind("name_without_accents", "name_accented", form=leak_forms.without_accents),
    Kind("name_spelled_out", "name_umlaut", form=leak_forms.spelled_out),
    Kind("name_partly_spelled_out", "name_umlauts", form=leak_forms.partly_spelled_out),
    Kind("name_decomposed", "name_accented", form=lambda text, _: unicodedata.normalize("NFD", text)),
    Kind("full_width_name", "name", form=leak_forms.full_width),
    Kind("full_width_phone", "phone", form=leak_forms.full_width),
    Kind("phone_in_arabic_digits", "phone", form=lambda text, _: leak_forms.in_digits(text, "\u0660")),
    Kind("card_in_devanagari_digits_in_prose", "card", form=lambda text, rng: leak_forms.prose(leak_forms.in_digits(text, "\u0966"), rng)),
    # -- inside the text of a kept column
    Kind("email_in_prose", "email", form=leak_forms.prose),
    Kind("upper_email_in_prose", "email", form=lambda text, rng: leak_forms.prose(text.upper(), rng)),
    Kind("email_in_brackets", "email", form=lambda text, _: f"Customer <{text}>; cc: team"),
    Kind("email_in_mailto", "email", form=lambda text, _: f'<a href="mailto:{text}?subject=x">write</a>'),
    Kind("email_url_encoded", "email", form=lambda text, _: f"https://shop.example/u?mail={text.replace('@', '%40')}&x=1"),
    Kind("local_part_in_prose", "local", form=leak_forms.prose),
    Kind("name_in_prose", "name", form=leak_forms.prose),
    Kind("upper_name_in_prose", "name", form=lambda text, rng: leak_forms.prose(text.upper(), rng)),
    Kind("lower_name_in_prose", "name", form=lambda text, rng: leak_forms.prose(text.lower(), rng)),
    Kind("spaced_name_in_prose", "name", form=lambda text, rng: leak_forms.prose(leak_forms.spaced(text, rng), rng)),
    Kind("reversed_name_in_prose", "name", form=lambda text, rng: leak_forms.prose(leak_forms.reversed(text, rng), rng)),
    Kind("possessive_name_in_prose", "name", form=lambda text, rng: f"about {text}'s order, {rng.choice(PROSE)}"),
    Kind("phone_in_prose", "phone", form=leak_forms.prose),
    Kind("regrouped_phone_in_prose", "phone", form=lambda text, rng: leak_forms.prose(leak_forms.regrouped(text, rng), rng)),
    Kind("tel_link", "phone", form=lambda text, _: f"tel:{'+' if text.startswith('+') else ''}{leak_forms.digits(text)};now"),
    Kind("card_in_prose", "card", form=leak_forms.prose),
    Kind("grouped_card_in_prose", "card", form=lambda text, rng: leak_forms.prose(leak_forms.grouped(text, rng), rng)),
    Kind("street_in_prose", "street", form=leak_forms.prose),
    Kind("upper_street_in_prose", "street", form=lambda text, rng: leak_forms.prose(text.upper(), rng)),
    Kind("url_in_prose", "url", form=lambda text, rng: f"see {text} {rng.choice(PROSE)}"),
    Kind("national_phone_in_prose", "phone_abroad", form=lambda text, rng: leak_forms.prose(leak_forms.national(text, rng), rng)),
    Kind("international_phone_in_prose", "phone_at_home", form=lambda text, rng: leak_forms.prose(leak_forms.international(text, rng), rng)),
    Kind("name_without_accents_in_prose", "name_accented", form=lambda text, rng: leak_forms.prose(leak_forms.without_accents(text, rng), rng)),
    Kind("long_text_in_prose", "long_text", form=leak_forms.prose),
    Kind("upper_long_text_in_prose", "long_text", form=lambda text, rng: leak_forms.prose(leak_forms.spaced(text.upper(), rng), rng)),
    Kind("long_text_in_json_in_text", "long_text", "text", "prose", "'payload was ' || json_build_object('to', %s::text) || ' at 5'"),
    Kind("long_text_in_array", "long_text", "text[]", "ARRAY['gift', prose]", "ARRAY['gift', %s::text]", leak_forms.prose),
    # -- escaped
    Kind("name_in_query", "name", form=lambda text, _: f"https://shop.example/u?q={quote_plus(text)}&x=1"),
    Kind("name_in_path", "name", form=lambda text, _: f"/find/{quote(text, safe='')}/3"),
    Kind("every_byte_escaped", "email", form=lambda text, _: "u=" + "".join(f"%{byte:02x}" for byte in text.encode())),
    Kind("escaped_twice", "name", form=lambda text, _: f"?next={quote(f'/u?q={quote(text)}', safe='')}"),
    Kind("name_in_latin_query", "name_latin", form=lambda text, _: f"?q={quote(text.encode('latin-1'))}&x=1"),
    Kind("decimal_entities", "name", form=lambda text, _: f"<p>{leak_forms.entities(text, '&#{};')}</p>"),
    Kind("hexadecimal_entities", "email", form=lambda text, _: f"<p>{leak_forms.entities(text, '&#x{:x};')}</p>"),
    Kind("named_entities", "name_latin", form=lambda text, _: f"<p>{leak_forms.named_entities(text)}</p>"),
    Kind("entities_twice", "name_latin", form=lambda text, _: f"<p>{escape(leak_forms.named_entities(text))}</p>"),
    # -- JSON
    Kind("json_leaf", "email", "jsonb", "jsonb_build_object('a', prose, 'n', i)", "jsonb_build_object('a', %s::text)"),
    Kind("json_deep_name", "name", "json", "json_build_object('a', prose)", "json_build_object('a', json_build_array(1, json_build_object('b', %s::text)))"),
    Kind("json_key", "email", "jsonb", "jsonb_build_object('a', prose)", "jsonb_build_object(%s::text, 7)"),
    Kind("json_number", "phone_number", "jsonb", "jsonb_build_object('n', i)", "jsonb_build_object('n', %s::text::numeric)", lambda text, _: leak_forms.digits(text)),
    Kind("json_escaped", "email", "json", "json_build_object('a', prose)", "%s::json", lambda text, _: f'{{"a": "{leak_forms.json_escaped(text)}"}}'),
    Kind("json_in_json", "email", "jsonb", "jsonb_build_object('a', prose)", "jsonb_build_object('a', jsonb_build_object('b', %s::text)::text)"),
    Kind("json_in_json_in_json", "name", "jsonb", "jsonb_build_object('a', prose)",
         "jsonb_build_object('a', jsonb_build_object('b', jsonb_build_object('c', %s::text)::text)::text)"),
    Kind("email_in_json_in_text", "email", "text", "prose", "'payload was ' || json_build_object('to', %s::text) || ' at 5'"),
    Kind("name_in_json_in_text", "name", "text", "prose", "'payload was ' || json_build_object('to', %s::text) || ' at 5'"),
    Kind("prose_in_json", "name", "jsonb", "jsonb_build_object('a', prose)", "jsonb_build_object('a', %s::text)", leak_forms.prose),
    Kind("json_array_of_columns", "email", "jsonb[]", "ARRAY[jsonb_build_object('a', prose)]", "ARRAY[jsonb_build_object('a', %s::text)]"),
    # -- other structures
    Kind("array_element", "name", "text[]", "ARRAY['gift', prose]", "ARRAY['gift', %s::text]"),
    Kind("array_of_arrays", "street", "text[]", "ARRAY[ARRAY['gift', prose]]", "ARRAY[ARRAY['gift', %s::text]]"),
    Kind("bigint_array", "phone_number", "bigint[]", "ARRAY[i, 5]", "ARRAY[5, %s::text::bigint]", lambda text, _: leak_forms.digits(text)),
    Kind("composite_field", "name", "leak_parcel", "ROW(i, prose)::leak_parcel", "ROW(1, %s)::leak_parcel"),
    Kind("array_of_composites", "street", "leak_parcel[]", "ARRAY[ROW(i, prose)::leak_parcel]", "ARRAY[ROW(1, %s)::leak_parcel]"),
    Kind("hstore_value", "phone", "hstore", "hstore('a', prose)", "hstore('a', %s::text)"),
    Kind("hstore_key", "email", "hstore", "hstore('a', prose)", "hstore(%s::text, '1')"),
    Kind("xml_text", "name", "xml", "xmlelement(name a, prose)", "xmlelement(name a, xmlelement(name b, %s::text))"),
    Kind("xml_attribute", "email", "xml", "xmlelement(name a, prose)", "xmlelement(name a, xmlattributes(%s::text AS m))"),
    Kind("xml_cdata", "street", "xml", "xmlelement(name a, prose)", "('<a><![CDATA[' || %s::text || ']]></a>')::xml"),
    Kind("bytea_utf8", "email", "bytea", "convert_to(prose, 'UTF8')", "convert_to(%s, 'UTF8')"),
    Kind("bytea_prose", "name", "bytea", "decode(md5(i::text), 'hex')", "convert_to(%s, 'UTF8')", leak_forms.prose),
    Kind("bytea_json", "phone", "bytea", "convert_to(prose, 'UTF8')", "convert_to(json_build_object('p', %s::text)::text, 'UTF8')"),
    Kind("tsvector_email", "email", "tsvector", "to_tsvector('simple', prose)", "to_tsvector('simple', 'from ' || %s::text)"),
    Kind("tsvector_name", "name", "tsvector", "to_tsvector('simple', prose)", "to_tsvector('simple', 'for ' || %s::text || ' only')"),
    Kind("domain_type", "email", "leak_label", "prose::leak_label", "%s::leak_label"),
    Kind("range_of_text", "name", "leak_range", "leak_range('a', 'b' || i)", "leak_range(%s, NULL)"),
    Kind("ltree_like_path", "username", "text", "'/a/b/' || i", "'/home/' || %s::text || '/photo.png'"),
    # -- values that are parts of others, and emptied there
    *(Kind(name, name) for name in DRAWER_COLUMNS),
    Kind("emptied_json_in_prose", "emptied_json", form=leak_forms.prose),
)  # fmt: skip


@dataclass(frozen=True)
class ObjectKind:
    """A kind that lives in the catalog: statements with {name} (an identifier) and {value} (a literal)."""

    name: str
    of: str
    statements: str
    prose: bool = True


OBJECT_KINDS = (
    ObjectKind("table_comment", "name", "CREATE TABLE {name} (a int); COMMENT ON TABLE {name} IS {value}"),
    ObjectKind("column_comment", "email", "CREATE TABLE {name} (a int); COMMENT ON COLUMN {name}.a IS {value}"),
    ObjectKind("function_comment", "phone", "CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION {name}() IS {value}"),
    ObjectKind("default", "email", "CREATE TABLE {name} (a text DEFAULT {value})", False),
    ObjectKind("check", "name", "CREATE TABLE {name} (a text, CONSTRAINT {name}_c CHECK (a <> {value}))", False),
    ObjectKind("generated_expression", "street", "CREATE TABLE {name} (b text, a text GENERATED ALWAYS AS (b || {value}) STORED)", False),
    ObjectKind("index_expression", "street", "CREATE TABLE {name} (a text); CREATE INDEX {name}_i ON {name} ((a = {value}))", False),
    ObjectKind("index_predicate", "email", "CREATE TABLE {name} (a text); CREATE INDEX {name}_i ON {name} (a) WHERE a <> {value}", False),
    ObjectKind("enum_label", "name_short", "CREATE TYPE {name} AS ENUM ('a', {value})", False),
    ObjectKind("view_body", "email", "CREATE VIEW {name} AS SELECT 1 AS a WHERE 'x' <> {value}", False),
    ObjectKind("matview_body", "phone", "CREATE MATERIALIZED VIEW {name} AS SELECT 1 AS a WHERE 'x' = {value}", False),
    ObjectKind("function_body", "name", "CREATE FUNCTION {name}() RETURNS text LANGUAGE plpgsql AS $b$BEGIN RETURN {value}; END$b$", False),
    ObjectKind("function_comment_in_body", "street", "CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS $b$ /* {raw} */ SELECT 1$b$"),
    ObjectKind("function_default", "email", "CREATE FUNCTION {name}(a text DEFAULT {value}) RETURNS int LANGUAGE sql AS 'SELECT 1'", False),
    ObjectKind("partition_bound", "name", "CREATE TABLE {name} (a text) PARTITION BY LIST (a); CREATE TABLE {name}_p PARTITION OF {name} FOR VALUES IN ({value})", False),
    ObjectKind("policy", "email", "CREATE TABLE {name} (a text); CREATE POLICY {name}_p ON {name} USING (a = {value})", False),
    ObjectKind("trigger_argument", "phone", "CREATE TABLE {name} (a text); CREATE TRIGGER {name}_t BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION leak_nothing({value})", False),
    ObjectKind("rewrite_rule", "street", "CREATE TABLE {name} (a text); CREATE RULE {name}_r AS ON INSERT TO {name} WHERE new.a = {value} DO INSTEAD NOTHING", False),
    ObjectKind("extended_statistics", "email", "CREATE TABLE {name} (a text, b text); CREATE STATISTICS {name}_s ON (a = {value}), b FROM {name}", False),
    ObjectKind("domain_default", "name", "CREATE DOMAIN {name} AS text DEFAULT {value}", False),
    ObjectKind("domain_check", "email", "CREATE DOMAIN {name} AS text CHECK (VALUE <> {value})", False),
    ObjectKind("column_name", "email_short", "CREATE TABLE {name} ({ident} int)", False),
    ObjectKind("aggregate_start", "name", "CREATE AGGREGATE {name}(text) (sfunc = textcat, stype = text, initcond = {value})", False),
    ObjectKind("large_object", "email", "SELECT lo_from_bytea(0, convert_to({value}, 'UTF8'))"),
    ObjectKind("large_object_exact", "street", "SELECT lo_from_bytea(0, convert_to({value}, 'UTF8'))", False),
)  # fmt: skip


@dataclass(frozen=True)
class PlacedKind:
    """Raw values in masked columns of the database itself.

    Attributes:
        columns: `table.column` to which values go, each with the kind of value.
        write: SQL expression for each.
        rows: SQL condition; with `whole` every such row gets a raw value, else as many as there are placements.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    key: str
    write: str = "%s"
    rows: str = "true"
    whole: bool = False


SAMPLE_KINDS = (
    PlacedKind("one_row_email", (("users.email", "email_unused"),), "id"),
    PlacedKind("one_row_name", (("users.full_name", "name"),), "id"),
    PlacedKind("one_row_street", (("addresses.street", "street"),), "id"),
    PlacedKind("one_row_free_text", (("users.bio", "text"),), "id"),
    PlacedKind("one_row_username", (("users.username", "username_own"),), "id"),
    PlacedKind("one_row_url", (("users.avatar_url", "url"),), "id"),
    PlacedKind("one_row_company", (("subscriptions.billing_company", "company"),), "id"),
    PlacedKind("swapped_columns", (("orders.ship_name", "street"), ("orders.ship_street", "name")), "id"),
    PlacedKind("other_masked_column", (("addresses.recipient", "email"),), "id"),
    PlacedKind("name_in_masked_prose", (("orders.note", "name_prose"),), "id"),
    PlacedKind("email_in_masked_prose", (("support_tickets.body", "email_prose"),), "id"),
    PlacedKind("json_masked_path", (("users.preferences", "email"),), "id",
               "jsonb_set(coalesce(preferences, '{{}}'), '{{contact}}', jsonb_build_object('email', %s::text))"),
    PlacedKind("json_kept_path", (("products.attributes", "name"),), "id", "jsonb_build_object('colour', %s::text)"),
    PlacedKind("json_new_path", (("audit_log.changes", "phone"),), "id", "jsonb_build_object('was', %s::text)"),
    PlacedKind("kept_array", (("products.tags", "name"),), "id", "ARRAY[%s::text]", rows="attributes IS NULL OR true"),
    PlacedKind("unmasked_partition", (("payments_2025_03.card_holder", "name"), ("payments_2025_03.billing_email", "email")), "id", whole=True),
    PlacedKind("identity", (("support_tickets.requester_email", "email"),), "id", whole=True),
)  # fmt: skip

PAGILA_KINDS = (
    PlacedKind("one_row_email", (("customer.email", "email"),), "customer_id"),
    PlacedKind("one_row_street", (("address.address", "street"),), "address_id"),
    PlacedKind("kept_title", (("film.title", "street"),), "film_id"),
    PlacedKind("kept_array", (("country.country", "email"),), "country_id"),
)
