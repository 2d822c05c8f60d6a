-- What holds items outside of all versions: a dictionary, an access control
-- list, a pool, a dynamic snippet. It stays when versions without it are made:
-- others may have it.
CREATE TABLE holder (
  id         TEXT    NOT NULL PRIMARY KEY,
  service_id TEXT    NOT NULL REFERENCES service (id),
  kind       TEXT    NOT NULL,
  write_only BOOLEAN NOT NULL,
  updated_at BIGINT  NOT NULL
);

-- name is what the item is found by among those of its holder: a key or an id.
CREATE TABLE item (
  holder_id  TEXT   NOT NULL REFERENCES holder (id),
  name       TEXT   NOT NULL,
  body       TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (holder_id, name)
);

-- Rate limiters are found by their id alone.
CREATE INDEX object_rate_limiter ON object (name) WHERE kind = 'rate-limiters';
