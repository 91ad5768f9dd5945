//! Signed tokens (RFC 7519).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey, pkcs1::DecodeRsaPrivateKey as _, pkcs8::DecodePrivateKey as _,
};
use sha2::{Digest as _, Sha256};

use super::{Arguments, encoding::decode, hashes::Algorithm};
use crate::{
    coerce::{self, truth},
    collection::{Collection, Key},
    error::{Result, quoted},
    json,
    value::Value,
};

pub(super) fn sign(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let machine = arguments.machine;
    let algorithm = arguments.text_or(2, "HS256")?;
    let options = arguments.collection(3)?;
    let secret = arguments.bytes(1)?;
    if secret.is_empty() {
        return arguments.wrong(1, "There is no secret.");
    }
    let payload = match arguments.value(0) {
        Value::Text(text) => match json::read(text) {
            Ok(Value::Collection(collection)) => Value::Collection(collection),
            _ => Value::Text(text.clone()),
        },
        _ => Value::Collection(arguments.collection(0)?),
    };
    let mut out = String::new();
    segment(arguments, &mut out, &header(&algorithm, &payload, &options))?;
    out.push('.');
    match &payload {
        Value::Collection(claims) => {
            segment(
                arguments,
                &mut out,
                &Value::collection(complete(arguments, claims, &options)?),
            )?;
        }
        other => {
            let text = coerce::text(machine, other)?;
            machine.produce(text.len() * 2)?;
            URL_SAFE_NO_PAD.encode_string(text.as_bytes(), &mut out);
        }
    }
    machine.work(out.len())?;
    let signature = match &*algorithm {
        "HS256" => Algorithm::Sha256.authenticate(&secret, out.as_bytes()),
        "HS384" => Algorithm::Sha384.authenticate(&secret, out.as_bytes()),
        "HS512" => Algorithm::Sha512.authenticate(&secret, out.as_bytes()),
        "RS256" => {
            // As much work as many short functions.
            machine.work(1_000_000)?;
            match rs256(&secret, out.as_bytes()) {
                Ok(signature) => signature,
                Err(cause) => return arguments.wrong(1, cause),
            }
        }
        other => {
            return arguments.wrong(
                2,
                format!("{} is no algorithm; HS256, HS384, HS512 and RS256 are.", quoted(other)),
            );
        }
    };
    out.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut out);
    machine.text(&out)
}

fn rs256(pem: &[u8], message: &[u8]) -> Result<Vec<u8>, &'static str> {
    private_key(pem)?
        .sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))
        .map_err(|_| "The RSA private key cannot sign: it is too short or its numbers do not fit.")
}

// Keys travel through forms and environments that break their lines elsewhere or not at all, so that
// only the label and the Base64 text count.
fn private_key(pem: &[u8]) -> Result<RsaPrivateKey, &'static str> {
    const NO_KEY: &str = "The secret is not an RSA private key in PEM.";
    let pem = std::str::from_utf8(pem).map_err(|_| NO_KEY)?;
    let (_, behind) = pem.split_once("-----BEGIN ").ok_or(NO_KEY)?;
    let (label, behind) = behind.split_once("-----").ok_or(NO_KEY)?;
    let (body, _) = behind.split_once(&format!("-----END {label}-----")).ok_or(NO_KEY)?;
    let der = match decode(&body.replace("\\n", "\n"), "base64") {
        Some(Ok(der)) => der,
        _ => return Err(NO_KEY),
    };
    match label {
        "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(&der).map_err(|_| NO_KEY),
        "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| NO_KEY),
        "ENCRYPTED PRIVATE KEY" => Err("The RSA private key has a password; it must have none."),
        _ => Err(NO_KEY),
    }
}

fn segment(arguments: &Arguments<'_, '_>, out: &mut String, value: &Value) -> Result<()> {
    let mut text = String::new();
    json::write(arguments.machine, &mut text, value)?;
    arguments.machine.produce(text.len() * 2)?;
    URL_SAFE_NO_PAD.encode_string(text, out);
    Ok(())
}

fn header(algorithm: &str, payload: &Value, options: &Collection) -> Value {
    let mut entries = vec![(Key::new("alg"), Value::from(algorithm))];
    if matches!(payload, Value::Collection(_)) {
        entries.push((Key::new("typ"), Value::from("JWT")));
    }
    if let Some(key) = options.by_name("keyid") {
        entries.push((Key::new("kid"), key.clone()));
    }
    if let Some(Value::Collection(more)) = options.by_name("header") {
        entries.extend(more.iter().cloned());
    }
    Value::collection(Collection::new(entries))
}

// The claims, with those that follow from the options and the time.
fn complete(
    arguments: &Arguments<'_, '_>,
    claims: &Collection,
    options: &Collection,
) -> Result<Collection> {
    let now = arguments.machine.environment.now.ms().div_euclid(1000) as f64;
    let mut entries: Vec<_> = claims.iter().cloned().collect();
    let issued = match claims.by_name("iat") {
        Some(Value::Number(issued)) => *issued,
        _ => now,
    };
    if options.by_name("noTimestamp").is_some_and(truth) {
        entries.retain(|(key, _)| &**key.name() != "iat");
    } else {
        entries.push((Key::new("iat"), Value::Number(issued)));
    }
    for (option, claim) in [("notBefore", "nbf"), ("expiresIn", "exp")] {
        if let Some(span) = options.by_name(option) {
            match seconds(span) {
                Some(seconds) => {
                    entries.push((Key::new(claim), Value::Number((issued + seconds).floor())));
                }
                None => {
                    return arguments
                        .wrong(3, format!("{option} is neither seconds nor a span such as 2h."));
                }
            }
        }
    }
    for (option, claim) in
        [("audience", "aud"), ("issuer", "iss"), ("subject", "sub"), ("jwtid", "jti")]
    {
        if let Some(value) = options.by_name(option) {
            entries.push((Key::new(claim), value.clone()));
        }
    }
    Ok(Collection::new(entries))
}

// Seconds as a number, or a text such as "2 days"; a text without a unit means milliseconds.
fn seconds(span: &Value) -> Option<f64> {
    let text = match span {
        Value::Number(seconds) => return seconds.is_finite().then_some(*seconds),
        Value::Text(text) => text.trim(),
        _ => return None,
    };
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number = crate::number::read_number(&text[..at])?;
    let unit = match text[at..].to_ascii_lowercase().as_str() {
        "" | "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "y" | "yr" | "yrs" | "year" | "years" => 31_557_600.0,
        _ => return None,
    };
    Some(number * unit)
}
