//! Files and folders.

use super::{
    rpcs::{Service, text},
    *,
};

fn drive(name: &str, given: &Collection) -> Result<Value, AppError> {
    assert_eq!(name, "ls");
    Ok(json(match text(given, "at") {
        "/" | "" => {
            r#"[{"label": "Docs", "value": "docs"}, {"label": "a.txt", "value": "a.txt", "file": true}]"#
        }
        "/docs" | "docs" => {
            r#"[{"label": "b.txt", "value": "b.txt", "file": true}, {"label": "old", "value": "old"}]"#
        }
        _ => "[]",
    }))
}

#[test]
fn paths_are_followed_level_by_level() {
    let check = |attributes: &str, path: &str| {
        let service = Service::new(drive);
        let form = fields(&format!(r#"[{{"name": "at", {attributes}}}]"#));
        let values = collection(&format!(r#"{{"at": "{path}"}}"#));
        let set = Set { name: "expect", fields: &form, values: &values, mappable: true };
        let checked = block_on(form::configuration(&[set], true, &service));
        (told(&checked.invalid).replace("expect.at: ", ""), service.calls())
    };
    let file = r#""type": "file", "options": {"store": "rpc://ls"}"#;
    let (said, calls) = check(file, "/docs/b.txt");
    assert_eq!(
        (said.as_str(), calls),
        ("", vec![r#"ls {"at":"/"}"#.to_owned(), r#"ls {"at":"/docs"}"#.to_owned()])
    );
    assert_eq!(check(file, "/docs/c.txt").0, "Path '/docs/c.txt' not found in options.");
    assert_eq!(check(file, "/nowhere/c.txt").0, "Path '/nowhere' not found in options.");
    assert_eq!(check(file, "/a.txt/b").0, "Path '/a.txt' not found in options.");
    assert_eq!(check(file, "/docs").0, "Path '/docs' not found in options.");
    assert_eq!(check(file, "/").0, "Path '/' not found in options.");
    let folder = r#""type": "folder", "options": "rpc://ls""#;
    assert_eq!(check(folder, "/docs/old").0, "");
    assert_eq!(check(folder, "/").0, "");
    assert_eq!(check(folder, "/a.txt").0, "Path '/a.txt' not found in options.");
    let rootless = r#""type": "file", "options": {"store": "rpc://ls", "showRoot": false}"#;
    let (said, calls) = check(rootless, "docs/b.txt");
    assert_eq!(
        (said.as_str(), calls),
        ("", vec![r#"ls {"at":""}"#.to_owned(), r#"ls {"at":"docs"}"#.to_owned()])
    );
    let single = r#""type": "file", "options": {"store": "rpc://ls", "singleLevel": true}"#;
    assert_eq!(check(single, "/a.txt").0, "");
    assert_eq!(check(single, "/docs/b.txt").0, "Single level path cannot contain slashes.");
    assert_eq!(check(file, "{{1.path}}").0, "");

    let service = Service::new(drive);
    let Field::Parameter(parameter) = &fields(&format!(r#"[{{"name": "at", {file}}}]"#))[0] else {
        panic!()
    };
    let names = |choices: Vec<_>| choices.len();
    let nothing = Collection::default();
    assert_eq!(names(block_on(form::browse(parameter, "", &nothing, &service)).unwrap()), 2);
    assert_eq!(names(block_on(form::browse(parameter, "/docs", &nothing, &service)).unwrap()), 2);
    assert_eq!(service.calls(), [r#"ls {"at":"/"}"#, r#"ls {"at":"/docs"}"#]);
}
