-- A fork: which visit of which run it began with (JSON; NULL: it is none). Written once, with its history, which is a copy up to
-- that visit. No row is rewritten.
ALTER TABLE instances ADD COLUMN forked_from TEXT;

-- Which commit the project's git HEAD named when the visit was entered, by the entry that ends it.
ALTER TABLE history ADD COLUMN head TEXT;
