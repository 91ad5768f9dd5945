//! The instructions of a pattern.

use super::{
    Flags,
    parse::{Node, Parsed, Set},
};

const MAX_INSTRUCTIONS: usize = 20_000;

#[derive(Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Instruction>,
    pub(super) groups: usize,
    pub(super) splits: usize,
    /// How many loops have to notice that they match nothing.
    pub(super) loops: usize,
    /// Whether the same place may match differently the next time, because of a group.
    pub(super) has_references: bool,
    pub(super) ignore_case: bool,
}

#[derive(Debug)]
pub(super) enum Instruction {
    /// One character, before the position when going backward.
    One {
        set: Set,
        backward: bool,
    },
    /// Goes on at the first address, and at the second if that fails.
    Split {
        first: usize,
        second: usize,
        number: usize,
    },
    Jump(usize),
    /// Notes the position.
    Save(usize),
    /// Forgets groups, from the first up to the second.
    Clear(usize, usize),
    Start(bool),
    End(bool),
    Edge(bool),
    Reference {
        group: usize,
        backward: bool,
    },
    /// Looks around with the instructions that follow, and goes on at the address.
    Look {
        negative: bool,
        next: usize,
    },
    /// Notes where the turn of a loop begins.
    LoopStart(usize),
    /// Fails when the turn of a loop has matched nothing.
    LoopEnd(usize),
    Match,
}

pub(super) fn compile(parsed: &Parsed, flags: Flags) -> Result<Program, String> {
    let mut compiler = Compiler {
        code: Vec::new(),
        splits: 0,
        loops: 0,
        flags,
        checks_loops: parsed.has_references,
    };
    compiler.node(&parsed.root, false)?;
    compiler.push(Instruction::Match)?;
    Ok(Program {
        code: compiler.code,
        groups: parsed.groups,
        splits: compiler.splits,
        loops: compiler.loops,
        has_references: parsed.has_references,
        ignore_case: flags.ignore_case,
    })
}

struct Compiler {
    code: Vec<Instruction>,
    splits: usize,
    loops: usize,
    flags: Flags,
    checks_loops: bool,
}

impl Compiler {
    fn push(&mut self, instruction: Instruction) -> Result<usize, String> {
        if self.code.len() == MAX_INSTRUCTIONS {
            return Err("it is too large".to_owned());
        }
        self.code.push(instruction);
        Ok(self.code.len() - 1)
    }

    fn split(&mut self) -> Result<usize, String> {
        let number = self.splits;
        self.splits += 1;
        self.push(Instruction::Split { first: 0, second: 0, number })
    }

    // `inside` is tried first when it is greedy.
    fn aim(&mut self, split: usize, inside: usize, outside: usize, greedy: bool) {
        if let Some(Instruction::Split { first, second, .. }) = self.code.get_mut(split) {
            (*first, *second) = if greedy { (inside, outside) } else { (outside, inside) };
        }
    }

    fn land(&mut self, jump: usize) {
        let here = self.code.len();
        if let Some(Instruction::Jump(to) | Instruction::Look { next: to, .. }) =
            self.code.get_mut(jump)
        {
            *to = here;
        }
    }

    fn node(&mut self, node: &Node, backward: bool) -> Result<(), String> {
        match node {
            Node::Empty => {}
            Node::One(set) => {
                self.push(Instruction::One { set: set.clone(), backward })?;
            }
            Node::Start => {
                self.push(Instruction::Start(self.flags.multiline))?;
            }
            Node::End => {
                self.push(Instruction::End(self.flags.multiline))?;
            }
            Node::Edge(at_edge) => {
                self.push(Instruction::Edge(*at_edge))?;
            }
            Node::Reference(group) => {
                self.push(Instruction::Reference { group: *group, backward })?;
            }
            Node::Group(body, None) => self.node(body, backward)?,
            Node::Group(body, Some(number)) => {
                let (begin, end) = (number * 2, number * 2 + 1);
                self.push(Instruction::Save(if backward { end } else { begin }))?;
                self.node(body, backward)?;
                self.push(Instruction::Save(if backward { begin } else { end }))?;
            }
            Node::Look { body, ahead, negative } => {
                let look = self.push(Instruction::Look { negative: *negative, next: 0 })?;
                self.node(body, !ahead)?;
                self.push(Instruction::Match)?;
                self.land(look);
            }
            Node::Sequence(nodes) if backward => {
                nodes.iter().rev().try_for_each(|node| self.node(node, true))?;
            }
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.node(node, false))?,
            Node::Choice(branches) => self.choice(branches, backward)?,
            Node::Repeat { body, least, most, greedy, groups } => {
                for _ in 0..*least {
                    self.turn(body, *groups, backward)?;
                }
                match most {
                    None => {
                        let split = self.split()?;
                        self.looped(body, *groups, backward)?;
                        self.push(Instruction::Jump(split))?;
                        self.aim(split, split + 1, self.code.len(), *greedy);
                    }
                    Some(most) => {
                        let mut splits = Vec::new();
                        for _ in *least..*most {
                            splits.push(self.split()?);
                            self.looped(body, *groups, backward)?;
                        }
                        for split in splits {
                            self.aim(split, split + 1, self.code.len(), *greedy);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn choice(&mut self, branches: &[Node], backward: bool) -> Result<(), String> {
        let mut jumps = Vec::new();
        for (at, branch) in branches.iter().enumerate() {
            if at + 1 == branches.len() {
                self.node(branch, backward)?;
            } else {
                let split = self.split()?;
                self.node(branch, backward)?;
                jumps.push(self.push(Instruction::Jump(0))?);
                self.aim(split, split + 1, self.code.len(), true);
            }
        }
        for jump in jumps {
            self.land(jump);
        }
        Ok(())
    }

    // Groups inside forget what they matched in the turn before.
    fn turn(&mut self, body: &Node, groups: (usize, usize), backward: bool) -> Result<(), String> {
        if groups.0 < groups.1 {
            self.push(Instruction::Clear((groups.0 + 1) * 2, (groups.1 + 1) * 2))?;
        }
        self.node(body, backward)
    }

    fn looped(
        &mut self,
        body: &Node,
        groups: (usize, usize),
        backward: bool,
    ) -> Result<(), String> {
        if !self.checks_loops {
            return self.turn(body, groups, backward);
        }
        let number = self.loops;
        self.loops += 1;
        self.push(Instruction::LoopStart(number))?;
        self.turn(body, groups, backward)?;
        self.push(Instruction::LoopEnd(number))?;
        Ok(())
    }
}
