//! `flavour = "supabase"`: what a hosted project has before its first migration.

use crate::target::Script;

/// What is said on each new connection, as a project's database does by itself.
pub(super) const SESSION: &str = r#"set search_path = "$user", public, extensions"#;

/// Roles, schemas and stand-ins.
const PROJECT: &str = include_str!("supabase.sql");

/// What is created in `public` belongs to the three roles too. Revoking it from `public` leaves
/// these named grants: a common hole, that would vanish without them.
const DEFAULT_PRIVILEGES: &str = "
alter default privileges for role postgres in schema public
    grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on sequences to postgres, anon, authenticated, service_role;
";

/// The script that lays out a project; default privileges only where migrations come after it.
pub(super) fn project(migrations: bool) -> Script {
    let mut sql = PROJECT.to_owned();
    if migrations {
        sql.push_str(DEFAULT_PRIVILEGES);
    }
    Script {
        name: "supabase".into(),
        sql,
        ..Script::default()
    }
}

/// Whether a file is a dump of a project, with grants of its own: default privileges would give
/// back what the project had revoked.
pub(super) fn is_dump(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let is_dumped =
        sql.contains("postgresql database dump") || sql.contains("check_function_bodies");
    let has_grants = ["anon", "authenticated", "service_role"]
        .iter()
        .any(|role| {
            sql.contains(&format!(" to \"{role}\"")) || sql.contains(&format!(" to {role}"))
        });
    is_dumped && has_grants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_carries_its_own_grants_and_a_migration_doesnt() {
        assert!(is_dump(
            "SET check_function_bodies = false;\nGRANT ALL ON TABLE \"a\" TO \"anon\";"
        ));
        assert!(!is_dump("create table a (); grant select on a to anon;"));
        assert!(!is_dump(
            "SET check_function_bodies = false; create table a ();"
        ));
    }
}
