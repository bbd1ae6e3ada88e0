-- Which commit the project's git HEAD named when the current visit was entered.
ALTER TABLE instances ADD COLUMN head TEXT;
