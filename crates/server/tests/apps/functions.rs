//! The tests that the functions of the apps bring along.

use std::{fs, path::Path};

use halyard_automation::apps::{function::Scripts, load};
use halyard_iml::{Date, Environment, Seeded};

use crate::driver::read_folder;

#[test]
fn functions_do_what_their_tests_say() {
    let random = Seeded::new(1);
    let environment = Environment::new(Date::from_ms(1_777_896_000_000).unwrap(), &random);
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps");
    let mut count = 0;
    for folder in fs::read_dir(apps).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let Some(app) = load(&read_folder(&folder)).app else { continue };
        let scripts = Scripts::new(&app.functions);
        for name in app.functions.keys() {
            let results = scripts.test(name, &environment).unwrap();
            assert!(!results.is_empty(), "{name} of {folder:?} has no tests");
            for result in results {
                assert_eq!(result.failure, None, "{name} of {folder:?} {}", result.name);
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count} tests");
}
