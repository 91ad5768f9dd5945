use std::sync::Arc;

use halyard_iml::{Environment, Result, Roots, Value, tree::Tree};

/// A value of an app's file of which every text may hold expressions, compiled once.
///
/// Clones share the compiled form, so that what a base says is compiled once for all of an app.
#[derive(Clone, Debug)]
pub struct Template {
    tree: Arc<Tree>,
    source: Value,
}

impl Template {
    /// One from its compiled form and the value that it was compiled from.
    #[must_use]
    pub fn new(tree: Tree, source: Value) -> Self {
        Self { tree: Arc::new(tree), source }
    }

    /// What stands in the file.
    #[must_use]
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// The value with every expression replaced by its result.
    ///
    /// # Errors
    /// When an expression cannot be evaluated, or a limit is reached.
    pub fn evaluate(&self, roots: &dyn Roots, environment: &Environment<'_>) -> Result<Value> {
        self.tree.evaluate(roots, environment)
    }
}
