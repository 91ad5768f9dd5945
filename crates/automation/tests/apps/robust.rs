//! Whatever a folder holds: an answer, and soon.

use std::time::{Duration, Instant};

use halyard_automation::apps::{Files, load};

use crate::rules::SOUND;

fn files(changed: usize, content: &[u8]) -> Files {
    let file = |(at, (path, text)): (usize, &(&'static str, &'static str))| {
        (*path, if at == changed { content.to_vec() } else { text.as_bytes().to_vec() })
    };
    SOUND.iter().enumerate().map(file).collect()
}

/// Where there is no app there is a reason.
fn answers(files: &Files) {
    let loaded = load(files);
    assert!(loaded.app.is_some() || loaded.has_errors());
}

#[test]
fn files_that_end_too_early_or_say_something_else() {
    for (at, (_, text)) in SOUND.iter().enumerate() {
        for end in (0..text.len()).step_by(3) {
            let mut content = text.as_bytes()[..end].to_vec();
            answers(&files(at, &content));
            content.extend(&text.as_bytes()[(end + 2).min(text.len())..]);
            answers(&files(at, &content));
        }
        // Every kind of value in the place of every other.
        for value in
            ["null", "5", "true", "[]", "{}", "\"{{x}}\"", "[[{}]]", "[null, 1]", "{\"a\": [{}]}"]
        {
            answers(&files(at, value.as_bytes()));
            for (from, _) in text.match_indices(": ") {
                let rest = &text[from + 2..];
                let end = rest.find([',', '}', ']']).unwrap_or(rest.len());
                let content = format!("{}{value}{}", &text[..from + 2], &rest[end..]);
                answers(&files(at, content.as_bytes()));
            }
        }
    }
}

#[test]
fn large_and_deep_files_take_no_long_time() {
    let started = Instant::now();
    let api =
        SOUND.iter().position(|(path, _)| *path == "modules/GetUser/api.imljson").expect("a file");
    let members: Vec<_> = (0..20_000).map(|at| format!("\"k{at}\": \"{{{{body.k}}}}\"")).collect();
    let wide =
        format!(r#"{{"url": "/a", "qs": {{{}}}, {}}}"#, members.join(","), members.join(","));
    assert!(load(&files(api, wide.as_bytes())).findings.len() >= 40_000);
    let same = format!("{{{}}}", "\"a\": 1,".repeat(100_000));
    answers(&files(api, same.as_bytes()));
    let deep = format!(r#"{{"body": {}1{}}}"#, "[".repeat(98), "]".repeat(98));
    assert!(!load(&files(api, deep.as_bytes())).has_errors());
    answers(&files(api, format!("\"{}\"", "{{".repeat(100_000)).as_bytes()));
    answers(&files(
        api,
        format!("{{\"url\": \"{{{{{}1{}}}}}\"}}", "(".repeat(50_000), ")".repeat(50_000))
            .as_bytes(),
    ));
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
