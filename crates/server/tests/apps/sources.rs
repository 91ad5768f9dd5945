//! Every text of every app and blueprint in the repository is read by the parser of expressions
//! without an error, and what is printed from it is read as the same.

use std::{
    fs,
    path::{Path, PathBuf},
};

use halyard_iml::{
    Context, Value,
    syntax::{Severity, Style, parse_template, print_template},
    tree::Tree,
};

/// Where apps and blueprints lie. The folders of crates hold those of their tests.
const PLACES: &[&str] = &["apps", "crates", "conformance", "bench"];

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        if path.is_dir() {
            if !matches!(name, "target" | "node_modules") {
                documents(&path, found);
            }
        } else if name.ends_with(".json") || name.ends_with(".imljson") {
            found.push(path);
        }
    }
}

/// JSON without the comments and the last commas that files of apps may have.
fn strict(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let mut end = 1;
            while !rest[end..].starts_with('"') {
                end += if rest[end..].starts_with('\\') { 2 } else { 1 };
                while !rest.is_char_boundary(end) {
                    end += 1;
                }
            }
            out.push_str(&rest[..=end]);
            rest = &rest[end + 1..];
        } else if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = &rest[rest.find("*/").expect("the end of a comment") + 2..];
        } else {
            if matches!(c, ']' | '}') && out.trim_end().ends_with(',') {
                let comma = out.rfind(',').expect("it ends with one");
                out.truncate(comma);
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Text(text) => found.push(text.to_string()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Collection(entries) => entries.iter().for_each(|(_, item)| texts(item, found)),
        _ => {}
    }
}

#[test]
fn every_text_of_our_apps_and_blueprints_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for place in PLACES.iter().map(|place| root.join(place)).filter(|place| place.is_dir()) {
        documents(&place, &mut files);
    }
    files.sort();
    let (mut wrong, mut expressions) = (Vec::new(), 0);
    for file in &files {
        let shown = file.strip_prefix(&root).unwrap_or(file).display();
        let source = strict(&fs::read_to_string(file).expect("a text file"));
        if source.trim().is_empty() {
            continue;
        }
        let document = Value::from_json(&source)
            .unwrap_or_else(|cause| panic!("{shown} is not JSON: {cause}"));
        let (_, findings) = Tree::new(&document, Context::default());
        for finding in findings {
            if finding.diagnostic.severity == Severity::Error {
                wrong.push(format!("{shown}: {}: {}", finding.path, finding.diagnostic.message));
            }
        }
        let mut all = Vec::new();
        texts(&document, &mut all);
        for text in all.iter().filter(|text| text.contains("{{")) {
            expressions += 1;
            let (template, _) = parse_template(text);
            for style in [Style::Scenario, Style::App] {
                let printed = print_template(&template, style);
                if parse_template(&printed).0 != template {
                    wrong.push(format!("{shown}: {text} is printed as {printed}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    if root.join("apps").is_dir() {
        assert!(expressions > 500, "only {expressions} texts with expressions were found");
    }
    println!("{} files, {expressions} texts with expressions", files.len());
}

#[test]
fn what_is_wrong_is_found() {
    let document = strict("{\"a\": [\"{{1 +}}\", \"// {{ok}}\",], /* so */ } // end");
    let document = Value::from_json(&document).expect("JSON");
    let (_, findings) = Tree::new(&document, Context::default());
    let errors: Vec<_> =
        findings.iter().filter(|f| f.diagnostic.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{findings:?}");
    assert!(errors[0].path.contains('a'), "{}", errors[0].path);
}
