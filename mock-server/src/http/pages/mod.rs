//! The hosted pages: what a user sees at the `url` of track, and at the link of an e-mail. Knows forms and pages; what is
//! decided is the domain's.
//!
//! The token in the address or in a form's hidden field is the capability: whoever has it may act, and nobody else can.
//! There are no cookies, so there is nothing that a form of another site could borrow, and no further token against that.
//! Any site may frame the pages, because the vendor's popup is a frame of the application.
//!
//! The floors, from the top down:
//!
//! - [`entrance`]: the routes, and the visitor whom a token lets in
//! - [`steps`]: what each page and each form does
//! - [`answer`]: what a step answers
//! - [`markup`]: a page as HTML
//! - [`view`]: what a page shows, as plain data
//! - [`visit`], [`qr`]: what a page was opened with, QR codes
//! - [`exit`]: the way back to the application

mod answer;
mod entrance;
pub mod exit;
pub mod markup;
mod qr;
mod steps;
pub mod view;
pub mod visit;

pub(super) use self::entrance::router;
