//! The readings of a query parameter. A plus sign in a query stands for a space, but people also write it as itself, as
//! in `+15550100`. So a value is found under either reading. Knows no operation.

/// A query parameter as it was decoded, and with its spaces as plus signs.
pub(super) struct Readings<'a> {
    decoded: &'a str,
    with_plus: Option<String>,
}

impl<'a> Readings<'a> {
    pub(super) fn of(decoded: &'a str) -> Self {
        let with_plus = decoded.contains(' ').then(|| decoded.replace(' ', "+"));
        Self { decoded, with_plus }
    }

    /// All readings, first the one that encoders of URLs mean.
    pub(super) fn each(&self) -> impl Iterator<Item = &str> {
        [Some(self.decoded), self.with_plus.as_deref()]
            .into_iter()
            .flatten()
    }

    /// The first reading that is known; as it was decoded if none is.
    pub(super) fn known(&self, is_known: impl Fn(&str) -> bool) -> &str {
        self.each()
            .find(|reading| is_known(reading))
            .unwrap_or(self.decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::Readings;

    #[test]
    fn a_space_may_be_a_plus_sign_that_was_written_as_it_is() {
        let all = |decoded| {
            Readings::of(decoded)
                .each()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(all("a+b"), ["a+b"]);
        assert_eq!(all(" 1555 0100"), [" 1555 0100", "+1555+0100"]);
        let known = |decoded, user| Readings::of(decoded).known(|one| one == user).to_owned();
        assert_eq!(known("a b", "a+b"), "a+b");
        assert_eq!(known("a b", "a b"), "a b");
        assert_eq!(known("a b", "c"), "a b");
    }
}
