use std::path::Path;

use crate::run::{Ended, finish, halyard};

fn print_config(directory: &Path, flags: &[&str], environment: &[(&str, &str)]) -> Ended {
    let arguments = [&["serve", "--print-config"], flags].concat();
    let mut command = halyard(directory, &arguments);
    command.envs(environment.iter().copied());
    finish(command, "")
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_the_default() {
    let directory = tempfile::tempdir().unwrap();
    let shows = |flags: &[&str], environment: &[(&str, &str)], line: &str| {
        let shown = print_config(directory.path(), flags, environment);
        assert!(shown.ok && shown.out.lines().any(|one| one == line), "{line}: {shown:?}");
    };
    shows(&[], &[], "log = \"info\"");
    shows(&[], &[], "listen = \"127.0.0.1:8080\"");
    shows(&[], &[], "# database =");
    let file = directory.path().join("halyard.toml");
    std::fs::write(&file, "log = \"warn\"\nlisten = \"127.0.0.1:1\"\nbody_limit = 77\n").unwrap();
    shows(&[], &[], "log = \"warn\"");
    shows(&[], &[], "body_limit = 77");
    let environment = [("HALYARD_LOG", "error"), ("HALYARD_LISTEN", "127.0.0.1:2")];
    shows(&[], &environment, "log = \"error\"");
    shows(&[], &environment, "body_limit = 77");
    shows(&["--log", "debug", "--listen", "127.0.0.1:3"], &environment, "log = \"debug\"");
    shows(&["--log", "debug", "--listen", "127.0.0.1:3"], &environment, "listen = \"127.0.0.1:3\"");
    // The suites' own variables are no keys.
    shows(&[], &[("HALYARD_TEST_POSTGRES", "x")], "log = \"warn\"");
    let other = directory.path().join("other.toml");
    std::fs::write(&other, "log = \"trace\"\n").unwrap();
    shows(&["--config", "other.toml"], &[], "log = \"trace\"");
    shows(&["--config", "other.toml"], &[], "listen = \"127.0.0.1:8080\"");
}

#[test]
fn mistakes_name_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("halyard.toml");
    let fails = |flags: &[&str], environment: &[(&str, &str)], words: &[&str]| {
        let ended = print_config(directory.path(), flags, environment);
        assert!(!ended.ok && ended.out.is_empty(), "{ended:?}");
        for word in words {
            assert!(ended.err.contains(word), "{word} in {}", ended.err);
        }
    };
    fails(&[], &[("HALYARD_BODY_LIMIT", "many")], &["HALYARD_", "BODY_LIMIT"]);
    fails(&[], &[("HALYARD_PUBLIC_URL", "halyard.example.com")], &["public_url", "https://"]);
    fails(&["--database", "mysql://x"], &[], &["database", "postgres://"]);
    fails(&["--config", "missing.toml"], &[], &["--config", "missing.toml"]);
    fails(&["--listen", "everywhere"], &[], &["--listen"]);
    std::fs::write(&file, "lissen = \"127.0.0.1:1\"\n").unwrap();
    fails(&[], &[], &["lissen", "halyard.toml"]);
    std::fs::write(&file, "listen = 5\n").unwrap();
    fails(&[], &[], &["listen"]);
}
