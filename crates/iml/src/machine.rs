//! What one evaluation carries along: its environment, and what it has used of its limits.

use std::cell::Cell;

use crate::{
    collection::Key,
    environment::{Environment, Roots},
    error::{Bound, Error, Result},
    value::{Text, Value},
};

pub(crate) struct Machine<'a> {
    pub(crate) environment: &'a Environment<'a>,
    roots: &'a dyn Roots,
    steps_left: Cell<u64>,
    output_left: Cell<u64>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(environment: &'a Environment<'a>, roots: &'a dyn Roots) -> Self {
        Self {
            environment,
            roots,
            steps_left: Cell::new(environment.limits.steps),
            output_left: Cell::new(environment.limits.output_bytes),
        }
    }

    pub(crate) fn root(&self, key: &Key) -> Option<&'a Value> {
        self.roots.root(key)
    }

    /// Does this much work, or fails before it is done.
    pub(crate) fn work(&self, steps: usize) -> Result<()> {
        match self.steps_left.get().checked_sub(steps as u64) {
            Some(left) => {
                self.steps_left.set(left);
                Ok(())
            }
            None => Err(Error::limit(Bound::Steps)),
        }
    }

    /// Produces this many bytes, or fails before they are.
    pub(crate) fn produce(&self, bytes: usize) -> Result<()> {
        match self.output_left.get().checked_sub(bytes as u64) {
            Some(left) => {
                self.output_left.set(left);
                Ok(())
            }
            None => Err(Error::limit(Bound::Output)),
        }
    }

    /// A text that was made within the limits. To be used when it cannot be much longer than what
    /// was paid for before.
    pub(crate) fn text(&self, text: &str) -> Result<Value> {
        self.produce(text.len())?;
        Ok(Value::Text(Text::from(text)))
    }

    /// An array that was made within the limits.
    pub(crate) fn array(&self, items: Vec<Value>) -> Result<Value> {
        self.produce(size_of::<Value>().saturating_mul(items.len()))?;
        Ok(Value::array(items))
    }

    /// A buffer that was made within the limits.
    pub(crate) fn buffer(&self, bytes: Vec<u8>) -> Result<Value> {
        self.produce(bytes.len())?;
        Ok(Value::buffer(bytes))
    }
}
