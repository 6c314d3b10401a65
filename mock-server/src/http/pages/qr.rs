//! QR codes as SVG: black on white even in dark mode, because cameras need the contrast. Must not know the pages.

use std::fmt::Write as _;

use maud::{Markup, html};
use qrcode::{Color, QrCode};

/// The width of the white border in modules. The QR code standard requires four.
const QUIET: usize = 4;

/// The QR code of a text. `None` if the text is too long.
pub(super) fn svg(text: &str, label: &str) -> Option<Markup> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (row, modules) in code.to_colors().chunks(width).enumerate() {
        for (column, module) in modules.iter().enumerate() {
            if *module == Color::Dark {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h1v1h-1z", column + QUIET, row + QUIET);
            }
        }
    }
    let size = width + 2 * QUIET;
    Some(html! {
        svg role="img" aria-label=(label) viewBox={ "0 0 " (size) " " (size) } shape-rendering="crispEdges" {
            path d=(path) fill="currentColor" {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_code_is_one_path_with_white_around() {
        let code = svg("otpauth://totp/x?secret=ABC", "QR code").unwrap().0;
        assert!(code.starts_with(r#"<svg role="img" aria-label="QR code" viewBox="0 0 "#));
        assert!(code.contains("M4 4h1v1h-1z") && !code.contains("M3 "));
    }

    #[test]
    fn a_text_can_be_too_long_for_a_code() {
        assert!(svg(&"x".repeat(5_000), "QR code").is_none());
    }
}
