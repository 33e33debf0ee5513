-- Made by scripts/make-resource-tables.ts from the R4 definitions: a table for each stored type, its search columns, its
-- superseded versions. Words of the columns: src/store/layout.ts.

create extension if not exists pg_trgm;

create table "schedule" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  date_lower timestamptz,
  date_upper timestamptz,
  constraint schedule_body_until_deleted check (deleted = (body is null))
);
create index schedule_terms on "schedule" using gin (terms) with (gin_pending_list_limit = 256);
create index schedule_date on "schedule" (date_lower, date_upper, id);
create index schedule_updated on "schedule" (updated, id);
create table "schedule_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "slot" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  schedule text collate "C",
  status text,
  starts timestamptz,
  ends timestamptz,
  taken_by text collate "C",
  held_until timestamptz,
  rule text,
  constraint slot_body_until_deleted check (deleted = (body is null))
);
create index slot_terms on "slot" using gin (terms) with (gin_pending_list_limit = 512);
create index slot_updated on "slot" (updated, id);
create index slot_time on "slot" (schedule, status, starts, id);
create index slot_starts on "slot" (starts, schedule, id);
create index slot_taken on "slot" (taken_by) where taken_by is not null;
create table "slot_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "appointment" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  status text,
  starts timestamptz,
  ends timestamptz,
  held_until timestamptz,
  claims int not null default 0,
  constraint appointment_body_until_deleted check (deleted = (body is null))
);
create index appointment_terms on "appointment" using gin (terms) with (gin_pending_list_limit = 64);
create index appointment_updated on "appointment" (updated, id);
create index appointment_starts on "appointment" (starts, id);
create index appointment_status on "appointment" (status, starts, id);
create index appointment_held on "appointment" (held_until) where held_until is not null;
create table "appointment_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "appointment_response" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  constraint appointment_response_body_until_deleted check (deleted = (body is null))
);
create index appointment_response_terms on "appointment_response" using gin (terms) with (gin_pending_list_limit = 256);
create index appointment_response_updated on "appointment_response" (updated, id);
create table "appointment_response_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "patient" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  birthdate_lower timestamptz,
  birthdate_upper timestamptz,
  death_date_lower timestamptz,
  death_date_upper timestamptz,
  constraint patient_body_until_deleted check (deleted = (body is null))
);
create index patient_terms on "patient" using gin (terms) with (gin_pending_list_limit = 256);
create index patient_strings on "patient" using gin (strings gin_trgm_ops);
create index patient_birthdate on "patient" (birthdate_lower, birthdate_upper, id);
create index patient_death_date on "patient" (death_date_lower, death_date_upper, id);
create index patient_updated on "patient" (updated, id);
create table "patient_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "related_person" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  birthdate_lower timestamptz,
  birthdate_upper timestamptz,
  constraint related_person_body_until_deleted check (deleted = (body is null))
);
create index related_person_terms on "related_person" using gin (terms) with (gin_pending_list_limit = 256);
create index related_person_strings on "related_person" using gin (strings gin_trgm_ops);
create index related_person_birthdate on "related_person" (birthdate_lower, birthdate_upper, id);
create index related_person_updated on "related_person" (updated, id);
create table "related_person_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "person" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  birthdate_lower timestamptz,
  birthdate_upper timestamptz,
  constraint person_body_until_deleted check (deleted = (body is null))
);
create index person_terms on "person" using gin (terms) with (gin_pending_list_limit = 256);
create index person_strings on "person" using gin (strings gin_trgm_ops);
create index person_birthdate on "person" (birthdate_lower, birthdate_upper, id);
create index person_updated on "person" (updated, id);
create table "person_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "practitioner" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  constraint practitioner_body_until_deleted check (deleted = (body is null))
);
create index practitioner_terms on "practitioner" using gin (terms) with (gin_pending_list_limit = 256);
create index practitioner_strings on "practitioner" using gin (strings gin_trgm_ops);
create index practitioner_updated on "practitioner" (updated, id);
create table "practitioner_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "practitioner_role" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  date_lower timestamptz,
  date_upper timestamptz,
  constraint practitioner_role_body_until_deleted check (deleted = (body is null))
);
create index practitioner_role_terms on "practitioner_role" using gin (terms) with (gin_pending_list_limit = 256);
create index practitioner_role_date on "practitioner_role" (date_lower, date_upper, id);
create index practitioner_role_updated on "practitioner_role" (updated, id);
create table "practitioner_role_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "location" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  latitude double precision,
  longitude double precision,
  constraint location_body_until_deleted check (deleted = (body is null))
);
create index location_terms on "location" using gin (terms) with (gin_pending_list_limit = 256);
create index location_strings on "location" using gin (strings gin_trgm_ops);
create index location_updated on "location" (updated, id);
create table "location_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "healthcare_service" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  constraint healthcare_service_body_until_deleted check (deleted = (body is null))
);
create index healthcare_service_terms on "healthcare_service" using gin (terms) with (gin_pending_list_limit = 256);
create index healthcare_service_strings on "healthcare_service" using gin (strings gin_trgm_ops);
create index healthcare_service_updated on "healthcare_service" (updated, id);
create table "healthcare_service_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "organization" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  constraint organization_body_until_deleted check (deleted = (body is null))
);
create index organization_terms on "organization" using gin (terms) with (gin_pending_list_limit = 256);
create index organization_strings on "organization" using gin (strings gin_trgm_ops);
create index organization_updated on "organization" (updated, id);
create table "organization_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "device" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  constraint device_body_until_deleted check (deleted = (body is null))
);
create index device_terms on "device" using gin (terms) with (gin_pending_list_limit = 256);
create index device_strings on "device" using gin (strings gin_trgm_ops);
create index device_updated on "device" (updated, id);
create table "device_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "coverage" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  constraint coverage_body_until_deleted check (deleted = (body is null))
);
create index coverage_terms on "coverage" using gin (terms) with (gin_pending_list_limit = 256);
create index coverage_strings on "coverage" using gin (strings gin_trgm_ops);
create index coverage_updated on "coverage" (updated, id);
create table "coverage_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "service_request" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  authored_lower timestamptz,
  authored_upper timestamptz,
  occurrence_lower timestamptz,
  occurrence_upper timestamptz,
  constraint service_request_body_until_deleted check (deleted = (body is null))
);
create index service_request_terms on "service_request" using gin (terms) with (gin_pending_list_limit = 256);
create index service_request_authored on "service_request" (authored_lower, authored_upper, id);
create index service_request_occurrence on "service_request" (occurrence_lower, occurrence_upper, id);
create index service_request_updated on "service_request" (updated, id);
create table "service_request_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "communication" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  received_lower timestamptz,
  received_upper timestamptz,
  sent_lower timestamptz,
  sent_upper timestamptz,
  constraint communication_body_until_deleted check (deleted = (body is null))
);
create index communication_terms on "communication" using gin (terms) with (gin_pending_list_limit = 256);
create index communication_received on "communication" (received_lower, received_upper, id);
create index communication_sent on "communication" (sent_lower, sent_upper, id);
create index communication_updated on "communication" (updated, id);
create table "communication_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "consent" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  date_lower timestamptz,
  date_upper timestamptz,
  period_lower timestamptz,
  period_upper timestamptz,
  constraint consent_body_until_deleted check (deleted = (body is null))
);
create index consent_terms on "consent" using gin (terms) with (gin_pending_list_limit = 256);
create index consent_date on "consent" (date_lower, date_upper, id);
create index consent_period on "consent" (period_lower, period_upper, id);
create index consent_updated on "consent" (updated, id);
create table "consent_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "subscription" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  constraint subscription_body_until_deleted check (deleted = (body is null))
);
create index subscription_terms on "subscription" using gin (terms) with (gin_pending_list_limit = 256);
create index subscription_strings on "subscription" using gin (strings gin_trgm_ops);
create index subscription_updated on "subscription" (updated, id);
create table "subscription_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "endpoint" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  constraint endpoint_body_until_deleted check (deleted = (body is null))
);
create index endpoint_terms on "endpoint" using gin (terms) with (gin_pending_list_limit = 256);
create index endpoint_strings on "endpoint" using gin (strings gin_trgm_ops);
create index endpoint_updated on "endpoint" (updated, id);
create table "endpoint_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "encounter" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  date_lower timestamptz,
  date_upper timestamptz,
  location_period_lower timestamptz,
  location_period_upper timestamptz,
  constraint encounter_body_until_deleted check (deleted = (body is null))
);
create index encounter_terms on "encounter" using gin (terms) with (gin_pending_list_limit = 256);
create index encounter_date on "encounter" (date_lower, date_upper, id);
create index encounter_location_period on "encounter" (location_period_lower, location_period_upper, id);
create index encounter_updated on "encounter" (updated, id);
create table "encounter_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "questionnaire" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  date_lower timestamptz,
  date_upper timestamptz,
  effective_lower timestamptz,
  effective_upper timestamptz,
  constraint questionnaire_body_until_deleted check (deleted = (body is null))
);
create index questionnaire_terms on "questionnaire" using gin (terms) with (gin_pending_list_limit = 256);
create index questionnaire_strings on "questionnaire" using gin (strings gin_trgm_ops);
create index questionnaire_date on "questionnaire" (date_lower, date_upper, id);
create index questionnaire_effective on "questionnaire" (effective_lower, effective_upper, id);
create index questionnaire_updated on "questionnaire" (updated, id);
create table "questionnaire_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "questionnaire_response" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  authored_lower timestamptz,
  authored_upper timestamptz,
  constraint questionnaire_response_body_until_deleted check (deleted = (body is null))
);
create index questionnaire_response_terms on "questionnaire_response" using gin (terms) with (gin_pending_list_limit = 256);
create index questionnaire_response_authored on "questionnaire_response" (authored_lower, authored_upper, id);
create index questionnaire_response_updated on "questionnaire_response" (updated, id);
create table "questionnaire_response_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "task" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  authored_on_lower timestamptz,
  authored_on_upper timestamptz,
  modified_lower timestamptz,
  modified_upper timestamptz,
  period_lower timestamptz,
  period_upper timestamptz,
  constraint task_body_until_deleted check (deleted = (body is null))
);
create index task_terms on "task" using gin (terms) with (gin_pending_list_limit = 256);
create index task_authored_on on "task" (authored_on_lower, authored_on_upper, id);
create index task_modified on "task" (modified_lower, modified_upper, id);
create index task_period on "task" (period_lower, period_upper, id);
create index task_updated on "task" (updated, id);
create table "task_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "provenance" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  recorded_lower timestamptz,
  recorded_upper timestamptz,
  when_lower timestamptz,
  when_upper timestamptz,
  constraint provenance_body_until_deleted check (deleted = (body is null))
);
create index provenance_terms on "provenance" using gin (terms) with (gin_pending_list_limit = 256);
create index provenance_recorded on "provenance" (recorded_lower, recorded_upper, id);
create index provenance_when on "provenance" (when_lower, when_upper, id);
create index provenance_updated on "provenance" (updated, id);
create table "provenance_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "binary" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  constraint binary_body_until_deleted check (deleted = (body is null))
);
create index binary_terms on "binary" using gin (terms) with (gin_pending_list_limit = 256);
create index binary_updated on "binary" (updated, id);
create table "binary_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "group" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  constraint group_body_until_deleted check (deleted = (body is null))
);
create index group_terms on "group" using gin (terms) with (gin_pending_list_limit = 256);
create index group_updated on "group" (updated, id);
create table "group_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "structure_definition" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  date_lower timestamptz,
  date_upper timestamptz,
  constraint structure_definition_body_until_deleted check (deleted = (body is null))
);
create index structure_definition_terms on "structure_definition" using gin (terms) with (gin_pending_list_limit = 256);
create index structure_definition_strings on "structure_definition" using gin (strings gin_trgm_ops);
create index structure_definition_date on "structure_definition" (date_lower, date_upper, id);
create index structure_definition_updated on "structure_definition" (updated, id);
create table "structure_definition_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "search_parameter" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  date_lower timestamptz,
  date_upper timestamptz,
  constraint search_parameter_body_until_deleted check (deleted = (body is null))
);
create index search_parameter_terms on "search_parameter" using gin (terms) with (gin_pending_list_limit = 256);
create index search_parameter_strings on "search_parameter" using gin (strings gin_trgm_ops);
create index search_parameter_date on "search_parameter" (date_lower, date_upper, id);
create index search_parameter_updated on "search_parameter" (updated, id);
create table "search_parameter_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "value_set" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  date_lower timestamptz,
  date_upper timestamptz,
  constraint value_set_body_until_deleted check (deleted = (body is null))
);
create index value_set_terms on "value_set" using gin (terms) with (gin_pending_list_limit = 256);
create index value_set_strings on "value_set" using gin (strings gin_trgm_ops);
create index value_set_date on "value_set" (date_lower, date_upper, id);
create index value_set_updated on "value_set" (updated, id);
create table "value_set_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "code_system" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  date_lower timestamptz,
  date_upper timestamptz,
  constraint code_system_body_until_deleted check (deleted = (body is null))
);
create index code_system_terms on "code_system" using gin (terms) with (gin_pending_list_limit = 256);
create index code_system_strings on "code_system" using gin (strings gin_trgm_ops);
create index code_system_date on "code_system" (date_lower, date_upper, id);
create index code_system_updated on "code_system" (updated, id);
create table "code_system_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);

create table "operation_definition" (
  id text primary key,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null default false,
  body jsonb,
  terms text[] not null default '{}',
  strings text not null default '',
  date_lower timestamptz,
  date_upper timestamptz,
  constraint operation_definition_body_until_deleted check (deleted = (body is null))
);
create index operation_definition_terms on "operation_definition" using gin (terms) with (gin_pending_list_limit = 256);
create index operation_definition_strings on "operation_definition" using gin (strings gin_trgm_ops);
create index operation_definition_date on "operation_definition" (date_lower, date_upper, id);
create index operation_definition_updated on "operation_definition" (updated, id);
create table "operation_definition_history" (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);
