//! Files and folders: options that are looked up level by level.

use halyard_iml::{Collection, Key, Value};

use super::{
    answers::{self, Answer, Rpcs},
    options, unresolved,
    walk::{Level, Walk},
};
use crate::apps::{
    error::{AppError, ErrorType},
    parameter::{Choice, Kind, Options, Parameter, Store},
};

/// What there is at a path of a field for files or folders. `path` is empty for the outermost level.
///
/// # Errors
/// When the RPC fails, or the field is not one for files or folders.
pub async fn browse<R: Rpcs>(
    parameter: &Parameter,
    path: &str,
    values: &Collection,
    rpcs: &R,
) -> Result<Vec<Choice>, AppError> {
    let (Some(name), Some(options)) = (&parameter.name, &parameter.options) else {
        let message = "The field has no options that could be looked through.";
        return Err(AppError::new(ErrorType::RuntimeError, message));
    };
    let call = match &options.store {
        Store::Fixed(choices) => return Ok(choices.clone()),
        Store::Rpc(call) => call,
    };
    let path = if path.is_empty() && options.show_root { "/" } else { path };
    let own = Collection::of([(name.clone(), Value::from(path))]);
    let answer = rpcs.call(&call.name, answers::parameters(&[values], call, &own)).await?;
    Ok(options::given(options, &answer))
}

impl Walk<'_> {
    /// Checks that a path is there.
    pub(super) fn walk_path(
        &mut self,
        parameter: &Parameter,
        text: &str,
        path: &str,
        level: &Level<'_>,
    ) {
        let Some(options) = &parameter.options else { return };
        if parameter.validate.as_ref().is_some_and(|validate| validate.off) {
            return;
        }
        let inside = if options.show_root { text.strip_prefix('/').unwrap_or(text) } else { text };
        if options.single_level && inside.contains('/') {
            self.wrong(path, "Single level path cannot contain slashes.");
            return;
        }
        if inside.is_empty() {
            if parameter.kind != Kind::Folder {
                self.wrong(path, format!("Path '{text}' not found in options."));
            }
            return;
        }
        let segments: Vec<_> = inside.split('/').collect();
        let mut so_far = if options.show_root { "/".to_owned() } else { String::new() };
        for (at, segment) in segments.iter().enumerate() {
            let Some(choices) = self.level_of(parameter, options, &so_far, path, level) else {
                return;
            };
            if !so_far.is_empty() && !so_far.ends_with('/') {
                so_far.push('/');
            }
            so_far.push_str(segment);
            let last = at + 1 == segments.len();
            let wanted = Value::from(*segment);
            let found = options::find(&choices, &wanted)
                .or_else(|| options::find(&choices, &Value::from(so_far.as_str())))
                .or_else(|| options::find_alike(&choices, &wanted));
            let fits =
                found.is_some_and(|found| found.file == (last && parameter.kind == Kind::File));
            if !fits {
                self.wrong(path, format!("Path '{so_far}' not found in options."));
                return;
            }
        }
    }

    fn level_of(
        &mut self,
        parameter: &Parameter,
        options: &Options,
        so_far: &str,
        path: &str,
        level: &Level<'_>,
    ) -> Option<Vec<Choice>> {
        let call = match &options.store {
            // There is only one level then.
            Store::Fixed(choices) => return Some(choices.clone()),
            Store::Rpc(call) => call,
        };
        let name = parameter.name.clone().unwrap_or_else(|| "".into());
        let own = Collection::new(vec![(Key::new(name), Value::from(so_far))]);
        match self.ask(call, level, &own) {
            Answer::Value(answer) => Some(options::given(options, &answer)),
            Answer::Failed(cause) => {
                self.wrong(path, unresolved(call, &cause));
                None
            }
            Answer::Unknown => None,
        }
    }
}
