-- revision counts the writes of a holder's items. content_revision counts those
-- among a service's that are compiled into its versions: contents of dynamic
-- snippets.
ALTER TABLE holder ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE service ADD COLUMN content_revision BIGINT NOT NULL DEFAULT 0;
