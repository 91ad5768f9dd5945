//! Signature version 4 in a header.

use super::{
    aws::{Settings, Unsigned},
    hmac_sha256, sha256_hex,
};
use crate::apps::run::text::component;

pub(super) fn sign(settings: &Settings, request: &Unsigned<'_>) -> Vec<(String, String)> {
    let host = request.host();
    let (service, region) = place(&host);
    let service = settings.service.clone().unwrap_or(service);
    let region = settings.region.clone().unwrap_or(region);
    let storage = service == "s3";
    let time = match request.header("x-amz-date") {
        Some(time) => time.to_owned(),
        None => compact(&request.now.to_iso()),
    };
    let digest = sha256_hex(request.body);
    let mut added = Vec::new();
    if request.header("x-amz-date").is_none() {
        added.push(("x-amz-date".to_owned(), time.clone()));
    }
    if let Some(session) = &settings.session {
        added.push(("x-amz-security-token".to_owned(), session.clone()));
    }
    if storage && request.header("x-amz-content-sha256").is_none() {
        added.push(("x-amz-content-sha256".to_owned(), digest.clone()));
    }

    let mut signed: Vec<(String, String)> = request
        .headers
        .iter()
        .chain(&added)
        .filter(|(name, _)| {
            name.starts_with("x-amz-") || matches!(name.as_str(), "content-type" | "range" | "date")
        })
        .map(|(name, value)| (name.clone(), single_blanks(value)))
        .collect();
    signed.push(("host".to_owned(), host));
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let payload = request.header("x-amz-content-sha256").unwrap_or(&digest);
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{payload}",
        request.method,
        path(request.url.path(), storage),
        query(request),
    );

    let day = time.get(..8).unwrap_or_default();
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
    let mut key = hmac_sha256(format!("AWS4{}", settings.secret).as_bytes(), day.as_bytes());
    for part in [region.as_str(), &service, "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    let signature = hex::encode(hmac_sha256(&key, text.as_bytes()));
    let credential = format!("{}/{scope}", settings.key);
    added.push((
        "authorization".to_owned(),
        format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        ),
    ));
    added
}

/// `2015-08-30T12:36:00.000Z` as `20150830T123600Z`.
fn compact(iso: &str) -> String {
    let digits: String = iso.split('.').next().unwrap_or_default().replace(['-', ':'], "");
    format!("{digits}Z")
}

/// Service and region that the name of a host tells of.
fn place(host: &str) -> (String, String) {
    let anywhere = || ("execute-api".to_owned(), "us-east-1".to_owned());
    let host = host.split(':').next().unwrap_or_default();
    let Some(name) = host.strip_suffix(".amazonaws.com") else { return anywhere() };
    let parts: Vec<&str> = name.split('.').collect();
    let is_region = |part: &str| {
        !part.starts_with("s3-")
            && part.split('-').count() >= 3
            && part.ends_with(|c: char| c.is_ascii_digit())
    };
    match parts.as_slice() {
        [.., service, region] if is_region(region) => ((*service).to_owned(), (*region).to_owned()),
        [.., service] => {
            // Old names of the storage service: s3-eu-west-1.
            match service.strip_prefix("s3-") {
                Some(region) => ("s3".to_owned(), region.to_owned()),
                None => ((*service).to_owned(), "us-east-1".to_owned()),
            }
        }
        [] => anywhere(),
    }
}

/// The path as it is signed. All services but the storage service encode it a second time.
fn path(path: &str, storage: bool) -> String {
    let again = |segment: &str| if storage { segment.to_owned() } else { component(segment) };
    path.split('/').map(again).collect::<Vec<_>>().join("/")
}

fn query(request: &Unsigned<'_>) -> String {
    let mut pairs: Vec<(String, String)> = request
        .url
        .query_pairs()
        .map(|(name, value)| (component(&name), component(&value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn single_blanks(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use halyard_iml::{Collection, Date, Value};
    use halyard_platform::outbound;

    use super::*;

    fn signature(url: &str, method: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let settings = Settings::of(&Collection::of([
            ("key", Value::from("AKIDEXAMPLE")),
            ("secret", Value::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
            ("sign_version", Value::from("4")),
            ("service", Value::from("service")),
            ("region", Value::from("us-east-1")),
        ]))
        .unwrap();
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let request = Unsigned {
            method,
            url: &outbound::url(url).unwrap(),
            headers: &headers,
            body,
            now: Date::from_iso("2015-08-30T12:36:00Z").unwrap(),
        };
        let authorization = settings.sign(&request).pop().unwrap().1;
        assert!(authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        ));
        authorization.split("Signature=").nth(1).unwrap().to_owned()
    }

    /// Cases of the vendor's published test suite.
    #[test]
    fn the_published_test_suite_is_signed_alike() {
        let url = "https://example.amazonaws.com/";
        for (url, method, headers, body, expected) in [
            (
                url.to_owned(),
                "GET",
                &[][..],
                &b""[..],
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                format!("{url}?Param2=value2&Param1=value1"),
                "GET",
                &[],
                b"",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                url.to_owned(),
                "POST",
                &[],
                b"",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                url.to_owned(),
                "POST",
                &[("content-type", "application/x-www-form-urlencoded")],
                b"Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            assert_eq!(signature(&url, method, headers, body), expected, "{method} {url}");
        }
    }

    #[test]
    fn the_host_tells_service_and_region() {
        for (host, service, region) in [
            ("s3.amazonaws.com", "s3", "us-east-1"),
            ("bucket.s3.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("bucket.s3-eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("dynamodb.us-east-2.amazonaws.com:443", "dynamodb", "us-east-2"),
            ("iam.amazonaws.com", "iam", "us-east-1"),
            ("x.example", "execute-api", "us-east-1"),
        ] {
            assert_eq!(place(host), (service.to_owned(), region.to_owned()), "{host}");
        }
    }
}
