//! Where a client looks for authorities to trust: it needs none for `http`. Knows nothing of whom the client calls.

/// The client, which looks for this machine's authorities only if it speaks HTTPS. In an empty container there are none, and no
/// client that looks for them can be made.
#[cfg(feature = "https")]
pub fn of_machine(client: reqwest::ClientBuilder, is_https: bool) -> reqwest::ClientBuilder {
    if is_https {
        client
    } else {
        client.tls_certs_only([])
    }
}

/// The client, which speaks no HTTPS in this build.
#[cfg(not(feature = "https"))]
pub fn of_machine(client: reqwest::ClientBuilder, _is_https: bool) -> reqwest::ClientBuilder {
    client
}
