//! The hosted pages that a user sees at the `url` of track, or when opening a magic link. This module handles forms and
//! pages. It must not decide challenges, because the domain does.
//!
//! The token in the address or in a form's hidden field grants access: its holder may act for the user. There are no
//! cookies, so a form on another site cannot act for the user, and the pages need no CSRF token. Any site may frame the
//! pages, because the vendor's popup is a frame in the application's page.
//!
//! The floors, from the top down:
//!
//! - `entrance`: the routes, and the check of the token
//! - `steps`: the steps behind each page and form
//! - `answer`: the answers of a step as HTTP responses
//! - `markup`: a page as HTML
//! - `theme`: the stylesheet of a tenant's theme
//! - `view`: the contents of a page, as plain data
//! - `visit`, `qr`: the parameters that open a page; QR codes
//! - `exit`: the way back to the application

mod answer;
mod entrance;
pub mod exit;
pub mod markup;
mod qr;
mod steps;
#[cfg(test)]
mod tests;
mod theme;
pub mod view;
pub mod visit;

pub(super) use self::entrance::router;
