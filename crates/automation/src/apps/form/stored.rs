//! Values as they are stored, with expressions.

use halyard_iml::{Collection, Value};

use super::{
    bounds,
    walk::{Held, Level, Walk},
};
use crate::apps::parameter::{Field, Kind, Parameter, Spec};

impl Walk<'_> {
    /// Checks what a field of a configuration holds.
    pub(super) fn stored(
        &mut self,
        parameter: &Parameter,
        given: &Value,
        path: &str,
        level: &Level<'_>,
    ) -> Held {
        if given.is_empty() {
            if parameter.required {
                self.wrong(path, bounds::MANDATORY);
            }
            return Held::Nothing;
        }
        let expected = bounds::expected(parameter);
        if let Value::Text(text) = given
            && bounds::is_expression(text)
        {
            if !parameter.mappable || !level.mappable {
                self.wrong(path, bounds::PROHIBITED);
            } else if let Some(expected) = expected
                && expected != "string"
                && !bounds::is_whole_expression(text)
            {
                self.wrong(path, bounds::wrong_type(expected, given));
            }
            return Held::Expression;
        }
        if let Some(expected) = expected
            && expected != bounds::json_type(given)
        {
            self.wrong(path, bounds::wrong_type(expected, given));
            return Held::Value(given.clone());
        }
        self.content(parameter, given, path, level);
        Held::Value(given.clone())
    }

    fn content(&mut self, parameter: &Parameter, given: &Value, path: &str, level: &Level<'_>) {
        let mappable = parameter.mappable && level.mappable;
        let wrong = match (&parameter.kind, given) {
            (kind, _) if kind.is_choice() => {
                self.selected(parameter, given, path, level);
                Vec::new()
            }
            (Kind::File | Kind::Folder, Value::Text(text)) => {
                self.walk_path(parameter, text, path, level);
                Vec::new()
            }
            (Kind::Array, Value::Array(items)) => {
                let wrong = bounds::of_size(parameter, items.len());
                self.stored_elements(parameter, items, path, level, mappable);
                wrong
            }
            (Kind::Collection, Value::Collection(entries)) => {
                if let Some(spec) = &parameter.spec {
                    self.stored_members(spec, entries, path, level, mappable);
                }
                Vec::new()
            }
            (Kind::Json | Kind::Any | Kind::Hidden, _) if !mappable => {
                if bounds::has_expression(given) {
                    self.wrong(path, bounds::PROHIBITED);
                }
                Vec::new()
            }
            (_, Value::Number(number)) => bounds::of_number(parameter, *number),
            (_, Value::Text(text)) => bounds::of_text(parameter, text),
            _ => Vec::new(),
        };
        for message in wrong {
            self.wrong(path, message);
        }
    }

    fn selected(&mut self, parameter: &Parameter, given: &Value, path: &str, level: &Level<'_>) {
        if !parameter.multiple {
            self.among(parameter, std::slice::from_ref(given), path, level);
            return;
        }
        let Value::Array(items) = given else {
            self.wrong(path, "Value is not an array.");
            return;
        };
        for message in bounds::of_size(parameter, items.len()) {
            self.wrong(path, message);
        }
        if !(parameter.mappable && level.mappable) && bounds::has_expression(given) {
            self.wrong(path, bounds::PROHIBITED);
        }
        self.among(parameter, items, path, level);
    }

    fn stored_elements(
        &mut self,
        parameter: &Parameter,
        items: &[Value],
        path: &str,
        level: &Level<'_>,
        mappable: bool,
    ) {
        let text = Parameter { kind: Kind::Text, mappable: true, ..Parameter::default() };
        let nothing = Collection::default();
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            match &parameter.spec {
                // An element is an expression, or a collection of its own.
                Some(Spec::Many(_)) if matches!(item, Value::Text(_)) => {
                    let whole = Parameter {
                        kind: Kind::Collection,
                        mappable: parameter.mappable,
                        ..Parameter::default()
                    };
                    let level = level.inner(&nothing, path.clone(), mappable);
                    self.stored(&whole, item, &path, &level);
                }
                Some(spec @ Spec::Many(_)) => match item {
                    Value::Collection(entries) => {
                        self.stored_members(spec, entries, &path, level, mappable);
                    }
                    other => self.wrong(&path, bounds::wrong_type("object", other)),
                },
                spec => {
                    let element = match spec {
                        Some(Spec::One(element)) => element,
                        _ => &text,
                    };
                    // The element sees what the array sees.
                    let inner = level.inner(&nothing, path.clone(), mappable);
                    self.stored(element, item, &path, &inner);
                }
            }
        }
    }

    fn stored_members(
        &mut self,
        spec: &Spec,
        entries: &Collection,
        path: &str,
        level: &Level<'_>,
        mappable: bool,
    ) {
        let mut inner = level.inner(entries, path.to_owned(), mappable);
        match spec {
            Spec::Many(fields) => self.fields(fields, &mut inner),
            Spec::One(member) => self.fields(&[Field::Parameter(member.clone())], &mut inner),
        }
        self.leave(inner, true);
    }
}
