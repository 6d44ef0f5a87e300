//! What happens to unfinished code: each mishap is told in its own words, and nothing is lost.
