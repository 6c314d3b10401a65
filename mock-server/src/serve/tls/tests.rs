//! Certificates of users and of the mock's own authority, in files.

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, IsCa, KeyPair, generate_simple_self_signed};
use tokio_rustls::rustls::pki_types::UnixTime;

use super::{AUTHORITY, Authority, Tls, all_out_of_date, out_of_date};

fn refused(certificate: &Path, key: &Path) -> String {
    match Tls::of_files(certificate, key) {
        Ok(_) => panic!("{} is accepted", certificate.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_authority_is_made_once_and_its_key_is_for_its_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("new/folder");
    let made: Vec<_> = std::thread::scope(|scope| {
        let make = || {
            Authority::kept_in(&below, &[])
                .unwrap()
                .certificate()
                .to_owned()
        };
        let at_once: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        let made = at_once.into_iter().map(|one| one.join().unwrap());
        made.collect()
    });
    let kept = fs::read_to_string(below.join(AUTHORITY)).unwrap();
    assert!(kept.starts_with("-----BEGIN CERTIFICATE-----"), "{kept}");
    assert!(made.iter().all(|one| *one == kept));
    // Nothing else is left.
    assert_eq!(fs::read_dir(&below).unwrap().count(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name| fs::metadata(below.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("ca-key.pem"), 0o600);
    }
    let authority = Authority::kept_in(&below, &[]).unwrap();
    let (signed, _) = authority.issue(vec!["localhost".to_owned()]).unwrap();
    assert_eq!(authority.vouches_for(&signed, "localhost"), Ok(()));
    let stranger = Authority::new(&[]).unwrap();
    assert!(stranger.vouches_for(&signed, "localhost").is_err());
}

#[test]
fn an_authority_that_does_not_fit_its_key_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    Authority::kept_in(folder.path(), &[]).unwrap();
    let (certificate, key) = (
        folder.path().join(AUTHORITY),
        folder.path().join("ca-key.pem"),
    );
    let other = Authority::new(&[]).unwrap().certificate().to_owned();
    for (file, text) in [
        (&certificate, other.as_str()),
        (&certificate, "x"),
        (&key, "x"),
    ] {
        fs::write(file, text).unwrap();
        let Err(error) = Authority::kept_in(folder.path(), &[]) else {
            panic!("{text} is accepted")
        };
        let error = error.to_string();
        assert!(error.contains("delete both"), "{error}");
        assert!(
            error.contains("ca.pem") && error.contains("ca-key.pem"),
            "{error}"
        );
    }
}

#[test]
fn a_certificate_without_its_key_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join(AUTHORITY);
    let given = Authority::new(&[]).unwrap().certificate().to_owned();
    fs::write(&certificate, &given).unwrap();
    let Err(error) = Authority::kept_in(folder.path(), &[]) else {
        panic!("it is accepted")
    };
    let error = error.to_string();
    for words in [
        "ca.pem is there without its key",
        "ca-key.pem",
        "--tls-ca-dir",
    ] {
        assert!(error.contains(words), "no {words:?} in {error}");
    }
    assert_eq!(fs::read_to_string(&certificate).unwrap(), given);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_authority_signs_for_what_is_nobodys_and_for_the_names_that_it_was_made_for() {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let own = names(&[
        "localhost",
        "stepup-mock",
        "mock.shop.example.com",
        "203.0.113.7",
    ]);
    let authority = Authority::new(&own).unwrap();
    let believed = |name: &str| {
        let (signed, _) = authority.issue(names(&[name])).unwrap();
        authority.vouches_for(&signed, name).is_ok()
    };
    for name in [
        "localhost",
        "a.localhost",
        "mock.test",
        "host.docker.internal",
        "mock.default.svc.cluster.local",
        "stepup-mock",
        "mock.shop.example.com",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "203.0.113.7",
        "fd00::1",
    ] {
        assert!(believed(name), "{name}");
    }
    for name in [
        "example.com",
        "shop.example.com",
        "authsignal.com",
        "other-mock",
        "203.0.113.8",
        "172.32.0.1",
        "2001:db8::1",
    ] {
        assert!(!believed(name), "{name}");
    }
    // Nor where a name that it may sign for is beside another.
    let (signed, _) = authority
        .issue(names(&["localhost", "example.com"]))
        .unwrap();
    assert!(authority.vouches_for(&signed, "localhost").is_err());
}

#[test]
fn an_authority_that_was_made_for_other_names_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let names = |name: &str| vec!["localhost".to_owned(), name.to_owned()];
    Authority::kept_in(folder.path(), &names("first-mock")).unwrap();
    Authority::kept_in(folder.path(), &names("first-mock")).unwrap();
    Authority::kept_in(folder.path(), &names("second.test")).unwrap();
    let Err(error) = Authority::kept_in(folder.path(), &names("second-mock")) else {
        panic!("it signs for another name")
    };
    let error = error.to_string();
    for words in [
        "may not sign for second-mock",
        "ca.pem",
        "ca-key.pem",
        "delete",
    ] {
        assert!(error.contains(words), "no {words:?} in {error}");
    }
}

#[test]
fn files_that_are_no_certificate_and_its_key_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let one = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = file("one.pem", &one.cert.pem());
    let key = file("one-key.pem", &one.signing_key.serialize_pem());
    let foreign = file("other-key.pem", &other.signing_key.serialize_pem());
    let empty = file("empty.pem", "");
    let broken = file("broken.pem", "-----BEGIN PRIVATE KEY-----\nMARKED\n");
    assert!(Tls::of_files(&certificate, &key).is_ok());
    // Both in one file, as some tools write them.
    let both = [one.signing_key.serialize_pem(), one.cert.pem()].concat();
    let both = file("both.pem", &both);
    assert!(Tls::of_files(&both, &both).is_ok());
    let absent = folder.path().join("absent.pem");
    for (certificate, key, says) in [
        (&absent, &key, "cannot read "),
        (&certificate, &absent, "absent.pem"),
        (&empty, &key, "empty.pem holds no certificate"),
        (&key, &certificate, "one-key.pem holds no certificate"),
        (&certificate, &empty, "empty.pem holds no private key"),
        (&certificate, &broken, "broken.pem holds no private key"),
        (&certificate, &foreign, "other-key.pem do not work together"),
    ] {
        let error = refused(certificate, key);
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("MARKED"), "{error}");
    }
}

