//! Texts and numbers that must have a form: addresses, names, certificates, colours, conditions.

use halyard_iml::{Text, Value, Zone, filter::OPERATORS};

use super::running::attribute;
use crate::apps::parameter::{Kind, Parameter, Tags};

/// A certificate may have this many characters.
const LONGEST_CERTIFICATE: usize = 8192;

/// What is wrong with the form of a text that is not empty.
pub(super) fn text(parameter: &Parameter, text: &str) -> Option<String> {
    let wrong = |holds: bool, what: &str| (!holds).then(|| format!("Value is not a valid {what}."));
    match &parameter.kind {
        Kind::Url => wrong(is_url(text), "URL"),
        Kind::Email => wrong(is_email(text), "email address"),
        Kind::Uuid => wrong(is_uuid(text), "UUID"),
        Kind::Color => wrong(is_color(text), "color"),
        Kind::Timezone => wrong(Zone::find(text).is_some(), "time zone"),
        Kind::Cert if text.len() > LONGEST_CERTIFICATE => {
            Some(format!("Value exceeded maximum length of {LONGEST_CERTIFICATE} characters."))
        }
        Kind::Cert => wrong(is_pem(text, |label| label.ends_with("CERTIFICATE")), "certificate"),
        Kind::Pkey => wrong(is_pem(text, |label| label.ends_with("PRIVATE KEY")), "private key"),
        Kind::Filename => filename(parameter, text),
        _ => None,
    }
}

/// What is wrong with a number of a kind that does not take every one.
pub(super) fn number(kind: &Kind, number: f64) -> Vec<String> {
    let mut wrong = Vec::new();
    let whole = matches!(kind, Kind::Integer | Kind::Uinteger | Kind::Port);
    if whole && number.fract() != 0.0 {
        wrong.push("Value is not a whole number.".to_owned());
    }
    let (min, max) = match kind {
        Kind::Uinteger => (Some(0.0), None),
        Kind::Port => (Some(1.0), Some(65535.0)),
        _ => (None, None),
    };
    wrong.extend(super::bounds::range(number, min, max));
    wrong
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    if !named || !scheme.bytes().all(letters) {
        return false;
    }
    if text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return false;
    }
    match rest.strip_prefix("//") {
        Some(rest) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            scheme.eq_ignore_ascii_case("file")
                || halyard_platform::outbound::Url::parse(text).is_ok()
                    && !host.is_empty()
                    && !host.starts_with(':')
        }
        None => !rest.is_empty() && !scheme.eq_ignore_ascii_case("http") && scheme != "https",
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && !part.chars().any(|letter| {
                letter.is_whitespace() || letter.is_control() || "()<>[]:;@\\,\"".contains(letter)
            })
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    local.len() <= 64
        && text.len() <= 254
        && plain(local)
        && domain.contains('.')
        && domain.split('.').all(label)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Whether there is a block between matching lines whose label is as wanted, with Base64 inside.
fn is_pem(text: &str, wanted: impl Fn(&str) -> bool) -> bool {
    let mut inside: Option<(&str, bool)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = bracketed(line, "-----BEGIN ") {
            inside = Some((label, false));
        } else if let Some(label) = bracketed(line, "-----END ") {
            if matches!(inside, Some((begun, true)) if begun == label && wanted(label)) {
                return true;
            }
            inside = None;
        } else if let Some((label, _)) = inside
            && !line.is_empty()
        {
            let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
            // Keys may begin with headers such as `Proc-Type: 4,ENCRYPTED`.
            let header = line.contains(": ");
            if !header && !line.bytes().all(base64) {
                return false;
            }
            inside = Some((label, true));
        }
    }
    false
}

fn bracketed<'t>(line: &'t str, begin: &str) -> Option<&'t str> {
    line.strip_prefix(begin)?.strip_suffix("-----")
}

fn filename(parameter: &Parameter, text: &str) -> Option<String> {
    if parameter.extension.is_empty() {
        return None;
    }
    let plain = |extension: &str| extension.trim().trim_start_matches('.').to_ascii_lowercase();
    let all: Vec<_> = parameter
        .extension
        .iter()
        .flat_map(|list| list.split(','))
        .map(plain)
        .filter(|extension| !extension.is_empty())
        .collect();
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text).to_ascii_lowercase();
    let ends = |extension: &String| {
        name.strip_suffix(extension.as_str())
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    };
    if all.is_empty() || all.iter().any(ends) {
        return None;
    }
    Some(format!("File name must have one of the following extensions: {}", all.join(", ")))
}

