//! The rules of addresses as tables: what is asked for, and what comes of it.

use std::path::Path;

use super::*;

fn given(flags: &str) -> Result<Given, String> {
    let mut all = Given::default();
    for flag in flags.split_whitespace() {
        let flag = flag.strip_prefix("--").expect("a flag");
        let (key, value) = flag.split_once('=').unwrap_or((flag, "true"));
        let text = format!("{} = '{value}'", key.replace('-', "_"));
        all = all.or(Given::from_file(&text, Path::new("rialto.toml"))?);
    }
    Ok(all)
}

fn config(flags: &str) -> Result<Config, String> {
    Config::from(given(flags)?, &Machine { address: Some(IpAddr::from([10, 0, 0, 5])), processors: 3 })
}

#[test]
fn everything_has_a_default_that_works() {
    let config = config("").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url, None);
    assert_eq!(config.tls, TlsMode::Off);
    assert_eq!(config.target, Target::Sqlite(PathBuf::from("data/rialto.db")));
    assert_eq!((config.workers, config.heartbeat_ms), (2, 25_000));
    assert_eq!(config.address(4321), "http://127.0.0.1:4321");
}

#[test]
fn what_works_and_where() {
    for (flags, listen, url) in [
        ("--listen=127.0.0.1:0", "127.0.0.1:0", None),
        ("--listen=[::1]:9000", "[::1]:9000", None),
        ("--public-url=http://localhost:8080/", "127.0.0.1:8080", Some("http://localhost:8080")),
        ("--domain=Chat.Example.org", "0.0.0.0:443", Some("https://chat.example.org")),
        ("--domain=chat.example.org --listen=0.0.0.0:8443", "0.0.0.0:8443", Some("https://chat.example.org")),
        ("--domain=chat.example.org --public-url=https://chat.example.org:8443", "0.0.0.0:443", Some("https://chat.example.org:8443")),
        ("--lan", "0.0.0.0:8443", Some("https://10.0.0.5:8443")),
        ("--lan --listen=192.168.1.9:443", "192.168.1.9:443", Some("https://192.168.1.9")),
        ("--lan --listen=[fd00::9]:8443", "[fd00::9]:8443", Some("https://[fd00::9]:8443")),
        ("--lan --public-url=https://nas.local:8443", "0.0.0.0:8443", Some("https://nas.local:8443")),
        ("--tls-cert=c.pem --tls-key=k.pem", "127.0.0.1:8080", None),
        (
            "--tls-cert=c.pem --tls-key=k.pem --listen=0.0.0.0:443 --public-url=HTTPS://Chat.example.org:443",
            "0.0.0.0:443",
            Some("https://chat.example.org"),
        ),
        ("--trusted-proxy=127.0.0.1 --public-url=https://chat.example.org", "127.0.0.1:8080", Some("https://chat.example.org")),
        (
            "--trusted-proxy=10.0.0.0/8,fd00::/8 --public-url=https://chat.example.org --listen=0.0.0.0:80",
            "0.0.0.0:80",
            Some("https://chat.example.org"),
        ),
    ] {
        let config = config(flags).unwrap_or_else(|error| panic!("{flags}: {error}"));
        assert_eq!((config.listen.to_string().as_str(), config.public_url.as_deref()), (listen, url), "{flags}");
    }
}

#[test]
fn what_stops_the_start_and_the_way_out_it_names() {
    for (flags, way_out) in [
        ("--public-url=http://chat.example.org", "must begin with https://"),
        ("--public-url=http://127.0.0.1.example.org", "must begin with https://"),
        ("--public-url=https://chat.example.org", "--trusted-proxy 127.0.0.1"),
        ("--public-url=https://chat.example.org/chat", "without a path"),
        ("--public-url=https://me@chat.example.org", "write it like"),
        ("--public-url=chat.example.org", "write it like"),
        ("--public-url=https://bücher.example", "xn--"),
        ("--listen=0.0.0.0:8080", "--domain NAME"),
        ("--listen=[::]:8080", "--lan"),
        ("--listen=10.0.0.5:8080", "listen on 127.0.0.1"),
        ("--listen=8080", "127.0.0.1:8080"),
        ("--domain=https://chat.example.org", "without https://"),
        ("--domain=10.0.0.5", "write it like chat.example.org"),
        ("--domain=localhost", "write it like chat.example.org"),
        ("--domain=chat.example.org --lan", "choose one"),
        ("--lan --tls-cert=c --tls-key=k", "choose one"),
        ("--tls-cert=c", "--tls-key"),
        ("--tls-key=k", "--tls-cert"),
        ("--domain=a.example.org --public-url=https://b.example.org", "leave --public-url out"),
        ("--domain=a.example.org --trusted-proxy=127.0.0.1", "leave one of them out"),
        ("--lan --listen=0.0.0.0:0", "0.0.0.0:8443"),
        ("--lan --public-url=http://localhost:8443", "write https://"),
        ("--tls-cert=c --tls-key=k --listen=0.0.0.0:443", "--public-url"),
        ("--trusted-proxy=127.0.0.1", "--public-url"),
        ("--trusted-proxy=proxy.example.org --public-url=https://a.example.org", "10.0.0.0/8"),
        ("--acme-contact=a@example.org", "--domain"),
        ("--domain=a.example.org --acme-directory=http://acme.example.org", "https://"),
        ("--database-url=mysql://root:hunter2@db", "postgres://"),
        ("--smtp-url=mail.example.org", "smtps://"),
        ("--mail-from=nobody", "rialto@example.org"),
        ("--workers=0", "from 1 to 1024"),
        ("--heartbeat-ms=soon", "from 100"),
        ("--log-json=perhaps", "true, false"),
    ] {
        let sentence = config(flags).expect_err(flags);
        assert!(sentence.contains(way_out), "{flags}: {sentence}");
        assert!(!sentence.contains('\n') && sentence.ends_with('.'), "{flags}: {sentence}");
        assert!(!sentence.contains("hunter2"), "{flags}: {sentence}");
    }
}

