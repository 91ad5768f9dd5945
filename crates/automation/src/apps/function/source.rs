//! The source of a function, and how it is made one that can be called.

// What is never the name of a function.
const RESERVED: &[&str] = &[
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "new",
    "null",
    "return",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// The scripts of which the first that can be read gives the function: a declaration of the
/// component's name, one of another name, or an expression.
pub(super) fn scripts(name: &str, code: &str) -> Vec<String> {
    let mut names = Vec::new();
    if is_identifier(name) {
        names.push(name.to_owned());
    }
    names.extend(declared(code).filter(|declared| declared != name));
    let choice: String = names
        .iter()
        .map(|name| format!("typeof {name}==='function'?{name}:"))
        .chain(["undefined".to_owned()])
        .collect();
    // The code begins on the first line, so that positions in messages are those of the file.
    vec![
        format!("(function(){{{code}\n;return {choice};}})()"),
        format!("({}\n)", expression(code)),
    ]
}

// Without a semicolon at the end, which no expression has.
fn expression(code: &str) -> &str {
    code.trim_end().trim_end_matches(';')
}

fn is_identifier(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$');
    first
        && !RESERVED.contains(&name)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

/// The name of the first function that is declared.
fn declared(code: &str) -> Option<String> {
    let mut rest = code;
    loop {
        let at = rest.find(|c: char| c == '/' || c == 'f' || c == 'c' || c == 'l' || c == 'v')?;
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
            continue;
        }
        for keyword in ["function", "const", "let", "var"] {
            if let Some(after) = rest.strip_prefix(keyword)
                && after.starts_with(|c: char| c.is_whitespace() || c == '*')
            {
                let after = after.trim_start_matches(|c: char| c.is_whitespace() || c == '*');
                let end = after
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'))
                    .unwrap_or(after.len());
                if is_identifier(&after[..end]) {
                    return Some(after[..end].to_owned());
                }
            }
        }
        let mut letters = rest.chars();
        letters.next();
        rest = letters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_declared_name() {
        assert_eq!(
            declared("// function no\n/* function no */ function yes(a) {}"),
            Some("yes".into())
        );
        assert_eq!(declared("function * go() {}"), Some("go".into()));
        assert_eq!(declared("const f = (a) => a;"), Some("f".into()));
        assert_eq!(declared("(a) => a"), None);
        assert_eq!(declared("function (a) {}"), None);
    }
}
