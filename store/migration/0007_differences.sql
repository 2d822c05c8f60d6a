-- What an update changed: two JSON objects, or nothing.
ALTER TABLE event ADD COLUMN changed_from TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN changed_to TEXT NOT NULL DEFAULT '';

-- The oldest go first.
CREATE INDEX event_created ON event (created_at);