/// A certificate that is valid in those years.
fn lasting(years: (i32, i32), is_authority: bool, key: &KeyPair) -> rcgen::Certificate {
    let mut wanted = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    wanted.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    wanted.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    if is_authority {
        wanted.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    wanted.self_signed(key).unwrap()
}

#[test]
fn a_certificate_out_of_date_is_told_with_the_date() {
    let key = KeyPair::generate().unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_767_225_600));
    for is_authority in [false, true] {
        for (years, why) in [
            (
                (2000, 2025),
                Some("has expired: it was valid until 2025-01-01T00:00:00Z"),
            ),
            (
                (2027, 2030),
                Some("is not valid yet: it will be from 2027-01-01T00:00:00Z"),
            ),
            ((2000, 2030), None),
        ] {
            let certificate = lasting(years, is_authority, &key);
            assert_eq!(out_of_date(certificate.der(), now).as_deref(), why);
        }
    }
    let pem = |years| lasting(years, true, &key).pem();
    let (old, new) = (pem((2000, 2001)), pem((2000, 4000)));
    let why = "has expired: it was valid until 2001-01-01T00:00:00Z";
    assert_eq!(all_out_of_date(old.as_bytes()).as_deref(), Some(why));
    // One that is valid is enough.
    assert_eq!(all_out_of_date([&*old, &*new].concat().as_bytes()), None);
    assert_eq!(all_out_of_date(b"x"), None);
}

#[test]
fn an_authority_of_the_mock_that_has_expired_is_refused_with_the_date() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    fs::write(folder.path().join("ca-key.pem"), key.serialize_pem()).unwrap();
    let old = lasting((2000, 2001), true, &key);
    fs::write(folder.path().join(AUTHORITY), old.pem()).unwrap();
    let Err(error) = Authority::kept_in(folder.path(), &[]) else {
        panic!("it is accepted")
    };
    let error = error.to_string();
    assert!(
        error.contains("has expired: it was valid until 2001-01-01")
            && error.contains("delete both"),
        "{error}"
    );
}
