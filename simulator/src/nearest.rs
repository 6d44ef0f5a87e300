//! What somebody may have meant, where a name is none that is known.

/// `, did you mean …?` if one of the names is close, else a plain `;`: the rest of the sentence
/// follows.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(3) / 3 + 1)
        .map(|(_, name)| format!(", did you mean `{name}`?"))
        .unwrap_or_else(|| ";".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name_and_a_stranger_none() {
        let names = ["reference", "naive"];
        assert!(nearest("nave", names.into_iter()).contains("`naive`"));
        assert!(nearest("refrence", names.into_iter()).contains("`reference`"));
        assert_eq!(nearest("zebra-crossing", names.into_iter()), ";");
    }
}
