-- Text of codes (`:text`) for types that had no searched text yet, and the words of narratives and of whole resources
-- (`_text`, `_content`) for all but those on the booking path and Binary: fhir/search-text.ts.

-- What is too much for a tsvector has no words: it is stored all the same.
create function narrative_words(body jsonb) returns tsvector language plpgsql immutable strict parallel safe as $$
begin
  return to_tsvector('pg_catalog.simple', body #>> '{text,div}');
exception when program_limit_exceeded then
  return null;
end $$;

create function content_words(body jsonb) returns tsvector language plpgsql immutable strict parallel safe as $$
begin
  return jsonb_to_tsvector('pg_catalog.simple', body, '["string"]');
exception when program_limit_exceeded then
  return null;
end $$;

alter table "schedule" add column strings text not null default '';
alter table "appointment_response" add column strings text not null default '';
alter table "practitioner_role" add column strings text not null default '';
alter table "service_request" add column strings text not null default '';
alter table "communication" add column strings text not null default '';
alter table "consent" add column strings text not null default '';
alter table "encounter" add column strings text not null default '';
alter table "questionnaire_response" add column strings text not null default '';
alter table "task" add column strings text not null default '';
alter table "provenance" add column strings text not null default '';
alter table "group" add column strings text not null default '';
create index schedule_strings on "schedule" using gin (strings gin_trgm_ops);
create index appointment_response_strings on "appointment_response" using gin (strings gin_trgm_ops);
create index practitioner_role_strings on "practitioner_role" using gin (strings gin_trgm_ops);
create index service_request_strings on "service_request" using gin (strings gin_trgm_ops);
create index communication_strings on "communication" using gin (strings gin_trgm_ops);
create index consent_strings on "consent" using gin (strings gin_trgm_ops);
create index encounter_strings on "encounter" using gin (strings gin_trgm_ops);
create index questionnaire_response_strings on "questionnaire_response" using gin (strings gin_trgm_ops);
create index task_strings on "task" using gin (strings gin_trgm_ops);
create index provenance_strings on "provenance" using gin (strings gin_trgm_ops);
create index group_strings on "group" using gin (strings gin_trgm_ops);

create index schedule_words on "schedule" using gin (narrative_words(body), content_words(body));
create index appointment_response_words on "appointment_response" using gin (narrative_words(body), content_words(body));
create index patient_words on "patient" using gin (narrative_words(body), content_words(body));
create index related_person_words on "related_person" using gin (narrative_words(body), content_words(body));
create index person_words on "person" using gin (narrative_words(body), content_words(body));
create index practitioner_words on "practitioner" using gin (narrative_words(body), content_words(body));
create index practitioner_role_words on "practitioner_role" using gin (narrative_words(body), content_words(body));
create index location_words on "location" using gin (narrative_words(body), content_words(body));
create index healthcare_service_words on "healthcare_service" using gin (narrative_words(body), content_words(body));
create index organization_words on "organization" using gin (narrative_words(body), content_words(body));
create index device_words on "device" using gin (narrative_words(body), content_words(body));
create index coverage_words on "coverage" using gin (narrative_words(body), content_words(body));
create index service_request_words on "service_request" using gin (narrative_words(body), content_words(body));
create index communication_words on "communication" using gin (narrative_words(body), content_words(body));
create index consent_words on "consent" using gin (narrative_words(body), content_words(body));
create index subscription_words on "subscription" using gin (narrative_words(body), content_words(body));
create index endpoint_words on "endpoint" using gin (narrative_words(body), content_words(body));
create index encounter_words on "encounter" using gin (narrative_words(body), content_words(body));
create index questionnaire_words on "questionnaire" using gin (narrative_words(body), content_words(body));
create index questionnaire_response_words on "questionnaire_response" using gin (narrative_words(body), content_words(body));
create index task_words on "task" using gin (narrative_words(body), content_words(body));
create index provenance_words on "provenance" using gin (narrative_words(body), content_words(body));
create index group_words on "group" using gin (narrative_words(body), content_words(body));
create index structure_definition_words on "structure_definition" using gin (narrative_words(body), content_words(body));
create index search_parameter_words on "search_parameter" using gin (narrative_words(body), content_words(body));
create index value_set_words on "value_set" using gin (narrative_words(body), content_words(body));
create index code_system_words on "code_system" using gin (narrative_words(body), content_words(body));
create index operation_definition_words on "operation_definition" using gin (narrative_words(body), content_words(body));
