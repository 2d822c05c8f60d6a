-- A login is one customer's own: that another customer has it is nobody's to know.
DROP INDEX person_login;
CREATE UNIQUE INDEX person_login ON person (customer_id, login);

CREATE INDEX token_user ON token (user_id);
