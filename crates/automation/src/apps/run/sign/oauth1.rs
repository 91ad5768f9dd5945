//! OAuth 1.0 signatures (RFC 5849).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use halyard_iml::{Collection, Value, truth};
use halyard_platform::outbound::Url;
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey, pkcs1::DecodeRsaPrivateKey as _, pkcs8::DecodePrivateKey as _,
};
use sha1::{Digest as _, Sha1};

use super::hmac_sha1;
use crate::apps::run::text::{component, text};

/// The `oauth` directive.
pub(in crate::apps::run) struct Settings {
    consumer_key: String,
    consumer_secret: String,
    private_key: Option<String>,
    token: Option<String>,
    token_secret: String,
    verifier: Option<String>,
    callback: Option<String>,
    realm: Option<String>,
    method: Method,
    pub(in crate::apps::run) transport: Transport,
    body_hash: Option<BodyHash>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    HmacSha1,
    RsaSha1,
    Plaintext,
}

/// Where the signature goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apps::run) enum Transport {
    Header,
    Query,
    Body,
}

enum BodyHash {
    Computed,
    Given(String),
}

/// What is signed.
pub(in crate::apps::run) struct Unsigned<'a> {
    pub(in crate::apps::run) method: &'a str,
    pub(in crate::apps::run) url: &'a Url,
    /// The pairs of a form, when the body is one.
    pub(in crate::apps::run) form: Option<&'a [(String, String)]>,
    pub(in crate::apps::run) body: &'a [u8],
    pub(in crate::apps::run) nonce: &'a str,
    /// Seconds since 1970.
    pub(in crate::apps::run) timestamp: i64,
}

impl Settings {
    /// Reads the directive; nothing when it is empty.
    pub(in crate::apps::run) fn of(value: &Collection) -> Result<Option<Self>, String> {
        let get = |name: &str| value.by_name(name).filter(|value| !value.is_empty()).map(text);
        let Some(consumer_key) = get("consumer_key") else {
            let unused = value.iter().all(|(_, value)| value.is_empty());
            return if unused {
                Ok(None)
            } else {
                Err("oauth.consumer_key is missing.".to_owned())
            };
        };
        let method = match get("signature_method").as_deref() {
            None | Some("HMAC-SHA1") => Method::HmacSha1,
            Some("RSA-SHA1") => Method::RsaSha1,
            Some("PLAINTEXT") => Method::Plaintext,
            Some(other) => {
                return Err(format!(
                    "oauth.signature_method must be HMAC-SHA1, RSA-SHA1 or PLAINTEXT, not {other}."
                ));
            }
        };
        let transport = match get("transport_method").as_deref() {
            None | Some("header") => Transport::Header,
            Some("query") => Transport::Query,
            Some("body") => Transport::Body,
            Some(other) => {
                return Err(format!(
                    "oauth.transport_method must be header, query or body, not {other}."
                ));
            }
        };
        let body_hash = match value.by_name("body_hash") {
            Some(Value::Text(text)) if !text.is_empty() => match &**text {
                "true" => Some(BodyHash::Computed),
                "false" => None,
                hash => Some(BodyHash::Given(hash.to_owned())),
            },
            Some(value) if truth(value) => Some(BodyHash::Computed),
            _ => None,
        };
        Ok(Some(Self {
            consumer_key,
            consumer_secret: get("consumer_secret").unwrap_or_default(),
            private_key: get("private_key"),
            token: get("token"),
            token_secret: get("token_secret").unwrap_or_default(),
            verifier: get("verifier"),
            callback: get("callback"),
            realm: get("realm"),
            method,
            transport,
            body_hash,
        }))
    }

