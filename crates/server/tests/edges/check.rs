//! The rules applied to a tree of files.

use toml::{Table, Value};

use crate::rules::{
    CORES, DOMAIN_NOUNS, EDGES, FACADE_CRATE, FACADES, NOT_IN_A_CORE, NOT_MENTIONED_IN_A_CORE,
    PLATFORM,
};
use crate::scan::{Mention, scan};
use crate::tree::Tree;

/// One line for each thing that the rules forbid, with the file and line where it stands.
pub(crate) fn violations(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for folder in tree.package_folders() {
        let Some(rule) = EDGES.iter().find(|rule| rule.folder == folder) else {
            found.push(format!("{folder}: a package that the table of edges does not know"));
            continue;
        };
        dependencies(tree, folder, rule.may_use, &mut found);
        mentions(tree, folder, rule.may_use, &mut found);
    }
    facades(tree, &mut found);
    platform_tables(tree, &mut found);
    found
}

/// `crates/http_api` is the package `halyard-http-api`.
fn package_name(folder: &str) -> String {
    let name = folder.rsplit('/').next().expect("a split has at least one part");
    format!("halyard-{}", name.replace('_', "-"))
}

fn dependencies(tree: &Tree, folder: &str, may_use: &[&str], found: &mut Vec<String>) {
    let manifest_path = format!("{folder}/Cargo.toml");
    let manifest = manifest(tree, &manifest_path);
    let root = manifest_or_empty(tree, "Cargo.toml");
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));

    let own = package_name(folder);
    let named = manifest.get("package").and_then(|package| package.get("name"));
    if named.and_then(Value::as_str) != Some(own.as_str()) {
        found.push(format!("{manifest_path}: the package in this folder must be named {own}"));
    }

    for (key, value) in dependency_tables(&manifest).into_iter().flatten() {
        // A dependency may be renamed here or in the workspace; what counts is what it really is.
        let renamed = |value: Option<&Value>| {
            value.and_then(|value| value.get("package")).and_then(Value::as_str).map(str::to_owned)
        };
        let package = renamed(Some(value))
            .or_else(|| renamed(shared.and_then(|shared| shared.get(key))))
            .unwrap_or_else(|| key.clone());
        let allowed = may_use.iter().any(|folder| package_name(folder) == package);
        if package.starts_with("halyard-") && package != own && !allowed {
            found.push(format!("{manifest_path}: {own} must not use {package}"));
        }
        if CORES.contains(&folder) && NOT_IN_A_CORE.contains(&package.as_str()) {
            found.push(format!("{manifest_path}: a core must not use {package}"));
        }
    }
}

/// The dependencies of every kind and every target.
fn dependency_tables(manifest: &Table) -> Vec<&Table> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table);
    let of_targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(of_targets)
        .flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table()))
        .collect()
}

