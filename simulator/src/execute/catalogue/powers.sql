-- What :role may do to the database itself. Its own rights stayed with the one that was migrated.
select json_build_object(
    'temporary', has_database_privilege(r.oid, :migrated, 'temporary'),
    'schemas', has_database_privilege(r.oid, :migrated, 'create'),
    'creates_in', (
        select coalesce(json_agg(n.nspname order by n.nspname), '[]')
          from pg_namespace n
         where n.nspname !~ '^pg_' and has_schema_privilege(r.oid, n.oid, 'create'))
    )::text
  from pg_roles r where r.rolname = :role
