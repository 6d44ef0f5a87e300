-- Every function and procedure of the ledger's that can be called, as :role sees it.
select coalesce(json_agg(json_build_object(
    'schema', n.nspname, 'name', p.proname,
    'procedure', p.prokind = 'p',
    'definer', p.prosecdef,
    'execute', has_schema_privilege(r.oid, n.oid, 'usage')
               and has_function_privilege(r.oid, p.oid, 'execute'),
    'loose', p.prorettype = 'record'::regtype and p.proargmodes is null,
    'returns', case when p.prokind = 'f' then pg_get_function_result(p.oid) end,
    'body', coalesce(p.prosrc, ''),
    'arguments', (
        select coalesce(json_agg(json_build_object(
            'name', nullif((coalesce(inputs.names, p.proargnames))[a.place], ''),
            'type', format_type(a.id, null),
            'kind', case
                when b.typname = 'uuid' then 'uuid'
                when b.typname in ('json', 'jsonb') then 'json'
                when b.typcategory = 'N' and b.typname !~ '^(reg|oid$)' then 'number'
                when b.typcategory in ('S', 'E') then 'text'
                when b.typcategory = 'B' then 'bool'
                when b.typcategory = 'D' then 'moment'
                when b.typcategory = 'T' then 'interval'
                when b.typcategory = 'A' then 'array'
                else 'other' end,
            'labels', coalesce(
                (select json_agg(e.enumlabel order by e.enumsortorder)
                   from pg_enum e where e.enumtypid = b.oid), '[]'),
            'optional', a.place > p.pronargs - p.pronargdefaults
            ) order by a.place), '[]')
          from unnest(p.proargtypes::oid[]) with ordinality as a (id, place)
          join pg_type t on t.oid = a.id
          join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid))
    ) order by n.nspname, p.proname, p.proargtypes::oid[]::regtype[]::text), '[]')::text
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
  join pg_roles r on r.rolname = :role
 cross join lateral (
     select array_agg(x.name order by x.place) filter (where x.mode in ('i', 'b', 'v'))
       from unnest(p.proargnames, p.proargmodes) with ordinality as x (name, mode, place)
      where p.proargmodes is not null) as inputs (names)
 where p.prokind in ('f', 'p') and l.lanname not in ('c', 'internal')
   and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and (cardinality(:schemas) = 0 or n.nspname = any (:schemas))
   and not exists (
       select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