fn manifest(tree: &Tree, path: &str) -> Table {
    let text = tree.text(path).expect("the folder was found by its manifest");
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest_or_empty(tree: &Tree, path: &str) -> Table {
    if tree.text(path).is_some() { manifest(tree, path) } else { Table::new() }
}

fn mentions(tree: &Tree, folder: &str, may_use: &[&str], found: &mut Vec<String>) {
    let crate_name = |folder: &str| package_name(folder).replace('-', "_");
    for (path, source) in tree.below(folder, ".rs") {
        for Mention { path: mentioned, line, .. } in scan(source).mentions {
            let first = mentioned[0].as_str();
            let allowed = first == crate_name(folder)
                || may_use.iter().any(|folder| first == crate_name(folder));
            let ours = EDGES.iter().any(|rule| first == crate_name(rule.folder));
            if ours && !allowed {
                found.push(format!("{path}:{line}: {} must not use {first}", package_name(folder)));
            }
            let joined = format!("{}::", mentioned.join("::"));
            let forbidden = NOT_MENTIONED_IN_A_CORE
                .iter()
                .find(|module| joined.starts_with(&format!("{module}::")))
                // A word alone may be anybody's variable; a path may not.
                .filter(|module| mentioned.len() > 1 || module.contains("::"));
            if let (true, Some(module)) = (CORES.contains(&folder), forbidden) {
                found.push(format!("{path}:{line}: a core must not know {module}"));
            }
        }
    }
}

fn facades(tree: &Tree, found: &mut Vec<String>) {
    let source_folder = format!("{FACADE_CRATE}/src");
    for (path, source) in tree.below(&source_folder, ".rs") {
        let in_crate = path.strip_prefix(&format!("{source_folder}/")).expect("it is below");
        let module = module_of_file(in_crate);
        let Some(facade) = FACADES.iter().find(|name| module.first().is_some_and(|m| m == *name))
        else {
            continue;
        };
        let scan = scan(source);
        for literal in &scan.literals {
            if looks_like_sql(&literal.text) {
                found.push(format!("{path}:{}: a facade must not contain SQL", literal.line));
            }
        }
        for mention in &scan.mentions {
            let target = top_module(&module, mention);
            let other = FACADES.iter().find(|name| target.as_deref() == Some(**name));
            if let Some(other) = other.filter(|other| *other != facade) {
                found.push(format!(
                    "{path}:{}: the facade {facade} must not use the facade {other}",
                    mention.line
                ));
            }
        }
    }
    for (path, _) in tree.below(&source_folder, ".sql") {
        found.push(format!("{path}: a facade must not contain SQL"));
    }
}

/// `twist/comments.rs` is the module `twist::comments`, `twist/mod.rs` is `twist`.
fn module_of_file(path: &str) -> Vec<String> {
    let mut module: Vec<String> =
        path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// The module directly below the crate that a path leads to, if it says so: `crate::a::…`, the same
/// by way of `super`, or the crate by its name.
fn top_module(file: &[String], mention: &Mention) -> Option<String> {
    let mut here: Vec<&String> = file.iter().chain(&mention.modules).collect();
    let mut rest = mention.path.as_slice();
    match rest.first()?.as_str() {
        "crate" | "halyard_http_api" => return rest.get(1).cloned(),
        "super" => {}
        _ => return None,
    }
    while rest.first().is_some_and(|part| part == "super") {
        here.pop();
        rest = &rest[1..];
    }
    here.into_iter().chain(rest).next().cloned()
}

/// Whether a text reads like a statement. Prose may begin with "Select a channel" in an error that a
/// person reads; a statement also says from where.
fn looks_like_sql(text: &str) -> bool {
    // Line breaks are still escapes here when the literal was written with them.
    let text = text.replace("\\n", " ").to_lowercase();
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == '(').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let follows = |first: &str, second: &str| {
        words.windows(2).any(|pair| pair[0] == first && pair[1] == second)
    };
    let later = |first: &str, second: &str| {
        let start = words.iter().position(|word| *word == first);
        start.is_some_and(|start| words[start..].contains(&second))
    };
    later("select", "from")
        || words.first() == Some(&"select")
            && words.get(1).is_some_and(|w| w.starts_with(['1', '$']))
        || follows("insert", "into")
        || follows("delete", "from")
        || words.windows(3).any(|three| three[0] == "update" && three[2] == "set")
        || text.trim().ends_with(".sql")
}

fn platform_tables(tree: &Tree, found: &mut Vec<String>) {
    let mut object_to = |path: &str, line: usize, sql: &str| {
        for table in created_tables(sql) {
            let noun = table.split('_').find_map(|part| {
                DOMAIN_NOUNS.iter().find(|noun| part == **noun || part == format!("{noun}s"))
            });
            if let Some(noun) = noun {
                found.push(format!(
                    "{path}:{line}: the table {table} of platform names a {noun}, which is a word of a \
                     domain"
                ));
            }
        }
    };
    for (path, sql) in tree.below(PLATFORM, ".sql") {
        object_to(path, 1, sql);
    }
    // Tests of the store make up tables as they like.
    let is_test = |module: &String| module == "tests" || module == "testing";
    for (path, source) in tree.below(&format!("{PLATFORM}/src"), ".rs") {
        let module = module_of_file(path.rsplit("/src/").next().expect("it is below src"));
        for literal in scan(source).literals {
            if !module.iter().chain(&literal.modules).any(is_test) {
                object_to(path, literal.line, &literal.text);
            }
        }
    }
}

/// The names in `create table [if not exists] NAME`.
fn created_tables(sql: &str) -> Vec<String> {
    let lower = sql.replace("\\n", " ").to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut tables = Vec::new();
    for (at, pair) in words.windows(2).enumerate() {
        if pair == ["create", "table"] {
            let name = words[at + 2..].iter().find(|word| !["if", "not", "exists"].contains(word));
            tables.extend(name.map(|name| (*name).to_owned()));
        }
    }
    tables
}
