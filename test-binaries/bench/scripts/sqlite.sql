-- A database in memory: inserts, an index, joins, aggregates, sorting, text functions, updates in a transaction.
CREATE TABLE size AS SELECT CAST(coalesce(:size, 150000) AS INTEGER) AS n;
CREATE TABLE item (id INTEGER PRIMARY KEY, owner INTEGER, name TEXT, price INTEGER);
BEGIN;
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT (SELECT n FROM size))
INSERT INTO item SELECT i, i * 7919 % 1009, printf('item %06d of %s', i * 31337 % 999983, hex(i * i % 65521)), i * 48271 % 10007
FROM c;
COMMIT;
CREATE INDEX by_owner ON item (owner, price);
CREATE TABLE owner AS SELECT DISTINCT owner AS id, 'owner ' || owner AS name FROM item;
CREATE UNIQUE INDEX owner_id ON owner (id);
SELECT count(*), sum(price), min(name), max(length(name)) FROM item;
SELECT o.name, count(*), sum(i.price), max(i.name) FROM item i JOIN owner o ON o.id = i.owner
GROUP BY o.id HAVING sum(i.price) % 3 = 0 ORDER BY 3 DESC, 1 LIMIT 5;
SELECT substr(name, 6, 3) AS part, count(*), avg(price) FROM item GROUP BY part ORDER BY 2 DESC, 1 LIMIT 3;
BEGIN;
UPDATE item SET price = price + 1 WHERE owner % 5 = 0;
DELETE FROM item WHERE id % 17 = 3;
COMMIT;
SELECT count(*), sum(price) FROM item WHERE name LIKE '%9%1%' OR name GLOB 'item 00*';
SELECT a.owner, count(*) FROM item a JOIN item b ON a.owner = b.owner AND a.price < b.price WHERE a.owner < 60
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3;
