//! Static files: read from disk while developing, held in memory under a hashed address in release.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceRequest, Transform, fn_service};
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use actix_web::middleware::Compress;
use actix_web::{HttpResponse, test::TestRequest};
use bytes::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::icons;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Embedded;

/// Is the page of parts served, and its style a part of the sheet?
pub const HAS_PARTS: bool = cfg!(any(debug_assertions, feature = "parts"));

/// One file as it is sent.
#[derive(Debug)]
pub struct Held {
    /// Its bytes.
    pub body: Bytes,
    /// Its media type, with the character set.
    pub content_type: String,
    /// A validator: quotes and the hash of the bytes.
    pub etag: String,
    smaller: OnceCell<Option<Bytes>>,
}

impl Held {
    fn new(name: &str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { etag: format!("\"{}\"", short_hash(&body)), content_type: content_type(name), body, smaller: OnceCell::new() }
    }

    /// The bytes under Brotli, made once; `None` when that is no gain.
    pub async fn brotli(&self) -> Option<Bytes> {
        let made = self.smaller.get_or_init(|| async {
            let smaller = compressed(self.content_type.clone(), self.body.clone()).await?;
            (smaller.len() < self.body.len()).then_some(smaller)
        });
        made.await.clone()
    }
}

/// Every static file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Files {
    version: Arc<str>,
    held: Option<Arc<BTreeMap<String, Arc<Held>>>>,
}

impl Files {
    /// From disk in debug builds, held in release; tests of loading times ask a debug build to hold them too.
    #[must_use]
    pub fn new() -> Self {
        let is_live = cfg!(debug_assertions) && std::env::var_os("RIALTO_TEST_HELD_FILES").is_none();
        if is_live { Self::live() } else { Self::held() }
    }

    /// Reads each file when it is asked for; the version is `dev`.
    #[must_use]
    pub fn live() -> Self {
        Self { version: Arc::from("dev"), held: None }
    }

    /// Reads all of them now; the version is a hash of them.
    #[must_use]
    pub fn held() -> Self {
        let names = Embedded::iter().map(|name| name.to_string()).chain(MADE.iter().map(|name| (*name).to_owned()));
        let held: BTreeMap<String, Arc<Held>> = names.filter_map(|name| make(&name).map(|file| (name, Arc::new(file)))).collect();
        let mut hasher = Sha256::new();
        for (name, file) in &held {
            hasher.update(name.as_bytes());
            hasher.update(file.etag.as_bytes());
        }
        Self { version: Arc::from(hex(&hasher.finalize()[..8])), held: Some(Arc::new(held)) }
    }

    /// The version in the address of every file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// May what stands under the current version be kept for ever?
    #[must_use]
    pub const fn is_immutable(&self) -> bool {
        self.held.is_some()
    }

    /// A file by its name, `chat/state.js`. Only names of the list are found, so no path leads out of the folder.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Held>> {
        match &self.held {
            Some(held) => held.get(name).cloned(),
            None => make(name).map(Arc::new),
        }
    }

    /// The address of a file; of the folder when the name is empty.
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        if self.held.is_none() && !name.is_empty() && self.get(name).is_none() {
            tracing::warn!(name, "a page names a static file that does not exist");
        }
        format!("/static/{}/{name}", self.version)
    }

    /// The text of a file, for those who read what is served.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|file| String::from_utf8(file.body.to_vec()).ok())
    }
}

/// Files that are made from others.
const MADE: [&str; 2] = ["app.css", "sprite.svg"];

fn make(name: &str) -> Option<Held> {
    match name {
        "app.css" => Some(Held::new(name, style_sheet())),
        "sprite.svg" => Some(Held::new(name, icons::sprite(&source("icons/used.txt").unwrap_or_default()))),
        _ => Embedded::get(checked(name)?).map(|file| Held::new(name, file.data.into_owned())),
    }
}

/// The name, when each of its parts is a plain one.
fn checked(name: &str) -> Option<&str> {
    let plain =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    // Types are for those who check the code, and are no use to a browser.
    (name.split('/').all(plain) && !name.ends_with(".ts")).then_some(name)
}

fn source(name: &str) -> Option<String> {
    Embedded::get(name).and_then(|file| String::from_utf8(file.data.into_owned()).ok())
}

