//! The tree of a pattern.

use super::Flags;

const MAX_DEPTH: usize = 100;
/// Repetitions are counted up to here; the size of the program is bounded separately.
const MAX_COUNT: u32 = 10_000;

#[derive(Debug)]
pub(super) enum Node {
    Empty,
    One(Set),
    Start,
    End,
    /// At the edge of a word, or with false not at one.
    Edge(bool),
    Group(Box<Node>, Option<usize>),
    Reference(usize),
    Look {
        body: Box<Node>,
        ahead: bool,
        negative: bool,
    },
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat {
        body: Box<Node>,
        least: u32,
        most: Option<u32>,
        greedy: bool,
        groups: (usize, usize),
    },
}

/// Which characters match.
#[derive(Clone, Debug)]
pub(super) enum Set {
    Char(char),
    /// Any character, or with false any but line breaks.
    Any(bool),
    Ranges {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) groups: usize,
    pub(super) has_references: bool,
}

pub(super) fn parse(pattern: &str, flags: Flags) -> Result<Parsed, String> {
    let mut parser = Parser {
        chars: pattern.chars().collect(),
        at: 0,
        depth: 0,
        groups: 0,
        all_groups: count_groups(pattern),
        has_references: false,
        flags,
    };
    let root = parser.choice()?;
    if parser.at < parser.chars.len() {
        return Err("a closing parenthesis has no opening one".to_owned());
    }
    Ok(Parsed { root, groups: parser.groups, has_references: parser.has_references })
}

