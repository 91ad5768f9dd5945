//! Matching.

use super::{
    Regex,
    compile::{Instruction, Program},
    parse::Set,
};
use crate::{
    error::{Bound, Error, Result},
    machine::Machine,
};

const NOWHERE: usize = usize::MAX;
/// Alternatives that may wait at the same time.
const MAX_WAITING: usize = 4_000_000;
/// Steps are counted in batches.
const BATCH: usize = 256;

/// A pattern being matched against one text.
pub(crate) struct Matcher<'r, 't, 'm> {
    program: &'r Program,
    text: &'t str,
    machine: &'m Machine<'m>,
    // Positions of groups, then those of loops.
    slots: Vec<usize>,
    waiting: Vec<Waiting>,
    // What has failed, by split and position: it fails from anywhere. Empty with references.
    failed: Vec<u64>,
    // Splits on the way to where we are, which have not failed yet.
    path: Vec<usize>,
    steps: usize,
}

enum Waiting {
    Branch { at: usize, position: usize, path: usize },
    Restore { slot: usize, position: usize },
}

impl<'r, 't, 'm> Matcher<'r, 't, 'm> {
    pub(crate) fn new(regex: &'r Regex, text: &'t str, machine: &'m Machine<'m>) -> Result<Self> {
        let program = &regex.program;
        let cells = if program.has_references {
            0
        } else {
            program.splits.saturating_mul(text.len() + 1).div_ceil(64)
        };
        machine.produce(cells.saturating_mul(8))?;
        Ok(Self {
            program,
            text,
            machine,
            slots: vec![NOWHERE; (program.groups + 1) * 2 + program.loops],
            waiting: Vec::new(),
            failed: vec![0; cells],
            path: Vec::new(),
            steps: 0,
        })
    }

    /// The range of the first match from a position on.
    pub(crate) fn find(&mut self, from: usize) -> Result<Option<(usize, usize)>> {
        let mut start = from;
        loop {
            self.slots.fill(NOWHERE);
            if let Some(end) = self.run(0, start)? {
                // Nothing of this match is left over for the next one.
                self.waiting.clear();
                return Ok(Some((start, end)));
            }
            match self.text[start..].chars().next() {
                Some(c) => start += c.len_utf8(),
                None => return Ok(None),
            }
        }
    }

