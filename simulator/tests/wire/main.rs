//! The proxy before a real PostgreSQL: every verdict, every client, and hostile ones.

mod clients;
mod delayed_commit;
mod hostile;
mod other_languages;
mod stage;
mod verdicts;
