//! Arguments of a call, read as the types that a function needs.

use std::sync::Arc;

use super::replace::Search;
use crate::{
    coerce,
    collection::Collection,
    date::{Date, Pattern, Zone},
    error::{Error, ErrorKind, Result},
    machine::Machine,
    value::{Text, Value},
};

/// What was made of constant arguments when the call was compiled.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    pub(crate) pattern: Option<Pattern>,
    /// The zone of a name, or nothing when there is none of this name.
    pub(crate) zone: Option<Option<Zone>>,
    pub(crate) search: Option<Result<Search>>,
}

static MISSING: Value = Value::Undefined;

pub(crate) struct Arguments<'c, 'm> {
    values: &'c [Value],
    pub(crate) machine: &'c Machine<'m>,
    pub(crate) prepared: &'c Prepared,
}

impl<'c, 'm> Arguments<'c, 'm> {
    pub(crate) fn new(
        values: &'c [Value],
        machine: &'c Machine<'m>,
        prepared: &'c Prepared,
    ) -> Self {
        Self { values, machine, prepared }
    }

    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    /// The argument, or undefined when it is left out.
    pub(crate) fn value(&self, at: usize) -> &'c Value {
        self.values.get(at).unwrap_or(&MISSING)
    }

    /// The arguments from this one on.
    pub(crate) fn rest(&self, at: usize) -> &'c [Value] {
        self.values.get(at..).unwrap_or(&[])
    }

    pub(crate) fn text(&self, at: usize) -> Result<Text> {
        coerce::text(self.machine, self.value(at)).map_err(|error| error.at_argument(at + 1))
    }

    /// The text, or this when it is left out.
    pub(crate) fn text_or(&self, at: usize, default: &str) -> Result<Text> {
        if self.value(at).is_nothing() { Ok(default.into()) } else { self.text(at) }
    }

    pub(crate) fn number(&self, at: usize) -> Result<Option<f64>> {
        coerce::number(self.value(at)).map_err(|error| error.at_argument(at + 1))
    }

    pub(crate) fn date(&self, at: usize) -> Result<Date> {
        coerce::date(self.machine, self.value(at)).map_err(|error| error.at_argument(at + 1))
    }

    pub(crate) fn array(&self, at: usize) -> Result<Arc<Vec<Value>>> {
        let array = coerce::array(self.value(at));
        self.machine.work(array.len())?;
        Ok(array)
    }

    pub(crate) fn collection(&self, at: usize) -> Result<Arc<Collection>> {
        let collection =
            coerce::collection(self.value(at)).map_err(|error| error.at_argument(at + 1))?;
        self.machine.work(collection.len())?;
        Ok(collection)
    }

    pub(crate) fn bytes(&self, at: usize) -> Result<Arc<[u8]>> {
        coerce::bytes(self.machine, self.value(at)).map_err(|error| error.at_argument(at + 1))
    }

    /// A failure because of an argument.
    pub(crate) fn wrong<T>(&self, at: usize, cause: impl Into<String>) -> Result<T> {
        Err(Error::new(ErrorKind::Argument, cause).at_argument(at + 1))
    }
}
