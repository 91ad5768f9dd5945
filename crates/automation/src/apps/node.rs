use halyard_iml::{Collection, Text, Value};

use super::json::MAX_DEPTH;

/// A place in a file; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A JSON value of an app's file that knows where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it begins.
    pub at: Position,
}

/// The JSON values.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text, which may be a template.
    Text(Text),
    /// A list.
    Array(Vec<Node>),
    /// Names with values in the order of the file; of names that occur twice the last value counts,
    /// in the place of the first.
    Object(Vec<(Text, Node)>),
}

impl Node {
    /// The member of this name, of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            NodeKind::Object(members) => {
                members.iter().find(|(other, _)| &**other == name).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// The text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        match &self.kind {
            NodeKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of value it is, for people.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Number(_) => "a number",
            NodeKind::Text(_) => "a text",
            NodeKind::Array(_) => "an array",
            NodeKind::Object(_) => "an object",
        }
    }

    /// The same without places.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(value) => Value::Bool(*value),
            NodeKind::Number(number) => Value::Number(*number),
            NodeKind::Text(text) => Value::Text(text.clone()),
            NodeKind::Array(items) => Value::array(items.iter().map(Self::to_value).collect()),
            NodeKind::Object(members) => Value::collection(Collection::of(
                members.iter().map(|(name, node)| (name.clone(), node.to_value())),
            )),
        }
    }

    /// A value without places, such as an RPC gives it. Dates and bytes, which JSON does not have, are
    /// null, and so is what is nested deeper than a file may be.
    #[must_use]
    pub fn of_value(value: &Value) -> Self {
        Self::of_value_at(value, 0)
    }

    fn of_value_at(value: &Value, depth: usize) -> Self {
        let inside = |value: &Value| Self::of_value_at(value, depth + 1);
        let kind = match value {
            Value::Undefined
            | Value::Null
            | Value::Date(_)
            | Value::Buffer(_)
            | Value::Stored(_) => NodeKind::Null,
            Value::Array(_) | Value::Collection(_) if depth == MAX_DEPTH => NodeKind::Null,
            Value::Bool(value) => NodeKind::Bool(*value),
            Value::Number(number) => NodeKind::Number(*number),
            Value::Text(text) => NodeKind::Text(text.clone()),
            Value::Array(items) => NodeKind::Array(items.iter().map(inside).collect()),
            Value::Collection(members) => NodeKind::Object(
                members
                    .iter()
                    .filter(|(_, value)| !value.is_undefined())
                    .map(|(key, value)| (key.name().clone(), inside(value)))
                    .collect(),
            ),
        };
        Self { kind, at: Position { line: 1, column: 1 } }
    }
}
