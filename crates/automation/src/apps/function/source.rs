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

/// Names that are tried.
const MOST_NAMES: usize = 20;

/// The scripts of which the first that can be read gives the function: a declaration of the
/// component's name, one of another name, or an expression.
pub(super) fn scripts(name: &str, code: &str) -> Vec<String> {
    let mut names = Vec::new();
    if is_identifier(name) {
        names.push(name.to_owned());
    }
    names.extend(declared(code).into_iter().filter(|declared| declared != name));
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
    let first = name.starts_with(|c: char| is_part_of_name(c) && !c.is_ascii_digit());
    first && !RESERVED.contains(&name) && name.chars().all(is_part_of_name)
}

/// The names that are declared: those of functions, then those of values that may be functions.
fn declared(code: &str) -> Vec<String> {
    let (mut functions, mut values) = (Vec::new(), Vec::new());
    let mut rest = code;
    let mut inside_word = false;
    while let Some(letter) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
            continue;
        }
        if !inside_word {
            for keyword in ["function", "const", "let", "var"] {
                let Some(name) = rest.strip_prefix(keyword).and_then(name_after) else { continue };
                let names = if keyword == "function" { &mut functions } else { &mut values };
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        inside_word = is_part_of_name(letter);
        rest = &rest[letter.len_utf8()..];
    }
    functions.append(&mut values);
    functions.truncate(MOST_NAMES);
    functions
}

fn is_part_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

/// The name after a keyword that declares one.
fn name_after(rest: &str) -> Option<String> {
    let blank = |letter: char| letter.is_whitespace() || letter == '*';
    if !rest.starts_with(blank) {
        return None;
    }
    let rest = rest.trim_start_matches(blank);
    let end = rest.find(|letter| !is_part_of_name(letter)).unwrap_or(rest.len());
    is_identifier(&rest[..end]).then(|| rest[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_names() {
        for (code, expected) in [
            ("// function no\n/* function no */ function yes(a) {}", &["yes"][..]),
            ("function * go() {}", &["go"]),
            ("const f = (a) => a;", &["f"]),
            (
                "const n = 1; function main() { let n = 2; function inner() {} }",
                &["main", "inner", "n"],
            ),
            ("myfunction x; outlet y", &[]),
            ("(a) => a", &[]),
            ("function (a) {}", &[]),
        ] {
            assert_eq!(declared(code), expected, "{code}");
        }
    }
}
