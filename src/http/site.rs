//! The site: renders pages in the looker's language, with a fresh nonce and the policy that names it.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::sync::{Arc, PoisonError, RwLock};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use minijinja::value::Value;
use minijinja::{Environment, context};
use rust_embed::RustEmbed;
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

use super::files::Files;
use super::frame::{Frame, engine, safe_json};
use super::{headers, preload};
use crate::access::{Actor, Ground, Permissions, Token, Visitor};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::settings::SettingsCell;
use crate::storage::Conn;
use crate::text::{LANGUAGES, Words};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

type Loader = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Who looks at a page, as far as the page shows it.
#[derive(Clone, Debug)]
pub struct Looker {
    /// The member object of the API; `None` for a stranger.
    pub me: Option<serde_json::Value>,
    /// What their roles allow: pages show only what works.
    pub permissions: Permissions,
    /// Their language, `en` or `fr`.
    pub language: String,
    /// `system`, `light`, `dark` or `contrast`.
    pub theme: String,
    /// Up to where the page knows their own log; `None` for a stranger, and before the database has its lineage.
    pub heard: Option<Heard>,
}

/// A place in somebody's own log: what stands on a page is at least as new. Pages that follow the log go on from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// The lineage of the database.
    pub epoch: String,
    /// The head of the log.
    pub seq: i64,
    /// The number of the latest signal to everyone.
    pub signals: u64,
}

impl Looker {
    /// Somebody who is not signed in.
    #[must_use]
    pub fn stranger(language: &str) -> Self {
        Self { me: None, permissions: Permissions::NONE, language: language.to_owned(), theme: "system".to_owned(), heard: None }
    }
}

/// Finds who looks at a page; given by the slice that keeps accounts.
pub type Lookers = Arc<dyn Fn(&mut Conn, &Actor, &Visitor) -> Result<Looker> + Send + Sync>;

/// Everything that pages are made from. Cheap to clone; an argument of handlers.
#[derive(Clone)]
pub struct Site {
    inner: Arc<Inner>,
    /// For pages that no handler makes; without them everyone is a stranger there.
    lookers: Option<Lookers>,
}

struct Inner {
    files: Files,
    words: Arc<Words>,
    settings: SettingsCell,
    socket: Option<String>,
    is_demo: bool,
    load: Loader,
    /// One for each language, in release; while developing, templates are read anew for every page.
    engines: Option<HashMap<&'static str, Environment<'static>>>,
    preloads: RwLock<HashMap<String, Arc<[String]>>>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("version", &self.inner.files.version()).finish_non_exhaustive()
    }
}

impl Site {
    /// The site of this program.
    #[must_use]
    pub fn new(words: Arc<Words>, settings: SettingsCell, config: &Config, is_demo: bool) -> Self {
        let load: Loader = Arc::new(|name| Templates::get(name).and_then(|file| String::from_utf8(file.data.into_owned()).ok()));
        Self::with(words, settings, config, is_demo, Files::new(), load)
    }

    pub(super) fn with(words: Arc<Words>, settings: SettingsCell, config: &Config, is_demo: bool, files: Files, load: Loader) -> Self {
        let engines = files.is_immutable().then(|| {
            LANGUAGES
                .into_iter()
                .map(|language| {
                    let load = Arc::clone(&load);
                    (language, engine(language, &words, &files, move |name| load(name)))
                })
                .collect()
        });
        let socket = headers::socket_origin(config);
        let inner = Inner { files, words, settings, socket, is_demo, load, engines, preloads: RwLock::default() };
        Self { inner: Arc::new(inner), lookers: None }
    }

    /// The same, with who finds the looker of pages that no handler makes: those of errors.
    #[must_use]
    pub fn knowing(self, lookers: Lookers) -> Self {
        Self { lookers: Some(lookers), ..self }
    }

    /// Who looks at a page that no handler makes. Whoever cannot be found, for whatever reason, is a stranger: an error has its page anyway.
    pub(super) async fn looker(&self, ground: &Ground, visitor: &Visitor) -> Looker {
        let (Some(lookers), Some(_)) = (self.lookers.clone(), &visitor.credential) else { return Looker::stranger(visitor.language) };
        let (inside, asked) = (ground.clone(), visitor.clone());
        let found = ground.db.read(move |conn| {
            let actor = inside.authenticator.actor(conn, &asked, inside.clock.now())?;
            lookers(conn, &actor, &asked)
        });
        found.await.unwrap_or_else(|error| {
            tracing::debug!(request_id = visitor.request_id, %error, "who looks at the page of an error could not be found");
            Looker::stranger(visitor.language)
        })
    }

    /// Static files.
    pub(super) fn files(&self) -> &Files {
        &self.inner.files
    }

    /// Every word.
    pub(super) fn words(&self) -> &Words {
        &self.inner.words
    }

