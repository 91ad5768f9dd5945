//! The parameters of one request, whatever way they were sent.
//!
//! Real clients put the same parameter into the query string, a form, a JSON body or a multipart
//! field, and spell it in many ways: `user_ids=[1,2]`, `user_ids=1,2`, `user_ids[]=1`, `"1"`.
//! [`Params::read`] merges all places, [`params!`](crate::params) declares what one operation takes,
//! and the [`Param`] types know the spellings. The same declaration gives the documentation.

mod declare;
mod lists;
mod multipart;
mod read;
mod scalars;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;

use sha2::{Digest, Sha256};

pub use lists::{List, Object};
pub use multipart::{HEAD, Upload, file_name};
pub use read::{ReadError, ReadLimits};
pub use scalars::{FromId, Seconds};
pub use values::{Kind, Param, Patch, Problem, Raw};

/// The merged parameters of one request.
#[derive(Default)]
pub struct Params {
    values: HashMap<String, Raw>,
    upload: Option<Upload>,
}

/// Adds a piece whose beginning and end are clear.
fn feed(digest: &mut Sha256, what: &[u8], piece: &[u8]) {
    digest.update(what);
    digest.update(piece.len().to_le_bytes());
    digest.update(piece);
}

/// What a client sent instead of a usable parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct ParamError {
    /// The documented name of the parameter, also when the client used another spelling.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Something that can be taken out of the parameters: a struct made by [`params!`](crate::params).
pub trait FromParams: Sized {
    /// Takes the fields out of `params`, in the order of their declaration. Whatever nobody asks
    /// for stays there and is ignored.
    ///
    /// # Errors
    ///
    /// The first parameter that is missing or unusable.
    fn from_params(params: &mut Params) -> Result<Self, ParamError>;

    /// What can be sent, for the documentation.
    fn fields() -> Vec<FieldSpec>;
}

/// An operation without parameters.
impl FromParams for () {
    fn from_params(_: &mut Params) -> Result<(), ParamError> {
        Ok(())
    }

    fn fields() -> Vec<FieldSpec> {
        Vec::new()
    }
}

/// One parameter as the documentation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// The documented name.
    pub name: &'static str,
    /// Other names that are understood, in the order in which they are tried.
    pub aliases: &'static [&'static str],
    /// What the value is.
    pub kind: Kind,
    /// Whether leaving it out is an error.
    pub required: bool,
    /// Whether JSON `null` has a meaning of its own (it clears) instead of "not given".
    pub nullable: bool,
    /// What it means, in the words of the declaration.
    pub doc: &'static str,
}

impl FieldSpec {
    /// Describes a parameter of type `T`; the first name is the documented one.
    ///
    /// # Panics
    ///
    /// Without any name.
    pub fn of<T: Param>(names: &'static [&'static str], doc: &'static str) -> FieldSpec {
        let (name, aliases) = names.split_first().expect("a parameter has a name");
        FieldSpec {
            name,
            aliases,
            kind: T::kind(),
            required: T::absent().is_none(),
            nullable: T::NULL_CLEARS,
            doc: doc.trim(),
        }
    }
}

impl Params {
    /// SHA-256 of what was sent, in a form that does not depend on order or on how a multipart body is
    /// cut into parts. Of a file its name, its size and its beginning count. The parameter `token`
    /// does not: it may be a new one when a request is repeated.
    #[must_use]
    pub fn fingerprint(&self, of: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        feed(&mut digest, b"of", of.as_bytes());
        let mut sorted: Vec<_> = self.values.iter().filter(|(name, _)| *name != "token").collect();
        sorted.sort_by_key(|(name, _)| *name);
        for (name, value) in sorted {
            feed(&mut digest, b"name", name.as_bytes());
            value.feed(&mut digest);
        }
        if let Some(upload) = &self.upload {
            upload.feed(&mut digest);
        }
        digest.finalize().into()
    }

    /// Takes one parameter. The first of `names` that was given wins; errors carry the first of them.
    /// An uploaded file is found under any name, because clients do not agree on one.
    ///
    /// # Errors
    ///
    /// When no spelling was given and `T` has no value for that, or when the value is unusable.
    ///
    /// # Panics
    ///
    /// Without any name.
    pub fn get<T: Param>(&mut self, names: &[&'static str]) -> Result<T, ParamError> {
        let name = *names.first().expect("a parameter has a name");
        if T::kind() == Kind::File {
            let upload = self.upload.take().map(|upload| Raw::File(Box::new(upload)));
            return first_of(name, upload);
        }
        // Lazily, so that spellings after the one that is used stay for other fields.
        first_of(name, names.iter().filter_map(|name| self.values.remove(*name)))
    }

    /// A value as it was sent, without taking it.
    pub fn peek(&self, name: &str) -> Option<&Raw> {
        self.values.get(name)
    }

    /// Adds what one place of the request holds. Within it a repeated key collects into a list and
    /// `key[]` is always one; what was there from an earlier place is replaced.
    fn merge(&mut self, pairs: impl IntoIterator<Item = (String, Raw)>) {
        let mut place: HashMap<String, Raw> = HashMap::new();
        for (key, raw) in pairs {
            let (key, listed) = match key.strip_suffix("[]") {
                Some(key) => (key.to_owned(), true),
                None => (key, false),
            };
            match place.get_mut(&key) {
                Some(Raw::Many(values)) => values.push(raw),
                Some(first) => {
                    let first = std::mem::replace(first, Raw::Many(Vec::new()));
                    place.insert(key, Raw::Many(vec![first, raw]));
                }
                None => {
                    place.insert(key, if listed { Raw::Many(vec![raw]) } else { raw });
                }
            }
        }
        self.values.extend(place);
    }
}

fn first_of<T: Param>(
    name: &'static str,
    given: impl IntoIterator<Item = Raw>,
) -> Result<T, ParamError> {
    for raw in given {
        if raw.is_null() && !T::NULL_CLEARS {
            continue;
        }
        if let Some(value) = T::parse(raw).map_err(|problem| ParamError { name, problem })? {
            return Ok(value);
        }
    }
    T::absent().ok_or(ParamError { name, problem: Problem::Missing })
}

/// Shows names only: values may be passwords.
impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}
