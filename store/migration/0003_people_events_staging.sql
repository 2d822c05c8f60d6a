-- "user" is a reserved word.
CREATE TABLE person (
  id          TEXT   NOT NULL PRIMARY KEY,
  customer_id TEXT   NOT NULL REFERENCES customer (id),
  login       TEXT   NOT NULL,
  name        TEXT   NOT NULL,
  role        TEXT   NOT NULL,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL
);

CREATE UNIQUE INDEX person_login ON person (login);
CREATE INDEX person_customer ON person (customer_id, created_at, id);

-- Tokens made before there were users named one that was nowhere.
INSERT INTO person (id, customer_id, login, name, role, created_at, updated_at)
SELECT user_id, MIN(customer_id), user_id, MIN(name), 'superuser', MIN(created_at), MIN(created_at)
FROM token GROUP BY user_id;

ALTER TABLE token ADD COLUMN automation BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE token ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN ip TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN last_used_at BIGINT;
CREATE INDEX token_customer ON token (customer_id, created_at, id);

-- What was written: one row for each write that a client made, added in the
-- transaction of the write.
CREATE TABLE event (
  id          TEXT   NOT NULL PRIMARY KEY,
  customer_id TEXT   NOT NULL REFERENCES customer (id),
  user_id     TEXT   NOT NULL,
  token_id    TEXT   NOT NULL,
  service_id  TEXT   NOT NULL,
  version     BIGINT NOT NULL,
  type        TEXT   NOT NULL,
  name        TEXT   NOT NULL,
  ip          TEXT   NOT NULL,
  created_at  BIGINT NOT NULL
);

CREATE INDEX event_customer ON event (customer_id, created_at, id);

-- One version of a service may serve the staging edge.
ALTER TABLE version ADD COLUMN staged BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX version_staged ON version (service_id) WHERE staged;

-- The domains of all staged versions: on the staging edge, too, a domain leads
-- to one service.
CREATE TABLE staged_domain (
  name       TEXT NOT NULL PRIMARY KEY,
  service_id TEXT NOT NULL REFERENCES service (id)
);

CREATE INDEX staged_domain_service ON staged_domain (service_id);

CREATE INDEX service_customer ON service (customer_id, created_at, id) WHERE deleted_at IS NULL;
