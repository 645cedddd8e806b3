//! Input: a JSON body with its hash, or a query string, each refused with a code when it is wrong.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, RefusalKind, Result};

/// Most bytes of a JSON body.
pub const BODY_BYTES: usize = 64 * 1024;

/// Most characters of a field's name that is sent back.
const FIELD_CHARS: usize = 64;

/// A JSON body of at most 64 KiB.
#[derive(Debug)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of its bytes.
    pub hash: Vec<u8>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.content_type() == "application/json";
        let mut payload = payload.take();
        Box::pin(async move {
            let mut bytes = Vec::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| Error::invalid("", "error.body"))?;
                if bytes.len() + chunk.len() > BODY_BYTES {
                    return Err(Error::refused(RefusalKind::TooLarge, "error.too_large"));
                }
                bytes.extend_from_slice(&chunk);
            }
            if bytes.is_empty() {
                bytes.extend_from_slice(b"{}");
            } else if !is_json {
                return Err(Error::refused(RefusalKind::MediaType, "error.media_type"));
            }
            if names_nul(&bytes) {
                return Err(Error::invalid("", "text.nul"));
            }
            let value = read(&bytes)?;
            Ok(Self { value, hash: Sha256::digest(&bytes).to_vec() })
        })
    }
}

/// What a JSON text says.
fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        tracing::debug!(%error, "a body was refused");
        refused(&error)
    })?;
    json.end().map(|()| value).map_err(|_| Error::invalid("", "error.body"))
}

/// A problem of the field that does not fit, is missing or unknown, by its way from the outside: `quiet.from`; of the whole body when it is
/// no JSON at all.
fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let (told, way) = (error.inner().to_string(), error.path().to_string());
    let way = if error.inner().is_data() && way != "." { way } else { String::new() };
    let rest = ["missing field `", "unknown field `"].into_iter().find_map(|start| told.strip_prefix(start));
    let field = match rest.and_then(|rest| rest.split_once('`')).map(|(name, _)| name) {
        Some(name) if way.is_empty() || way == name => name.to_owned(),
        Some(name) if way.ends_with(&format!(".{name}")) => way,
        Some(name) => format!("{way}.{name}"),
        None => way,
    };
    // It may be the sender's own and is sent back, so no longer than any field of ours.
    let field: String = field.chars().filter(|c| !c.is_control()).take(FIELD_CHARS).collect();
    Error::invalid(field, "error.body")
}

/// Does a JSON text name the character NUL, which PostgreSQL refuses everywhere?
fn names_nul(json: &[u8]) -> bool {
    const ESCAPE: &[u8] = b"\\u0000";
    let starts = json.windows(ESCAPE.len()).enumerate().filter(|(_, part)| *part == ESCAPE).map(|(at, _)| at);
    // An even number of backslashes before it makes this one an escape.
    starts.into_iter().any(|at| json[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0)
}

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if request.query_string().contains("%00") {
            return std::future::ready(Err(Error::invalid("", "text.nul")));
        }
        let parsed = actix_web::web::Query::<T>::from_query(request.query_string());
        std::future::ready(parsed.map(|query| Self(query.into_inner())).map_err(|_| Error::invalid("", "error.query")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of a body that ought to be a field `name`, and perhaps `quiet`.
    fn told(json: &str) -> (String, &'static str) {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Strict {
            #[serde(rename = "name")]
            _name: String,
            #[serde(default, rename = "quiet")]
            _quiet: Option<Hours>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Hours {
            #[serde(rename = "from")]
            _from: u16,
            #[serde(default, rename = "days")]
            _days: Vec<u8>,
        }
        match read::<Strict>(json.as_bytes()).expect_err("wrong") {
            Error::Invalid(problems) => (problems[0].field.clone().into_owned(), problems[0].code),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn the_field_that_does_not_fit_is_named_and_what_is_no_json_is_the_whole_body() {
        assert_eq!(told("{}"), ("name".to_owned(), "error.body"));
        assert_eq!(told(r#"{"nmae":"x"}"#), ("nmae".to_owned(), "error.body"));
        assert_eq!(told(&format!(r#"{{"{}":1}}"#, "x".repeat(65))).0.len(), FIELD_CHARS);
        for (json, field) in [
            (r#"{"name":5}"#, "name"),
            (r#"{"name":"x","quiet":{"from":70000}}"#, "quiet.from"),
            (r#"{"name":"x","quiet":{"from":"ten"}}"#, "quiet.from"),
            (r#"{"name":"x","quiet":{}}"#, "quiet.from"),
            (r#"{"name":"x","quiet":{"from":1,"form":2}}"#, "quiet.form"),
            (r#"{"name":"x","quiet":{"from":1,"days":[1,300]}}"#, "quiet.days[1]"),
        ] {
            assert_eq!(told(json), (field.to_owned(), "error.body"), "{json}");
        }
        for whole in ["", "{", "[]", r#"{"name":"x"} {}"#, r#"{"name":"missing field `x`"#] {
            assert_eq!(told(whole), (String::new(), "error.body"), "{whole}");
        }
    }

    #[test]
    fn nul_is_noticed_however_it_is_written_and_its_name_is_not() {
        assert!(names_nul(br#"{"a":"x\u0000"}"#) && names_nul(br#"{"a":"\\\u0000"}"#));
        assert!(!names_nul(br#"{"a":"\\u0000"}"#), "a backslash and four zeros");
        assert!(!names_nul(br#"{"a":"u0000"}"#));
    }
}
