//! Date formats, read once into their tokens.

/// One part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that stands for itself.
    Literal(String),
    /// A field; the number is how many times its letter was repeated.
    Token(Token, u8),
    /// A field written as an ordinal.
    Ordinal(Token),
    /// A format of the language.
    Long(Long),
}

/// The fields that a format can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Year,
    Quarter,
    Month,
    Day,
    DayOfYear,
    Weekday,
    LocalWeekday,
    IsoWeekday,
    Week,
    IsoWeek,
    WeekYear,
    IsoWeekYear,
    Hour24,
    Hour12,
    HourTo24,
    /// Hour and minute (and second, with 5 letters) without anything between them.
    Compact24,
    Compact12,
    Upper,
    Lower,
    Minute,
    Second,
    Fraction,
    Offset,
    Abbreviation,
    UnixSeconds,
    UnixMs,
    Era,
    EraYear,
}

/// The formats that every language defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Long {
    Time,
    TimeWithSeconds,
    /// `L` to `LLLL`, counted from 0.
    Full(u8),
    /// `l` to `llll`, counted from 0.
    Short(u8),
}

/// A date format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) parts: Vec<Part>,
    /// Whether the name of the month follows the day, which changes its form in some languages; and
    /// if so, whether there is a full stop between them.
    pub(crate) month_after_day: Option<bool>,
}

impl Pattern {
    /// Reads a format. Every text is one.
    pub(crate) fn new(source: &str) -> Self {
        let mut reader = Reader { source, at: 0, parts: Vec::new(), literal: String::new() };
        reader.run();
        let parts = reader.parts;
        let month_after_day = month_after_day(&parts);
        Self { parts, month_after_day }
    }

    /// How much work it can be to look for all of this in a text of so many bytes.
    pub(crate) fn work(&self, length: usize) -> usize {
        let looks = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            Part::Token(..) | Part::Ordinal(_) => 1,
            Part::Long(_) => 16,
        };
        self.parts.iter().map(looks).sum::<usize>().saturating_mul(length)
    }
}

// Only blanks, words and a full stop stand between the day and the name of the month.
fn month_after_day(parts: &[Part]) -> Option<bool> {
    let mut dotted = None;
    for part in parts {
        match part {
            Part::Token(Token::Day, _) | Part::Ordinal(Token::Day) => dotted = Some(false),
            Part::Token(Token::Month, 3..) if dotted.is_some() => return dotted,
            Part::Literal(text) if dotted.is_some() => {
                let after_dot = text.strip_prefix('.').unwrap_or(text);
                let between = |c: char| c.is_whitespace() || c.is_alphabetic();
                dotted = (!after_dot.is_empty() && after_dot.chars().all(between))
                    .then_some(after_dot.len() < text.len());
            }
            _ => dotted = None,
        }
    }
    None
}

