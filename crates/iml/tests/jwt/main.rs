//! Tokens that are signed with RSA keys, against signatures of another implementation.
#![cfg(test)]

mod keys;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use halyard_iml::{
    Collection, Context, Date, Environment, Error, ErrorKind, Program, Seeded, Value,
};
use rsa::{Pkcs1v15Sign, RsaPublicKey, pkcs1::DecodeRsaPublicKey as _};
use sha2::{Digest as _, Sha256};

/// `jwt({sub: "1", iat: 1516239022}; key; "RS256")`, as node:crypto signs it. The signature of this
/// scheme depends on nothing but key and message.
const SIGNED: &str = "\
    eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIiwiaWF0IjoxNTE2MjM5MDIyfQ.S3yV\
    31ZLUntZtaICNNmqaGzDPK7EndDYMdxu8QRmulVh_airK60gbAqh412nrkMOr91fu2ImsU-\
    2ezQOdDfCBmowRfa0OhZHzC5_3PvM4VjUElHtmuvIeCxvTE25BCxPzBqdqB9BR78YTt4n1Aax43QhhMS\
    bP3qHQcnN11ng41l8B_yYxxmJe67iDgka0z5Od34JmALxko0lHQM5_V8xcodDM8igDmtqudhMxoP4oBO\
    B3sfOlE756urwCp9AVchR18aFzQYCaohOhTu60mXEJQzaJATvFeKv4oXnArYom0Z4oWgKmGftF8iC-\
    W0c9ruOp4pM2uY-PYzOZBW-pm2WWg\
    ";

// The text of a key file, its lines ended like this.
fn pem(label: &str, der: &str, line_end: &str) -> String {
    let lines: Vec<_> = der.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    let body = lines.join(line_end);
    format!("-----BEGIN {label}-----{line_end}{body}{line_end}-----END {label}-----{line_end}")
}

fn token(secret: &str, payload: &str) -> Result<String, Error> {
    let randomness = Seeded::new(1);
    let environment = Environment::new(Date::from_ms(0)?, &randomness);
    let roots = Collection::of([("secret", Value::from(secret))]);
    let source = format!("jwt({payload}; `secret`; 'RS256')");
    let (program, _) = Program::expression(&source, Context::default());
    match program.evaluate(&roots, &environment)? {
        Value::Text(text) => Ok(text.to_string()),
        other => panic!("{other:?} is no token"),
    }
}

fn verifies(token: &str, public: &str) -> bool {
    let der = STANDARD.decode(public).expect("Base64");
    let key = RsaPublicKey::from_pkcs1_der(&der).expect("a public key");
    let (message, signature) = token.rsplit_once('.').expect("three segments");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("Base64");
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), &signature).is_ok()
}

const PAYLOAD: &str = "{sub: '1', iat: 1516239022}";

#[test]
fn a_key_signs_in_both_forms_and_whatever_became_of_its_lines() {
    for (label, der) in [("PRIVATE KEY", keys::PKCS8), ("RSA PRIVATE KEY", keys::PKCS1)] {
        for line_end in ["\n", "\r\n", " ", "", "\\n"] {
            let secret = pem(label, der, line_end);
            assert_eq!(token(&secret, PAYLOAD).expect("a token"), SIGNED, "{label} {line_end:?}");
        }
        let indented = format!("\n  {}\n\n", pem(label, der, "\n  "));
        assert_eq!(token(&indented, PAYLOAD).expect("a token"), SIGNED, "{label}, indented");
    }
}

#[test]
fn only_the_key_that_signed_verifies() {
    assert!(verifies(SIGNED, keys::PUBLIC), "the other implementation's");
    let ours =
        token(&pem("PRIVATE KEY", keys::PKCS8, "\n"), "{sub: 'ž', n: [1]}").expect("a token");
    assert!(verifies(&ours, keys::PUBLIC));
    assert!(!verifies(&ours, keys::OTHER_PUBLIC));
    let others = token(&pem("PRIVATE KEY", keys::OTHER_PKCS8, "\n"), PAYLOAD).expect("a token");
    assert!(verifies(&others, keys::OTHER_PUBLIC));
    assert!(!verifies(&others, keys::PUBLIC));
    assert_ne!(others, SIGNED);
    let (first, rest) = ours.split_once('.').expect("three segments");
    let (_, signature) = rest.split_once('.').expect("three segments");
    let forged = format!("{first}.{}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"sub":"x"}"#));
    assert!(!verifies(&forged, keys::PUBLIC));
}

#[test]
fn what_is_no_key_says_so() {
    const NO_KEY: &str = "The secret is not an RSA private key in PEM.";
    let whole = pem("PRIVATE KEY", keys::PKCS8, "\n");
    let cut = &keys::PKCS8[..400];
    let mut changed = keys::PKCS8.to_owned();
    changed.replace_range(0..8, "AAAAAAAA");
    for (what, secret, cause) in [
        ("nothing", String::new(), "There is no secret."),
        ("a word", "secret".to_owned(), NO_KEY),
        ("no end", whole[..whole.len() - 30].to_owned(), NO_KEY),
        ("no beginning", whole[30..].to_owned(), NO_KEY),
        ("another end", whole.replace("END PRIVATE", "END RSA PRIVATE"), NO_KEY),
        ("cut", pem("PRIVATE KEY", cut, "\n"), NO_KEY),
        ("nothing inside", pem("PRIVATE KEY", "", "\n"), NO_KEY),
        ("no Base64", pem("PRIVATE KEY", "*", "\n"), NO_KEY),
        ("changed", pem("PRIVATE KEY", &changed, "\n"), NO_KEY),
        ("the wrong label", pem("RSA PRIVATE KEY", keys::PKCS8, "\n"), NO_KEY),
        ("a public key", pem("RSA PUBLIC KEY", keys::PUBLIC, "\n"), NO_KEY),
        ("a curve", pem("PRIVATE KEY", keys::CURVE, "\n"), NO_KEY),
        (
            "a password",
            pem("ENCRYPTED PRIVATE KEY", keys::LOCKED, "\n"),
            "The RSA private key has a password; it must have none.",
        ),
    ] {
        let error = token(&secret, "{}").expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Argument, "{what}");
        assert_eq!((error.function(), error.argument()), (Some("jwt"), Some(2)), "{what}");
        assert_eq!(error.cause(), cause, "{what}");
        assert!(error.span().is_some(), "{what}");
    }
}
