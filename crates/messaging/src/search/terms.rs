//! How text becomes words: for the index, for queries and for comparing the two.
//!
//! Words of scripts with spaces are folded (case, accents, compatibility forms) and not stemmed.
//! Chinese, Japanese and Korean text has no words that a program could see without a dictionary: it
//! is entered by its characters and by each two that follow each other.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Characters of a word that count: what is longer is cut.
const LONGEST: usize = 40;

/// One word, or one character of a script without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Folded.
    pub(super) text: String,
    /// A single character of a script without spaces.
    pub(super) ideograph: bool,
    /// It follows such a character, with nothing between them.
    pub(super) joined: bool,
}

/// Splits a text. Markdown marks are no letters and fall away; of the links that mention people and
/// groups only the names are kept.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut word, mut length) = (String::new(), 0);
    // Whether the character before was part of the last token.
    let mut adjacent = false;
    for c in without_mentions(text).nfkc().flat_map(char::to_lowercase) {
        if is_invisible(c) {
            continue;
        }
        if is_ideograph(c) {
            end(&mut tokens, &mut word, &mut length);
            let joined = adjacent && tokens.last().is_some_and(|last| last.ideograph);
            tokens.push(Token { text: c.to_string(), ideograph: true, joined });
            adjacent = true;
        } else if c.is_alphanumeric() || is_combining_mark(c) {
            if length < LONGEST {
                fold(c, &mut word);
                length += 1;
            }
            adjacent = false;
        } else {
            end(&mut tokens, &mut word, &mut length);
            adjacent = false;
        }
    }
    end(&mut tokens, &mut word, &mut length);
    tokens
}

fn end(tokens: &mut Vec<Token>, word: &mut String, length: &mut usize) {
    *length = 0;
    if !word.is_empty() {
        let text = std::mem::take(word);
        tokens.push(Token { text, ideograph: false, joined: false });
    }
}

/// What a text is found by, each once.
pub(super) fn words(tokens: &[Token]) -> Vec<String> {
    let mut words = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        words.push(token.text.clone());
        if token.joined {
            words.push(format!("{}{}", tokens[at - 1].text, token.text));
        }
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// Names stay, the addresses behind them go: nobody looks for the number of a person.
fn without_mentions(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](twist-") {
        kept.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        rest = rest.find(')').map_or("", |end| &rest[end + 1..]);
    }
    kept.push_str(rest);
    kept
}

/// Adds a lower-case letter without its accent.
fn fold(c: char, word: &mut String) {
    match c {
        '\0'..='\x7f' => word.push(c),
        'ß' => word.push_str("ss"),
        'æ' => word.push_str("ae"),
        'œ' => word.push_str("oe"),
        'þ' => word.push_str("th"),
        'ø' => word.push('o'),
        'đ' | 'ð' => word.push('d'),
        'ł' => word.push('l'),
        'ħ' => word.push('h'),
        'ı' => word.push('i'),
        'ς' => word.push('σ'),
        'ё' => word.push('е'),
        // Of Latin and Greek letters the accents go. Elsewhere a mark makes another letter.
        '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}' => {
            word.extend(std::iter::once(c).nfd().filter(|part| !is_combining_mark(*part)));
        }
        '\u{300}'..='\u{36f}' => {}
        other => word.push(other),
    }
}

/// Takes no room and may stand in the middle of a word.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// A character of a script that is written without spaces, or of Korean, whose words carry endings.
fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3105}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}'
        | '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_folded() {
        for (text, expected) in [
            ("Hello, World!", "hello world"),
            ("Straße STRASSE", "strasse strasse"),
            ("Über äöü Éléphant naïve", "uber aou elephant naive"),
            ("Ærøskøbing Þór Łódź Đà", "aeroskobing thor lodz da"),
            ("İstanbul ISTANBUL ışık", "istanbul istanbul isik"),
            ("ΛΌΓΟΣ λόγος", "λογοσ λογοσ"),
            ("Ёлка йод", "елка йод"),
            ("snake_case v2.1 e-mail don't", "snake case v2 1 e mail don t"),
            ("ﬁne １２３ Ｒust ② x²", "fine 123 rust 2 x2"),
            ("co\u{ad}operate zero\u{200b}width", "cooperate zerowidth"),
            ("e\u{301}te\u{301}", "ete"),
            ("हिन्दी", "हिन्दी"),
            (
                "**bold** [label](http://x.example/path) `code`",
                "bold label http x example path code",
            ),
            (
                "hey [Ann Lee](twist-mention://17), [Team](twist-group-mention://9)!",
                "hey ann lee team",
            ),
            ("", ""),
            ("!?… — ()", ""),
        ] {
            assert_eq!(texts(text).join(" "), expected, "{text}");
        }
        assert_eq!(texts(&"a".repeat(100)), ["a".repeat(LONGEST)]);
    }

    #[test]
    fn text_without_spaces_is_entered_by_pairs() {
        let words = |text: &str| words(&tokens(text)).join(" ");
        assert_eq!(words("東京都"), "京 京都 東 東京 都");
        assert_eq!(words("東、京"), "京 東");
        assert_eq!(words("ガイド"), words("ｶﾞｲﾄﾞ"), "half-width letters are the same");
        assert_eq!(words("が"), "が");
        assert_ne!(words("が"), words("か"), "a voiced sound is another one");
        assert_eq!(words("コーヒー"), "コ コー ヒ ヒー ー ーヒ");
        assert_eq!(words("한국어"), "국 국어 어 한 한국");
        assert_eq!(words("한국"), words("\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"));
        assert_eq!(words("Rust言語2027年"), "2027 rust 年 言 言語 語");
        assert_eq!(words("a a b"), "a b");
    }
}
