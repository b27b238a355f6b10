-- A restored town sends all its records again under a new journal. What still has an older version is no
-- longer at the town: the counts that it compares leave it out.
ALTER TABLE region.journal ADD COLUMN first_version bigint NOT NULL DEFAULT 0;