// Needed in advance: \2 is a reference only when there is a second group.
fn count_groups(pattern: &str) -> usize {
    let (mut count, mut in_class, mut chars) = (0, false, pattern.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class && chars.peek() != Some(&'?') => count += 1,
            _ => {}
        }
    }
    count
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    groups: usize,
    all_groups: usize,
    has_references: bool,
    flags: Flags,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn take_all(&mut self, text: &str) -> bool {
        let found =
            text.chars().enumerate().all(|(at, c)| self.chars.get(self.at + at) == Some(&c));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn choice(&mut self) -> Result<Node, String> {
        if self.depth == MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        self.depth += 1;
        let mut branches = vec![self.sequence()?];
        while self.take('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Choice(branches) })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            let before = self.groups;
            let atom = self.atom()?;
            nodes.push(self.repeated(atom, before)?);
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.remove(0),
            _ => Node::Sequence(nodes),
        })
    }

    fn repeated(&mut self, atom: Node, before: usize) -> Result<Node, String> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts()? {
                Some(counts) => counts,
                None => return Ok(atom),
            },
            _ => return Ok(atom),
        };
        if self.peek() != Some('{') {
            self.at += 1;
        }
        if matches!(atom, Node::Start | Node::End | Node::Edge(_)) {
            return Err("there is nothing to repeat".to_owned());
        }
        let greedy = !self.take('?');
        let groups = (before, self.groups);
        Ok(Node::Repeat { body: Box::new(atom), least, most, greedy, groups })
    }

    // {n}, {n,} or {n,m}, leaving the position so that it is moved by the caller; otherwise the brace
    // is just a brace.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let start = self.at;
        self.at += 1;
        let least = self.count();
        let most = if self.take(',') { self.count().map(Some).or(Some(None)) } else { Some(least) };
        match (least, most) {
            (Some(least), Some(most)) if self.peek() == Some('}') => {
                if most.is_some_and(|most| most < least) {
                    return Err("a repetition has its numbers in the wrong order".to_owned());
                }
                Ok(Some((least, most)))
            }
            _ => {
                self.at = start;
                Ok(None)
            }
        }
    }

    fn count(&mut self) -> Option<u32> {
        let start = self.at;
        let mut count = 0_u32;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            count = count.saturating_mul(10).saturating_add(digit).min(MAX_COUNT);
            self.at += 1;
        }
        (self.at > start).then_some(count)
    }

    fn atom(&mut self) -> Result<Node, String> {
        let c = self.peek().ok_or("it ends too early")?;
        self.at += 1;
        Ok(match c {
            '^' => Node::Start,
            '$' => Node::End,
            '.' => Node::One(Set::Any(self.flags.dot_all)),
            '(' => self.group()?,
            '[' => Node::One(self.class()?),
            '\\' => self.escape()?,
            '*' | '+' | '?' => return Err("there is nothing to repeat".to_owned()),
            '{' if self.is_count_ahead() => return Err("there is nothing to repeat".to_owned()),
            other => Node::One(Set::Char(other)),
        })
    }

    fn is_count_ahead(&mut self) -> bool {
        self.at -= 1;
        let start = self.at;
        let found = matches!(self.counts(), Ok(Some(_)) | Err(_));
        self.at = start + 1;
        found
    }

    fn group(&mut self) -> Result<Node, String> {
        let look = |ahead, negative| Some((ahead, negative));
        let (look, capture) = if self.take_all("?:") {
            (None, false)
        } else if self.take_all("?=") {
            (look(true, false), false)
        } else if self.take_all("?!") {
            (look(true, true), false)
        } else if self.take_all("?<=") {
            (look(false, false), false)
        } else if self.take_all("?<!") {
            (look(false, true), false)
        } else if self.take_all("?<") {
            return Err("groups with names are not supported".to_owned());
        } else if self.peek() == Some('?') {
            return Err("this kind of group is not supported".to_owned());
        } else {
            (None, true)
        };
        let number = capture.then(|| {
            self.groups += 1;
            self.groups
        });
        let body = Box::new(self.choice()?);
        if !self.take(')') {
            return Err("a closing parenthesis is missing".to_owned());
        }
        Ok(match look {
            Some((ahead, negative)) => Node::Look { body, ahead, negative },
            None => Node::Group(body, number),
        })
    }

    fn escape(&mut self) -> Result<Node, String> {
        let c = self.peek().ok_or("it ends with a backslash")?;
        if let Some(set) = class_of(c) {
            self.at += 1;
            return Ok(Node::One(set));
        }
        match c {
            'b' | 'B' => {
                self.at += 1;
                Ok(Node::Edge(c == 'b'))
            }
            '1'..='9' => {
                let start = self.at;
                let number = self.count().map_or(0, |number| number as usize);
                if number <= self.all_groups {
                    self.has_references = true;
                    return Ok(Node::Reference(number));
                }
                self.at = start + 1;
                Ok(Node::One(Set::Char(c)))
            }
            _ => Ok(Node::One(Set::Char(self.escaped_char()?))),
        }
    }

    fn escaped_char(&mut self) -> Result<char, String> {
        let c = self.peek().ok_or("it ends with a backslash")?;
        self.at += 1;
        Ok(match c {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'v' => '\u{b}',
            'f' => '\u{c}',
            '0' => '\0',
            'x' => self.hex(2).unwrap_or('x'),
            'u' if self.flags.unicode && self.peek() == Some('{') => {
                let end = self.chars[self.at..].iter().position(|c| *c == '}');
                let end = self.at + end.ok_or("a closing brace is missing")?;
                let digits: String = self.chars[self.at + 1..end].iter().collect();
                self.at = end + 1;
                u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or("there is no such character")?
            }
            'u' => self.code_units().unwrap_or('u'),
            'p' | 'P' if self.flags.unicode => {
                return Err("properties of characters are not supported".to_owned());
            }
            other => other,
        })
    }

    fn hex(&mut self, digits: usize) -> Option<char> {
        let code = self.hex_number(digits)?;
        char::from_u32(code)
    }

    fn hex_number(&mut self, digits: usize) -> Option<u32> {
        let text: String = self.chars.get(self.at..self.at + digits)?.iter().collect();
        let code = u32::from_str_radix(&text, 16).ok()?;
        self.at += digits;
        Some(code)
    }

    // One code unit, or the two of a pair.
    fn code_units(&mut self) -> Option<char> {
        let start = self.at;
        let high = self.hex_number(4)?;
        if let Some(c) = char::from_u32(high) {
            return Some(c);
        }
        if self.take_all("\\u")
            && let Some(low @ 0xdc00..=0xdfff) = self.hex_number(4)
        {
            return char::from_u32(0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff));
        }
        self.at = start + 4;
        // Half a character occurs in no text of ours.
        Some('\u{fffd}')
    }

    fn class(&mut self) -> Result<Set, String> {
        let negated = self.take('^');
        let mut ranges = Vec::new();
        loop {
            let Some(c) = self.peek() else {
                return Err("a closing bracket is missing".to_owned());
            };
            if c == ']' {
                self.at += 1;
                break;
            }
            let Some(first) = self.class_atom(&mut ranges)? else { continue };
            let dash = self.peek() == Some('-')
                && self.chars.get(self.at + 1).is_some_and(|next| *next != ']');
            if !dash {
                ranges.push((first, first));
                continue;
            }
            self.at += 1;
            match self.class_atom(&mut ranges)? {
                Some(last) if first <= last => ranges.push((first, last)),
                Some(_) => return Err("a range of characters is in the wrong order".to_owned()),
                None => {
                    ranges.extend([(first, first), ('-', '-')]);
                }
            }
        }
        Ok(Set::Ranges { ranges, negated })
    }

    // A character, or nothing when it was a class that has been added.
    fn class_atom(&mut self, ranges: &mut Vec<(char, char)>) -> Result<Option<char>, String> {
        let c = self.peek().ok_or("a closing bracket is missing")?;
        self.at += 1;
        if c != '\\' {
            return Ok(Some(c));
        }
        let escaped = self.peek().ok_or("it ends with a backslash")?;
        if let Some(Set::Ranges { ranges: more, negated }) = class_of(escaped) {
            self.at += 1;
            ranges.extend(if negated { complement(&more) } else { more });
            return Ok(None);
        }
        if escaped == 'b' {
            self.at += 1;
            return Ok(Some('\u{8}'));
        }
        self.escaped_char().map(Some)
    }
}

fn class_of(letter: char) -> Option<Set> {
    let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        's' => &[
            ('\t', '\r'),
            (' ', ' '),
            ('\u{a0}', '\u{a0}'),
            ('\u{1680}', '\u{1680}'),
            ('\u{2000}', '\u{200a}'),
            ('\u{2028}', '\u{2029}'),
            ('\u{202f}', '\u{202f}'),
            ('\u{205f}', '\u{205f}'),
            ('\u{3000}', '\u{3000}'),
            ('\u{feff}', '\u{feff}'),
        ],
        _ => return None,
    };
    Some(Set::Ranges { ranges: ranges.to_vec(), negated: letter.is_ascii_uppercase() })
}

// The ranges are sorted and apart.
fn complement(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut out = Vec::new();
    let mut from = Some('\0');
    for (first, last) in ranges {
        if let (Some(from), Some(before)) = (from, ('\0'..*first).next_back())
            && from <= before
        {
            out.push((from, before));
        }
        from = (*last..).nth(1);
    }
    out.extend(from.map(|from| (from, char::MAX)));
    out
}
