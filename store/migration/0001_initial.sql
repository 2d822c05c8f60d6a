-- Times are microseconds since 1970 in UTC. Lists are words between blanks.

CREATE TABLE customer (
  id         TEXT   NOT NULL PRIMARY KEY,
  name       TEXT   NOT NULL,
  created_at BIGINT NOT NULL
);

-- The secret itself is nowhere: hash is its SHA-256 in hexadecimal. At most one
-- token is the operator's, which comes from the command line.
CREATE TABLE token (
  id          TEXT    NOT NULL PRIMARY KEY,
  customer_id TEXT    NOT NULL REFERENCES customer (id),
  user_id     TEXT    NOT NULL,
  hash        TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  scopes      TEXT    NOT NULL,
  services    TEXT    NOT NULL,
  operator    BOOLEAN NOT NULL,
  created_at  BIGINT  NOT NULL,
  expires_at  BIGINT
);

-- generation counts activations and deactivations; edges ignore what is older
-- than what they have.
CREATE TABLE service (
  id          TEXT   NOT NULL PRIMARY KEY,
  customer_id TEXT   NOT NULL REFERENCES customer (id),
  name        TEXT   NOT NULL,
  comment     TEXT   NOT NULL,
  type        TEXT   NOT NULL,
  generation  BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  deleted_at  BIGINT
);

CREATE UNIQUE INDEX service_name ON service (customer_id, name) WHERE deleted_at IS NULL;

-- revision grows with every write to the version's objects, so that an
-- activation notices what changed while it compiled. New objects take it as
-- their seq; a clone goes on from its source's.
CREATE TABLE version (
  service_id TEXT    NOT NULL REFERENCES service (id),
  number     BIGINT  NOT NULL,
  active     BOOLEAN NOT NULL,
  locked     BOOLEAN NOT NULL,
  comment    TEXT    NOT NULL,
  revision   BIGINT  NOT NULL,
  created_at BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL,
  PRIMARY KEY (service_id, number)
);

CREATE UNIQUE INDEX version_active ON version (service_id) WHERE active;

-- One table for the objects of all kinds. name is the kind's key of the name,
-- which for domains is in lower case; body has the name as it was sent.
CREATE TABLE object (
  service_id TEXT   NOT NULL,
  version    BIGINT NOT NULL,
  kind       TEXT   NOT NULL,
  name       TEXT   NOT NULL,
  seq        BIGINT NOT NULL,
  body       TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (service_id, version, kind, name),
  FOREIGN KEY (service_id, version) REFERENCES version (service_id, number)
);

-- The domains of all active versions: a domain belongs to one service.
CREATE TABLE domain_claim (
  name       TEXT NOT NULL PRIMARY KEY,
  service_id TEXT NOT NULL REFERENCES service (id)
);

CREATE INDEX domain_claim_service ON domain_claim (service_id);

-- A text sealed with the key in use when the database was made.
CREATE TABLE seal (
  sample TEXT NOT NULL
);
