//! Letters on their way to a small SMTP server on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;
use crate::config::TlsMode;
use crate::jobs::tests::{Ground, until};
use crate::jobs::{Counts, Runner, Running, counts};
use crate::storage::Target;

/// What the server was given in one transaction.
#[derive(Debug)]
struct Taken {
    recipients: Vec<String>,
    message: String,
}

impl Taken {
    fn header(&self, name: &str) -> Option<&str> {
        let head = self.message.split("\r\n\r\n").next()?;
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Answers each message with the next of `answers`, and 250 when they are used up.
async fn smtp_server(answers: Vec<&'static str>) -> (SocketAddr, mpsc::UnboundedReceiver<Taken>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (taken, messages) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        while let Ok((stream, _)) = listener.accept().await {
            // One connection at a time: a client that left ends it, whatever it was doing.
            let _ = serve(stream, &mut answers, &taken).await;
        }
    });
    (address, messages)
}

async fn serve(
    stream: TcpStream,
    answers: &mut impl Iterator<Item = &'static str>,
    taken: &mpsc::UnboundedSender<Taken>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 here\r\n").await?;
    let mut recipients = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut message = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    message.push_str(&line);
                    message.push_str("\r\n");
                }
                let _ = taken.send(Taken { recipients: std::mem::take(&mut recipients), message });
                answers.next().unwrap_or("250 taken")
            }
            "RCPT" => {
                recipients.push(line);
                "250 ok"
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn config(server: Option<SocketAddr>) -> Config {
    Config {
        data: PathBuf::new(),
        target: Target::Sqlite(PathBuf::new()),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: None,
        tls: TlsMode::Off,
        acme_directory: None,
        acme_ca: None,
        acme_contact: None,
        trusted_proxies: Vec::new(),
        smtp_url: server.map(|address| format!("smtp://{address}")),
        mail_from: Some("Rialto <rialto@community.example>".to_owned()),
        workers: 1,
        stripe_key: None,
        stripe_webhook_secrets: Vec::new(),
        stripe_url: None,
        media_port: 0,
        media_threads: 1,
        public_ips: Vec::new(),
        heartbeat_ms: 1_000,
        raised_limits: false,
        log_json: false,
    }
}

fn sample() -> Letter {
    Letter {
        member: None,
        kind: "members.welcome",
        to: "ada@people.example".to_owned(),
        subject: "Bienvenue à bord\r\nBcc: eve@people.example".to_owned(),
        text: "Hello\n.\nAda".to_owned(),
        html: "<p>Hello Ada</p>".to_owned(),
    }
}

async fn post(ground: &Ground, mailer: &Mailer, letter: Letter) -> Result<LetterId> {
    let mailer = mailer.clone();
    ground.db.write(move |tx| mailer.post(tx, &letter)).await
}

async fn read(ground: &Ground, id: LetterId) -> StoredLetter {
    ground.db.read(move |conn| letter(conn, id)).await.expect("the letter")
}

fn run(ground: &Ground, mailer: &Mailer) -> Running {
    Runner::new(ground.db.clone(), ground.clock.clone(), ground.bell.clone()).register(SEND, mailer.sender(ground.db.clone())).start()
}

#[tokio::test]
async fn a_letter_that_is_put_off_is_sent_later_as_the_same_message() {
    let ground = Ground::new();
    let (server, mut messages) = smtp_server(vec!["451 not now"]).await;
    let mailer = Mailer::new(&config(Some(server))).expect("settings");
    let running = run(&ground, &mailer);
    let id = post(&ground, &mailer, sample()).await.expect("posted");
    until(&mut running.ended(), 1).await;
    let head = read(&ground, id).await.head;
    assert_eq!(head.sent_at, None);
    assert!(head.last_error.as_deref().is_some_and(|error| error.contains("not now")), "{head:?}");
    ground.later(60_000);
    until(&mut running.ended(), 2).await;
    running.stop().await;

    let head = read(&ground, id).await.head;
    assert_eq!((head.sent_at, head.last_error), (Some(ground.clock.now()), None));
    let first = messages.recv().await.expect("a message");
    let second = messages.recv().await.expect("a message");
    assert_eq!(first.header("Message-ID"), Some(format!("<letter-{id}@community.example>").as_str()));
    for name in ["Message-ID", "Date", "From", "To", "Subject"] {
        assert!(first.header(name).is_some() && first.header(name) == second.header(name), "{name}: {first:?}");
    }
    assert!(first.message.contains("Auto-Submitted: auto-generated") && first.message.contains("multipart/alternative"));
}

#[tokio::test]
async fn a_line_end_in_the_subject_adds_no_header_and_no_recipient() {
    let ground = Ground::new();
    let (server, mut messages) = smtp_server(vec![]).await;
    let mailer = Mailer::new(&config(Some(server))).expect("settings");
    let running = run(&ground, &mailer);
    let id = post(&ground, &mailer, sample()).await.expect("posted");
    until(&mut running.ended(), 1).await;
    running.stop().await;
    let taken = messages.recv().await.expect("a message");
    assert_eq!(taken.recipients, ["RCPT TO:<ada@people.example>"]);
    assert_eq!(taken.header("Bcc"), None);
    assert_eq!(read(&ground, id).await.head.subject, "Bienvenue à bord Bcc: eve@people.example");
}

#[tokio::test]
async fn a_letter_that_was_sent_is_not_sent_again() {
    let ground = Ground::new();
    let (server, mut messages) = smtp_server(vec![]).await;
    let mailer = Mailer::new(&config(Some(server))).expect("settings");
    let id = post(&ground, &mailer, Letter { html: String::new(), ..sample() }).await.expect("posted");
    let sender = mailer.sender(ground.db.clone());
    sender.send(id).await.expect("sent");
    sender.send(id).await.expect("nothing to do");
    assert!(messages.recv().await.expect("a message").message.contains("Hello\r\n..\r\nAda"), "a dot alone does not end the letter");
    assert!(messages.try_recv().is_err());
    assert_eq!(ground.db.read(|conn| outcomes(conn, 0, 3)).await.expect("read"), (vec![true], 0));
    sender.send(LetterId(1)).await.expect("a letter that is gone needs no sending");
}

#[tokio::test]
async fn a_letter_that_is_refused_for_good_is_set_aside() {
    let ground = Ground::new();
    let (server, _messages) = smtp_server(vec!["550 no such person"]).await;
    let mailer = Mailer::new(&config(Some(server))).expect("settings");
    let running = run(&ground, &mailer);
    let id = post(&ground, &mailer, sample()).await.expect("posted");
    until(&mut running.ended(), 1).await;
    running.stop().await;
    assert!(read(&ground, id).await.head.last_error.is_some_and(|error| error.contains("no such person")));
    assert_eq!(ground.db.read(counts).await.expect("counts"), Counts { waiting: 0, dead: 1 });
    // A letter that nobody tried says nothing about the server.
    post(&ground, &Mailer::new(&config(None)).expect("settings"), sample()).await.expect("posted");
    assert_eq!(ground.db.read(|conn| outcomes(conn, 0, 3)).await.expect("read"), (vec![false], 1));
}

#[tokio::test]
async fn a_server_that_is_not_there_puts_the_letter_off() {
    let ground = Ground::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let gone = listener.local_addr().expect("an address");
    drop(listener);
    let mailer = Mailer::new(&config(Some(gone))).expect("settings");
    let id = post(&ground, &mailer, sample()).await.expect("posted");
    let error = mailer.sender(ground.db.clone()).send(id).await.expect_err("nobody listens");
    assert!(matches!(error, Error::Broken(_)), "worth another attempt: {error:?}");
    assert!(read(&ground, id).await.head.last_error.is_some());
}

#[tokio::test]
async fn without_smtp_letters_stay_in_the_outbox() {
    let ground = Ground::new();
    let mailer = Mailer::new(&config(None)).expect("settings");
    assert!(!mailer.is_set_up());
    let first = post(&ground, &mailer, sample()).await.expect("posted");
    let second = post(&ground, &mailer, Letter { kind: "members.reset", ..sample() }).await.expect("posted");
    assert_eq!(ground.db.read(counts).await.expect("counts").waiting, 0);
    let ids = |before| ground.db.read(move |conn| Ok(outbox(conn, before, 10)?.into_iter().map(|head| head.id).collect::<Vec<_>>()));
    assert_eq!(ids(None).await.expect("outbox"), [second, first]);
    assert_eq!(ids(Some(second)).await.expect("outbox"), [first]);
    assert_eq!(read(&ground, second).await.html, "<p>Hello Ada</p>");
    assert!(matches!(ground.db.read(|conn| letter(conn, LetterId(1))).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_letter_needs_one_address_and_a_subject() {
    let ground = Ground::new();
    let mailer = Mailer::new(&config(None)).expect("settings");
    for to in ["", "ada", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "Ada <a@b.example>", "a@b.example\0"] {
        let refused = post(&ground, &mailer, Letter { to: to.to_owned(), ..sample() }).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{to:?}");
    }
    let refused = post(&ground, &mailer, Letter { subject: " \r\n".to_owned(), ..sample() }).await;
    assert_eq!(refused.expect_err("no subject").code(), "mail.subject");
}

#[test]
fn a_server_without_a_sender_is_an_error() {
    let mut config = config(Some(SocketAddr::from(([127, 0, 0, 1], 25))));
    config.mail_from = None;
    assert!(Mailer::new(&config).is_err());
}
