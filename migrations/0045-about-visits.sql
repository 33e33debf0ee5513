-- The words by which a search tells what is about a visit, for what was stored before there were any. A reference by an
-- address is taken for one of ours: a reindex leaves the others' out again. Of what was deleted the words tell what it named.
do $$
declare
  name text;
begin
  foreach name in array array['appointment_response', 'communication', 'consent', 'encounter', 'provenance',
                              'questionnaire_response', 'service_request', 'task']
  loop
    execute format($sql$
      update %I t set terms = t.terms || found.words
        from (select r.id, array_agg(distinct '@about=' || m.named[1]) as words
                from %I r
               cross join lateral (
                 select said #>> '{}' as said from jsonb_path_query(r.body, '$.**.reference ? (@ like_regex "(Appointment|Encounter)/")') as said
                 union all
                 select split_part(word, '=', 2) from unnest(r.terms) as word where r.deleted) v
               cross join lateral regexp_match(v.said, '(?:^|/)((?:Appointment|Encounter)/[A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?$') as m (named)
               where m.named is not null
               group by r.id) found
       where found.id = t.id
    $sql$, name, name);
  end loop;
end
$$;
