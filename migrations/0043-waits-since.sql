-- Since when a program that registered itself waits for an operator's word: one that was approved long ago and has changed its
-- registration waits anew, and is not forgotten as if it had waited all the while.
alter table auth_client add column waits_since timestamptz;
update auth_client set waits_since = created where waiting;
