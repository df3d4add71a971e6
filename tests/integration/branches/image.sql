-- One object of every kind that has an owner. Run as the image's owner, who is a superuser while building.
CREATE EXTENSION citext;
CREATE EXTENSION pg_trgm;
CREATE SCHEMA app;
CREATE SCHEMA "Mixed Case";
CREATE TYPE app.status AS ENUM ('open', 'closed');
CREATE TYPE app.pair AS (a int, b text);
CREATE TYPE app.spans AS RANGE (subtype = int);
CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE app.numbers;
CREATE TABLE app.users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email citext UNIQUE,
    status app.status DEFAULT 'open',
    age app.positive
);
CREATE TABLE "Mixed Case"."A ""quoted"" table" (id serial PRIMARY KEY, note text);
CREATE TABLE public.orders (id int PRIMARY KEY, user_id bigint REFERENCES app.users, at date NOT NULL);
CREATE TABLE app.events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW app.open_users AS SELECT * FROM app.users WHERE status = 'open';
CREATE MATERIALIZED VIEW app.counts AS SELECT status, count(*) FROM app.users GROUP BY status;
CREATE STATISTICS app.users_statistics ON status, age FROM app.users;
CREATE FUNCTION app.twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE PROCEDURE app.touch() LANGUAGE sql AS 'UPDATE app.users SET age = age';
CREATE AGGREGATE app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE AGGREGATE app.how_many(*) (sfunc = int8inc, stype = int8, initcond = '0');
CREATE FUNCTION app.same(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a = b';
CREATE OPERATOR app.=== (leftarg = int, rightarg = int, function = app.same);
CREATE OPERATOR FAMILY app.family USING btree;
CREATE OPERATOR CLASS app.class FOR TYPE int USING btree FAMILY app.family AS OPERATOR 3 =, FUNCTION 1 btint4cmp(int, int);
CREATE COLLATION app.plain FROM "C";
CREATE TEXT SEARCH CONFIGURATION app.search (COPY = simple);
CREATE TEXT SEARCH DICTIONARY app.words (TEMPLATE = simple);
CREATE FUNCTION app.audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER audit BEFORE INSERT ON app.users FOR EACH ROW EXECUTE FUNCTION app.audit();
SELECT lo_create(4711);
INSERT INTO app.users (email, status, age)
SELECT 'user' || n || '@example.test', CASE WHEN n % 2 = 0 THEN 'open' ELSE 'closed' END::app.status, n
FROM generate_series(1, 20000) AS n;
REFRESH MATERIALIZED VIEW app.counts;
