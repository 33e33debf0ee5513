-- How far `slotwise reindex` has come with each type, so that one that is cut short goes on where it stopped.
create table search_reindex (
  type    text        primary key,
  started timestamptz not null,
  after   text        not null default '',   -- the last id whose columns are known to be right
  seen    bigint      not null default 0,
  renewed bigint      not null default 0,
  done    boolean     not null default false
);
