-- What the floor works on: the rows of a handover, with the keys that it needs and nothing else.
CREATE TABLE customer_order (id bigint PRIMARY KEY, status smallint NOT NULL, ended_at timestamptz);
CREATE TABLE package (
    id bigint PRIMARY KEY, order_id bigint NOT NULL, state smallint NOT NULL, version integer NOT NULL,
    attempts smallint NOT NULL, deadline timestamptz NOT NULL, changed_at timestamptz
) WITH (fillfactor = 70);
CREATE TABLE code_issue (package_id bigint PRIMARY KEY, nonce bytea, closed_at timestamptz);
CREATE TABLE employee (id bigint PRIMARY KEY, tried_at timestamptz[] NOT NULL);
CREATE TABLE log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),
    package_id bigint NOT NULL, employee_id bigint NOT NULL, old_state smallint, new_state smallint, attributes jsonb
);
INSERT INTO customer_order SELECT id, 520 FROM generate_series(1, 100000) id;
INSERT INTO package SELECT id, id, 600, 1, 0, now() + interval '7 days' FROM generate_series(1, 100000) id;
INSERT INTO code_issue SELECT id, decode(md5(id::text), 'hex') FROM generate_series(1, 100000) id;
INSERT INTO employee SELECT id, '{}' FROM generate_series(0, 1000) id;
VACUUM ANALYZE;
