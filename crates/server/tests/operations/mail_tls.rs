//! Mail that comes in encrypted, from a mail program in wide use.

use base64::{Engine, engine::general_purpose::STANDARD};
use halyard_platform::outbound::loopback::{ALONE, AUTHORITY};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::Envelope,
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use tokio::io::AsyncWriteExt;

use crate::{
    mail::{DOMAIN, LIMIT, Smtp, address, comments},
    support::{Installation, Server},
};

/// Puts a certificate and its key where the server reads them.
fn certify(installation: &Installation, certificate: &str, key: &[u8]) {
    let kind = "PRIVATE KEY";
    let key = STANDARD.encode(key);
    let key = format!("-----BEGIN {kind}-----\n{key}\n-----END {kind}-----\n");
    std::fs::write(installation.scratch().join("key.pem"), key).unwrap();
    std::fs::write(installation.scratch().join("certificate.pem"), certificate).unwrap();
}

/// A mail program that believes this authority.
fn program(
    at: &str,
    authority: &str,
    tls: fn(TlsParameters) -> Tls,
) -> AsyncSmtpTransport<Tokio1Executor> {
    let (host, port) = at.rsplit_once(':').unwrap();
    let authority = Certificate::from_pem(authority.as_bytes()).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned())
        .add_root_certificate(authority)
        .build_rustls()
        .unwrap();
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port.parse().unwrap())
        .tls(tls(parameters))
        .build()
}

struct Writer<'a> {
    from: &'a str,
    to: &'a str,
}

impl Writer<'_> {
    async fn send(
        &self,
        program: &AsyncSmtpTransport<Tokio1Executor>,
        text: &str,
    ) -> Result<(), lettre::transport::smtp::Error> {
        let (from, to) = (self.from.parse().unwrap(), self.to.parse().unwrap());
        let envelope = Envelope::new(Some(from), vec![to]).unwrap();
        let mail =
            format!("From: <{}>\r\nMessage-ID: <{text}@example.net>\r\n\r\n{text}\r\n", self.from);
        program.send_raw(&envelope, mail.as_bytes()).await.map(|_| ())
    }
}

async fn serve(installation: &Installation) -> Server {
    let file = |name: &str| installation.scratch().join(name).display().to_string();
    let settings = [
        ("HALYARD_MAIL_DOMAIN", DOMAIN.to_owned()),
        ("HALYARD_SMTP_LISTEN", "127.0.0.1:0".to_owned()),
        ("HALYARD_SMTPS_LISTEN", "127.0.0.1:0".to_owned()),
        ("HALYARD_SMTP_CERTIFICATE", file("certificate.pem")),
        ("HALYARD_SMTP_KEY", file("key.pem")),
        ("HALYARD_MAIL_LIMIT", LIMIT.to_string()),
    ];
    installation.serve_with(&settings).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_comes_in_encrypted() {
    let installation = Installation::sqlite();
    let demo = installation.demo().await;
    let signed = include_str!("../../../platform/src/outbound/loopback/server.pem");
    let key = include_bytes!("../../../platform/src/outbound/loopback/server.der");
    certify(&installation, signed, key);
    let server = serve(&installation).await;
    let api = server.api(demo["users"][0]["twist_token"].as_str().unwrap());
    let channel = demo["channels"][0]["id"].to_string();
    let new = [("channel_id", channel.as_str()), ("title", "Plans"), ("content", "What now?")];
    let thread = api.post("threads/add", &new, None).await.unwrap().ok()["id"].to_string();
    let to = address(&api, "THREAD", &thread).await;
    let from = demo["users"][0]["email"].as_str().unwrap();
    let writer = Writer { from, to: &to };

    let upgraded = program(server.mail(), AUTHORITY, Tls::Required);
    writer.send(&upgraded, "upgraded").await.unwrap();
    let wrapped = program(server.encrypted_mail(), AUTHORITY, Tls::Wrapper);
    writer.send(&wrapped, "wrapped").await.unwrap();
    let made = comments(&api, &thread, 2).await;
    let texts: Vec<_> = made.iter().map(|one| one["content"].as_str().unwrap()).collect();
    assert_eq!(texts, ["upgraded", "wrapped"]);
    // Nobody pretends to be this server.
    let other = program(server.mail(), ALONE, Tls::Required);
    writer.send(&other, "lost").await.unwrap_err();

    // Plain text is still understood; what is smuggled behind STARTTLS is not.
    let mut plain = Smtp::hello(server.mail()).await;
    assert!(plain.ask("EHLO again.example.com").await.contains("250-STARTTLS\r\n"));
    plain.stream.write_all(b"STARTTLS\r\nMAIL FROM:<eve@example.net>\r\n").await.unwrap();
    assert!(plain.answer().await.starts_with("501"));
    assert_eq!(plain.answer().await, "", "the conversation is over");

    // Another certificate is used without a restart.
    let alone = include_bytes!("../../../platform/src/outbound/loopback/alone.der");
    certify(&installation, ALONE, alone);
    let wrapped = program(server.encrypted_mail(), AUTHORITY, Tls::Wrapper);
    let refused = writer.send(&wrapped, "unknown").await.unwrap_err();
    assert!(refused.is_tls() || format!("{refused:?}").contains("ertificate"), "{refused:?}");
    certify(&installation, signed, key);
    writer.send(&program(server.mail(), AUTHORITY, Tls::Required), "renewed").await.unwrap();
    // Half of one is not: the old one stays.
    std::fs::write(installation.scratch().join("key.pem"), "no key").unwrap();
    writer.send(&program(server.encrypted_mail(), AUTHORITY, Tls::Wrapper), "still").await.unwrap();
    comments(&api, &thread, 4).await;
    let (code, log) = server.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("the old certificate for mail stays in use"), "{log}");
}
