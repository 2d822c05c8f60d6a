-- The products that are enabled for a service, each with its configuration, a
-- JSON object.
CREATE TABLE product (
  service_id    TEXT NOT NULL REFERENCES service (id),
  name          TEXT NOT NULL,
  configuration TEXT NOT NULL,
  PRIMARY KEY (service_id, name)
);
