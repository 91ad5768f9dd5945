//! What only a manifest, or no app at all, can break.

use crate::{lines, loaded};

const MANIFEST: &str = "makecomapp.json";

#[test]
fn mistakes_of_manifests_are_named() {
    let none = loaded(&[("README.md", "# Nothing")]);
    assert_eq!(lines(&none), [":$ error no-app"]);
    assert!(none.app.is_none());

    let manifest = |component: &str| {
        format!(r#"{{"fileVersion": 1, "generalCodeFiles": {{}}, "components": {component}}}"#)
    };
    let case = |component: &str, wanted: &[&str]| {
        let text = manifest(component);
        let loaded = loaded(&[
            (MANIFEST, &text),
            ("a.json", r#"{"url": "https://x.example", "log": {"sanitize": []}}"#),
        ]);
        assert_eq!(lines(&loaded), wanted, "{component}");
        loaded.app.map(|app| app.modules.len())
    };
    let at = "makecomapp.json:$.components.module";
    let module =
        |rest: &str| format!(r#"{{"module": {{"GetUser": {{"moduleType": "action", {rest}}}}}}}"#);
    assert_eq!(case(&module(r#""codeFiles": {"communication": "a.json"}"#), &[]), Some(1));
    let optional = |value: &str| {
        module(&format!(
            r#""connectionOptional": {value}, "codeFiles": {{"communication": "a.json"}}"#
        ))
    };
    assert_eq!(case(&optional("true"), &[]), Some(1));
    let place = format!("{at}.GetUser.connectionOptional error wrong-kind");
    assert_eq!(case(&optional("\"yes\""), &[&place]), Some(0));
    let missing = module(r#""codeFiles": {"communication": "b.json"}"#);
    let place = format!("{at}.GetUser.codeFiles.communication error missing-file");
    assert_eq!(case(&missing, &[&place]), Some(0));
    let outside = module(r#""codeFiles": {"communication": "a.json", "interface": "../a.json"}"#);
    let place = format!("{at}.GetUser.codeFiles.interface warning missing-optional-file");
    assert_eq!(case(&outside, &[&place]), Some(1));
    let left_out = module(r#""codeFiles": {"communication": null}"#);
    assert_eq!(case(&left_out, &[&format!("{at}.GetUser warning code-left-out")]), Some(1));
    let unknown = module(r#""colour": 1, "codeFiles": {"communication": "a.json"}"#);
    assert_eq!(case(&unknown, &[&format!("{at}.GetUser.colour warning unknown-entry")]), Some(1));
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let files =
        [("base.imljson", b"{}".to_vec()), ("rpcs/abc/api.imljson", vec![b'"', 0xff, b'"'])];
    let loaded = halyard_automation::apps::load(&files.into_iter().collect());
    assert!(lines(&loaded).contains(&"rpcs/abc/api.imljson:$ error encoding".to_owned()));
    assert!(loaded.app.expect("an app").rpcs.is_empty());
}
