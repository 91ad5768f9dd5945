use halyard_iml::Text;

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
    /// Names with values in the order of the file; of names that occur twice the last counts.
    Object(Vec<(Text, Node)>),
}
