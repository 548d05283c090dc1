-- The demo tenant of `make run`: three users with a mailbox each, a menu, a queue and a conference.
-- Run by psql with the variables domain, ha1_<user> and pin_<user>.
BEGIN;

INSERT INTO voip.domains (name) VALUES (:'domain') RETURNING id AS domain_id \gset

INSERT INTO voip.users (domain_id, username, display_name, ha1)
VALUES (:domain_id, '1001', 'Alice', :'ha1_1001'),
       (:domain_id, '1002', 'Bob', :'ha1_1002'),
       (:domain_id, '1003', 'Carol', :'ha1_1003');

INSERT INTO voip.voicemail_boxes (domain_id, mailbox, user_id, pin_ha1)
SELECT u.domain_id, u.username, u.id, p.pin_ha1
FROM voip.users u
JOIN (VALUES ('1001', :'pin_1001'), ('1002', :'pin_1002'), ('1003', :'pin_1003')) p (name, pin_ha1)
    ON p.name = u.username
WHERE u.domain_id = :domain_id;

-- *1001: leave a message. *97: listen to one's own.
INSERT INTO voip.extensions (domain_id, number, type, voicemail_box_id)
SELECT domain_id, '*' || mailbox, 'voicemail', id
FROM voip.voicemail_boxes WHERE domain_id = :domain_id
UNION ALL
SELECT :domain_id, '*97', 'voicemail', NULL;

INSERT INTO voip.extensions (domain_id, number, type, user_id, ring_timeout_s,
                             busy_to, no_answer_to, unreachable_to)
SELECT u.domain_id, u.username, 'user', u.id, 20, v.id, v.id, v.id
FROM voip.users u
JOIN voip.extensions v ON v.domain_id = u.domain_id AND v.number = '*' || u.username
WHERE u.domain_id = :domain_id;

-- "Please enter the number you wish to call."
WITH menu AS (
    INSERT INTO voip.ivr_menus (domain_id, name, greeting)
    VALUES (:domain_id, 'main', 'vm-enter-num-to-call') RETURNING id
), extension AS (
    INSERT INTO voip.extensions (domain_id, number, type, ivr_menu_id)
    SELECT :domain_id, '8000', 'ivr', id FROM menu
)
INSERT INTO voip.ivr_entries (domain_id, menu_id, digit, extension_id)
SELECT :domain_id, menu.id, right(e.number, 1), e.id
FROM menu, voip.extensions e
WHERE e.domain_id = :domain_id AND e.type = 'user';

-- 8001: a queue that the users answer, longest idle first; who waited a minute leaves a message.
WITH queue AS (
    INSERT INTO voip.queues (domain_id, name, max_wait_s, timeout_to)
    SELECT domain_id, 'service', 60, id FROM voip.extensions
    WHERE domain_id = :domain_id AND number = '*1001' RETURNING id
), members AS (
    INSERT INTO voip.queue_members (domain_id, queue_id, user_id)
    SELECT u.domain_id, queue.id, u.id FROM queue, voip.users u WHERE u.domain_id = :domain_id
)
INSERT INTO voip.extensions (domain_id, number, type, queue_id)
SELECT :domain_id, '8001', 'queue', id FROM queue;

-- 8100: a conference for whoever calls.
WITH conference AS (
    INSERT INTO voip.conferences (domain_id, name) VALUES (:domain_id, 'open') RETURNING id
)
INSERT INTO voip.extensions (domain_id, number, type, conference_id)
SELECT :domain_id, '8100', 'conference', id FROM conference;

COMMIT;
