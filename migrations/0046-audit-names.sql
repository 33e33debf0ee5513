-- Who asked and what was read or written, of each month: an audit row that names something rare is found without reading years
-- of them. One index of both, whose changes are merged later, beside the writing (docs/decisions/0033).
create index audit_event_names on audit_event using gin ((array[entity, person]));
