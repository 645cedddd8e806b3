//! HTTPS on a local network: an authority of our own in the data folder, and a certificate for this machine signed by it.
//!
//! People trust the authority once per device, so it may certify little: private addresses and names of local networks, nothing of the
//! public internet (name constraints, RFC 5280 section 4.2.1.10), whoever gets hold of its key.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::reload::certified;
use crate::clock::Millis;
use crate::config::origin::{Host, Origin, split_authority};
use crate::config::{Config, machine};

const DAY: Millis = 24 * 60 * 60 * 1_000;
const AUTHORITY_DAYS: i64 = 3_650;
/// The longest that browsers accept of a certificate for a site.
const LEAF_DAYS: i64 = 397;
/// What is about to end is made anew this long before.
const RENEW: Millis = 30 * DAY;
/// Networks whose addresses mean something else in every house (RFC 1918, 3927, 4193, 4291, 6598).
const PRIVATE: [&str; 8] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "fe80::/10"];
/// Names that mean something else in every house (RFC 6761, 6762, 8375 and custom).
const LOCAL: [&str; 6] = ["localhost", "local", "lan", "home", "internal", "home.arpa"];

/// The local certificate authority.
pub struct Authority {
    folder: PathBuf,
    pem: String,
    der: CertificateDer<'static>,
    key: KeyPair,
    about: About,
}

/// What is remembered of an authority, beside its certificate.
#[derive(Serialize, Deserialize)]
struct About {
    name: String,
    /// Names and addresses that it may certify beyond the private ones.
    beyond: Vec<String>,
    ends_at: Millis,
}

/// What is remembered of the machine's certificate.
#[derive(Serialize, Deserialize)]
struct Leaf {
    names: Vec<String>,
    ends_at: Millis,
}

/// Every name that people on the network may use: the public URL's first, then the machine's addresses and names.
#[must_use]
pub fn names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> =
        config.public_url.as_deref().and_then(Origin::parse).map(|origin| bare(&origin.host)).into_iter().collect();
    names.extend(machine::addresses().iter().map(ToString::to_string));
    if let Some(own) = machine::host_name() {
        if !own.contains('.') {
            names.push(format!("{own}.local"));
        }
        names.push(own);
    }
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// A host without the brackets of a URL.
fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

impl Authority {
    /// Opens the authority in `folder`, or makes one that may certify private names and the first of `names`, which is the one that
    /// people use.
    ///
    /// # Errors
    /// One sentence when files cannot be read or written, or when it may not certify the first of `names`.
    pub fn open(folder: &Path, names: &[String], now: Millis) -> Result<Self, String> {
        let broken = |error: &dyn std::fmt::Display| {
            format!(
                "The certificate authority in {} does not work ({error}); mend the folder, or move it away to get a new one.",
                folder.display()
            )
        };
        let old = Self::read(folder).map_err(|error| broken(&error))?.filter(|old| old.about.ends_at - now > RENEW);
        let authority = match old {
            Some(authority) => authority,
            None => Self::make(folder, names, now).map_err(|error| broken(&error))?,
        };
        match names.first() {
            Some(first) if !authority.may_certify(first) => Err(format!(
                "The certificate authority in {} was made for other names than {first}; use a private address, or move that folder away to get a new authority, which every device must then trust anew.",
                folder.display()
            )),
            _ => Ok(authority),
        }
    }

    fn read(folder: &Path) -> std::io::Result<Option<Self>> {
        let Some(about) = recall::<About>(&folder.join("authority.json"))? else {
            return Ok(None);
        };
        let pem = std::fs::read_to_string(folder.join("authority.pem"))?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(std::io::Error::other)?;
        let key = KeyPair::from_pem(&std::fs::read_to_string(folder.join("authority.key"))?).map_err(std::io::Error::other)?;
        Ok(Some(Self { folder: folder.to_owned(), pem, der, key, about }))
    }

