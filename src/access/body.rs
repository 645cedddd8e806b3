//! Input: a JSON body with its hash, or a query string, each refused with a code when it is wrong, or says what nothing would read.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, Deserializer};
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

/// What a JSON text says. A field that nothing reads is refused: whoever misspelt it would be given something else than they asked for.
fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let mut track = serde_path_to_error::Track::new();
    let read = whole(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let (value, unread) = read.map_err(|error| {
        tracing::debug!(%error, "a body was refused");
        refused(&serde_path_to_error::Error::new(track.path(), error))
    })?;
    json.end().map_err(|_| Error::invalid("", "error.body"))?;
    unread.map_or(Ok(value), |field| Err(Error::invalid(shown(&field), "error.body")))
}

/// A value, and the way to the first field that it does not read. What is flattened into another answers for its unknown fields itself.
fn whole<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> std::result::Result<(T, Option<String>), D::Error> {
    let mut unread = None;
    let value = serde_ignored::deserialize(from, |way| {
        unread.get_or_insert_with(|| steps(&way.to_string()));
    })?;
    Ok((value, unread))
}

/// A way as every refusal names it, `quiet.days[1]`. Where a value may be null, `way` has a step of its own.
fn steps(way: &str) -> String {
    let mut named = String::new();
    for step in way.split('.').filter(|step| *step != "?") {
        if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            named.push_str(&format!("[{step}]"));
        } else if named.is_empty() {
            named.push_str(step);
        } else {
            named.push_str(&format!(".{step}"));
        }
    }
    named
}

/// A field's name as it is sent back: it may be the sender's own, so no longer than any field of ours.
fn shown(field: &str) -> String {
    field.chars().filter(|c| !c.is_control()).take(FIELD_CHARS).collect()
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
    Error::invalid(shown(&field), "error.body")
}

/// Does a JSON text name the character NUL, which PostgreSQL refuses everywhere?
fn names_nul(json: &[u8]) -> bool {
    const ESCAPE: &[u8] = b"\\u0000";
    let starts = json.windows(ESCAPE.len()).enumerate().filter(|(_, part)| *part == ESCAPE).map(|(at, _)| at);
    // An even number of backslashes before it makes this one an escape.
    starts.into_iter().any(|at| json[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0)
}

/// A query string. Of the API's a value that nothing reads is refused, as in a body; a page's address may carry what others have hung on it.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if request.query_string().contains("%00") {
            return std::future::ready(Err(Error::invalid("", "text.nul")));
        }
        std::future::ready(asked(request.query_string(), request.path().starts_with("/api/")).map(Self))
    }
}

/// What a query string asks for.
fn asked<T: DeserializeOwned>(query: &str, strictly: bool) -> Result<T> {
    let values = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    match whole(values) {
        Ok((_, Some(unread))) if strictly => Err(Error::invalid(shown(&unread), "error.query")),
        Ok((value, _)) => Ok(value),
        Err(_) => Err(Error::invalid("", "error.query")),
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
    fn what_nothing_reads_is_refused_wherever_it_stands() {
        #[derive(Debug, serde::Deserialize)]
        struct Lax {
            #[serde(rename = "name")]
            _name: String,
            #[serde(default, rename = "hours")]
            _hours: Option<Vec<Hours>>,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Hours {
            #[serde(rename = "from")]
            _from: u16,
        }
        let told = |json: &str| match read::<Lax>(json.as_bytes()) {
            Ok(_) => String::new(),
            Err(Error::Invalid(problems)) => format!("{} {}", problems[0].code, problems[0].field),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(told(r#"{"name":"x","hours":[{"from":1}]}"#), "");
        assert_eq!(told(r#"{"name":"x","ends_At":5}"#), "error.body ends_At");
        assert_eq!(told(r#"{"name":"x","hours":[{"from":1},{"from":1,"to":{"a":[1]}}]}"#), "error.body hours[1].to");
        assert_eq!(told(&format!(r#"{{"name":"x","{}":1}}"#, "y".repeat(65))), format!("error.body {}", "y".repeat(FIELD_CHARS)));
    }

    #[test]
    fn a_query_of_the_api_names_nothing_that_nothing_reads() {
        #[derive(Debug, serde::Deserialize)]
        struct Find {
            before: Option<i64>,
        }
        let told = |query: &str, strictly| match asked::<Find>(query, strictly) {
            Ok(find) => format!("{:?}", find.before),
            Err(Error::Invalid(problems)) => format!("{} {}", problems[0].code, problems[0].field),
            Err(other) => panic!("{other}"),
        };
        assert_eq!((told("before=7", true), told("", true)), ("Some(7)".to_owned(), "None".to_owned()));
        assert_eq!((told("after=7", true), told("after=7", false)), ("error.query after".to_owned(), "None".to_owned()));
        assert_eq!((told("before=zz", true), told("before=zz", false)), ("error.query ".to_owned(), "error.query ".to_owned()));
    }

    #[test]
    fn nul_is_noticed_however_it_is_written_and_its_name_is_not() {
        assert!(names_nul(br#"{"a":"x\u0000"}"#) && names_nul(br#"{"a":"\\\u0000"}"#));
        assert!(!names_nul(br#"{"a":"\\u0000"}"#), "a backslash and four zeros");
        assert!(!names_nul(br#"{"a":"u0000"}"#));
    }
}
