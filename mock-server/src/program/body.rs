//! The body of an answer, read up to a bound. Knows no server.

use reqwest::Response;

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It ends early, or too late.
    #[error("the answer ended early")]
    Broken(#[source] reqwest::Error),
    /// It is too large.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

/// The whole body of an answer.
///
/// # Errors
/// It breaks off, or has more than `most` bytes.
pub(super) async fn body(answer: &mut Response, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + piece.len() > most {
            return Err(BodyError::TooLarge(most));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
