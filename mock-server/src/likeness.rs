//! The known name that somebody probably meant who wrote an unknown one. Knows no list of names.

use std::collections::HashMap;

use crate::bounds::LIKENESS_STEPS;

/// How alike two words must be, from 0 to 1, to suggest one for the other.
const ALIKE: f64 = 0.6;
/// Characters of the longest word that is compared. Nobody mistypes a longer one without noticing.
const LONGEST: usize = 64;

/// The name among `known` that is most like `word`, if one is like it.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut known = Known::new(known);
    let at = known.place(word)?;
    known.names.get(at).map(|(_, name)| *name)
}

/// Known names, and how many steps may still be taken to compare others with them.
pub struct Known<T> {
    names: Vec<(String, T)>,
    /// What was found before.
    found: HashMap<String, Option<usize>>,
    left: u64,
}

impl<T: AsRef<str>> Known<T> {
    /// Those names; ones that are too long to be compared are left out.
    pub fn new(names: impl IntoIterator<Item = T>) -> Self {
        let short = names.into_iter().filter_map(|name| {
            let plain = plain(name.as_ref())?;
            Some((plain, name))
        });
        Self {
            names: short.collect(),
            found: HashMap::new(),
            left: LIKENESS_STEPS,
        }
    }

    /// The name that is most like `word`, if one is like it and the steps suffice to find it.
    pub fn nearest(&mut self, word: &str) -> Option<&str> {
        let at = self.place(word)?;
        self.names.get(at).map(|(_, name)| name.as_ref())
    }

    fn place(&mut self, word: &str) -> Option<usize> {
        if let Some(at) = self.found.get(word) {
            return *at;
        }
        let at = self.search(word);
        self.found.insert(word.to_owned(), at);
        at
    }

    fn search(&mut self, word: &str) -> Option<usize> {
        let word = plain(word)?;
        let mut best = None;
        let mut likest = ALIKE;
        for (at, (other, _)) in self.names.iter().enumerate() {
            let (one, two) = (word.chars().count(), other.chars().count());
            let longer = one.max(two);
            // They are at least as far apart as their lengths are.
            if likeness(one.abs_diff(two), longer) < likest {
                continue;
            }
            let steps = u64::try_from(one * two).unwrap_or(u64::MAX);
            self.left = self.left.checked_sub(steps.max(1))?;
            let likeness = likeness(strsim::osa_distance(&word, other), longer);
            if likeness >= likest {
                (best, likest) = (Some(at), likeness);
            }
        }
        best
    }
}

/// How alike two words are, from 0 to 1, the longer of which has so many characters.
fn likeness(distance: usize, longer: usize) -> f64 {
    let part = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if longer == 0 {
        return 1.0;
    }
    1.0 - part(distance) / part(longer)
}

/// A word without its case and its kind of separators, unless it is too long.
fn plain(word: &str) -> Option<String> {
    // Bytes first, which need not be gone through.
    if word.len() > 4 * LONGEST || word.chars().count() > LONGEST {
        return None;
    }
    Some(word.to_uppercase().replace(['-', ' '], "_"))
}

#[cfg(test)]
mod tests {
    use super::{Known, LIKENESS_STEPS, LONGEST, nearest};

    #[test]
    fn the_name_that_is_most_alike_is_found_whatever_its_case_and_separators() {
        let known = ["SMS", "EMAIL_OTP", "PASSKEY"];
        assert_eq!(nearest("email-otp", known), Some("EMAIL_OTP"));
        assert_eq!(nearest("PASKEY", known), Some("PASSKEY"));
        assert_eq!(nearest("PASSKYE", known), Some("PASSKEY"));
        assert_eq!(nearest("FAX", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn words_that_are_too_long_are_not_compared() {
        let (longest, longer) = ("x".repeat(LONGEST), "x".repeat(LONGEST + 1));
        let known = [longest.as_str(), longer.as_str()];
        assert_eq!(nearest(&longest, known), Some(longest.as_str()));
        assert_eq!(nearest(&longer, known), None);
    }

    #[test]
    fn all_searches_together_take_a_bounded_number_of_steps() {
        let names: Vec<_> = (0..1_000)
            .map(|at| format!("{at:04}{}", "x".repeat(40)))
            .collect();
        let mut known = Known::new(names);
        let word = |at: usize| format!("{at:04}{}", "y".repeat(40));
        let words: Vec<_> = (0..1_000).map(word).collect();
        for word in &words {
            assert_eq!(known.nearest(word), None);
        }
        let first = known.left;
        assert!(first < LIKENESS_STEPS);
        // What was looked for before is known.
        assert_eq!(known.nearest(&words[0]), None);
        assert_eq!(known.left, first);
    }
}
