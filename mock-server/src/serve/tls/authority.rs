//! The mock's own certificate authority, which signs the certificate of a run. A program that trusts it trusts every run.
//! Knows no connection.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use tempfile::Builder;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier as _;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime,
};
use tokio_rustls::rustls::{self, RootCertStore};

use super::{TlsError, all_out_of_date, provider, warn_of_readers};
use crate::runtime::read_file;

/// The name of the authority's certificate in its folder.
pub const AUTHORITY: &str = "ca.pem";
/// The name of its key.
const KEY: &str = "ca-key.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority lasts.
const AUTHORITY_LIFE: u32 = 3650;
/// How long a certificate lasts; Apple's platforms take none that lasts longer than 398 days.
const CERTIFICATE_LIFE: u32 = 397;
/// A name that every certificate has.
const LOCALHOST: &str = "localhost";
/// Domains that are nobody's on the internet (RFC 2606, RFC 6762, and ICANN for `internal`), which each authority may sign for,
/// with all names below them.
const DOMAINS: [&str; 5] = [LOCALHOST, "test", "example", "local", "internal"];
/// Networks of one machine or one site, which each authority may sign for: loopback, private and link-local ones.
const NETWORKS: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// A certificate authority.
pub struct Authority {
    /// In PEM form.
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, which nobody else knows. It may sign for these names and IP addresses, and for what is nobody's.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn new(names: &[String]) -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = constrained(names).self_signed(&key)?.pem();
        Ok(Self::of(certificate, key))
    }

    fn of(certificate: String, key: KeyPair) -> Self {
        let issuer = Issuer::new(description(), key);
        Self {
            certificate,
            issuer,
        }
    }

    /// The one of a folder, which is made if there is none, for these names and IP addresses. Of two mocks that make it at once,
    /// both take the same.
    ///
    /// # Errors
    /// It was made for other names.
    /// The folder cannot be read or written, or its files are broken, or the key is missing.
    pub fn kept_in(folder: &Path, names: &[String]) -> Result<Self, TlsError> {
        let (certificate_file, key_file) = (folder.join(AUTHORITY), folder.join(KEY));
        let broken = |why: String| TlsError::Broken {
            certificate: certificate_file.clone(),
            key: key_file.clone(),
            why,
        };
        // Before the key: whoever makes both at the same time makes the key first.
        let has_certificate = certificate_file.exists();
        let key = kept(&key_file, 0o600, || match has_certificate {
            true => Err(TlsError::Keyless {
                certificate: certificate_file.clone(),
                key: key_file.clone(),
            }),
            false => Ok(KeyPair::generate()?.serialize_pem()),
        })?;
        warn_of_readers(&key_file);
        let key =
            KeyPair::from_pem(&key).map_err(|_| broken("the key is unreadable".to_owned()))?;
        let certificate = kept(&certificate_file, 0o644, || {
            Ok(constrained(names).self_signed(&key)?.pem())
        })?;
        // The verifier below takes an authority at its word, whatever its dates.
        if let Some(why) = all_out_of_date(certificate.as_bytes()) {
            return Err(broken(why));
        }
        let authority = Self::of(certificate, key);
        let (signed, _) = authority.issue(vec![LOCALHOST.to_owned()])?;
        let fits = authority.vouches_for(&signed, LOCALHOST);
        fits.map_err(|why| broken(why.to_string()))?;
        for name in names {
            let (signed, _) = authority.issue(vec![name.clone()])?;
            let fits = authority.vouches_for(&signed, name);
            fits.map_err(|_| TlsError::Beyond {
                certificate: certificate_file.clone(),
                key: key_file.clone(),
                name: name.clone(),
            })?;
        }
        Ok(authority)
    }

    /// Its certificate in PEM form, which clients are to trust.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Whether a client that trusts the authority takes a certificate for that name.
    pub(super) fn vouches_for(
        &self,
        certificate: &CertificateDer<'_>,
        name: &str,
    ) -> Result<(), rustls::Error> {
        let general = |why: &str| rustls::Error::General(why.to_owned());
        let own = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let mut roots = RootCertStore::empty();
        roots.add(own.map_err(|_| general("the certificate is unreadable"))?)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| general(&error.to_string()))?;
        let name = ServerName::try_from(name).map_err(|_| rustls::Error::UnsupportedNameType)?;
        verifier
            .verify_server_cert(certificate, &[], &name, &[], UnixTime::now())
            .map(drop)
    }

    /// A certificate for these names and IP addresses, with its key.
    pub(super) fn issue(
        &self,
        names: Vec<String>,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), TlsError> {
        let mut wanted = CertificateParams::new(names)?;
        lasts(&mut wanted, CERTIFICATE_LIFE);
        wanted
            .distinguished_name
            .push(DnType::CommonName, "stepup-mock");
        wanted.use_authority_key_identifier_extension = true;
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = wanted.signed_by(&key, &self.issuer)?.der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((certificate, key.into()))
    }
}

/// What an authority is. Its certificate and those that it signs name it alike, whichever run made it.
fn description() -> CertificateParams {
    let mut description = CertificateParams::default();
    lasts(&mut description, AUTHORITY_LIFE);
    let name = "stepup-mock CA for tests on one machine";
    description
        .distinguished_name
        .push(DnType::CommonName, name);
    // It signs certificates of servers, and no other authority.
    description.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    description.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    description
}

/// An authority that clients believe only for these names and IP addresses, and for what is nobody's: a stolen key
/// cannot pose as any other site.
fn constrained(names: &[String]) -> CertificateParams {
    let networks = NETWORKS.map(|(address, prefix)| CidrSubnet::from_addr_prefix(address, prefix));
    let domains = DOMAINS.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let mut permitted: Vec<_> = networks.map(GeneralSubtree::IpAddress).into();
    permitted.extend(domains);
    for name in names {
        let subtree = match name.parse::<IpAddr>() {
            Err(_) => GeneralSubtree::DnsName(name.clone()),
            Ok(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
            }
        };
        if !permitted.contains(&subtree) {
            permitted.push(subtree);
        }
    }
    let mut description = description();
    description.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: Vec::new(),
    });
    description
}

/// Lets a certificate begin a day ago, because clocks differ, and last so many days.
fn lasts(wanted: &mut CertificateParams, days: u32) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = rcgen::date_time_ymd(1970, 1, 1) + now.unwrap_or_default();
    wanted.not_before = now - DAY;
    wanted.not_after = now + DAY * days;
}

/// The text of a file, which is made if there is none.
fn kept(
    path: &Path,
    mode: u32,
    make: impl FnOnce() -> Result<String, TlsError>,
) -> Result<String, TlsError> {
    let unkept = |source| TlsError::Unkept {
        path: path.to_owned(),
        source,
    };
    let found = match read_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            write(path, mode, &make()?).map_err(unkept)?;
            read_file(path)
        }
        found => found,
    };
    let found = found.map_err(unkept)?;
    Ok(String::from_utf8_lossy(&found).into_owned())
}

/// Writes a file at once, unless there is one by now.
fn write(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    let mut file = Builder::new();
    permit(&mut file, mode);
    let mut file = file.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        // What another mock has made is as good.
        _ => Ok(()),
    }
}

/// Who may read a file that is being made, before anything is in it.
#[cfg(unix)]
fn permit(file: &mut Builder<'_, '_>, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    file.permissions(fs::Permissions::from_mode(mode));
}

/// The folder of a user is the user's own.
#[cfg(not(unix))]
fn permit(_file: &mut Builder<'_, '_>, _mode: u32) {}
