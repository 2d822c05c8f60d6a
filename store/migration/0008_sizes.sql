-- How many bytes the bodies of a version's objects have together.
ALTER TABLE version ADD COLUMN size BIGINT NOT NULL DEFAULT 0;
UPDATE version SET size = COALESCE((
  SELECT SUM(OCTET_LENGTH(object.body)) FROM object
  WHERE object.service_id = version.service_id AND object.version = version.number), 0);
