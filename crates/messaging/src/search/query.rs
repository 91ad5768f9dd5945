//! What somebody looks for.

use super::terms::{Token, tokens, words};

/// Words that count in one query; the rest is ignored.
const MOST: usize = 32;
/// A word that is not finished yet must have so many letters before others that begin like it are
/// found too.
const SHORTEST_START: usize = 2;

/// A query, understood. All of its parts must be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) parts: Vec<Part>,
}

/// A part of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// What stands together, as between quotes or without spaces.
    Phrase(Vec<Token>),
    /// Words that begin so: the last word of a query, which may not be finished yet.
    Start(String),
}

impl Wanted {
    /// Understands a query: words, and phrases between quotes. Text without spaces is a phrase. The
    /// last word is found also as the beginning of others, unless something follows it.
    pub(super) fn new(text: &str) -> Self {
        Self::with_start(text, SHORTEST_START)
    }

    /// As [`new`](Self::new), with another length from which on a last word may be unfinished.
    pub(super) fn with_start(text: &str, shortest: usize) -> Self {
        let mut parts = Vec::new();
        for (at, segment) in text.split(is_quote).enumerate() {
            let tokens = tokens(segment);
            if at % 2 == 1 {
                parts.extend((!tokens.is_empty()).then_some(Part::Phrase(tokens)));
                continue;
            }
            for token in tokens {
                match parts.last_mut() {
                    Some(Part::Phrase(phrase)) if token.joined => phrase.push(token),
                    _ => parts.push(Part::Phrase(vec![token])),
                }
            }
        }
        parts.truncate(MOST);
        let unfinished = text.chars().next_back().is_some_and(char::is_alphanumeric)
            && text.split(is_quote).count() % 2 == 1;
        if unfinished
            && let Some(Part::Phrase(phrase)) = parts.last()
            && let [Token { text, ideograph: false, .. }] = &phrase[..]
            && text.chars().count() >= shortest
        {
            let start = text.clone();
            parts.pop();
            parts.push(Part::Start(start));
        }
        Self { parts }
    }

    /// Whether nothing can be found.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether the index alone cannot tell: it knows words, but not where they stand.
    pub(super) fn needs_text(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Start(_) => false,
            Part::Phrase(phrase) => phrase.len() > 1 && !is_pair(phrase),
        })
    }

    /// The words of a part as they are in the index.
    pub(super) fn index_words(phrase: &[Token]) -> Vec<String> {
        let all = words(phrase);
        // Where there are pairs they say all that their characters would say.
        let alone = |at: usize| {
            let joined = |at: usize| phrase.get(at).is_some_and(|token| token.joined);
            !joined(at) && !joined(at + 1)
        };
        let single: Vec<&str> = (0..phrase.len())
            .filter(|at| phrase[*at].ideograph && !alone(*at))
            .map(|at| phrase[at].text.as_str())
            .collect();
        all.into_iter().filter(|word| !single.contains(&word.as_str())).collect()
    }

    /// Whether all parts are in these texts, each in any of them.
    pub(super) fn is_in(&self, texts: &[&[Token]]) -> bool {
        self.parts.iter().all(|part| texts.iter().any(|text| part.is_in(text)))
    }

    /// Whether a part may begin with this token.
    pub(super) fn begins_with(&self, token: &Token) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Start(start) => token.text.starts_with(start.as_str()),
            Part::Phrase(phrase) => phrase[0].text == token.text,
        })
    }

    /// The parts as text, for clients that mark them.
    pub(super) fn terms(&self) -> Vec<String> {
        let text = |part: &Part| match part {
            Part::Start(start) => start.clone(),
            Part::Phrase(phrase) => {
                let mut text = String::new();
                for token in phrase {
                    if !text.is_empty() && !token.joined {
                        text.push(' ');
                    }
                    text.push_str(&token.text);
                }
                text
            }
        };
        self.parts.iter().map(text).collect()
    }
}

impl Part {
    fn is_in(&self, text: &[Token]) -> bool {
        match self {
            Self::Start(start) => {
                text.iter().any(|token| !token.ideograph && token.text.starts_with(start.as_str()))
            }
            Self::Phrase(phrase) => text.windows(phrase.len()).any(|window| {
                window.iter().zip(phrase).enumerate().all(|(at, (there, wanted))| {
                    there.text == wanted.text && (at == 0 || !wanted.joined || there.joined)
                })
            }),
        }
    }
}

fn is_pair(phrase: &[Token]) -> bool {
    phrase.len() == 2 && phrase[1].joined
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        Wanted::new(query).is_in(&[&tokens(text)])
    }

    #[test]
    fn words_phrases_and_beginnings() {
        for (query, text, expected) in [
            ("green build", "The build is green", true),
            ("\"green build\"", "The build is green", false),
            ("\"build is\"", "The build is green", true),
            ("“build is", "The build is green", true),
            ("gre", "The build is green", true),
            ("g", "The build is green", false),
            ("gre ", "The build is green", false),
            ("bui green", "The build is green", false),
            ("\"gre\"", "The build is green", false),
            ("東京", "私は東京都に住む", true),
            ("京東", "私は東京都に住む", false),
            ("東京都に", "私は東京都に住む", true),
            ("東京住む", "私は東京都に住む", false),
            ("東京 住む", "私は東京都に住む", true),
            ("\"東京 住む\"", "東京、住む", true),
            ("都", "私は東京都に住む", true),
            ("회의", "내일 회의가 있습니다", true),
            ("Grüße", "viele GRUSSE", true),
        ] {
            assert_eq!(finds(query, text), expected, "{query} in {text}");
        }
    }

    #[test]
    fn the_index_is_asked_for_pairs() {
        let words = |query: &str| match &Wanted::new(query).parts[..] {
            [Part::Phrase(phrase)] => Wanted::index_words(phrase).join(" "),
            other => panic!("{other:?}"),
        };
        assert_eq!(words("東京都"), "京都 東京");
        assert_eq!(words("都"), "都");
        assert_eq!(words("\"Rust 言語\""), "rust 言語");
        assert!(!Wanted::new("東京 rust").needs_text());
        assert!(Wanted::new("東京都").needs_text());
        assert!(Wanted::new("?! \"\"").is_empty());
    }
}
