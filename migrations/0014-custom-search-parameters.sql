-- SearchParameters that administrators have stored and that are served, or will be once every row has been indexed.
create table custom_search_parameter (
  id         text        primary key,                -- of the SearchParameter
  revision   text        not null,                   -- another whenever what it finds has changed
  code       text        not null,
  bases      text[]      not null,
  definition jsonb       not null,
  served     boolean     not null default false,
  progress   jsonb       not null default '{}',      -- by type, how far the indexing has come
  changed    timestamptz not null default clock_timestamp()
);
