//! Nothing lives here but the README's examples, which must compile; the tests are in `it/`.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