    /// The settings in force.
    pub(super) fn settings(&self) -> &SettingsCell {
        &self.inner.settings
    }

    /// The address of a static file, for what names one outside of a template.
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        self.inner.files.address(name)
    }

    /// A page with status 200. `own` is the page's struct: its fields are names of the template, all of it is `page`, and `page_json` is
    /// its JSON for the data block.
    ///
    /// # Errors
    /// When the template does not exist or misses a name.
    pub fn page(&self, looker: &Looker, visitor: &Visitor, template: &str, own: impl Serialize) -> Result<HttpResponse> {
        self.page_with_status(StatusCode::OK, looker, visitor, template, own)
    }

    /// A page with another status.
    ///
    /// # Errors
    /// As [`Site::page`].
    pub fn page_with_status(
        &self,
        status: StatusCode,
        looker: &Looker,
        visitor: &Visitor,
        template: &str,
        own: impl Serialize,
    ) -> Result<HttpResponse> {
        let path = visitor.route.split_once(' ').map_or("/", |(_, path)| path);
        let nonce = Token::random()?.reveal()[..22].to_owned();
        let page_json = safe_json(&own)?;
        let frame = Frame { ground: self.ground(looker, path, template, &nonce), page: Value::from_serialize(&own), page_json };
        let html = self.render(looker, template, frame)?;
        Ok(HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, headers::PRIVATE))
            .insert_header((CONTENT_LANGUAGE, language(&looker.language)))
            .insert_header((CONTENT_SECURITY_POLICY, headers::page_policy(&nonce, self.inner.socket.as_deref())))
            .body(html))
    }

    fn render(&self, looker: &Looker, template: &str, frame: Frame) -> Result<String> {
        let language = language(&looker.language);
        let frame = Value::from_object(frame);
        let rendered = match &self.inner.engines {
            Some(engines) => engines[language].get_template(template).and_then(|template| template.render(frame)),
            None => {
                let load = Arc::clone(&self.inner.load);
                let engine = engine(language, &self.inner.words, &self.inner.files, move |name| load(name));
                engine.get_template(template).and_then(|template| template.render(frame))
            }
        };
        rendered.map_err(|error| Error::broken(format!("{error:#}")))
    }

    fn ground(&self, looker: &Looker, path: &str, template: &str, nonce: &str) -> Vec<(&'static str, Value)> {
        let language = language(&looker.language);
        let settings = self.inner.settings.get();
        let letter = settings.community_name.graphemes(true).next().unwrap_or("R").to_uppercase();
        let community = context! {
            name => settings.community_name,
            hue => settings.community_hue,
            sentence => settings.community_sentence,
            icon_letter => letter,
        };
        let permissions: Vec<&str> = looker.permissions.iter().map(crate::access::Permission::name).collect();
        vec![
            ("lang", Value::from(language)),
            ("dir", Value::from("ltr")),
            ("theme", Value::from(looker.theme.as_str())),
            ("nonce", Value::from(nonce)),
            ("community", community),
            ("me", Value::from_serialize(&looker.me)),
            ("heard", Value::from_serialize(&looker.heard)),
            ("opens_dashboard", Value::from(looker.permissions.iter().any(crate::access::Permission::opens_dashboard))),
            ("permissions", Value::from(permissions)),
            ("path", Value::from(path)),
            ("demo", Value::from(self.inner.is_demo)),
            ("words_json", Value::from(self.inner.words.client_json(language))),
            ("preload", self.preload(template).iter().map(|address| Value::from_safe_string(address.clone())).collect()),
        ]
    }

    /// What the page's modules are, found once in release.
    fn preload(&self, template: &str) -> Arc<[String]> {
        let is_kept = self.inner.files.is_immutable();
        if is_kept && let Some(known) = self.inner.preloads.read().unwrap_or_else(PoisonError::into_inner).get(template) {
            return Arc::clone(known);
        }
        let mut names = vec![template.to_owned()];
        let mut sources = Vec::new();
        while let Some(name) = names.pop() {
            if let Some(source) = (self.inner.load)(&name) {
                names.extend(preload::included(&source).into_iter().map(str::to_owned));
                sources.push(source);
            }
            if sources.len() > 64 {
                break;
            }
        }
        let found: Arc<[String]> = preload::modules(&self.inner.files, &sources).into();
        if is_kept {
            self.inner.preloads.write().unwrap_or_else(PoisonError::into_inner).insert(template.to_owned(), Arc::clone(&found));
        }
        found
    }
}

fn language(wanted: &str) -> &'static str {
    LANGUAGES.into_iter().find(|known| *known == wanted).unwrap_or(LANGUAGES[0])
}

impl FromRequest for Site {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.app_data::<Self>().cloned().ok_or_else(|| Error::broken("no site")))
    }
}
