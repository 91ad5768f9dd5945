//! The server as a process: what an operator does first with an empty installation.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use halyard_platform::db::testing::eventually;

use crate::run::halyard;

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Serves an empty installation on a free port; answers also the set-up address that it prints.
fn serve(directory: &Path) -> (Server, String) {
    let mut command = halyard(directory, &["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
    let child = command.stdout(Stdio::piped()).spawn().expect("the binary");
    let mut server = Server(child);
    let out = BufReader::new(server.0.stdout.take().expect("its output"));
    let address = out
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.contains("/setup?code=").then(|| line.trim().to_owned()));
    (server, address.expect("a set-up address"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_address_sets_up_and_mails_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let (_server, address) = serve(directory.path());
    let (base, code) = address.split_once("/setup?code=").unwrap();
    let tls = halyard_platform::outbound::tls();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap();
    let form = client.get(&address).send().await.unwrap();
    assert_eq!(form.status(), 200);
    let fields = [
        ("code", code),
        ("name", "Ann Ash"),
        ("email", "ann@example.com"),
        ("password", "correct horse"),
        ("workspace", "Crew"),
    ];
    let done = client.post(format!("{base}/setup")).header("origin", base).form(&fields);
    assert_eq!(done.send().await.unwrap().status(), 200);
    let forgotten = client
        .post(format!("{base}/api/v3/users/reset_password"))
        .form(&[("email", "ann@example.com")]);
    assert_eq!(forgotten.send().await.unwrap().status(), 200);
    let mails = || {
        let folder = std::fs::read_dir(directory.path().join("data/mail"));
        let files = folder.into_iter().flatten().map_while(Result::ok);
        files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|e| e == "eml"))
            .collect::<Vec<_>>()
    };
    eventually("the mail", || async { mails().len() == 1 }).await;
    let mail = std::fs::read_to_string(&mails()[0]).unwrap();
    assert!(mail.starts_with("From: ") && mail.contains("To: <ann@example.com>\r\n"), "{mail}");
    assert!(mail.contains("/set-password?code=3D"), "{mail}");
}
