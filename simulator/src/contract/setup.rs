//! `[setup]`: what makes the ledger's schema, and what is said on each new connection.

use super::source::{Node, Read, Table};
use super::supabase;
use crate::target::{Leeway, Script};
use std::path::{Path, PathBuf};

/// What `[setup]` comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setup {
    /// The schema, in order.
    pub(super) scripts: Vec<Script>,
    /// What is said on each new connection.
    pub(super) session: Vec<String>,
    /// The client roles.
    pub(super) roles: Vec<String>,
    /// Whether it is laid out as a hosted Supabase project, which exposes schema `public`.
    pub(super) is_supabase: bool,
}

/// Reads the section.
pub(super) fn read(table: Option<&Table<'_>>) -> Read<Setup> {
    let Some(table) = table else {
        return Ok(Setup::default());
    };
    table.only(&["files", "sql", "roles", "session", "may_skip", "flavour"])?;
    let texts = |key: &str| -> Read<Vec<String>> {
        let found = table.get(key).map(|node| node.texts()).transpose()?;
        Ok(found.into_iter().flatten().map(str::to_owned).collect())
    };
    let flavour = table.get("flavour");
    let flavour = flavour.map(|node| node.one_of(&[("supabase", ())]));
    let is_supabase = flavour.transpose()?.is_some();
    let leeway = Leeway {
        whole: false,
        statements: texts("may_skip")?,
        extensions: true,
    };
    let mut own = Vec::new();
    if let Some(node) = table.get("files") {
        let nodes = if node.is_list() {
            node.list()?
        } else {
            vec![node]
        };
        for node in nodes {
            own.extend(files(&node, &leeway)?);
        }
    }
    if let Some(node) = table.get("sql") {
        let nodes = if node.is_list() {
            node.list()?
        } else {
            vec![node]
        };
        for node in nodes {
            own.push(inline(&node, &leeway)?);
        }
    }
    let mut roles = texts("roles")?;
    let mut scripts = Vec::new();
    let mut session = Vec::new();
    if is_supabase {
        scripts.push(supabase::project(
            !own.iter().any(|it| supabase::is_dump(&it.sql)),
        ));
        session.push(supabase::SESSION.to_owned());
        for role in ["anon", "authenticated"] {
            if !roles.iter().any(|it| it == role) {
                roles.push(role.to_owned());
            }
        }
    }
    scripts.extend((!roles.is_empty()).then(|| make_roles(&roles)));
    for mut script in own {
        // Each file begins as in a session of its own: a dump leaves its search path behind.
        script.prelude = vec!["rollback".to_owned(), "discard all".to_owned()];
        if is_supabase {
            script.prelude.push("set role postgres".to_owned());
            script.prelude.push(supabase::SESSION.to_owned());
        }
        scripts.push(script);
    }
    session.extend(texts("session")?);
    Ok(Setup {
        scripts,
        session,
        roles,
        is_supabase,
    })
}

/// The scripts that an entry of `files` names: a file, a folder, a glob, or a table with one.
fn files(node: &Node<'_>, leeway: &Leeway) -> Read<Vec<Script>> {
    let mut leeway = leeway.clone();
    let named = if node.is_text() {
        node.clone()
    } else {
        let table = node.table()?;
        table.only(&["file", "may_skip"])?;
        if let Some(flag) = table.get("may_skip") {
            leeway.whole = flag.flag()?;
        }
        table.wanted("file", "a path, beside this file")?
    };
    let mut scripts = Vec::new();
    for path in paths(&named)? {
        let sql = std::fs::read_to_string(&path)
            .map_err(|error| named.error(format!("cannot read {}: {error}", path.display())))?;
        scripts.push(Script {
            name: path,
            sql: sql.trim_start_matches('\u{feff}').to_owned(),
            leeway: leeway.clone(),
            ..Script::default()
        });
    }
    Ok(scripts)
}

/// The files that a path stands for, in the order of their names.
fn paths(node: &Node<'_>) -> Read<Vec<PathBuf>> {
    let name = node.text()?;
    let path = node.source.beside(name);
    if path.is_dir() {
        return matching(node, &path, "*.sql");
    }
    if path.is_file() || !name.contains(['*', '?', '[']) {
        return Ok(vec![path]);
    }
    matching(node, &node.source.beside(""), name)
}

/// The files below a folder whose names fit. A `*.down.sql` is left out: it undoes its twin.
fn matching(node: &Node<'_>, folder: &Path, pattern: &str) -> Read<Vec<PathBuf>> {
    let beside = glob::Pattern::escape(&folder.to_string_lossy());
    let whole = if beside.is_empty() || Path::new(pattern).is_absolute() {
        pattern.to_owned()
    } else {
        format!("{}/{pattern}", beside.trim_end_matches('/'))
    };
    let found = glob::glob(&whole)
        .map_err(|error| node.error(format!("`{pattern}` is no pattern: {error}")))?;
    let mut paths: Vec<PathBuf> = found
        .flatten()
        .filter(|path| path.is_file() && !path.to_string_lossy().ends_with(".down.sql"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(node.error(format!("no file fits `{whole}`; expected .sql files there")));
    }
    Ok(paths)
}

/// SQL that stands in the contract file itself.
fn inline(node: &Node<'_>, leeway: &Leeway) -> Read<Script> {
    let sql = node.text()?.to_owned();
    let written = &node.source.text[node.at..];
    // TOML leaves out a line break right after the three quotes.
    let opens = ["'''\n", "\"\"\"\n", "'''\r\n", "\"\"\"\r\n"];
    let below = opens.iter().any(|it| written.starts_with(it));
    Ok(Script {
        name: node.source.path.clone(),
        above: node.line() - usize::from(!below),
        sql,
        leeway: leeway.clone(),
        prelude: Vec::new(),
    })
}

/// Makes the roles that aren't there; nobody logs in as one.
fn make_roles(roles: &[String]) -> Script {
    let quoted: Vec<String> = roles
        .iter()
        .map(|role| format!("'{}'", role.replace('\'', "''")))
        .collect();
    // Roles belong to the whole server: another run may be making them at this moment.
    let sql = format!(
        "set standard_conforming_strings = on;
do $$
declare
    wanted text;
begin
    foreach wanted in array array[{}]::text[] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end $$",
        quoted.join(", ")
    );
    Script {
        name: "roles".into(),
        sql,
        ..Script::default()
    }
}
