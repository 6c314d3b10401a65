//! TLS: whose certificate the mock shows, and the handshake with a client. Knows no HTTP.

mod authority;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier as _;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, CertificateError, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

pub use self::authority::{AUTHORITY, Authority};
use super::stream::Begun;
use crate::runtime::read_file;

/// Why the mock cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The mock's own authority cannot be read or written.
    #[error("cannot keep the mock's certificate authority in {}: {source}; choose another folder with --tls-ca-dir", path.display())]
    Unkept {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file has no certificate.
    #[error("{} holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    /// A file has no key.
    #[error(
        "{} holds no private key in PEM form without a password, which begins with -----BEGIN PRIVATE KEY-----", .0.display()
    )]
    NoKey(PathBuf),
    /// A certificate and a key are of no use together.
    #[error("the certificate in {} and the key in {} do not work together: {why}", certificate.display(), key.display())]
    Unfit {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        why: rustls::Error,
    },
    /// The files of the mock's own authority are broken.
    #[error("{} and {} are not files of the mock, or have expired ({why}); delete both, and trust the new {}",
        certificate.display(), key.display(), certificate.display())]
    Broken {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The certificate of the mock's own authority is there, and its key is not.
    #[error("{} is there without its key, {}, so the mock cannot sign with it; name the folder that has both with \
        --tls-ca-dir, or delete {} for a new authority, which clients then have to trust",
        certificate.display(), key.display(), certificate.display())]
    Keyless {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file that its key would be in.
        key: PathBuf,
    },
    /// The mock's own authority was made for other names.
    #[error("the authority in {} may not sign for {name}; delete it and {}, and start the mock again for a new one that may, \
        which clients then have to trust", certificate.display(), key.display())]
    Beyond {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// The name or the IP address.
        name: String,
    },
    /// No certificate can be made.
    #[error("cannot make a certificate: {0}")]
    Unmade(#[from] rcgen::Error),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Unset(#[from] rustls::Error),
}

/// What a handshake calls HTTP/2.
pub(super) const HTTP2: &[u8] = b"h2";

/// How the mock speaks TLS.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    /// Whether the log says already that a client does not trust the certificate.
    told: Arc<AtomicBool>,
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

impl Tls {
    /// With a certificate and its key from files.
    ///
    /// # Errors
    /// A file cannot be read, or they are not a certificate and its key.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let pem = read(certificate)?;
        let chain: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate(certificate.to_owned()))?;
        // The reason could quote a line of the key.
        let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
            .map_err(|_| TlsError::NoKey(key.to_owned()))?;
        warn_of_readers(key);
        warn_of_dates(certificate, &chain);
        let certified = CertifiedKey::from_der(chain, secret, &provider());
        let one = certified.map(SingleCertAndKey::from);
        one.and_then(|one| Self::with(Arc::new(one)))
            .map_err(|why| TlsError::Unfit {
                certificate: certificate.to_owned(),
                key: key.to_owned(),
                why,
            })
    }

    /// With a certificate that the mock's own authority makes for these names and IP addresses.
    ///
    /// # Errors
    /// A name is none of a host, or the operating system gives no random bytes.
    pub fn of_authority(authority: Authority, names: Vec<String>) -> Result<Self, TlsError> {
        let (certificate, key) = authority.issue(names)?;
        let usual = CertifiedKey::from_der(vec![certificate], key, &provider())?;
        let usual = Arc::new(usual);
        Ok(Self::with(Arc::new(Own { authority, usual }))?)
    }

    fn with(certificates: Arc<dyn ResolvesServerCert>) -> Result<Self, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            told: Arc::default(),
        })
    }

    /// Does the handshake with a client whose first bytes are read. The caller limits its time.
    pub(super) async fn accept(&self, begun: Begun) -> Option<TlsStream<Begun>> {
        match self.acceptor.accept(begun).await {
            Ok(stream) => Some(stream),
            Err(error) => {
                tracing::debug!(%error, "a TLS handshake failed");
                self.warn_of_mistrust(&error);
                None
            }
        }
    }

    /// Says once that a client refuses the certificate, where a person sees it: many clients hide the reason.
    fn warn_of_mistrust(&self, error: &io::Error) {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        if let Some(rustls::Error::AlertReceived(alert)) = inner
            && !self.told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "a client refuses the mock's certificate ({alert:?}): let it trust the authority that `stepup-mock ca` \
                 prints, and name the mock by localhost, an IP address of the certificate, or a name of --allow-host. This \
                 warning is not repeated"
            );
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    read_file(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Warns of certificates that clients refuse by their dates. They are shown all the same: a test may want just that.
fn warn_of_dates(file: &Path, chain: &[CertificateDer<'_>]) {
    let now = UnixTime::now();
    for (one, number) in chain.iter().zip(1..) {
        if let Some(why) = out_of_date(one, now) {
            tracing::warn!(
                "certificate {number} of {} in {} {why}; the mock shows it all the same, and clients refuse it: give \
                 --tls-cert one that is valid now",
                chain.len(),
                file.display()
            );
        }
    }
}

/// Why a certificate is of no use at a time, with the date: it has expired, or is not valid yet.
pub fn out_of_date(certificate: &CertificateDer<'_>, now: UnixTime) -> Option<String> {
    // A verifier looks at the dates before it looks at anything else, and no crate at hand reads them alone.
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone().into_owned()).ok()?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let name = ServerName::try_from("localhost").ok()?;
    let verified = verifier
        .build()
        .ok()?
        .verify_server_cert(certificate, &[], &name, &[], now);
    let date = |time: UnixTime| {
        let seconds = i64::try_from(time.as_secs()).ok();
        let date = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        date.map_or_else(
            || "a date beyond all calendars".to_owned(),
            |date| date.to_string(),
        )
    };
    match verified {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
            not_after,
            ..
        })) => Some(format!(
            "has expired: it was valid until {}",
            date(not_after)
        )),
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
            not_before,
            ..
        })) => Some(format!(
            "is not valid yet: it will be from {}",
            date(not_before)
        )),
        _ => None,
    }
}

/// Why none of the certificates in PEM form is of use now; `None` if one is, or there is none.
pub fn all_out_of_date(pem: &[u8]) -> Option<String> {
    let now = UnixTime::now();
    let mut first = None;
    for one in CertificateDer::pem_slice_iter(pem) {
        let why = out_of_date(&one.ok()?, now)?;
        first.get_or_insert(why);
    }
    first
}

/// What the mock's own authority vouches for: the names that the mock has, and each name below localhost, which a browser takes
/// for this machine, once a client asks for it. A wildcard would not do: most clients take none directly below `localhost`, and
/// rustls then takes the whole certificate for malformed.
struct Own {
    authority: Authority,
    usual: Arc<CertifiedKey>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Own {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let below = hello
            .server_name()
            .filter(|name| name.ends_with(".localhost"));
        let issued = below.and_then(|name| {
            let (certificate, key) = self.authority.issue(vec![name.to_owned()]).ok()?;
            CertifiedKey::from_der(vec![certificate], key, &provider()).ok()
        });
        Some(issued.map_or_else(|| Arc::clone(&self.usual), Arc::new))
    }
}

/// Warns of a private key that is not private.
fn warn_of_readers(key: &Path) {
    if others_can_read(key) {
        tracing::warn!(
            "other users of this machine can read the private key in {file}; run `chmod 600 {file}`",
            file = key.display()
        );
    }
}

/// Whether others than its owner can read a file.
#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
}

/// Who can read a file is another question on other systems.
#[cfg(not(unix))]
fn others_can_read(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests;
