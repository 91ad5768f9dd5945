//! Conditions on a bundle: data whose operands are templates.

use std::cmp::Ordering;

use crate::{
    coerce::{self, operand},
    compile::Context,
    date,
    environment::{Environment, Roots},
    error::{Error, ErrorKind, Result, quoted},
    field,
    functions::search,
    machine::Machine,
    operators::same,
    program::Program,
    syntax::{Diagnostic, Severity},
    value::Value,
};

/// How conditions in one list are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Logic {
    /// All of them must hold.
    #[default]
    And,
    /// One of them must hold.
    Or,
}

/// A compiled filter: groups of conditions, of which all of one group must hold.
#[derive(Debug)]
pub struct Filter {
    // None: there is no condition, so that everything passes.
    groups: Option<Vec<Vec<Condition>>>,
}

#[derive(Debug)]
struct Condition {
    left: Program,
    operator: std::result::Result<Operator, String>,
    right: Program,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    test: Test,
    negated: bool,
    any_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Exist,
    Text(TextTest),
    Compare(Family, Comparison),
    Contain,
    Boolean,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextTest {
    Equal,
    Contain,
    Start,
    End,
    Pattern,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Number,
    Date,
    Time,
    Semver,
    Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

/// The operators that a filter knows.
pub const OPERATORS: &[&str] = &[
    "exist",
    "notexist",
    "text:equal",
    "text:notequal",
    "text:contain",
    "text:notcontain",
    "text:startwith",
    "text:notstartwith",
    "text:endwith",
    "text:notendwith",
    "text:pattern",
    "text:notpattern",
    "text:equal:ci",
    "text:notequal:ci",
    "text:contain:ci",
    "text:notcontain:ci",
    "text:startwith:ci",
    "text:notstartwith:ci",
    "text:endwith:ci",
    "text:notendwith:ci",
    "text:pattern:ci",
    "text:notpattern:ci",
    "number:equal",
    "number:notequal",
    "number:greater",
    "number:less",
    "number:greaterorequal",
    "number:lessorequal",
    "date:equal",
    "date:notequal",
    "date:greater",
    "date:less",
    "date:greaterorequal",
    "date:lessorequal",
    "time:equal",
    "time:notequal",
    "time:greater",
    "time:less",
    "time:greaterorequal",
    "time:lessorequal",
    "semver:equal",
    "semver:notequal",
    "semver:greater",
    "semver:less",
    "semver:greaterorequal",
    "semver:lessorequal",
    "array:contain",
    "array:notcontain",
    "array:contain:ci",
    "array:notcontain:ci",
    "array:equal",
    "array:notequal",
    "array:greater",
    "array:less",
    "array:greaterorequal",
    "array:lessorequal",
    "boolean:equal",
    "boolean:notequal",
];

// What files of other origin contain.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("text:isempty", "notexist"),
    ("text:isnotempty", "exist"),
    ("string:equal", "text:equal"),
    ("text:startswith", "text:startwith"),
    ("text:endswith", "text:endwith"),
    ("date:before", "date:less"),
    ("date:after", "date:greater"),
];

impl Filter {
    /// Compiles conditions: a list of groups, or one list of conditions joined by `logic`.
    #[must_use]
    pub fn new(conditions: &Value, logic: Logic, context: Context<'_>) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let Value::Array(items) = conditions else {
            return (Self { groups: None }, diagnostics);
        };
        let mut condition = |value: &Value| Condition::new(value, context, &mut diagnostics);
        let nested = items.iter().any(|item| matches!(item, Value::Array(_)));
        let groups: Vec<Vec<_>> = match (nested, logic) {
            (true, _) => items
                .iter()
                .map(|group| coerce::array(group).iter().map(&mut condition).collect())
                .collect(),
            (false, Logic::And) => vec![items.iter().map(&mut condition).collect()],
            (false, Logic::Or) => items.iter().map(|item| vec![condition(item)]).collect(),
        };
        let groups = if items.is_empty() { None } else { Some(groups) };
        (Self { groups }, diagnostics)
    }

