//! Source from a tree: what it prints is read as an equal tree.

use super::{
    ast::{Argument, Binary, Kind, Node, Step, Unary},
    chars::{is_plain, quote},
    parser::{is_format, takes_format},
    template::{Part, Template},
};

/// How separators and operators are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As in scenarios: `;`, `=`, `&`, `|`.
    Scenario,
    /// As in apps: `,`, `==`, `&&`, `||`.
    App,
}

/// The source of an expression.
#[must_use]
pub fn print_expression(node: &Node<'_>, style: Style) -> String {
    let mut printer = Printer { out: String::new(), style };
    printer.node(node);
    printer.out
}

/// The source of a template.
#[must_use]
pub fn print_template(template: &Template<'_>, style: Style) -> String {
    let mut printer = Printer { out: String::new(), style };
    for part in &template.parts {
        match part {
            Part::Text(text, _) => printer.out.push_str(text),
            Part::Expression(node, _) => {
                printer.out.push_str("{{");
                // Three braces in a row would open another pair.
                if matches!(node.kind, Kind::Object(_)) {
                    printer.out.push(' ');
                }
                printer.node(node);
                if printer.out.ends_with('}') {
                    printer.out.push(' ');
                }
                printer.out.push_str("}}");
            }
        }
    }
    printer.out
}

struct Printer {
    out: String,
    style: Style,
}

impl Printer {
    fn node(&mut self, node: &Node<'_>) {
        match &node.kind {
            Kind::Text(text) => quote(&mut self.out, text),
            Kind::Number(number) => self.out.push_str(&number.to_string()),
            Kind::Name(name) | Kind::Module(name) => self.out.push_str(name),
            Kind::Quoted(name) => self.back_quoted(name),
            Kind::Path(base, steps) => self.path(base, steps),
            Kind::Call(name, arguments) => self.call(name, arguments),
            Kind::Unary(operator, operand) => {
                self.out.push(match operator {
                    Unary::Not => '!',
                    Unary::Minus => '-',
                });
                self.within(operand, 7);
            }
            Kind::Chain(first, rest) => {
                let rank = node.rank();
                self.within(first, rank + 1);
                for (operator, operand) in rest {
                    self.out.push(' ');
                    self.out.push_str(self.operator(*operator));
                    self.out.push(' ');
                    self.within(operand, rank + 1);
                }
            }
            Kind::Array(items) => {
                self.out.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.separator(at);
                    self.node(item);
                }
                self.out.push(']');
            }
            Kind::Object(entries) => {
                self.out.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    self.separator(at);
                    // Between back ticks a backslash is nothing special, also at the end.
                    if is_plain(key) {
                        self.out.push_str(key);
                    } else if !key.contains('`') {
                        self.back_quoted(key);
                    } else {
                        quote(&mut self.out, key);
                    }
                    self.out.push_str(": ");
                    self.node(value);
                }
                self.out.push('}');
            }
            Kind::Invalid(invalid) => self.out.push_str(invalid.source),
        }
    }

    // In parentheses, unless its operator binds at least this tightly.
    fn within(&mut self, node: &Node<'_>, rank: u8) {
        if node.rank() >= rank {
            self.node(node);
        } else {
            self.out.push('(');
            self.node(node);
            self.out.push(')');
        }
    }

    fn path(&mut self, base: &Node<'_>, steps: &[Step<'_>]) {
        // Steps behind a path would join it; a number followed by a dot would be a module.
        if matches!(base.kind, Kind::Number(_) | Kind::Path(..)) {
            self.out.push('(');
            self.node(base);
            self.out.push(')');
        } else {
            self.within(base, 9);
        }
        for step in steps {
            match step {
                Step::Name(name) if is_plain(name) => {
                    self.out.push('.');
                    self.out.push_str(name);
                }
                Step::Name(name) => {
                    self.out.push('.');
                    self.back_quoted(name);
                }
                Step::First => self.out.push_str("[]"),
                Step::Index(index) => {
                    self.out.push('[');
                    self.node(index);
                    self.out.push(']');
                }
            }
        }
    }

    fn call(&mut self, name: &str, arguments: &[Argument<'_>]) {
        self.out.push_str(name);
        self.out.push('(');
        for (at, argument) in arguments.iter().enumerate() {
            self.separator(at);
            match argument {
                Argument::Node(node) => {
                    let from = self.out.len();
                    self.node(node);
                    let text = &self.out[from..];
                    // What would be taken for a format was not one.
                    if takes_format(name, at)
                        && !matches!(node.kind, Kind::Name(_))
                        && is_format(text)
                    {
                        self.out.insert(from, '(');
                        self.out.push(')');
                    }
                }
                Argument::Raw(text, _) => self.out.push_str(text),
                Argument::Missing(_) => {}
            }
        }
        self.out.push(')');
    }

    fn separator(&mut self, at: usize) {
        if at > 0 {
            self.out.push_str(match self.style {
                Style::Scenario => "; ",
                Style::App => ", ",
            });
        }
    }

    fn back_quoted(&mut self, name: &str) {
        self.out.push('`');
        self.out.push_str(name);
        self.out.push('`');
    }

    fn operator(&self, operator: Binary) -> &'static str {
        let app = self.style == Style::App;
        match operator {
            Binary::Or if app => "||",
            Binary::Or => "|",
            Binary::And if app => "&&",
            Binary::And => "&",
            Binary::Equal if app => "==",
            Binary::Equal => "=",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessOrEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterOrEqual => ">=",
            Binary::Plus => "+",
            Binary::Minus => "-",
            Binary::Times => "*",
            Binary::Divide => "/",
            Binary::Remainder => "%",
        }
    }
}
