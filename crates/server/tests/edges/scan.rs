//! Reads a Rust source as far as the checks need it: which paths it mentions, in which module, and
//! what its string literals say. Comments are not looked at.

/// A path such as `std::fs::read`, with the imports of a `use {…}` written out one by one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    /// The modules within the file that the mention stands in.
    pub(crate) modules: Vec<String>,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A string literal without its quotes, escapes left as they are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) text: String,
    pub(crate) modules: Vec<String>,
    pub(crate) line: usize,
}

/// What a source mentions.
pub(crate) struct Scan {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) literals: Vec<Literal>,
}

/// Keywords that a path may follow at once, as in `use ::std::fs`.
const KEYWORDS: &[&str] = &[
    "as", "break", "const", "dyn", "else", "extern", "for", "if", "impl", "in", "let", "match",
    "mod", "move", "mut", "pub", "ref", "return", "static", "type", "unsafe", "use", "where",
    "while",
];

/// Reads one source file.
pub(crate) fn scan(source: &str) -> Scan {
    let tokens = tokens(source);
    let mut result = Scan { mentions: Vec::new(), literals: Vec::new() };
    // For each open brace the name of the module that it opens, if it opens one.
    let mut braces: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while let Some((token, line)) = tokens.get(at) {
        let modules = || braces.iter().flatten().cloned().collect::<Vec<_>>();
        match token {
            Token::Text(text) => {
                result.literals.push(Literal {
                    text: text.clone(),
                    modules: modules(),
                    line: *line,
                });
                at += 1;
            }
            Token::Sign('{') => {
                let module =
                    match (at.checked_sub(2).map(|i| &tokens[i].0), &tokens[at.max(1) - 1].0) {
                        (Some(Token::Word(keyword)), Token::Word(name)) if keyword == "mod" => {
                            Some(name.clone())
                        }
                        _ => None,
                    };
                braces.push(module);
                at += 1;
            }
            Token::Sign('}') => {
                braces.pop();
                at += 1;
            }
            Token::Sign(_) => at += 1,
            Token::Word(word) if KEYWORDS.contains(&word.as_str()) => at += 1,
            Token::PathSeparator | Token::Word(_) => {
                let mut paths = Vec::new();
                at = read_path(&tokens, at, &[], &mut paths);
                let modules = modules();
                let mentions = paths.into_iter().filter(|(path, _)| !path.is_empty());
                result.mentions.extend(mentions.map(|(path, line)| Mention {
                    path,
                    modules: modules.clone(),
                    line,
                }));
            }
        }
    }
    result
}

/// Reads the path, or the tree of imports, that starts at `at`; answers where it ends. A `{` is part
/// of it only after `::`, which no block is.
fn read_path(
    tokens: &[(Token, usize)],
    mut at: usize,
    prefix: &[String],
    paths: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    let line = tokens[at].1;
    let mut path = prefix.to_vec();
    if tokens[at].0 == Token::PathSeparator {
        at += 1;
    }
    loop {
        match tokens.get(at).map(|(token, _)| token) {
            Some(Token::Word(word)) => {
                path.push(word.clone());
                at += 1;
            }
            Some(Token::Sign('{')) => {
                at += 1;
                while let Some((token, _)) = tokens.get(at) {
                    match token {
                        Token::Sign('}') => return at + 1,
                        Token::Word(word) if word == "as" => at += 2,
                        Token::Word(_) | Token::PathSeparator => {
                            at = read_path(tokens, at, &path, paths);
                        }
                        Token::Sign('*') => {
                            paths.push((path.clone(), line));
                            at += 1;
                        }
                        _ => at += 1,
                    }
                }
                return at;
            }
            Some(Token::Sign('*')) => {
                at += 1;
                break;
            }
            _ => break,
        }
        if tokens.get(at).map(|(token, _)| token) != Some(&Token::PathSeparator) {
            break;
        }
        at += 1;
    }
    paths.push((path, line));
    at
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    PathSeparator,
    Text(String),
    Sign(char),
}

