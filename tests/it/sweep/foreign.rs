//! What another site causes is refused: writes with a cookie and no proof of their origin, foreign names, sockets opened from elsewhere.

use reqwest::Method;
use rialto::access::Scopes;
use rialto::members::{self, SessionKind};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::table::TABLE;
use crate::support::{Person, Town, tell};

/// A cookie of a signed-in browser.
async fn cookie(town: &Town, person: &Person) -> String {
    let member = person.id;
    let made = town.app().ground.db.write(move |tx| {
        let (_, token) = members::make_session(tx, member, SessionKind::Browser, Scopes::ALL, "browser", None)?;
        Ok(token.reveal().to_owned())
    });
    let port = town.running.as_ref().expect("it runs").address.port();
    format!("rialto-{port}={}", made.await.expect("a session"))
}

/// A path of the table that names nothing that exists, so that no cell changes anything.
fn plain(path: &str) -> String {
    let mut out = String::new();
    for part in path.split('/').skip(1) {
        out.push('/');
        out.push_str(if part.starts_with('{') { "77" } else { part });
    }
    out
}

#[actix_web::test]
async fn writes_with_a_cookie_need_their_own_origin() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let cookie = cookie(&town, &town.owner("ann").await).await;
    let own = town.url("");
    let foreign: [&[(&str, &str)]; 12] = [
        &[],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "http://sub.localhost:8080")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://127.0.0.1:1")],
        // What a form can send, and what asks for another method than the one that came.
        &[("origin", "https://evil.example"), ("content-type", "application/x-www-form-urlencoded")],
        &[("origin", "null"), ("content-type", "text/plain")],
        &[("sec-fetch-site", "cross-site"), ("content-type", "multipart/form-data; boundary=x")],
        &[("origin", "https://evil.example"), ("x-http-method-override", "GET"), ("x-method-override", "GET")],
    ];
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for row in TABLE.iter().filter(|row| row.method != "GET") {
        let call = |headers: Vec<(&'static str, String)>| {
            let mut request =
                town.http.request(row.method.parse::<Method>().expect("method"), town.url(&plain(row.path))).header("cookie", &cookie);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            async { request.send().await.expect("an answer").text().await.expect("a body") }
        };
        for headers in foreign {
            let answer = call(headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()).await;
            refused += usize::from(answer.contains("access.foreign_origin"));
            if !answer.contains("access.foreign_origin") {
                wrong.push(format!("{} {} with {headers:?}: {answer}", row.method, row.path));
            }
        }
        let ends_it = row.path.contains("sign-out") || row.path.contains("end-others");
        if !ends_it {
            let answer = call(vec![("origin", own.clone())]).await;
            if answer.contains("access.foreign_origin") || answer.contains("error.sign_in") {
                wrong.push(format!("{} {} from our own page: {answer}", row.method, row.path));
            }
        }
    }
    tell("writes that another site caused, refused", refused);
    tell("writes that another site caused, let through", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    town.close().await;
}

/// A read is no write in disguise: another method in a header or in the query changes nothing of what is asked.
#[actix_web::test]
async fn a_read_that_names_another_method_stays_a_read() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let ann = town.owner("ann").await;
    let cookie = cookie(&town, &ann).await;
    let ways = [("x-http-method-override", "DELETE"), ("x-http-method", "DELETE"), ("x-method-override", "DELETE"), ("x-nothing", "")];
    for (name, value) in ways {
        let path = town.url("/api/v1/me?_method=DELETE");
        let asked = town.http.get(path).header("cookie", &cookie).header(name, value).header("sec-fetch-site", "cross-site");
        let answer = asked.send().await.expect("an answer");
        // The name in the query is one that nothing reads; the header is not looked at.
        assert!([200, 422].contains(&answer.status().as_u16()), "{name}: {}", answer.status());
    }
    assert_eq!(ann.get("/api/v1/me").await["username"], "ann");
    town.close().await;
}

#[actix_web::test]
async fn a_form_of_another_site_signs_nobody_in() {
    let town = Town::new().await;
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let answer = town.http.post(town.url("/api/v1/sign-in")).header(name, value).body("{}").send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 403, "{name}: {value}");
    }
    let form = [
        ("content-type", "text/plain"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-type", "multipart/form-data; boundary=x"),
    ];
    for (name, value) in form {
        let answer =
            town.http.post(town.url("/api/v1/sign-in")).header(name, value).body(r#"{"username":"a","password":"b"}"#).send().await;
        assert_eq!(answer.expect("an answer").status().as_u16(), 415, "{value}");
    }
    town.close().await;
}

#[actix_web::test]
async fn a_foreign_host_is_misdirected_on_every_route() {
    let town = Town::with(|config| config.raised_limits = true).await;
    let ann = town.owner("ann").await;
    let (port, mut misdirected) = (town.running.as_ref().expect("it runs").address.port(), 0);
    for row in TABLE {
        for host in
            ["evil.example".to_owned(), format!("evil.example:{port}"), format!("127.0.0.1.evil.example:{port}"), "localhost:1".to_owned()]
        {
            let method: Method = row.method.parse().expect("method");
            let answer = town.http.request(method, town.url(&plain(row.path))).header("host", &host).bearer_auth(&ann.token).send().await;
            assert_eq!(answer.expect("an answer").status().as_u16(), 421, "{} {} at {host}", row.method, row.path);
            misdirected += 1;
        }
    }
    tell("requests by a foreign name, misdirected", misdirected);
    town.close().await;
}

#[actix_web::test]
async fn a_socket_with_a_cookie_is_opened_from_our_own_pages_only() {
    let town = Town::new().await;
    let cookie = cookie(&town, &town.member("ann").await).await;
    let own = town.url("");
    let address = format!("{}/live", own.replacen("http", "ws", 1));
    for (origin, opens) in [(Some(own.as_str()), true), (None, false), (Some("null"), false), (Some("https://evil.example"), false)] {
        let mut request = address.as_str().into_client_request().expect("a request");
        request.headers_mut().insert("cookie", cookie.parse().expect("a header"));
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().expect("a header"));
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok(_) => assert!(opens, "{origin:?} was let in"),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
                assert!(!opens && answer.status() == 403, "{origin:?}: {}", answer.status());
            }
            Err(other) => panic!("{other}"),
        }
    }
    town.close().await;
}