    /// What a group of the last match has matched.
    pub(crate) fn group(&self, number: usize) -> Option<&'t str> {
        let (start, end) = (self.slots[number * 2], self.slots[number * 2 + 1]);
        if start == NOWHERE || end == NOWHERE { None } else { self.text.get(start..end) }
    }

    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(BATCH) {
            self.machine.work(BATCH)?;
        }
        Ok(())
    }

    fn set(&mut self, slot: usize, position: usize) {
        let before = std::mem::replace(&mut self.slots[slot], position);
        self.waiting.push(Waiting::Restore { slot, position: before });
    }

    // Where a match from here ends.
    fn run(&mut self, at: usize, position: usize) -> Result<Option<usize>> {
        let (base, path_base) = (self.waiting.len(), self.path.len());
        let (mut at, mut position) = (at, position);
        loop {
            self.step()?;
            let ok = match &self.program.code[at] {
                Instruction::Match => {
                    self.succeed(base, path_base);
                    return Ok(Some(position));
                }
                Instruction::One { set, backward } => match self.one(set, position, *backward) {
                    Some(next) => {
                        position = next;
                        at += 1;
                        true
                    }
                    None => false,
                },
                Instruction::Jump(to) => {
                    at = *to;
                    true
                }
                Instruction::Split { first, second, number } => {
                    let cell = number * (self.text.len() + 1) + position;
                    if self.has_failed(cell) {
                        false
                    } else {
                        if self.waiting.len() >= MAX_WAITING {
                            return Err(Error::limit(Bound::Steps));
                        }
                        // The split itself has failed only when its second branch has, too.
                        self.mark(cell);
                        let path = self.path.len();
                        self.waiting.push(Waiting::Branch { at: *second, position, path });
                        at = *first;
                        true
                    }
                }
                Instruction::Save(slot) => {
                    self.set(*slot, position);
                    at += 1;
                    true
                }
                Instruction::Clear(from, to) => {
                    for slot in *from..*to {
                        if self.slots[slot] != NOWHERE {
                            self.set(slot, NOWHERE);
                        }
                    }
                    at += 1;
                    true
                }
                Instruction::Start(multiline) => {
                    at += 1;
                    position == 0 || (*multiline && self.before(position).is_some_and(is_break))
                }
                Instruction::End(multiline) => {
                    at += 1;
                    position == self.text.len()
                        || (*multiline && self.after(position).is_some_and(is_break))
                }
                Instruction::Edge(wanted) => {
                    at += 1;
                    let word =
                        |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
                    (word(self.before(position)) != word(self.after(position))) == *wanted
                }
                Instruction::Reference { group, backward } => {
                    match self.reference(*group, position, *backward) {
                        Some(next) => {
                            position = next;
                            at += 1;
                            true
                        }
                        None => false,
                    }
                }
                Instruction::Look { negative, next } => {
                    let (negative, next) = (*negative, *next);
                    let before = self.waiting.len();
                    let found = self.run(at + 1, position)?.is_some();
                    if negative {
                        self.undo(before);
                    }
                    at = next;
                    found != negative
                }
                Instruction::LoopStart(number) => {
                    let slot = (self.program.groups + 1) * 2 + number;
                    self.set(slot, position);
                    at += 1;
                    true
                }
                Instruction::LoopEnd(number) => {
                    let slot = (self.program.groups + 1) * 2 + number;
                    at += 1;
                    self.slots[slot] != position
                }
            };
            if ok {
                continue;
            }
            match self.backtrack(base) {
                Some(branch) => (at, position) = branch,
                None => {
                    self.path.truncate(path_base);
                    return Ok(None);
                }
            }
        }
    }

    // What was set stays set, but is undone when what follows fails; alternatives are given up.
    fn succeed(&mut self, base: usize, path_base: usize) {
        let mut kept = base;
        for at in base..self.waiting.len() {
            if matches!(self.waiting[at], Waiting::Restore { .. }) {
                self.waiting.swap(kept, at);
                kept += 1;
            }
        }
        self.waiting.truncate(kept);
        for cell in self.path.drain(path_base..) {
            if let Some(word) = self.failed.get_mut(cell / 64) {
                *word &= !(1 << (cell % 64));
            }
        }
    }

    fn undo(&mut self, base: usize) {
        while self.waiting.len() > base {
            if let Some(Waiting::Restore { slot, position }) = self.waiting.pop() {
                self.slots[slot] = position;
            }
        }
    }

    fn backtrack(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.waiting.len() > base {
            match self.waiting.pop()? {
                Waiting::Restore { slot, position } => self.slots[slot] = position,
                Waiting::Branch { at, position, path } => {
                    self.path.truncate(path);
                    return Some((at, position));
                }
            }
        }
        None
    }

    fn has_failed(&self, cell: usize) -> bool {
        self.failed.get(cell / 64).is_some_and(|word| word & (1 << (cell % 64)) != 0)
    }

    fn mark(&mut self, cell: usize) {
        if let Some(word) = self.failed.get_mut(cell / 64) {
            *word |= 1 << (cell % 64);
            self.path.push(cell);
        }
    }

    fn after(&self, position: usize) -> Option<char> {
        self.text[position..].chars().next()
    }

    fn before(&self, position: usize) -> Option<char> {
        self.text[..position].chars().next_back()
    }

    fn one(&self, set: &Set, position: usize, backward: bool) -> Option<usize> {
        let c = if backward { self.before(position)? } else { self.after(position)? };
        if !self.matches(set, c) {
            return None;
        }
        Some(if backward { position - c.len_utf8() } else { position + c.len_utf8() })
    }

    fn matches(&self, set: &Set, c: char) -> bool {
        let ignore_case = self.program.ignore_case;
        match set {
            Set::Char(expected) => c == *expected || (ignore_case && fold(c) == fold(*expected)),
            Set::Any(with_breaks) => *with_breaks || !is_break(c),
            Set::Ranges { ranges, negated } => {
                let within =
                    |c: char| ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
                let found =
                    within(c) || (ignore_case && (within(fold(c)) || c.to_lowercase().any(within)));
                found != *negated
            }
        }
    }

    // A group that has matched nothing yet matches the empty text.
    fn reference(&self, group: usize, position: usize, backward: bool) -> Option<usize> {
        let Some(expected) = self.group(group) else { return Some(position) };
        let same = |a: char, b: char| a == b || (self.program.ignore_case && fold(a) == fold(b));
        let mut position = position;
        if backward {
            for expected in expected.chars().rev() {
                let c = self.before(position)?;
                if !same(c, expected) {
                    return None;
                }
                position -= c.len_utf8();
            }
        } else {
            for expected in expected.chars() {
                let c = self.after(position)?;
                if !same(c, expected) {
                    return None;
                }
                position += c.len_utf8();
            }
        }
        Some(position)
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

// Upper case where that is one character, and ASCII is not reached from outside of it.
fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if !upper.is_ascii() => upper,
        _ => c,
    }
}
