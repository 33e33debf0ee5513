-- The words by which a search tells sensitive resources from the rest, for those that were stored before there were any.
do $$
declare
  found record;
begin
  for found in
    select c.table_name as name from information_schema.columns c
     where c.table_schema = current_schema() and c.column_name = 'terms'
       and exists (select from information_schema.columns b
                    where b.table_schema = c.table_schema and b.table_name = c.table_name and b.column_name = 'body')
  loop
    execute format($sql$
      update %I set terms = terms || array['@sensitive']
             || case when body @? '$.meta.security[*] ? ((!exists(@.system) || @.system == "http://terminology.hl7.org/CodeSystem/v3-Confidentiality") && @.code == "V")'
                     then array['@very-sensitive'] else '{}' end
       where body @? '$.meta.security[*] ? ((!exists(@.system) || @.system == "http://terminology.hl7.org/CodeSystem/v3-Confidentiality") && (@.code == "R" || @.code == "V"))'
          or body @? '$.meta.security[*] ? ((!exists(@.system) || @.system == "http://terminology.hl7.org/CodeSystem/v3-ActCode") && @.code like_regex "^(ETH|GDIS|HIV|MST|SCA|SDV|SEX|SPI|STD|TBOO|VIO|SICKLE|BH|COGN|DVD|EMOTDIS|MH|PSY|PSYTHPN|SUD|ETHUD|OPIOIDUD|DEMO|DOB|GENDER|LIVARG|MARST|RACE|REL|B|EMPL|LOCIS|SSP|ADOL|CEL|DIA|DRGIS|EMP|PDS|PHY|PRS)$")'
    $sql$, found.name);
  end loop;
end
$$;