/// Splits a source into tokens, each with its line, without comments, numbers and characters.
fn tokens(source: &str) -> Vec<(Token, usize)> {
    let chars: Vec<char> = source.chars().collect();
    let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let start = at;
        let token = match (peek(at), peek(at + 1)) {
            ('/', '/') => {
                while at < chars.len() && peek(at) != '\n' {
                    at += 1;
                }
                None
            }
            ('/', '*') => {
                at = end_of_block_comment(&chars, at);
                None
            }
            (':', ':') => {
                at += 2;
                Some(Token::PathSeparator)
            }
            ('"', _) => {
                at = end_of_string(&chars, at + 1);
                Some(Token::Text(inner(&chars, start + 1, at.saturating_sub(1))))
            }
            ('\'', next) => {
                // A character ends with a quote; a lifetime has none.
                at = if next == '\\' {
                    let mut end = at + 3;
                    while end < chars.len() && peek(end) != '\'' {
                        end += 1;
                    }
                    end + 1
                } else if peek(at + 2) == '\'' {
                    at + 3
                } else {
                    at + 1
                };
                None
            }
            (first, _) if first.is_alphabetic() || first == '_' => {
                while peek(at).is_alphanumeric() || peek(at) == '_' {
                    at += 1;
                }
                let word = inner(&chars, start, at);
                let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
                if matches!(word.as_str(), "r" | "br" | "cr") && peek(at + hashes) == '"' {
                    let body = at + hashes + 1;
                    let end = end_of_raw_string(&chars, body, hashes);
                    at = end + 1 + hashes;
                    Some(Token::Text(inner(&chars, body, end)))
                } else if word == "r" && hashes == 1 {
                    // A raw identifier: its name follows as a word of its own.
                    at += 1;
                    None
                } else {
                    Some(Token::Word(word))
                }
            }
            (first, _) if first.is_ascii_digit() => {
                while peek(at).is_alphanumeric() || peek(at) == '_' {
                    at += 1;
                }
                None
            }
            (sign, _) => {
                at += 1;
                (!sign.is_whitespace()).then_some(Token::Sign(sign))
            }
        };
        found.extend(token.map(|token| (token, line)));
        at = at.min(chars.len());
        line += chars[start..at].iter().filter(|c| **c == '\n').count();
    }
    found
}

fn inner(chars: &[char], from: usize, to: usize) -> String {
    chars[from.min(chars.len())..to.clamp(from, chars.len())].iter().collect()
}

/// The position after the quote that ends a string, given the position after the one that opens it.
fn end_of_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The position of the quote that ends a raw string.
fn end_of_raw_string(chars: &[char], mut at: usize, hashes: usize) -> usize {
    while at < chars.len() {
        let closes = chars[at] == '"'
            && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
        if closes {
            break;
        }
        at += 1;
    }
    at
}

/// The position after a block comment, which may hold others.
fn end_of_block_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        scan(source).mentions.iter().map(|mention| mention.path.join("::")).collect()
    }

    #[test]
    fn imports_are_written_out() {
        assert_eq!(
            paths("use std::{collections::{BTreeMap, btree_map as m}, fs, io::*};"),
            ["std::collections::BTreeMap", "std::collections::btree_map", "std::fs", "std::io"]
        );
    }

    #[test]
    fn paths_are_found_where_code_is_and_nowhere_else() {
        assert_eq!(
            paths(
                "let x: a::B<'a, ::c::D> = e::f(); // g::h\n/* i /* j */ k::l */ \"m::n\"; '\"'; o"
            ),
            ["x", "a::B", "a", "c::D", "e::f", "o"]
        );
    }

    #[test]
    fn literals_are_found_in_every_form() {
        let texts: Vec<String> =
            scan(r####"f("a\"b"); g(r#"c"d"#, b"e"); h('"', '\'', "i") // "j""####)
                .literals
                .into_iter()
                .map(|literal| literal.text)
                .collect();
        assert_eq!(texts, [r#"a\"b"#, r#"c"d"#, "e", "i"]);
    }

    #[test]
    fn modules_and_lines_are_known() {
        let scan = scan("mod a {\n fn f() { b::c }\n mod d {\n \"e\" }\n}\nf::g");
        let modules_of = |path: &[&str]| {
            let mention = scan.mentions.iter().find(|mention| mention.path == path).unwrap();
            (mention.modules.join("::"), mention.line)
        };
        assert_eq!(modules_of(&["b", "c"]), ("a".into(), 2));
        assert_eq!(modules_of(&["f", "g"]), (String::new(), 6));
        assert_eq!(
            (scan.literals[0].modules.join("::"), scan.literals[0].line),
            ("a::d".into(), 4)
        );
    }
}