/// Made from the themes of the highlighter, which takes a while.
static CODE_COLOURS: LazyLock<String> = LazyLock::new(crate::text::highlight_css);

/// One sheet: the styles in the order of their list, then each slice's, then the colours of code.
fn style_sheet() -> String {
    let order = source("styles/order.txt").unwrap_or_default();
    let listed = order.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("styles/{line}"));
    let mut of_slices: Vec<String> = Embedded::iter()
        .filter(|name| name.ends_with(".css") && !name.starts_with("styles/") && (HAS_PARTS || !name.starts_with("parts/")))
        .map(|name| name.to_string())
        .collect();
    of_slices.sort();
    let mut sheet = String::new();
    for name in listed.chain(of_slices) {
        match source(&name) {
            Some(text) => sheet.push_str(&text),
            None => tracing::warn!(name, "a style in the list does not exist"),
        }
        sheet.push('\n');
    }
    sheet.push_str(&CODE_COLOURS);
    sheet
}

fn content_type(name: &str) -> String {
    let guessed = mime_guess::from_path(name).first_or_octet_stream();
    match (name.rsplit('.').next(), guessed.type_().as_str()) {
        (Some("js"), _) => "text/javascript; charset=utf-8".to_owned(),
        (_, "text") => format!("{}; charset=utf-8", guessed.essence_str()),
        _ => guessed.essence_str().to_owned(),
    }
}

/// The bytes as the framework's own encoder writes them: Brotli comes with it, so no second one is linked.
async fn compressed(content_type: String, body: Bytes) -> Option<Bytes> {
    let inner = fn_service(move |request: ServiceRequest| {
        let answer = HttpResponse::Ok().insert_header((CONTENT_TYPE, content_type.clone())).body(body.clone());
        async move { Ok::<_, actix_web::Error>(request.into_response(answer)) }
    });
    let encoder = Compress::default().new_transform(inner).await.ok()?;
    let request = TestRequest::default().insert_header((ACCEPT_ENCODING, "br")).to_srv_request();
    let answer = encoder.call(request).await.ok()?;
    if !answer.headers().contains_key(actix_web::http::header::CONTENT_ENCODING) {
        return None;
    }
    to_bytes(answer.into_body()).await.ok()
}

/// Sixteen hex digits of SHA-256.
#[must_use]
pub fn short_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_a_hash_and_every_held_file_has_a_type() {
        let files = Files::held();
        assert_eq!(files.version().len(), 16);
        assert_eq!(files.version(), Files::held().version());
        assert!(files.is_immutable() && !Files::live().is_immutable());
        let words = files.get("words/en/error.json").expect("words");
        assert_eq!(words.content_type, "application/json");
        assert_eq!(content_type("lib/store.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("app.css"), "text/css; charset=utf-8");
        assert_eq!(content_type("icons/mark.svg"), "image/svg+xml");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for files in [Files::held(), Files::live()] {
            for name in [
                "../Cargo.toml",
                "words/../../Cargo.toml",
                "/etc/passwd",
                "words//en/error.json",
                "./app.css",
                "words\\en",
                "",
                ".",
                "words/en",
                "a\0b",
            ] {
                assert!(files.get(name).is_none(), "{name}");
            }
            assert!(files.get("words/en/error.json").is_some());
        }
    }

    /// The names in `static('…')` of all templates below a folder.
    fn named(folder: &std::path::Path, found: &mut Vec<String>) {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                named(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).expect("a template");
                found.extend(text.split("static('").skip(1).filter_map(|rest| rest.split('\'').next()).map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_file_that_a_template_names_exists() {
        let mut names = Vec::new();
        named(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut names);
        assert!(names.iter().any(|name| name == "start.js"));
        let files = Files::held();
        for name in names.iter().filter(|name| !name.is_empty()) {
            assert!(files.get(name).is_some(), "{name}");
        }
    }

    #[actix_web::test]
    async fn a_file_is_compressed_once_and_is_smaller() {
        let file = Held::new("a.css", "body { color: red } ".repeat(200));
        let first = file.brotli().await.expect("a gain");
        assert!(first.len() < file.body.len() / 4);
        assert_eq!(file.brotli().await.expect("kept").as_ptr(), first.as_ptr());
        assert!(Held::new("a.txt", "a").brotli().await.is_none());
    }
}
