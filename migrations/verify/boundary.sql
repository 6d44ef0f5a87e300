-- Is the ledger's boundary still shut on this database? Reads the catalogue only; run it as
-- anyone after each deployment, and against production:
--
--     psql "$DATABASE_URL" -f migrations/verify/boundary.sql
--
-- `badai storm` attacks the boundary of a throw-away copy and judges what clients get away with;
-- this reads the rights themselves, so it also names one that nobody has made use of yet.
--
-- One row an offence, and no row when all is right. Rights are asked for as they work out in
-- the end, so what a role inherits, or has because everyone has it, is found too.

with
-- Owners and superusers can do anything; a predefined pg_… role is nobody until it is granted.
owner as (
    select n.nspowner as id from pg_namespace n where n.nspname = 'ledger'
),
outsider as (
    select r.oid as id, r.rolname as name,
           -- Acts as the backend when it wants to: the API's login role, a worker's.
           coalesce(pg_has_role(r.oid, b.oid, 'member'), false) as is_backend,
           coalesce(pg_has_role(r.oid, c.oid, 'member'), false) as is_client
      from pg_roles r
      left join pg_roles b on b.rolname = 'service_role'
      left join pg_roles c on c.rolname = 'authenticated'
     where not r.rolsuper and r.rolname !~ '^pg_'
       and not exists (select from owner o where pg_has_role(r.oid, o.id, 'member'))
),
relation as (
    select c.oid as id, format('%I.%I', n.nspname, c.relname) as name, c.relname, c.relkind,
           c.relrowsecurity
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'ledger'
),
routine as (
    select p.oid as id, p.oid::regprocedure::text as name, p.proname, p.prosecdef,
           coalesce(p.proconfig, '{}') as settings
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'ledger'
),
trigger as (
    select t.tgenabled, t.tgrelid from pg_trigger t
     where t.tgname = 'append_only' and t.tgfoid = to_regproc('ledger.refuse_change')
       and t.tgtype & 58 = 58 -- before, delete, update, truncate: 2 + 8 + 16 + 32
),
offence (offence, object, role) as (
    select 'the ledger is not installed', 'schema ledger', null
     where not exists (select from owner)

    union all
    select 'may create objects in the schema', 'schema ledger', o.name
      from outsider o, owner
     where has_schema_privilege(o.id, to_regnamespace('ledger'), 'create')

    union all
    select 'may reach the schema', 'schema ledger', o.name
      from outsider o, owner
     where not o.is_backend and not o.is_client
       and has_schema_privilege(o.id, to_regnamespace('ledger'), 'usage')

    union all
    -- The backend included: it moves credits by functions only.
    select 'may write the table', r.name, o.name
      from outsider o, relation r
     where r.relkind in ('r', 'p', 'v', 'f')
       and (has_table_privilege(o.id, r.id, 'insert, update, delete, truncate, trigger')
            or has_any_column_privilege(o.id, r.id, 'insert, update'))

    union all
    select 'may use the sequence', r.name, o.name
      from outsider o, relation r
     -- `has_sequence_privilege` fails for a table, so it must not be asked about one.
     where case when r.relkind = 'S'
                then has_sequence_privilege(o.id, r.id, 'usage, update') else false end

    union all
    select 'may read the table', r.name, o.name
      from outsider o, relation r
     where r.relkind in ('r', 'p', 'v', 'm', 'f')
       and has_any_column_privilege(o.id, r.id, 'select')
       and not (r.relname in ('accounts', 'entries', 'holds') and (o.is_backend or o.is_client))

    union all
    select 'may execute the function', f.name, o.name
      from outsider o, routine f
     where has_function_privilege(o.id, f.id, 'execute')
       and not o.is_backend
       and not (o.is_client and f.proname in ('balance', 'history', 'client'))

    union all
    select 'may execute a step without the locks that it relies on', f.name, o.name
      from outsider o, routine f
     where has_function_privilege(o.id, f.id, 'execute')
       and o.is_backend and not f.prosecdef
       and f.proname not in ('balance', 'history', 'client')

    union all
    select 'the search path is not pinned', f.name, null
      from routine f
     where not 'search_path=pg_catalog, pg_temp' = any (f.settings)

    union all
    select 'row level security is off', r.name, null
      from relation r
     where r.relkind in ('r', 'p') and not r.relrowsecurity

    union all
    -- Policies add up: one that is too wide is enough.
    select format('the policy %I lets clients do more than read their own rows', p.polname),
           r.name, null
      from pg_policy p join relation r on r.id = p.polrelid
     where p.polpermissive
       and (p.polcmd <> 'r'
            or pg_get_expr(p.polqual, p.polrelid) !~ 'ledger\.client\(\)'
               and p.polroles <> array[to_regrole('service_role')::oid])

    union all
    select 'the history can be changed: its trigger is missing or off', r.name, null
      from relation r
     where r.relname = 'entries'
       and not exists (select from trigger t where t.tgrelid = r.id and t.tgenabled = 'A')

    union all
    -- A view runs with its owner's rights, past row level security, unless it says otherwise.
    select distinct 'a view shows the table to clients with its owner''s rights',
           format('%s, by %s', r.name, v.oid::regclass), o.name
      from pg_depend d
      join pg_rewrite w on w.oid = d.objid
      join pg_class v on v.oid = w.ev_class
      join relation r on r.id = d.refobjid
      cross join outsider o
     where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
       and v.relkind in ('v', 'm') and v.oid <> r.id and not o.is_backend
       and has_any_column_privilege(o.id, v.oid, 'select')
       and not coalesce(v.reloptions, '{}') && '{security_invoker=true,security_invoker=on}'

    union all
    select 'the client role can act as the backend', 'role service_role', r.rolname
      from pg_roles r
     where r.rolname in ('anon', 'authenticated')
       and to_regrole('service_role') is not null
       and pg_has_role(r.oid, to_regrole('service_role')::oid, 'member')

    union all
    select 'the client role is above the rules', 'role ' || r.rolname, r.rolname
      from pg_roles r
     where r.rolname in ('anon', 'authenticated')
       and (r.rolsuper or r.rolbypassrls or r.rolcreaterole
            or exists (select from owner o where pg_has_role(r.oid, o.id, 'member')))
)
select o.offence, o.object, o.role from offence o order by 1, 2, 3;
