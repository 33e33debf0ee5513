-- The values of number and quantity search parameters, and of composites with one: several to a resource, each with its unit.
-- Words of the columns: src/store/number-values.ts.
create table search_number (
  type      text    not null,
  id        text    not null,
  code      text    not null,
  lower     numeric not null,
  upper     numeric not null,
  system    text,
  unit_code text,
  unit      text,
  tokens    text[]
);
create index search_number_lower on search_number (type, code, lower, upper);
create index search_number_upper on search_number (type, code, upper);
create index search_number_resource on search_number (type, id);