    /// Whether a bundle passes.
    ///
    /// # Errors
    ///
    /// When an operand cannot be evaluated, or an operator is not known.
    pub fn passes(&self, roots: &dyn Roots, environment: &Environment<'_>) -> Result<bool> {
        let Some(groups) = &self.groups else { return Ok(true) };
        let machine = Machine::new(environment, roots);
        for group in groups {
            let mut all = true;
            for condition in group {
                if !condition.holds(&machine)? {
                    all = false;
                    break;
                }
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Condition {
    fn new(value: &Value, context: Context<'_>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let part = |name: &str| match value {
            Value::Collection(condition) => condition.by_name(name).cloned().unwrap_or_default(),
            _ => Value::Undefined,
        };
        let mut side = |name: &str| {
            let (program, said) = Program::of_value(&part(name), context);
            diagnostics.extend(said);
            program
        };
        let (left, right) = (side("a"), side("b"));
        let operator = match part("o") {
            Value::Text(name) if !name.is_empty() => {
                Operator::find(&name).ok_or_else(|| name.as_ref().to_owned())
            }
            _ => Ok(Operator { test: Test::Exist, negated: false, any_case: false }),
        };
        if let Err(name) = &operator {
            diagnostics.push(Diagnostic {
                severity: Severity::Warning,
                span: crate::error::Span::default(),
                message: format!("The operator {} is not known.", quoted(name)),
            });
        }
        Self { left, operator, right }
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool> {
        let operator = match &self.operator {
            Ok(operator) => operator,
            Err(name) => {
                let cause = format!("The filter operator {} is not known.", quoted(name));
                return Err(Error::new(ErrorKind::Argument, cause));
            }
        };
        let left = self.left.evaluate_on(machine)?;
        if operator.test == Test::Exist {
            return Ok(left.is_empty() == operator.negated);
        }
        let right = self.right.evaluate_on(machine)?;
        // Where a conversion fails, the plain test does, too; so its negation holds.
        let found = operator.test(machine, &left, &right)?.unwrap_or(false);
        Ok(found != operator.negated)
    }
}

impl Operator {
    fn find(name: &str) -> Option<Self> {
        let name = OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name, |pair| pair.1);
        if !OPERATORS.contains(&name) {
            return None;
        }
        let any_case = name.ends_with(":ci");
        let plain = name.strip_suffix(":ci").unwrap_or(name);
        let (family, word) = plain.split_once(':').unwrap_or(("", plain));
        let (word, negated) = match word.strip_prefix("not") {
            Some(word) => (word, true),
            None => (word, false),
        };
        let comparison = match word {
            "greater" => Comparison::Greater,
            "less" => Comparison::Less,
            "greaterorequal" => Comparison::GreaterOrEqual,
            "lessorequal" => Comparison::LessOrEqual,
            _ => Comparison::Equal,
        };
        let test = match (family, word) {
            ("", _) => Test::Exist,
            ("text", "equal") => Test::Text(TextTest::Equal),
            ("text", "contain") => Test::Text(TextTest::Contain),
            ("text", "startwith") => Test::Text(TextTest::Start),
            ("text", "endwith") => Test::Text(TextTest::End),
            ("text", _) => Test::Text(TextTest::Pattern),
            ("array", "contain") => Test::Contain,
            ("boolean", _) => Test::Boolean,
            ("number", _) => Test::Compare(Family::Number, comparison),
            ("date", _) => Test::Compare(Family::Date, comparison),
            ("time", _) => Test::Compare(Family::Time, comparison),
            ("semver", _) => Test::Compare(Family::Semver, comparison),
            _ => Test::Compare(Family::Length, comparison),
        };
        Some(Self { test, negated, any_case })
    }

    // Nothing when an operand cannot be converted.
    fn test(self, machine: &Machine<'_>, left: &Value, right: &Value) -> Result<Option<bool>> {
        let text = |value: &Value| -> Result<String> {
            let text = coerce::text(machine, value)?;
            machine.work(text.len())?;
            Ok(if self.any_case { text.to_lowercase() } else { text.as_ref().to_owned() })
        };
        Ok(match self.test {
            Test::Exist => Some(!left.is_empty()),
            Test::Text(TextTest::Pattern) => {
                let (text, pattern) = (coerce::text(machine, left)?, coerce::text(machine, right)?);
                search(machine, &text, &pattern, self.any_case)?
            }
            Test::Text(test) => {
                let (left, right) = (text(left)?, text(right)?);
                Some(match test {
                    TextTest::Equal => left == right,
                    TextTest::Contain => left.contains(&right),
                    TextTest::Start => left.starts_with(&right),
                    _ => left.ends_with(&right),
                })
            }
            Test::Contain => {
                let wanted = text(right)?;
                for item in coerce::array(left).iter() {
                    if same(machine, item, right)? || text(item)? == wanted {
                        return Ok(Some(true));
                    }
                }
                Some(false)
            }
            Test::Boolean => Some(field::boolean(left) == field::boolean(right)),
            Test::Compare(family, comparison) => {
                family.order(machine, left, right)?.map(|order| match comparison {
                    Comparison::Equal => order.is_eq(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::Less => order.is_lt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                    Comparison::LessOrEqual => order.is_le(),
                })
            }
        })
    }
}

impl Family {
    fn order(self, machine: &Machine<'_>, left: &Value, right: &Value) -> Result<Option<Ordering>> {
        if right.is_nothing() || (left.is_nothing() && self != Self::Length) {
            return Ok(None);
        }
        let number = |value: &Value| operand(machine, value);
        let zone = &machine.environment.zone;
        let time = |value: &Value| match value {
            Value::Date(date) => {
                let civil = zone.civil_at(date.ms());
                Some(civil.hour * 3600 + civil.minute * 60 + civil.second)
            }
            Value::Text(text) => field::time(text),
            _ => None,
        };
        let date = |value: &Value| match value {
            Value::Date(date) => Some(date.ms()),
            Value::Text(text) => date::read(text, zone)?.ok().map(date::Date::ms),
            Value::Number(_) => coerce::date(machine, value).ok().map(date::Date::ms),
            _ => None,
        };
        Ok(match self {
            Self::Number => number(left).partial_cmp(&number(right)),
            Self::Date => date(left).zip(date(right)).map(|(left, right)| left.cmp(&right)),
            Self::Time => time(left).zip(time(right)).map(|(left, right)| left.cmp(&right)),
            Self::Semver => {
                let (left, right) = (coerce::text(machine, left)?, coerce::text(machine, right)?);
                Version::read(&left).zip(Version::read(&right)).map(|(a, b)| a.cmp(&b))
            }
            Self::Length => (coerce::array(left).len() as f64).partial_cmp(&number(right)),
        })
    }
}

/// A version as semver.org describes it; missing numbers are zero.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: [u64; 3],
    // A version before the release is less than the release.
    is_release: bool,
    before: Vec<Identifier>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

impl Version {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V', '=']).unwrap_or(text);
        let text = text.split('+').next()?;
        let (core, before) = match text.split_once('-') {
            Some((core, before)) => (core, Some(before)),
            None => (text, None),
        };
        let mut numbers = [0; 3];
        for (at, part) in core.split('.').enumerate() {
            if !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *numbers.get_mut(at)? = part.parse().ok()?;
        }
        let identifier = |part: &str| match part.parse() {
            Ok(number) => Identifier::Number(number),
            Err(_) => Identifier::Word(part.to_owned()),
        };
        Some(Self {
            numbers,
            is_release: before.is_none(),
            before: before.map_or_else(Vec::new, |text| text.split('.').map(identifier).collect()),
        })
    }
}
