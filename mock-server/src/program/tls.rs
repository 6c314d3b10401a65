//! Where the program gets its certificate: from files of the user, or from an authority that it makes and keeps. Does not
//! listen.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::settings::Settings;
use crate::runtime::{Behaviour, read_file};
use crate::serve::tls::{AUTHORITY, Authority, Tls, TlsError, all_out_of_date};
use crate::serve::{Listeners, Ports};

/// Which certificate the mock shows.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// One from the mock's own authority, in this folder, or in the default one.
    Own(Option<&'a Path>),
    /// One of the user's, and its key.
    Given(&'a Path, &'a Path),
}

/// A mock that speaks TLS.
pub(super) struct Secured {
    tls: Tls,
    /// The file of its own authority.
    pub(super) ca_file: Option<PathBuf>,
}

/// What the settings say of TLS. `None` if the mock is to speak plain HTTP only.
pub(super) fn wanted(settings: &Settings) -> anyhow::Result<Option<Wanted<'_>>> {
    let Settings {
        tls_listen,
        tls_cert,
        tls_key,
        tls_ca_dir,
        ..
    } = settings;
    let given = match (tls_cert, tls_key) {
        (Some(certificate), Some(key)) => Some(Wanted::Given(certificate, key)),
        (None, None) => None,
        _ => anyhow::bail!("set both tls-cert and tls-key, or neither"),
    };
    let implied = given.is_some() || tls_listen.is_some();
    let own = Wanted::Own(tls_ca_dir.as_deref());
    Ok(settings
        .tls
        .unwrap_or(implied)
        .then(|| given.unwrap_or(own)))
}

/// Reads the certificate, or makes it for the names of a mock that listens at these addresses.
pub(super) fn secured(
    wanted: Wanted<'_>,
    behaviour: &Behaviour,
    addresses: &[SocketAddr],
) -> anyhow::Result<Secured> {
    let (tls, ca_file) = match wanted {
        Wanted::Given(certificate, key) => {
            let tls = Tls::of_files(certificate, key);
            (tls.map_err(whole)?, None)
        }
        Wanted::Own(folder) => {
            let names = behaviour.names(addresses);
            let (authority, file) = authority(folder, &names)?;
            let tls = Tls::of_authority(authority, names);
            (tls.map_err(whole)?, Some(file))
        }
    };
    Ok(Secured { tls, ca_file })
}

impl Secured {
    pub(super) fn ports(self, listeners: Listeners, apart: Option<Listeners>) -> Ports {
        Ports::with_tls(listeners, apart, self.tls)
    }
}

/// The mock's own authority and the file of its certificate. It is made for these names if there is none.
pub(super) fn authority(
    folder: Option<&Path>,
    names: &[String],
) -> anyhow::Result<(Authority, PathBuf)> {
    let own = match folder {
        Some(_) => None,
        None => own_folder(),
    };
    let folder = folder.or(own.as_deref());
    let folder = folder.context(
        "there is no home folder to keep the mock's certificate authority in; name a folder with --tls-ca-dir",
    )?;
    let authority = Authority::kept_in(folder, names).map_err(whole)?;
    let file = folder.join(AUTHORITY);
    Ok((authority, std::path::absolute(&file).unwrap_or(file)))
}

/// The error without its cause, which its text names already.
fn whole(error: TlsError) -> anyhow::Error {
    anyhow::Error::msg(error.to_string())
}

/// A client that also trusts the authorities of a PEM file.
///
/// # Errors
/// The file cannot be read, or holds no certificate.
pub(super) fn trusting(
    http: reqwest::ClientBuilder,
    file: &Path,
) -> anyhow::Result<reqwest::ClientBuilder> {
    let name = file.display();
    let pem = read_file(file).with_context(|| format!("cannot read {name}"))?;
    let authorities = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
    anyhow::ensure!(
        !authorities.is_empty(),
        "{name} holds no certificate in PEM form"
    );
    // The client takes an authority at its word, whatever its dates, and no other client does.
    if let Some(why) = all_out_of_date(&pem) {
        anyhow::bail!("the certificate in {name} {why}; name one that is valid now");
    }
    Ok(http.tls_certs_merge(authorities))
}

/// The certificate file of the authority in the default folder, if there is one.
pub(super) fn own_file() -> Option<PathBuf> {
    let file = own_folder()?.join(AUTHORITY);
    file.exists().then_some(file)
}

/// The default folder of the authority: the mock's own, where the system keeps data of the user's programs.
fn own_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let set = |name| set(name).filter(|path| path.is_absolute());
    let home = |below| std::env::home_dir().map(|home| home.join(below));
    let data = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home("Library/Application Support")
    } else {
        set("XDG_DATA_HOME").or_else(|| home(".local/share"))
    };
    data.map(|data| data.join("stepup-mock"))
}