/// A text as its field takes it, where that does something about tags.
pub(super) fn without_tags(parameter: &Parameter, text: &Text) -> Text {
    let Some(tags) = parameter.tags else { return text.clone() };
    if tags == Tags::Escape {
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                other => out.push(other),
            }
        }
        return out.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &**text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        // "a < b" is no tag.
        let opens = tag[1..].starts_with(|next: char| {
            next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')
        });
        rest = match tag.find('>') {
            Some(end) if opens => &tag[end + 1..],
            None if opens && tags == Tags::StripAll => "",
            _ => {
                out.push('<');
                &tag[1..]
            }
        };
    }
    out.push_str(rest);
    out.into()
}

/// The bytes of a text in a code page.
pub(super) fn encode(text: &str, page: &str) -> Result<Vec<u8>, String> {
    let name: String = page.chars().filter(char::is_ascii_alphanumeric).collect();
    let most = match name.to_ascii_lowercase().as_str() {
        "utf8" => return Ok(text.as_bytes().to_vec()),
        "utf16le" | "utf16" | "ucs2" => {
            return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
        "base64" | "hex" => return Err(format!("{page} is not a code page.")),
        "ascii" | "usascii" => 0x7f,
        "latin1" | "iso88591" | "binary" => 0xff,
        _ => return Err(format!("The code page {page} is not supported.")),
    };
    text.chars()
        .map(|letter| match u32::from(letter) {
            code if code <= most => Ok(code as u8),
            _ => Err(format!("'{letter}' cannot be written in {page}.")),
        })
        .collect()
}

/// Conditions as groups, of which one must hold; in a group all of them.
pub(super) fn filter(parameter: &Parameter, value: &Value) -> Result<Value, String> {
    let Value::Array(items) = value else { return Ok(value.clone()) };
    // On the field, or inside its options.
    let inside = parameter.options.as_ref().and_then(|options| attribute(&options.rest, "logic"));
    let logic = inside.or_else(|| attribute(&parameter.rest, "logic"));
    let logic = logic.and_then(Value::as_text).map(|logic| &**logic);
    let grouped = items.iter().any(|item| matches!(item, Value::Array(_)));
    let groups: Vec<Vec<Value>> = if grouped {
        items
            .iter()
            .map(|group| match group {
                Value::Array(conditions) => conditions.to_vec(),
                one => vec![one.clone()],
            })
            .collect()
    } else if logic == Some("or") {
        items.iter().map(|condition| vec![condition.clone()]).collect()
    } else if items.is_empty() {
        Vec::new()
    } else {
        vec![items.to_vec()]
    };
    for condition in groups.iter().flatten() {
        let Value::Collection(parts) = condition else {
            return Err("A condition of a filter must be an object of a, o and b.".to_owned());
        };
        let allowed = |name: &str| match own_operators(parameter) {
            Some(own) => own.iter().any(|operator| operator == name),
            None => OPERATORS.contains(&name),
        };
        match parts.by_name("o") {
            Some(Value::Text(name)) if !allowed(name) => {
                return Err(format!("Value '{name}' not found in options."));
            }
            _ => {}
        }
    }
    Ok(Value::array(groups.into_iter().map(Value::array).collect()))
}

/// The operators that an author lists: options, or groups of options.
fn own_operators(parameter: &Parameter) -> Option<Vec<String>> {
    let entry = |value: &Value, name: &str| match value {
        Value::Collection(entries) => entries.by_name(name).cloned(),
        _ => None,
    };
    let rest = &parameter.options.as_ref()?.rest;
    let Some(Value::Array(items)) = attribute(rest, "operators") else { return None };
    let mut names = Vec::new();
    for item in items.iter() {
        match entry(item, "options") {
            Some(Value::Array(options)) => {
                names.extend(options.iter().filter_map(|option| entry(option, "value")));
            }
            _ => names.extend(entry(item, "value").or_else(|| Some(item.clone()))),
        }
    }
    Some(names.iter().filter_map(Value::as_text).map(ToString::to_string).collect())
}
