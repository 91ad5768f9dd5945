//! The signature of webhooks.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The signature of a form that is posted to an address: the address, then name and value of each
/// parameter in the order of the names; a value that occurs twice under a name counts once.
pub(crate) fn sign(address: &str, fields: &[(String, String)], token: &str) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort();
    sorted.dedup();
    let mut code = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    code.update(address.as_bytes());
    for (name, value) in sorted {
        code.update(name.as_bytes());
        code.update(value.as_bytes());
    }
    base64::engine::general_purpose::STANDARD.encode(code.finalize().into_bytes())
}

#[test]
fn the_example_of_the_vendor_is_signed_as_they_say() {
    let fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signed = sign("https://example.com/myapp.php?foo=1&bar=2", &fields, "12345");
    assert_eq!(signed, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
}
