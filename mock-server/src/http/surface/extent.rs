//! Finds the end of a JSON value while its bytes arrive. Must not know HTTP, and judges nothing: whether the bytes are
//! JSON at all is a parser's job.

/// How far a JSON value has come. Each byte is looked at once, so a body in many pieces costs no more than in one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Only white space so far.
    #[default]
    Before,
    /// An object or an array has begun, and this many brackets are open.
    Nested {
        /// Open brackets.
        depth: usize,
        /// What the next byte belongs to.
        inside: Inside,
    },
    /// A text has begun.
    Text(Inside),
    /// A literal has begun, and this many of its bytes are missing.
    Literal(usize),
    /// A number has begun. Its last byte so far may be the end of it.
    Number {
        /// Whether it can end here.
        digit: bool,
    },
    /// A value has come to its end.
    Whole,
    /// The bytes so far are not JSON.
    Foreign,
}

/// What a byte within a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    /// A bracket, a comma, a number and so on.
    Structure,
    /// A text.
    Text,
    /// A text, after a backslash.
    Escape,
}

impl Inside {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Structure, b'"') => Self::Text,
            (Self::Text, b'"') => Self::Structure,
            (Self::Text, b'\\') => Self::Escape,
            (Self::Escape, _) => Self::Text,
            (same, _) => same,
        }
    }
}

impl Extent {
    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            *self = self.after(byte);
        }
    }

    /// Whether what has come is one whole value. A number is whole as soon as it can be.
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Self::Whole | Self::Number { digit: true })
    }

    const fn after(self, byte: u8) -> Self {
        match self {
            Self::Before => match byte {
                b' ' | b'\t' | b'\n' | b'\r' => Self::Before,
                b'{' | b'[' => Self::Nested {
                    depth: 1,
                    inside: Inside::Structure,
                },
                b'"' => Self::Text(Inside::Text),
                b'n' | b't' => Self::Literal(3),
                b'f' => Self::Literal(4),
                b'-' => Self::Number { digit: false },
                b'0'..=b'9' => Self::Number { digit: true },
                _ => Self::Foreign,
            },
            Self::Nested { depth, inside } => {
                let depth = match (inside, byte) {
                    (Inside::Structure, b'{' | b'[') => depth + 1,
                    (Inside::Structure, b'}' | b']') => depth - 1,
                    _ => depth,
                };
                match depth {
                    0 => Self::Whole,
                    depth => Self::Nested {
                        depth,
                        inside: inside.after(byte),
                    },
                }
            }
            Self::Text(inside) => match inside.after(byte) {
                Inside::Structure => Self::Whole,
                inside => Self::Text(inside),
            },
            Self::Literal(left) => match left {
                0 | 1 => Self::Whole,
                left => Self::Literal(left - 1),
            },
            Self::Number { .. } => match byte {
                b'0'..=b'9' => Self::Number { digit: true },
                b'+' | b'-' | b'.' | b'e' | b'E' => Self::Number { digit: false },
                b' ' | b'\t' | b'\n' | b'\r' => Self::Whole,
                _ => Self::Foreign,
            },
            Self::Whole | Self::Foreign => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> bool {
        let mut extent = Extent::default();
        extent.feed(text.as_bytes());
        extent.is_whole()
    }

    #[test]
    fn a_value_is_whole_with_its_last_byte_and_not_before() {
        for text in [
            "{}",
            " \t\r\n[]",
            r#"{"a": [1, {"b": null}], "c": "d"}"#,
            r#"{"}": "]", "\"}": "\\"}"#,
            r#"["\\\"]", "é"]"#,
            r#""text with \" and }""#,
            r#""""#,
            "true",
            "false",
            "null",
        ] {
            for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
                assert!(!whole(&text[..end]), "{text} up to {end}");
            }
            assert!(whole(text), "{text}");
            assert!(whole(&format!("{text} \n")), "{text}");
        }
    }

    #[test]
    fn a_number_is_whole_wherever_it_can_end() {
        for text in ["0", "-1", "12", "1.5", "1e5", "1E-5", "12 "] {
            assert!(whole(text), "{text}");
        }
        for text in ["-", "1.", "1e", "1e-", "1x", "1,2"] {
            assert!(!whole(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_never_whole() {
        for text in ["", " ", "?", "?{}", "a=b&c=[1]", "}", ",[]"] {
            assert!(!whole(text), "{text}");
        }
    }

    #[test]
    fn pieces_add_up() {
        let text = br#" {"a": "\"}", "b": [true, -1.5e3]}"#;
        for piece in 1..text.len() {
            let mut extent = Extent::default();
            for (index, piece) in text.chunks(piece).enumerate() {
                assert!(!extent.is_whole(), "piece {index}");
                extent.feed(piece);
            }
            assert!(extent.is_whole());
        }
    }
}
