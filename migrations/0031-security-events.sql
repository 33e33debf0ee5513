-- Signing in and out, tokens given, requests refused: events of nobody's data. Rows of before keep their digests, since what
-- is empty is in none.
alter table audit_event
  add column purpose text,   -- what for, as a code of PurposeOfUse: 'ETREAT', 'BTG' …
  add column reason  text,   -- why it was refused, or why somebody broke the glass
  add column times   int;    -- how many alike this row stands for, where it may be more than one
