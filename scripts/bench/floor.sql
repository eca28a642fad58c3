-- One handover in bare SQL, for pgbench: lock, read, write, COMMIT; each client is an employee of its own.
\set package random(1, 100000)
BEGIN;
SELECT FROM package WHERE id = :package FOR NO KEY UPDATE;
SELECT pg_advisory_xact_lock(:client_id);
SELECT p.state, p.version, p.attempts, p.deadline, clock_timestamp(), o.status, i.nonce,
    (SELECT tried_at FROM employee WHERE id = :client_id)
FROM package p JOIN customer_order o ON o.id = p.order_id JOIN code_issue i ON i.package_id = p.id
WHERE p.id = :package;
UPDATE package SET state = 700, version = version + 1, changed_at = now() WHERE id = :package;
UPDATE code_issue SET closed_at = now() WHERE package_id = :package;
UPDATE customer_order SET status = 550, ended_at = now() WHERE id = :package;
INSERT INTO log (package_id, employee_id, old_state, new_state, attributes)
VALUES (:package, :client_id, 600, 700, '{"command.slug": "self-service-package-delivery", "channel": "INSTORE"}');
COMMIT;
