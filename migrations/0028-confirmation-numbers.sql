-- The number by which people speak of a booking: no two Appointments have the same.
alter table appointment add column confirmation text;
create unique index appointment_confirmation on appointment (confirmation) where confirmation is not null;
