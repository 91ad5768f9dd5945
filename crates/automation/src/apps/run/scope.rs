//! The roots of expressions at each moment of a call.

use halyard_iml::{Collection, Environment, Key, Roots, Value, truth};

use super::{
    Scene,
    host::{Dice, Host},
};
use crate::apps::{AppError, ErrorType, Template};

/// What stays the same for all requests of a component: its fixed roots, and `temp`.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    fixed: Collection,
    pub(super) temp: Value,
}

impl Frame {
    pub(super) fn of(scene: &Scene<'_>, temp: Value) -> Self {
        let common = scene.common.clone().unwrap_or_else(|| scene.app.common.clone());
        let given = [
            ("parameters", Some(scene.parameters.clone())),
            ("common", Some(common)),
            ("connection", scene.connection.clone()),
            ("webhook", scene.webhook.clone()),
            ("data", scene.data.clone()),
            ("payload", scene.payload.clone()),
            ("oauth", scene.oauth.clone()),
            ("query", scene.query.clone()),
        ];
        let roots = given.into_iter().filter_map(|(name, value)| Some((Key::new(name), value?)));
        let others =
            scene.others.iter().map(|(name, value)| (Key::new(name.clone()), value.clone()));
        let temp = if temp.is_nothing() { Value::collection(Collection::default()) } else { temp };
        Self { fixed: Collection::new(roots.chain(others).collect()), temp }
    }

    /// The same component without what earlier requests have left, and with other roots.
    pub(super) fn with(&self, roots: Vec<(Key, Value)>) -> Self {
        let fixed: Vec<_> = self.fixed.iter().cloned().chain(roots).collect();
        let temp = Value::collection(Collection::default());
        Self { fixed: Collection::new(fixed), temp }
    }

    /// Puts the members of a value over those of `temp`.
    pub(super) fn remember(&mut self, value: &Value) -> Result<(), AppError> {
        match value {
            Value::Undefined | Value::Null => Ok(()),
            Value::Collection(new) => {
                self.temp = merged(&self.temp, new);
                Ok(())
            }
            other => Err(AppError::new(
                ErrorType::InvalidConfigurationError,
                format!("temp must be a collection, not {}.", other.kind().name()),
            )),
        }
    }

    /// The roots without an answer.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope { frame: self, page: None, item: None, pagination: None, output: None }
    }
}

/// A collection with the members of another on top.
pub(super) fn merged(under: &Value, over: &Collection) -> Value {
    let under = match under {
        Value::Collection(under) => under.iter().cloned().collect(),
        _ => Vec::new(),
    };
    Value::collection(Collection::new(under.into_iter().chain(over.iter().cloned()).collect()))
}

/// What an answer adds to the roots.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) body: Value,
    pub(super) headers: Value,
    pub(super) status_code: Value,
    pub(super) iterate: Value,
}

/// The roots at one moment.
#[derive(Clone, Copy)]
pub(super) struct Scope<'r> {
    frame: &'r Frame,
    page: Option<&'r Page>,
    item: Option<&'r Value>,
    pagination: Option<&'r Value>,
    output: Option<&'r Value>,
}

impl<'r> Scope<'r> {
    pub(super) fn page(self, page: &'r Page) -> Self {
        Self { page: Some(page), ..self }
    }

    pub(super) fn item(self, item: &'r Value) -> Self {
        Self { item: Some(item), ..self }
    }

    pub(super) fn pagination(self, pagination: &'r Value) -> Self {
        Self { pagination: Some(pagination), ..self }
    }

    pub(super) fn output(self, output: &'r Value) -> Self {
        Self { output: Some(output), ..self }
    }
}

impl Roots for Scope<'_> {
    fn root(&self, key: &Key) -> Option<&Value> {
        match (&**key.name(), self.page) {
            ("temp", _) => Some(&self.frame.temp),
            ("body", Some(page)) => Some(&page.body),
            ("headers", Some(page)) => Some(&page.headers),
            ("statusCode", Some(page)) => Some(&page.status_code),
            ("iterate", Some(page)) => Some(&page.iterate),
            ("item", _) if self.item.is_some() => self.item,
            ("pagination", _) if self.pagination.is_some() => self.pagination,
            ("output", _) if self.output.is_some() => self.output,
            _ => self.frame.fixed.root(key),
        }
    }
}

/// Evaluates the templates of a call.
#[derive(Clone, Copy)]
pub(super) struct Expressions<'a> {
    pub(super) host: &'a Host,
    pub(super) scene: &'a Scene<'a>,
}

impl Expressions<'_> {
    /// The value of a template.
    pub(super) fn value(self, template: &Template, scope: Scope<'_>) -> Result<Value, AppError> {
        let dice = Dice(&self.host.random);
        let environment = Environment {
            zone: self.host.zone.clone(),
            locale: self.host.locale,
            functions: self.scene.functions,
            limits: self.host.bounds.evaluation,
            ..Environment::new(self.host.now(), &dice)
        };
        template
            .evaluate(&scope, &environment)
            .map_err(|error| AppError::new(ErrorType::RuntimeError, error.to_string()))
    }

    /// The value of a template, or undefined when there is none.
    pub(super) fn optional(
        self,
        template: Option<&Template>,
        scope: Scope<'_>,
    ) -> Result<Value, AppError> {
        template.map_or(Ok(Value::Undefined), |template| self.value(template, scope))
    }

    /// Whether a condition holds; it does when there is none.
    pub(super) fn holds(
        self,
        condition: Option<&Template>,
        scope: Scope<'_>,
    ) -> Result<bool, AppError> {
        condition.map_or(Ok(true), |condition| Ok(truth(&self.value(condition, scope)?)))
    }

    /// The collection that a template is, for a directive of this name.
    pub(super) fn collection(
        self,
        directive: &str,
        template: &Template,
        scope: Scope<'_>,
    ) -> Result<Collection, AppError> {
        match self.value(template, scope)? {
            Value::Collection(collection) => Ok(Collection::clone(&collection)),
            value if value.is_empty() => Ok(Collection::default()),
            other => Err(AppError::new(
                ErrorType::InvalidConfigurationError,
                format!("{directive} must be a collection, not {}.", other.kind().name()),
            )),
        }
    }
}
