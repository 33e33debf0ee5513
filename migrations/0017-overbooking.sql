-- Deliberate overbooking: a visit of an overflow lane (claims of `Practitioner/1#2`) lies over this Slot's time. Null is no.
alter table slot add column overbooked boolean;
