//! What the tags in a message mean. The texts themselves are stored and answered as they are.

/// Whether a message is addressed to an account: `[To:id]`, `[rp aid=id …]` or `[toall]`, outside of
/// quotes and code.
pub(super) fn addresses(body: &str, account: u64) -> bool {
    let said = without(&without(body, "[code]", "[/code]"), "[qt]", "[/qt]");
    said.contains("[toall]")
        || said.contains(&format!("[To:{account}]"))
        || said.contains(&format!("[rp aid={account} "))
}

/// A text without what stands between two tags.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut parts = text.split(open);
    let mut left = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        left.push_str(part.split_once(close).map_or(part, |(_, after)| after));
    }
    left
}
