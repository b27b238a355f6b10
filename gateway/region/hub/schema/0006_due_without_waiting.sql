-- A block that marks a day never waits for the transaction that makes the sums of the same day: it adds a row.
ALTER TABLE region.square_due DROP CONSTRAINT square_due_pkey;
CREATE INDEX square_due_town ON region.square_due (town, day);