struct Reader<'s> {
    source: &'s str,
    at: usize,
    parts: Vec<Part>,
    literal: String,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some(first) = self.rest().chars().next() {
            match first {
                '[' => self.bracket(),
                '\\' => self.protected(),
                // A line break is no part of any token and does not stand for itself either.
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => self.at += first.len_utf8(),
                _ => match self.token() {
                    Some((part, length)) => {
                        self.at += length;
                        self.push(part);
                    }
                    None => {
                        self.literal.push(first);
                        self.at += first.len_utf8();
                    }
                },
            }
        }
        self.flush();
    }

    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn push(&mut self, part: Part) {
        self.flush();
        self.parts.push(part);
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Literal(std::mem::take(&mut self.literal)));
        }
    }

    // Up to the last closing bracket before another one opens.
    fn bracket(&mut self) {
        let inside = &self.source[self.at + 1..];
        let until = inside.find('[').unwrap_or(inside.len());
        match inside[..until].rfind(']') {
            Some(end) => {
                self.literal.push_str(&inside[..end]);
                self.at += end + 2;
            }
            None => {
                self.literal.push('[');
                self.at += 1;
            }
        }
    }

    // A backslash makes the token behind it text.
    fn protected(&mut self) {
        self.at += 1;
        let length = match self.token() {
            Some((_, length)) => length,
            None => self.rest().chars().next().map_or(0, char::len_utf8),
        };
        let source = self.source;
        self.literal.push_str(&source[self.at..self.at + length]);
        self.at += length;
    }

    fn run_of(&self, letter: u8, most: usize) -> usize {
        self.rest().bytes().take(most).take_while(|byte| *byte == letter).count()
    }

    fn token(&self) -> Option<(Part, usize)> {
        use Token as T;
        let rest = self.rest();
        let first = *rest.as_bytes().first()?;
        let ordinal = |token, length| Some((Part::Ordinal(token), length));
        let simple = |token, most| {
            let run = self.run_of(first, most);
            Some((Part::Token(token, u8::try_from(run).expect("at most 9")), run))
        };
        match first {
            b'H' | b'h' if rest[1..].starts_with("mm") => {
                let token = if first == b'H' { T::Compact24 } else { T::Compact12 };
                let length = if rest[3..].starts_with("ss") { 5 } else { 3 };
                Some((Part::Token(token, u8::try_from(length).expect("3 or 5")), length))
            }
            b'H' => simple(T::Hour24, 2),
            b'h' => simple(T::Hour12, 2),
            b'k' => simple(T::HourTo24, 2),
            b'M' if rest.starts_with("Mo") => ordinal(T::Month, 2),
            b'M' => simple(T::Month, 4),
            b'D' if rest.starts_with("Do") => ordinal(T::Day, 2),
            b'D' if rest.starts_with("DDDo") => ordinal(T::DayOfYear, 4),
            b'D' => match self.run_of(b'D', 4) {
                run @ 3.. => Some((Part::Token(T::DayOfYear, u8::try_from(run).ok()?), run)),
                run => Some((Part::Token(T::Day, u8::try_from(run).ok()?), run)),
            },
            b'd' if rest.starts_with("do") => ordinal(T::Weekday, 2),
            b'd' => simple(T::Weekday, 4),
            b'e' => simple(T::LocalWeekday, 1),
            b'E' => simple(T::IsoWeekday, 1),
            b'w' if rest.starts_with("wo") => ordinal(T::Week, 2),
            b'w' => simple(T::Week, 2),
            b'W' if rest.starts_with("Wo") => ordinal(T::IsoWeek, 2),
            b'W' => simple(T::IsoWeek, 2),
            b'Q' if rest.starts_with("Qo") => ordinal(T::Quarter, 2),
            b'Q' => simple(T::Quarter, 1),
            b'Y' => {
                let run = match self.run_of(b'Y', 6) {
                    3 => 2,
                    run => run,
                };
                Some((Part::Token(T::Year, u8::try_from(run).ok()?), run))
            }
            b'g' | b'G' => {
                let token = if first == b'g' { T::WeekYear } else { T::IsoWeekYear };
                match self.run_of(first, 5) {
                    1 => None,
                    3 => Some((Part::Token(token, 2), 2)),
                    run => Some((Part::Token(token, u8::try_from(run).ok()?), run)),
                }
            }
            b'N' => simple(T::Era, 5),
            b'y' if rest.starts_with("yo") => ordinal(T::EraYear, 2),
            b'y' => simple(T::EraYear, 4),
            b'a' => simple(T::Lower, 1),
            b'A' => simple(T::Upper, 1),
            b'm' => simple(T::Minute, 2),
            b's' => simple(T::Second, 2),
            b'S' => simple(T::Fraction, 9),
            b'x' => simple(T::UnixMs, 1),
            b'X' => simple(T::UnixSeconds, 1),
            b'z' => simple(T::Abbreviation, 2),
            b'Z' => simple(T::Offset, 2),
            b'L' if rest.starts_with("LTS") => Some((Part::Long(Long::TimeWithSeconds), 3)),
            b'L' if rest.starts_with("LT") => Some((Part::Long(Long::Time), 2)),
            b'L' | b'l' => {
                let run = self.run_of(first, 4);
                let at = u8::try_from(run - 1).ok()?;
                Some((
                    Part::Long(if first == b'L' { Long::Full(at) } else { Long::Short(at) }),
                    run,
                ))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_backslashes_protect() {
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(Pattern::new("[at]").parts, [literal("at")]);
        assert_eq!(Pattern::new("\\YYYY").parts, [literal("YYYY")]);
        assert_eq!(Pattern::new("[[a] b]").parts[0], literal("[a] b"));
        assert_eq!(Pattern::new("[open").parts[0], literal("[op"));
        assert_eq!(Pattern::new("\\").parts, []);
        assert_eq!(Pattern::new("é\n–").parts, [literal("é–")]);
    }

    #[test]
    fn repeated_letters_split_as_they_must() {
        let token = Part::Token;
        assert_eq!(Pattern::new("YYY").parts, [token(Token::Year, 2), token(Token::Year, 1)]);
        assert_eq!(Pattern::new("Hmm").parts, [token(Token::Compact24, 3)]);
        assert_eq!(Pattern::new("HHmm").parts, [token(Token::Hour24, 2), token(Token::Minute, 2)]);
        assert_eq!(
            Pattern::new("ggg").parts,
            [token(Token::WeekYear, 2), Part::Literal("g".to_owned())]
        );
        assert_eq!(Pattern::new("DDDo").parts, [Part::Ordinal(Token::DayOfYear)]);
    }
}
