//! Looks for one short text in another. Knows neither.

/// Whether a text has another in it, which is not empty. Both are short, and the standard library takes longer to prepare a
/// search than this search takes.
pub(super) fn holds(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.first().is_some_and(|first| {
        memchr::memchr_iter(*first, text).any(|at| text[at..].starts_with(part))
    })
}
