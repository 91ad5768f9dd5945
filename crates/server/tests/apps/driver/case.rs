use serde_json::{Value, json};

/// What a module is given, and what must come out.
///
/// Texts such as `$thread.id` in what is given and expected stand for what the service's names, and
/// the steps before, say.
pub(crate) struct Case {
    pub(crate) module: &'static str,
    pub(crate) prepare: Vec<Step>,
    pub(crate) input: Value,
    pub(crate) expect: Value,
    pub(crate) then: Vec<Step>,
    pub(crate) wrong: Option<(Value, &'static str)>,
    pub(crate) limit: Option<Limit>,
}

/// A call of a module beside the one that the case is about.
pub(crate) struct Step {
    /// What its first bundle is called afterwards.
    pub(crate) name: Option<&'static str>,
    pub(crate) module: &'static str,
    pub(crate) input: Value,
    pub(crate) expect: Expect,
}

/// What a call beside the case must bring.
pub(crate) enum Expect {
    /// The first bundle has this, at least.
    First(Value),
    /// Some bundle has this.
    Some(Value),
    /// No bundle has this.
    No(Value),
    /// The call fails with these words.
    Failure(&'static str),
}

/// How a limit shows.
pub(crate) struct Limit {
    pub(crate) input: Value,
    /// So many bundles, each another one.
    pub(crate) bundles: usize,
    /// So many requests.
    pub(crate) requests: usize,
}

impl Case {
    /// A case of a module with an input under which it succeeds.
    pub(crate) fn new(module: &'static str, input: Value) -> Self {
        Self {
            module,
            prepare: Vec::new(),
            input,
            expect: Value::Null,
            then: Vec::new(),
            wrong: None,
            limit: None,
        }
    }

    /// Before it, another module is called; `name` is what its first bundle is called from then on.
    pub(crate) fn prepare(
        mut self,
        name: &'static str,
        module: &'static str,
        input: Value,
    ) -> Self {
        self.prepare.push(Step {
            name: Some(name),
            module,
            input,
            expect: Expect::First(Value::Null),
        });
        self
    }

    /// What the first bundle must have, at least; `"*"` stands for anything but null,
    /// `"-"` for null or nothing.
    pub(crate) fn expect(mut self, expect: Value) -> Self {
        self.expect = expect;
        self
    }

    /// After it, another module must bring this: the effect is there.
    pub(crate) fn then(self, module: &'static str, input: Value, first: Value) -> Self {
        self.step(module, input, Expect::First(first))
    }

    /// After it, one of the bundles of another module must have this.
    pub(crate) fn then_some(self, module: &'static str, input: Value, one: Value) -> Self {
        self.step(module, input, Expect::Some(one))
    }

    /// After it, none of the bundles of another module may have this.
    pub(crate) fn then_no(self, module: &'static str, input: Value, one: Value) -> Self {
        self.step(module, input, Expect::No(one))
    }

    /// After it, another module must fail with these words.
    pub(crate) fn then_failure(
        self,
        module: &'static str,
        input: Value,
        words: &'static str,
    ) -> Self {
        self.step(module, input, Expect::Failure(words))
    }

    fn step(mut self, module: &'static str, input: Value, expect: Expect) -> Self {
        self.then.push(Step { name: None, module, input, expect });
        self
    }

    /// An input that the form refuses, and a part of the words with which it does. An empty form
    /// with a mandatory field, unless said otherwise.
    pub(crate) fn wrong(mut self, input: Value, message: &'static str) -> Self {
        self.wrong = Some((input, message));
        self
    }

    /// With this input exactly so many bundles come out, all different, from so many requests.
    pub(crate) fn limit(mut self, input: Value, bundles: usize, requests: usize) -> Self {
        self.limit = Some(Limit { input, bundles, requests });
        self
    }

    pub(crate) fn refused(&self) -> (Value, &'static str) {
        self.wrong.clone().unwrap_or_else(|| (json!({}), "Field is mandatory."))
    }
}
