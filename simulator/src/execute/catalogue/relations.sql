-- Every table and view of the ledger's, with its columns, as :role sees it.
select coalesce(json_agg(json_build_object(
    'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'may', json_build_object(
        'select', usage and has_any_column_privilege(r.oid, c.oid, 'select'),
        'insert', usage and has_any_column_privilege(r.oid, c.oid, 'insert'),
        'update', usage and has_any_column_privilege(r.oid, c.oid, 'update'),
        'delete', usage and has_table_privilege(r.oid, c.oid, 'delete'),
        'truncate', usage and has_table_privilege(r.oid, c.oid, 'truncate')),
    'columns', (
        select coalesce(json_agg(json_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
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
                   from pg_enum e where e.enumtypid = b.oid),
                (select json_agg(distinct m.found[1])
                   from pg_constraint k,
                        regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''::', 'g')
                            as m (found)
                  where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any (k.conkey)
                    and b.typcategory = 'S'),
                '[]'),
            'select', usage and has_column_privilege(r.oid, c.oid, a.attnum, 'select'),
            'insert', usage and has_column_privilege(r.oid, c.oid, a.attnum, 'insert'),
            'update', usage and has_column_privilege(r.oid, c.oid, a.attnum, 'update'),
            'required', a.attnotnull and not a.atthasdef and a.attidentity = '',
            'fixed', a.attgenerated <> '' or a.attidentity = 'a',
            'unique', exists (
                select from pg_index i
                 where i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1
                   and i.indkey[0] = a.attnum),
            'refers', (
                select format('(select %I from %I.%I limit 1)', fa.attname, fn.nspname, fc.relname)
                  from pg_constraint k
                  join pg_class fc on fc.oid = k.confrelid
                  join pg_namespace fn on fn.oid = fc.relnamespace
                  join pg_attribute fa on fa.attrelid = fc.oid and fa.attnum = k.confkey[1]
                 where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum]
                 order by k.conname limit 1)
            ) order by a.attnum), '[]')
          from pg_attribute a
          join pg_type t on t.oid = a.atttypid
          join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
    ) order by n.nspname, c.relname), '[]')::text
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_roles r on r.rolname = :role
 cross join lateral (select has_schema_privilege(r.oid, n.oid, 'usage')) as u (usage)
 where c.relkind in ('r', 'p', 'v', 'm', 'f')
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and (cardinality(:schemas) = 0 or n.nspname = any (:schemas))
   and not exists (
       select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
