//! The checks that make up the rows of a module.

use halyard_automation::apps::ModuleKind;
use serde_json::Value;

use super::{
    Case, Driver, Fault,
    case::{Expect, Limit, Step},
    matches,
};

impl Driver {
    /// Runs cases one after the other. Names that they give stay.
    pub(crate) async fn run(&mut self, cases: Vec<Case>) {
        for case in cases {
            self.one(case).await;
        }
    }

    async fn one(&mut self, case: Case) {
        let (module, kind) = (case.module, self.module(case.module).kind);
        self.check_lint(module);
        self.check_options(module).await;
        let ready = self.steps(&case.prepare).await;
        let faults = match &ready {
            Ok(()) => self.faults(module, &case.input).await,
            Err(wrong) => vec![("4xx", Err(wrong.clone()))],
        };
        let happy = match ready {
            Ok(()) => self.happy(&case).await,
            Err(wrong) => Err(wrong),
        };
        self.table.row(module, "happy", happy.map(|()| "ok".to_owned()));
        let (input, message) = case.refused();
        let refused = self.check_refused(module, &input, message);
        self.table.row(module, "wrong input", refused);
        for (check, seen) in faults {
            self.table.row(module, check, seen);
        }
        match (&case.limit, kind) {
            (Some(limit), _) => {
                let seen = self.limited(module, limit).await;
                self.table.row(module, "limit", seen);
            }
            (None, ModuleKind::Action | ModuleKind::Universal) => {
                self.table.none(module, "limit", "one bundle");
            }
            (None, _) => {
                self.table.row(module, "limit", Err("the case does not say".to_owned()));
            }
        }
    }

    /// What lint says about the files of a module, or about files that all modules use.
    pub(crate) fn check_lint(&mut self, module: &str) {
        let own = format!("modules/{}/", kebab(&self.module(module).label));
        let webhook = self.module(module).webhook.as_ref();
        let webhook = webhook.map(|name| format!("webhooks/{name}/")).unwrap_or_default();
        let found: Vec<String> = self
            .findings
            .iter()
            .filter(|found| {
                let file = found.file.as_str();
                let own_hook = !webhook.is_empty() && file.starts_with(&webhook);
                file.starts_with(&own)
                    || own_hook
                    || !(file.starts_with("modules/") || file.starts_with("webhooks/"))
            })
            .map(ToString::to_string)
            .collect();
        let seen = if found.is_empty() { Ok("ok".to_owned()) } else { Err(found.join("; ")) };
        self.table.row(module, "lint", seen);
    }

    async fn happy(&mut self, case: &Case) -> Result<(), String> {
        let called = self.call(case.module, &case.input).await?;
        let expected = self.service.names.fill(&case.expect);
        let first = called.bundles.first().unwrap_or(&Value::Null);
        matches(first, &expected)?;
        self.service.names.set("it", first.clone());
        self.steps(&case.then).await
    }

    async fn steps(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            let wrong = |wrong: String| format!("{}: {wrong}", step.module);
            let called = self.call(step.module, &step.input).await;
            let bundles = match (called, &step.expect) {
                (Ok(called), Expect::Failure(_)) => {
                    return Err(wrong(format!("{} bundles", called.bundles.len())));
                }
                (Ok(called), _) => called.bundles,
                (Err(words), Expect::Failure(expected)) if words.contains(expected) => continue,
                (Err(words), _) => return Err(wrong(words)),
            };
            self.check(&bundles, &step.expect).map_err(wrong)?;
            if let (Some(name), Some(first)) = (step.name, bundles.into_iter().next()) {
                self.service.names.set(name, first);
            }
        }
        Ok(())
    }

    fn check(&self, bundles: &[Value], expect: &Expect) -> Result<(), String> {
        let has = |one: &Value| {
            let one = self.service.names.fill(one);
            bundles.iter().any(|bundle| matches(bundle, &one).is_ok())
        };
        match expect {
            Expect::First(first) => {
                let found = bundles.first().unwrap_or(&Value::Null);
                matches(found, &self.service.names.fill(first))
            }
            Expect::Some(one) if !has(one) => Err(format!("none of {} is {one}", bundles.len())),
            Expect::No(one) if has(one) => Err(format!("one is {one}")),
            _ => Ok(()),
        }
    }

    /// The form must refuse an input with these words.
    pub(crate) fn check_refused(
        &self,
        module: &str,
        input: &Value,
        message: &str,
    ) -> Result<String, String> {
        match self.fill(self.module(module), input) {
            Ok(_) => Err(format!("{input} was taken")),
            Err(words) if words.contains(message) => Ok("ok".to_owned()),
            Err(words) => Err(format!("refused with {words}")),
        }
    }

    async fn faults(
        &self,
        module: &str,
        input: &Value,
    ) -> Vec<(&'static str, Result<String, String>)> {
        let mut seen = Vec::new();
        for fault in &self.service.faults {
            let result = match self.fill(self.module(module), input) {
                Ok(parameters) => {
                    let address = self.fails_with(fault);
                    let called = self.call_at(address, module, parameters).await;
                    check_failure(fault, called.map(|_| ()))
                }
                Err(words) => Err(words),
            };
            seen.push((fault.check, result));
        }
        seen
    }

    async fn limited(&self, module: &str, limit: &Limit) -> Result<String, String> {
        let called = self.call(module, &limit.input).await?;
        let mut different: Vec<String> = called.bundles.iter().map(ToString::to_string).collect();
        different.sort();
        different.dedup();
        let seen = (called.bundles.len(), different.len(), called.requests);
        if seen == (limit.bundles, limit.bundles, limit.requests) {
            let pages = if limit.requests > 1 { " over several pages" } else { "" };
            return Ok(format!("ok{pages}"));
        }
        Err(format!("{} bundles, {} different, from {} requests", seen.0, seen.1, seen.2))
    }
}

/// Whether a fault became the error that it must become.
pub(crate) fn check_failure(
    fault: &Fault,
    called: Result<(), halyard_automation::apps::run::Failure>,
) -> Result<String, String> {
    let Err(failure) = called else { return Err("no error".to_owned()) };
    let error = failure.error;
    let wait = error.retry_after.map(|wait| wait.as_secs());
    let right = error.kind == fault.kind
        && error.status == Some(fault.status)
        && error.message.contains(fault.says)
        && (fault.retry_after.is_none() || wait == fault.retry_after);
    if right {
        return Ok(error.kind.to_string());
    }
    Err(format!("{error} ({:?}, wait {wait:?})", error.status))
}

/// The name of a module's folder, from its label.
fn kebab(label: &str) -> String {
    label.to_lowercase().replace(' ', "-").replace('\'', "")
}
