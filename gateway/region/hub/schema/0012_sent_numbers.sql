-- The number of the block in which the hub one level up confirmed a sum: put back to an earlier state it tells an
-- earlier number, and what came later is sent again. The first time everything is.
ALTER TABLE region.square_sent ADD COLUMN no bigint NOT NULL DEFAULT 0;
CREATE INDEX square_sent_no ON region.square_sent (no);
UPDATE region.square_sent SET record = '';