    fn make(folder: &Path, names: &[String], now: Millis) -> std::io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let host = machine::host_name().unwrap_or_else(|| "this network".to_owned());
        let mut about = About {
            name: format!("Rialto at {host}, made {}", day(now).strftime("%Y-%m-%d")),
            beyond: Vec::new(),
            ends_at: now + AUTHORITY_DAYS * DAY,
        };
        about.beyond.extend(machine::host_name());
        about.beyond.extend(names.first().cloned());
        about.beyond.retain(|name| !is_private(name));
        about.beyond.dedup();
        let key = KeyPair::generate().map_err(std::io::Error::other)?;
        let mut params = about.params();
        lasting(&mut params, now - DAY, about.ends_at);
        let cert = params.self_signed(&key).map_err(std::io::Error::other)?;
        keep(&folder.join("authority.key"), key.serialize_pem().as_bytes())?;
        keep(&folder.join("authority.pem"), cert.pem().as_bytes())?;
        // A certificate of an earlier authority is worth nothing now.
        let _ = std::fs::remove_file(folder.join("leaf.json"));
        // Last: with it, the authority exists.
        keep(&folder.join("authority.json"), &serde_json::to_vec(&about)?)?;
        Ok(Self { folder: folder.to_owned(), pem: cert.pem(), der: cert.der().clone(), key, about })
    }

    /// Its certificate as PEM, for devices that shall trust it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its certificate as DER.
    #[must_use]
    pub const fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// SHA-256 of its certificate as devices show it: pairs of capital hex digits between colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut text = String::with_capacity(96);
        for byte in Sha256::digest(&self.der) {
            let colon = if text.is_empty() { "" } else { ":" };
            let _ = write!(text, "{colon}{byte:02X}");
        }
        text
    }

    fn may_certify(&self, name: &str) -> bool {
        is_private(name) || self.about.beyond.iter().any(|known| known == name)
    }

    /// The machine's certificate for those of `names` that the authority may certify: the one in the folder, or a new one when names
    /// came or went, or it ends soon. The flag says whether it is new.
    ///
    /// # Errors
    /// One sentence when files cannot be read or written.
    pub fn certify(&self, names: &[String], now: Millis) -> Result<(CertifiedKey, bool), String> {
        let names: Vec<String> = names.iter().filter(|name| self.may_certify(name)).cloned().collect();
        let broken = |error: &dyn std::fmt::Display| {
            format!("The local certificate in {} cannot be made ({error}); mend the rights of the data folder.", self.folder.display())
        };
        if let Some(old) = self.leaf(&names, now) {
            return Ok((old, false));
        }
        let new = self.sign(names, now).map_err(|error| broken(&error))?;
        Ok((new, true))
    }

    /// The certificate in the folder, if it still does. One that cannot be read is as good as none: a new one costs nothing.
    fn leaf(&self, names: &[String], now: Millis) -> Option<CertifiedKey> {
        let about: Leaf = recall(&self.folder.join("leaf.json")).ok()??;
        if about.names != names || about.ends_at - now <= RENEW {
            return None;
        }
        let chain = CertificateDer::pem_file_iter(self.folder.join("leaf.pem")).ok()?.collect::<Result<Vec<_>, _>>().ok()?;
        let key = PrivateKeyDer::from_pem_file(self.folder.join("leaf.key")).ok()?;
        certified(chain, key).ok()
    }

    fn sign(&self, names: Vec<String>, now: Millis) -> std::io::Result<CertifiedKey> {
        let mut params = CertificateParams::new(names.clone()).map_err(std::io::Error::other)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Rialto on this network");
        let ends_at = (now - DAY + LEAF_DAYS * DAY).min(self.about.ends_at);
        lasting(&mut params, now - DAY, ends_at);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(std::io::Error::other)?;
        let cert = params.signed_by(&key, &Issuer::new(self.about.params(), &self.key)).map_err(std::io::Error::other)?;
        // Without its record a half-written pair is not used.
        let record = self.folder.join("leaf.json");
        let _ = std::fs::remove_file(&record);
        keep(&self.folder.join("leaf.key"), key.serialize_pem().as_bytes())?;
        keep(&self.folder.join("leaf.pem"), cert.pem().as_bytes())?;
        keep(&record, &serde_json::to_vec(&Leaf { names, ends_at })?)?;
        let secret = PrivateKeyDer::try_from(key.serialize_der()).map_err(std::io::Error::other)?;
        certified(vec![cert.der().clone()], secret).map_err(std::io::Error::other)
    }
}

impl About {
    /// The authority's certificate without its dates: the same whenever it is asked, so that what it signs names the right issuer.
    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, self.name.as_str());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let private = private_networks().map(|net| subtree(&net));
        let local = LOCAL.into_iter().map(|name| GeneralSubtree::DnsName(name.to_owned()));
        let beyond = self.beyond.iter().map(|name| match name.parse::<IpAddr>() {
            Ok(ip) => subtree(&IpNet::from(ip)),
            Err(_) => GeneralSubtree::DnsName(name.clone()),
        });
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: private.chain(local).chain(beyond).collect(), excluded_subtrees: Vec::new() });
        params
    }
}

fn subtree(net: &IpNet) -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(net.network(), net.prefix_len()))
}

fn private_networks() -> impl Iterator<Item = IpNet> {
    PRIVATE.into_iter().chain(["::1/128"]).filter_map(|net| net.parse().ok())
}

/// Does the name or address mean something else in every house?
fn is_private(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(ip) => private_networks().any(|net| net.contains(&ip)),
        Err(_) => {
            matches!(split_authority(name), Some((Host::Name(name), None)) if LOCAL.iter().any(|end| name == *end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'))))
        }
    }
}

/// What the operator needs to know: the address, and how to trust it.
#[must_use]
pub fn instructions(authority: &Authority, url: &str) -> Vec<String> {
    vec![
        format!("on this network: {url}"),
        format!("browsers warn until a device trusts this authority: {}", authority.folder.join("authority.pem").display()),
        format!("get it from {url}/lan/authority.pem and compare its SHA-256 fingerprint: {}", authority.fingerprint()),
    ]
}

/// The authority and the certificate that a `--lan` configuration serves with.
///
/// # Errors
/// As [`Authority::open`] and [`Authority::certify`].
pub fn open(config: &Config, now: Millis) -> Result<(Arc<Authority>, CertifiedKey), String> {
    let names = names(config);
    let authority = Authority::open(&config.data.join("lan"), &names, now)?;
    let (key, _) = authority.certify(&names, now)?;
    Ok((Arc::new(authority), key))
}

fn day(at: Millis) -> jiff::civil::Date {
    jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Sets the two dates, each to the beginning of its day, UTC.
fn lasting(params: &mut CertificateParams, from: Millis, to: Millis) {
    let midnight = |at: Millis| {
        let day = day(at);
        rcgen::date_time_ymd(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
    };
    params.not_before = midnight(from);
    params.not_after = midnight(to);
}

fn recall<T: DeserializeOwned>(path: &Path) -> std::io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(std::io::Error::other),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file for its owner alone, whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_added_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests;