#[test]
fn a_machine_without_a_network_says_so() {
    let sentence = Config::from(given("--lan").unwrap(), &Machine { address: None, processors: 1 }).unwrap_err();
    assert!(sentence.contains("--public-url"), "{sentence}");
}

fn environment(pairs: &[(&str, &str)]) -> Result<Given, String> {
    Given::from_environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn the_environment_speaks_the_same_settings() {
    let given = environment(&[
        ("PATH", "/bin"),
        ("RIALTO_TEST_DATABASE", "x"),
        ("RIALTO_CONFIG", "other.toml"),
        ("RIALTO_LAN", "true"),
        ("RIALTO_TRUSTED_PROXY", "10.0.0.0/8, 127.0.0.1"),
        ("DATABASE_URL", "postgres://shared"),
        ("RIALTO_DATABASE_URL", "postgres://ours"),
    ])
    .unwrap();
    assert_eq!(given.serving.lan, Some(true));
    assert_eq!(given.serving.trusted_proxy.map(|nets| nets.len()), Some(2));
    assert_eq!(given.place.database_url.as_deref(), Some("postgres://ours"));
}

#[test]
fn strange_variables_and_keys_stop_the_start() {
    for (name, value, part) in [
        ("RIALTO_PUBLIC_ULR", "https://a.example.org", "RIALTO_PUBLIC_URL"),
        ("RIALTO_lan", "true", "RIALTO_LAN"),
        ("RIALTO_COLOUR", "blue", "not a setting"),
        ("RIALTO_LISTEN", "", "is empty"),
        ("RIALTO_LISTEN", "everywhere", "RIALTO_LISTEN is wrong"),
    ] {
        let sentence = environment(&[(name, value)]).expect_err(name);
        assert!(sentence.contains(part), "{name}: {sentence}");
    }
    let short = environment(&[("RIALTO_FOO", "1")]).expect_err("no such variable");
    assert!(short.contains("RIALTO_FOO") && !short.contains("did you mean"), "half of a short word is no slip: {short}");
    for (text, part) in [
        ("public-url = 'https://a.example.org'", "did you mean public_url?"),
        ("[serve]\nlisten = '127.0.0.1:1'", "not a setting"),
        ("workers = 'many'", "\"workers\" in rialto.toml is wrong"),
        ("workers = 1.5", "must be a text"),
        ("\nlisten = ", "line 2 is not TOML"),
    ] {
        let sentence = Given::from_file(text, Path::new("rialto.toml")).expect_err(text);
        assert!(sentence.contains(part), "{text}: {sentence}");
    }
}

#[test]
fn a_file_may_use_its_own_kinds_of_value() {
    let text = "lan = false\nworkers = 4\ntrusted_proxy = ['127.0.0.1', '10.0.0.0/8']\n";
    let given = Given::from_file(text, Path::new("rialto.toml")).unwrap();
    assert_eq!((given.serving.lan, given.serving.workers), (Some(false), Some(4)));
    assert_eq!(given.serving.trusted_proxy.unwrap().len(), 2);
}

#[test]
fn the_first_to_speak_is_heard() {
    let flag = given("--listen=127.0.0.1:1 --lan=false").unwrap();
    let file = given("--listen=127.0.0.1:2 --lan --workers=7").unwrap();
    let merged = flag.or(file);
    assert_eq!(merged.serving.listen.unwrap().port(), 1);
    assert_eq!((merged.serving.lan, merged.serving.workers), (Some(false), Some(7)));
}

#[test]
fn every_media_thread_has_a_port_and_what_is_offered_is_an_address() {
    for fits in ["--media-port=65535", "--media-port=65533 --media-threads=3", "--public-ip=203.0.113.7"] {
        assert!(config(fits).is_ok(), "{fits}");
    }
    let over = config("--media-port=65534 --media-threads=3").unwrap_err();
    assert!(over.contains("--media-port 65533 or less"), "{over}");
    for nowhere in ["0.0.0.0", "::", "224.0.0.1"] {
        let refused = config(&format!("--public-ip={nowhere}")).unwrap_err();
        assert!(refused.contains(nowhere), "{refused}");
    }
}

#[test]
fn it_stays_on_this_machine_only_where_nobody_else_can_reach_it() {
    for stays in ["", "--listen=127.0.0.1:9", "--listen=[::1]:9", "--public-url=http://localhost:9", "--public-url=http://127.0.0.1:9"] {
        assert!(config(stays).unwrap().stays_here(), "{stays}");
    }
    for reached in [
        "--public-url=https://example.org --trusted-proxy=127.0.0.1",
        "--listen=0.0.0.0:9 --public-url=https://example.org --trusted-proxy=127.0.0.1",
        "--lan",
    ] {
        assert!(!config(reached).unwrap().stays_here(), "{reached}");
    }
}
