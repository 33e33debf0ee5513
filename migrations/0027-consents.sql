-- Consents that may keep a patient's data from somebody: few of all that there are, and all of them are looked at.
create index consent_restricting on consent (id)
 where not deleted and body->>'status' = 'active'
   and (body @? '$.provision.**.type ? (@ == "deny")' or body @? '$.policyRule.coding[*].code ? (@ == "OPTOUT")');

-- Counts the writes of Consents, so that a process which knows the Consents can ask whether that is still true.
create table consent_state (
  version bigint not null
);
insert into consent_state values (0);

create function count_consent_write() returns trigger language plpgsql as $$
begin
  update consent_state set version = version + 1;
  return null;
end
$$;
create trigger consent_written after insert or update or delete on consent
   for each statement execute function count_consent_write();
