-- `near` first narrows to a box of degrees.
create index location_position on "location" (latitude, longitude);
