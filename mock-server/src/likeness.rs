//! The known name that somebody probably meant who wrote an unknown one. Knows no list of names.

/// How alike two words must be, from 0 to 1, to suggest one for the other.
const ALIKE: f64 = 0.6;

/// The name among `known` that is most like `word`, if one is like it.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known
        .into_iter()
        .map(|other| (likeness(word, other), other));
    let alike = alike.filter(|(likeness, _)| *likeness >= ALIKE);
    alike
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, word)| word)
}

/// How alike two words are, from 0 to 1, ignoring case and separators.
fn likeness(one: &str, other: &str) -> f64 {
    let plain = |word: &str| word.to_uppercase().replace(['-', ' '], "_");
    strsim::normalized_damerau_levenshtein(&plain(one), &plain(other))
}
