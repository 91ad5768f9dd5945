//! Compiling the templates of a value, and checking the names in them.

use std::collections::{BTreeMap, BTreeSet};

use halyard_iml::{
    Context, Text, Value, is_keyword,
    syntax::{Argument, Kind, Node as Expression, Part, Severity, Step, parse_template},
    tree::Tree,
};

use super::{
    Compiler,
    directive::Place,
    roots::{Moment, Root, look_up},
};
use crate::apps::{
    node::{NodeKind, Position},
    notes::Site,
    rules::{
        EXPRESSION, EXPRESSION_SYNTAX, MISPLACED_ROOT, UNKNOWN_FUNCTION, UNKNOWN_ROOT, ZERO_INDEX,
    },
    template::Template,
};

impl Compiler<'_> {
    /// A value of which every text is a template.
    pub(super) fn template(&self, site: &Site<'_>, place: Place, moment: Moment) -> Template {
        let mut texts =
            Texts { compiler: self, place, moment, places: BTreeMap::new(), said: BTreeSet::new() };
        texts.visit(site, "$".to_owned());
        self.tree(site, site.node.to_value(), &texts)
    }

    /// A text that is an expression also without braces around it.
    pub(super) fn container(&self, site: &Site<'_>, place: Place, moment: Moment) -> Template {
        match site.node.as_text() {
            Some(text) if !text.contains("{{") && !text.trim().is_empty() => {
                let braced: Text = format!("{{{{{text}}}}}").into();
                let node = crate::apps::Node { kind: NodeKind::Text(braced), at: site.node.at };
                self.template(&Site { node: &node, ..site.clone() }, place, moment)
            }
            _ => self.template(site, place, moment),
        }
    }

    /// A value that the file does not say.
    pub(super) fn constant(value: Value) -> Template {
        Template::new(Tree::new(&value, Context::default()).0, value)
    }

    fn tree(&self, site: &Site<'_>, value: Value, texts: &Texts<'_>) -> Template {
        let host_function = |name: &str| self.functions.contains(name);
        let context = Context { host_function: &host_function, ..Context::default() };
        let (tree, findings) = Tree::new(&value, context);
        for found in findings {
            let (path, span) = (found.path, found.diagnostic.span);
            if texts.said.contains(&(path.clone(), span.start)) {
                continue;
            }
            let rule = match found.diagnostic.severity {
                Severity::Error => EXPRESSION_SYNTAX,
                Severity::Warning => EXPRESSION,
            };
            let (at, text) = match texts.places.get(&path) {
                Some((at, text)) => (Some(*at), &**text),
                None => (None, ""),
            };
            let message = match excerpt(text, span.start) {
                "" => found.diagnostic.message,
                near => format!("{} It is about {near:?}.", found.diagnostic.message),
            };
            site.notes.add(rule, site.file, &format!("{}{}", site.path, &path[1..]), at, message);
        }
        Template::new(tree, value)
    }
}

// A part of a text that tells people where to look.
fn excerpt(text: &str, from: usize) -> &str {
    let rest = text.get(from..).unwrap_or_default();
    rest.char_indices().nth(40).map_or(rest, |(end, _)| &rest[..end])
}

struct Texts<'c> {
    compiler: &'c Compiler<'c>,
    place: Place,
    moment: Moment,
    // Where the texts stand, by the paths that the compiled tree uses.
    places: BTreeMap<String, (Position, Text)>,
    // What the compiled tree need not say again.
    said: BTreeSet<(String, usize)>,
}

impl Texts<'_> {
    fn visit(&mut self, site: &Site<'_>, path: String) {
        match &site.node.kind {
            NodeKind::Text(text) => {
                let (template, _) = parse_template(text);
                for part in &template.parts {
                    if let Part::Expression(node, _) = part {
                        self.expression(node, site, &path);
                    }
                }
                self.places.insert(path, (site.node.at, text.clone()));
            }
            NodeKind::Array(_) => {
                for (at, item) in site.items().enumerate() {
                    self.visit(&item, format!("{path}[{at}]"));
                }
            }
            NodeKind::Object(_) => {
                for (name, member) in site.members() {
                    self.visit(&member, format!("{path}.{name}"));
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, node: &Expression<'_>, site: &Site<'_>, path: &str) {
        match &node.kind {
            Kind::Name(name) if is_keyword(name) => {}
            Kind::Name(name) | Kind::Quoted(name) | Kind::Module(name) => self.root(name, site),
            Kind::Path(base, steps) => {
                match &base.kind {
                    // A root may have the name of a variable.
                    Kind::Name(name) => self.root_of_path(name, site),
                    _ => self.expression(base, site, path),
                }
                for step in steps {
                    if let Step::Index(index) = step {
                        if index.kind == Kind::Number(0.0) {
                            let message = "Elements are counted from 1; number 0 is undefined.";
                            site.report(ZERO_INDEX, message);
                        }
                        self.expression(index, site, path);
                    }
                }
            }
            Kind::Call(name, arguments) => {
                self.compiler.called.borrow_mut().insert((*name).to_owned());
                let known = halyard_iml::functions::find(name).is_some()
                    || self.compiler.functions.contains(*name);
                if !known {
                    self.said.insert((path.to_owned(), node.span.start));
                    site.report(UNKNOWN_FUNCTION, format!("There is no function `{name}`."));
                }
                for argument in arguments {
                    match argument {
                        // A lone word that nothing has is text.
                        Argument::Node(Expression { kind: Kind::Name(name), .. })
                            if look_up(name, self.place, self.moment) != Root::Misplaced => {}
                        Argument::Node(node) => self.expression(node, site, path),
                        _ => {}
                    }
                }
            }
            Kind::Unary(_, operand) => self.expression(operand, site, path),
            Kind::Chain(first, rest) => {
                self.expression(first, site, path);
                for (_, operand) in rest {
                    self.expression(operand, site, path);
                }
            }
            Kind::Array(items) => items.iter().for_each(|item| self.expression(item, site, path)),
            Kind::Object(members) => {
                members.iter().for_each(|(_, member)| self.expression(member, site, path));
            }
            _ => {}
        }
    }

    fn root_of_path(&self, name: &str, site: &Site<'_>) {
        if !is_keyword(name) || look_up(name, self.place, self.moment) != Root::Unknown {
            self.root(name, site);
        }
    }

    fn root(&self, name: &str, site: &Site<'_>) {
        match look_up(name, self.place, self.moment) {
            Root::Known => {}
            Root::Misplaced => site.report(
                MISPLACED_ROOT,
                format!("`{name}` has no value here, in {}.", self.place.words()),
            ),
            Root::Unknown => {
                site.report(UNKNOWN_ROOT, format!("Nothing has the name `{name}`."));
            }
        }
    }
}