    /// What is secret of it.
    pub(in crate::apps::run) fn secrets(&self) -> impl Iterator<Item = &str> {
        [Some(&self.consumer_secret), Some(&self.token_secret), self.private_key.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The parameters of the signature, the signature among them.
    pub(in crate::apps::run) fn sign(
        &self,
        request: &Unsigned<'_>,
    ) -> Result<Vec<(String, String)>, String> {
        let hash = match &self.body_hash {
            Some(BodyHash::Given(hash)) => Some(hash.clone()),
            // Of forms the signature covers every pair instead.
            Some(BodyHash::Computed) if request.form.is_none() => {
                Some(STANDARD.encode(Sha1::digest(request.body)))
            }
            _ => None,
        };
        let method = match self.method {
            Method::HmacSha1 => "HMAC-SHA1",
            Method::RsaSha1 => "RSA-SHA1",
            Method::Plaintext => "PLAINTEXT",
        };
        let mut own: Vec<(String, String)> = [
            ("oauth_body_hash", hash),
            ("oauth_callback", self.callback.clone()),
            ("oauth_consumer_key", Some(self.consumer_key.clone())),
            ("oauth_nonce", Some(request.nonce.to_owned())),
            ("oauth_signature_method", Some(method.to_owned())),
            ("oauth_timestamp", Some(request.timestamp.to_string())),
            ("oauth_token", self.token.clone()),
            ("oauth_verifier", self.verifier.clone()),
            ("oauth_version", Some("1.0".to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
        let key = format!("{}&{}", component(&self.consumer_secret), component(&self.token_secret));
        let signature = match self.method {
            Method::Plaintext => key,
            Method::HmacSha1 => {
                STANDARD.encode(hmac_sha1(key.as_bytes(), base_string(request, &own).as_bytes()))
            }
            Method::RsaSha1 => {
                let pem = self.private_key.as_deref().unwrap_or(&self.consumer_secret);
                rsa_sha1(pem, base_string(request, &own).as_bytes())?
            }
        };
        own.push(("oauth_signature".to_owned(), signature));
        Ok(own)
    }

    /// The `Authorization` header with the parameters of a signature.
    pub(in crate::apps::run) fn header(&self, signed: &[(String, String)]) -> String {
        let realm =
            self.realm.as_ref().map(|realm| format!("realm=\"{}\"", realm.replace('"', "")));
        let pairs = signed
            .iter()
            .map(|(name, value)| format!("{}=\"{}\"", component(name), component(value)));
        let all: Vec<String> = realm.into_iter().chain(pairs).collect();
        format!("OAuth {}", all.join(", "))
    }
}

fn base_string(request: &Unsigned<'_>, own: &[(String, String)]) -> String {
    let url = request.url;
    let host = url.host_str().unwrap_or_default();
    // The address leaves out the port that belongs to the scheme.
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let place = format!("{}://{host}{port}{}", url.scheme(), url.path());
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (component(&name), component(&value)))
        .chain(
            request
                .form
                .unwrap_or_default()
                .iter()
                .chain(own)
                .map(|(name, value)| (component(name), component(value))),
        )
        .collect();
    pairs.sort();
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!(
        "{}&{}&{}",
        request.method.to_ascii_uppercase(),
        component(&place),
        component(&pairs.join("&"))
    )
}

fn rsa_sha1(pem: &str, message: &[u8]) -> Result<String, String> {
    let key = RsaPrivateKey::from_pkcs8_pem(pem)
        .ok()
        .or_else(|| RsaPrivateKey::from_pkcs1_pem(pem).ok())
        .ok_or("oauth.private_key is not an RSA private key in PEM.")?;
    let signature = key
        .sign(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(message))
        .map_err(|_| "oauth.private_key is too short to sign with.")?;
    Ok(STANDARD.encode(signature))
}

#[cfg(test)]
mod tests {
    use halyard_platform::outbound;

    use super::*;

    fn settings(entries: &[(&str, &str)]) -> Settings {
        let entries = entries.iter().map(|(name, value)| (*name, Value::from(*value)));
        Settings::of(&Collection::of(entries)).unwrap().unwrap()
    }

    fn signature(signed: &[(String, String)]) -> &str {
        &signed.last().unwrap().1
    }

    /// The example of the first specification's appendix.
    const PHOTOS: &str = "http://photos.example.net/photos?file=vacation.jpg&size=original";

    #[test]
    fn the_example_of_the_specification_is_signed_alike() {
        let settings = settings(&[
            ("consumer_key", "dpf43f3p2l4k3l03"),
            ("consumer_secret", "kd94hf93k423kf44"),
            ("token", "nnch734d00sl2jdk"),
            ("token_secret", "pfkkdhi9sl3r4s00"),
        ]);
        let url = outbound::url(PHOTOS).unwrap();
        let request = Unsigned {
            method: "GET",
            url: &url,
            form: None,
            body: b"",
            nonce: "kllo9940pd9333jh",
            timestamp: 1_191_242_096,
        };
        let signed = settings.sign(&request).unwrap();
        assert_eq!(signature(&signed), "tR3+Ty81lMeYAr/Fid0kMTYa/WM=");
        let header = settings.header(&signed);
        assert!(header.starts_with("OAuth oauth_consumer_key=\"dpf43f3p2l4k3l03\", oauth_nonce="));
        assert!(header.ends_with("oauth_signature=\"tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D\""));
    }

    #[test]
    fn a_form_is_part_of_what_is_signed() {
        let settings = settings(&[
            ("consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
            ("consumer_secret", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
            ("token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
            ("token_secret", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"),
        ]);
        let url =
            outbound::url("https://api.twitter.com/1/statuses/update.json?include_entities=true");
        let form =
            [("status".to_owned(), "Hello Ladies + Gentlemen, a signed OAuth request!".to_owned())];
        let request = Unsigned {
            method: "post",
            url: &url.unwrap(),
            form: Some(&form),
            body: b"",
            nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
            timestamp: 1_318_622_958,
        };
        let signed = settings.sign(&request).unwrap();
        assert_eq!(signature(&signed), "tnnArxj06cWHq44gCs1OSKk/jLY=");
    }

    /// The published test case of the first specification, with its key.
    #[test]
    fn a_private_key_signs_like_the_published_case() {
        // In parts: it looks like a real one, and is as public as the case.
        let [begin, end] = ["BEGIN", "END"].map(|word| format!("-----{word} PRIVATE KEY-----"));
        let key = "\
            MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBALRiMLAh9iimur8V\n\
            A7qVvdqxevEuUkW4K+2KdMXmnQbG9Aa7k7eBjK1S+0LYmVjPKlJGNXHDGuy5Fw/d\n\
            7rjVJ0BLB+ubPK8iA/Tw3hLQgXMRRGRXXCn8ikfuQfjUS1uZSatdLB81mydBETlJ\n\
            hI6GH4twrbDJCR2Bwy/XWXgqgGRzAgMBAAECgYBYWVtleUzavkbrPjy0T5FMou8H\n\
            X9u2AC2ry8vD/l7cqedtwMPp9k7TubgNFo+NGvKsl2ynyprOZR1xjQ7WgrgVB+mm\n\
            uScOM/5HVceFuGRDhYTCObE+y1kxRloNYXnx3ei1zbeYLPCHdhxRYW7T0qcynNmw\n\
            rn05/KO2RLjgQNalsQJBANeA3Q4Nugqy4QBUCEC09SqylT2K9FrrItqL2QKc9v0Z\n\
            zO2uwllCbg0dwpVuYPYXYvikNHHg+aCWF+VXsb9rpPsCQQDWR9TT4ORdzoj+Nccn\n\
            qkMsDmzt0EfNaAOwHOmVJ2RVBspPcxt5iN4HI7HNeG6U5YsFBb+/GZbgfBT3kpNG\n\
            WPTpAkBI+gFhjfJvRw38n3g/+UeAkwMI2TJQS4n8+hid0uus3/zOjDySH3XHCUno\n\
            cn1xOJAyZODBo47E+67R4jV1/gzbAkEAklJaspRPXP877NssM5nAZMU0/O/NGCZ+\n\
            3jPgDUno6WbJn5cqm8MqWhW1xGkImgRk+fkDBquiq4gPiT898jusgQJAd5Zrr6Q8\n\
            AO/0isr/3aa6O6NLQxISLKcPDk2NOccAfS/xOtfOz4sJYM3+Bs4Io9+dZGSDCA54\n\
            Lw03eHTNQghS0A==";
        let key = format!("{begin}\n{key}\n{end}");
        let settings = settings(&[
            ("consumer_key", "dpf43f3p2l4k3l03"),
            ("private_key", &key),
            ("signature_method", "RSA-SHA1"),
        ]);
        let url = "http://photos.example.net/photos?file=vacaction.jpg&size=original";
        let request = Unsigned {
            method: "GET",
            url: &outbound::url(url).unwrap(),
            form: None,
            body: b"",
            nonce: "13917289812797014437",
            timestamp: 1_196_666_512,
        };
        assert_eq!(
            signature(&settings.sign(&request).unwrap()),
            "jvTp/wX1TYtByB1m+Pbyo0lnCOLIsyGCH7wke8AUs3BpnwZJtAuEJkvQL2/9n4s5wUmUl4aCI4BwpraNx4Rt\
             EXMe5qg5T1LVTGliMRpKasKsW//e+RinhejgCuzoH26dyF8iY2ZZ/5D1ilgeijhV/vBka5twt399mXwaYdCw\
             FYE="
        );
    }

    #[test]
    fn plain_text_is_the_two_secrets() {
        let settings = settings(&[
            ("consumer_key", "dpf43f3p2l4k3l03"),
            ("consumer_secret", "kd94&hf93k423kf44"),
            ("token_secret", "pfkkdhi9sl3r4s00"),
            ("signature_method", "PLAINTEXT"),
            ("transport_method", "query"),
        ]);
        let request = Unsigned {
            method: "GET",
            url: &outbound::url(PHOTOS).unwrap(),
            form: None,
            body: b"",
            nonce: "x",
            timestamp: 1,
        };
        let signed = settings.sign(&request).unwrap();
        assert_eq!(signature(&signed), "kd94%26hf93k423kf44&pfkkdhi9sl3r4s00");
        assert_eq!(settings.transport, Transport::Query);
    }

    #[test]
    fn a_body_has_its_hash_signed_when_the_app_asks_for_it() {
        let settings = settings(&[("consumer_key", "key"), ("body_hash", "true")]);
        let url = outbound::url("http://www.example.com/resource").unwrap();
        let request = Unsigned {
            method: "PUT",
            url: &url,
            form: None,
            body: b"Hello World!",
            nonce: "10369470270925",
            timestamp: 1_236_874_236,
        };
        let signed = settings.sign(&request).unwrap();
        // The example of the extension.
        assert_eq!(signed[0], ("oauth_body_hash".into(), "Lve95gjOVATpfV8EL5X4nxwjKHE=".into()));
    }

    #[test]
    fn what_cannot_be_signed_with_is_refused() {
        let of = |entries: &[(&str, &str)]| {
            let entries = entries.iter().map(|(name, value)| (*name, Value::from(*value)));
            Settings::of(&Collection::of(entries)).map(|settings| settings.is_some())
        };
        assert_eq!(of(&[]), Ok(false));
        assert_eq!(of(&[("consumer_key", "")]), Ok(false));
        assert!(of(&[("token", "x")]).is_err());
        assert!(of(&[("consumer_key", "x"), ("signature_method", "HMAC-MD5")]).is_err());
        assert!(of(&[("consumer_key", "x"), ("transport_method", "post")]).is_err());
        let settings = settings(&[("consumer_key", "x"), ("signature_method", "RSA-SHA1")]);
        let request = Unsigned {
            method: "GET",
            url: &outbound::url(PHOTOS).unwrap(),
            form: None,
            body: b"",
            nonce: "x",
            timestamp: 1,
        };
        assert!(settings.sign(&request).unwrap_err().contains("private_key"));
    }
}
