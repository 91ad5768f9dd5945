//! Mail out of a real server and into it, over TCP.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use halyard_platform::{db::testing::eventually, params};
use mail_parser::MessageParser;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::support::{Api, Installation};

pub(crate) const LIMIT: usize = 200_000;
pub(crate) const DOMAIN: &str = "in.example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_and_answered_on_sqlite() {
    comes_in(&Installation::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_and_answered_on_postgres() {
    let installation = Installation::postgres().await;
    comes_in(&installation).await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_on_sqlite() {
    goes_out(&Installation::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_on_postgres() {
    let installation = Installation::postgres().await;
    goes_out(&installation).await;
    installation.remove().await;
}

/// A conversation with the listener.
pub(crate) struct Smtp {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Smtp {
    pub(crate) async fn hello(address: &str) -> Self {
        let mut smtp = Self { stream: BufReader::new(TcpStream::connect(address).await.unwrap()) };
        assert!(smtp.answer().await.starts_with("220 in.example.com"));
        let hello = smtp.ask("EHLO client.example.com").await;
        assert!(hello.contains(&format!("250-SIZE {LIMIT}\r\n")), "{hello}");
        smtp
    }

    pub(crate) async fn answer(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let start = answer.len();
            let read = self.stream.read_line(&mut answer);
            let read = tokio::time::timeout(Duration::from_secs(60), read).await.unwrap().unwrap();
            if read == 0 || answer.as_bytes()[start..].get(3) == Some(&b' ') {
                return answer;
            }
        }
    }

    pub(crate) async fn ask(&mut self, line: &str) -> String {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        self.answer().await
    }

    /// Names sender and recipient.
    async fn envelope(&mut self, to: &str) -> String {
        assert!(self.ask("MAIL FROM:<someone@example.net>").await.starts_with("250"));
        self.ask(&format!("RCPT TO:<{to}>")).await
    }

    /// A whole mail; answers the verdict.
    async fn send(&mut self, to: &str, mail: &str) -> String {
        let envelope = self.envelope(to).await;
        assert!(envelope.starts_with("250"), "{envelope}");
        assert!(self.ask("DATA").await.starts_with("354"));
        let lines = mail.replace('\n', "\r\n");
        let stuffed = lines.replace("\r\n.", "\r\n..");
        // In pieces, so that the end comes apart at every place in some of the runs.
        for piece in stuffed.as_bytes().chunks(997) {
            self.stream.write_all(piece).await.unwrap();
        }
        for byte in b"\r\n.\r\n" {
            self.stream.write_all(&[*byte]).await.unwrap();
            self.stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        self.answer().await
    }
}

pub(crate) async fn address(api: &Api, kind: &str, id: &str) -> String {
    let form = [("obj_type", kind), ("obj_id", id)];
    let made = api.post("loop_in/get_or_create", &form, None).await.unwrap().ok();
    made["email"].as_str().unwrap().to_owned()
}

/// The comments of a thread once there are as many.
pub(crate) async fn comments(api: &Api, thread: &str, count: usize) -> Vec<Value> {
    let found = Mutex::new(Vec::new());
    eventually("the comments", async || {
        let query = [("thread_id", thread), ("order_by", "asc"), ("from_obj_index", "0")];
        let list = api.get("comments/get", &query).await.unwrap().ok();
        let list = list.as_array().unwrap().clone();
        let enough = list.len() >= count;
        *found.lock().unwrap() = list;
        enough
    })
    .await;
    let found = found.into_inner().unwrap();
    assert_eq!(found.len(), count, "{found:?}");
    found
}

/// Mails that were written into files.
fn written(installation: &Installation) -> Vec<String> {
    match std::fs::read_dir(installation.data().join("mail")) {
        Ok(files) => {
            files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
        }
        Err(_) => Vec::new(),
    }
}

async fn comes_in(installation: &Installation) {
    let demo = installation.demo().await;
    let user = |number: usize| demo["users"][number].clone();
    let (ann, bo) = (user(0)["email"].clone(), user(1)["email"].clone());
    let (ann, bo) = (ann.as_str().unwrap(), bo.as_str().unwrap());
    let settings = [
        ("HALYARD_MAIL_DOMAIN", DOMAIN.to_owned()),
        ("HALYARD_SMTP_LISTEN", "127.0.0.1:0".to_owned()),
        ("HALYARD_MAIL_LIMIT", LIMIT.to_string()),
        ("HALYARD_PUBLIC_URL", "https://h.example.com".to_owned()),
    ];
    let server = installation.serve_with(&settings).await;
    let api = server.api(user(0)["twist_token"].as_str().unwrap());
    let bos = server.api(user(1)["twist_token"].as_str().unwrap());
    let space = demo["workspace_id"].to_string();
    // Bo is told at once.
    let mapping = r#"{"email_aggregate": false, "push_delay": 0}"#;
    let form = [("workspace_id", space.as_str()), ("mapping", mapping)];
    bos.post("notifications_settings/update_many", &form, None).await.unwrap().ok();
    let channel = demo["channels"][0]["id"].to_string();
    let new = [("channel_id", channel.as_str()), ("title", "Plans"), ("content", "What now?")];
    let thread = api.post("threads/add", &new, None).await.unwrap().ok()["id"].to_string();
    let to_thread = address(&api, "THREAD", &thread).await;

    let mut smtp = Smtp::hello(server.mail()).await;
    // Nobody is offered what cannot be had.
    assert!(!smtp.ask("EHLO client.example.com").await.contains("STARTTLS"));
    assert!(smtp.ask("STARTTLS").await.starts_with("502"));
    // A clean comment of a mail with everything.
    let mail = format!(
        "From: Ann <{ann}>\nTo: <{to_thread}>\nSubject: Re: Plans\nMessage-ID: <1@example.net>\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n\
         --o\nContent-Type: text/plain; charset=iso-8859-1\n\
         Content-Transfer-Encoding: quoted-printable\n\n\
         Sch=F6n.\n\n.A line with a dot.\n\nOn Fri, Jan 15, 2027 at 8:00 AM Bo <{bo}> wrote:\n\
         > What now?\n\n-- \nAnn\n\
         --o\nContent-Type: text/plain; name=plan.txt\nContent-Disposition: attachment; \
         filename=plan.txt\n\nStep one.\n--o--"
    );
    let verdict = smtp.send(&to_thread, &mail).await;
    assert!(verdict.starts_with("250"), "{verdict}");
    let made = comments(&api, &thread, 1).await;
    assert_eq!(made[0]["content"], "Schön.\n\n.A line with a dot.");
    assert_eq!(made[0]["creator"], user(0)["id"]);
    let file = &made[0]["attachments"][0];
    assert_eq!((&file["file_name"], &file["url_type"]), (&"plan.txt".into(), &"file".into()));

    // The same again, from another server: nothing.
    assert!(smtp.send(&to_thread, &mail).await.starts_with("250"));
    // Machines get no answer and make no post.
    let auto = format!("From: <{ann}>\nAuto-Submitted: auto-replied\n\nI am away.");
    assert!(smtp.send(&to_thread, &auto).await.starts_with("250"));
    let own = format!("From: <{ann}>\nMessage-ID: <halyard.7.5@{DOMAIN}>\n\nI am a loop.");
    assert!(smtp.send(&to_thread, &own).await.starts_with("250"));

    // Refused: strangers, unknown addresses, foreign hosts, what is too big.
    let stranger = "From: <eve@example.net>\n\nHello".to_owned();
    let verdict = smtp.send(&to_thread, &stranger).await;
    assert!(verdict.starts_with("550 5.7.1"), "{verdict}");
    let nobody = smtp.send(&to_thread, "Subject: x\n\nHello").await;
    assert!(nobody.starts_with("550 5.7.1"), "{nobody}");
    for unknown in ["in-0@in.example.com", "in@example.net", "postmaster"] {
        let answer = smtp.envelope(unknown).await;
        assert!(answer.starts_with("550 5.1.1") || answer.starts_with("501"), "{answer}");
        assert!(smtp.ask("DATA").await.starts_with("503"));
        assert!(smtp.ask("RSET").await.starts_with("250"));
    }
    let announced = smtp.ask(&format!("MAIL FROM:<{ann}> SIZE={}", LIMIT + 1)).await;
    assert!(announced.starts_with("552 5.3.4"), "{announced}");
    let big = format!("From: <{ann}>\n\n{}", "word ".repeat(LIMIT / 5));
    let verdict = smtp.send(&to_thread, &big).await;
    assert!(verdict.starts_with("552 5.3.4"), "{verdict}");
    assert!(smtp.ask("EXPN all").await.starts_with("502"));

    // Threads and messages, in the same conversation; commands may come together.
    let to_channel = address(&api, "CHANNEL", &channel).await;
    let page = format!(
        "From: <{ann}>\nSubject: Fwd: By mail\nContent-Type: text/html\n\n<p>Two &amp; <b>two</b></p>"
    );
    assert!(smtp.send(&to_channel.to_uppercase(), &page).await.starts_with("250"));
    eventually("the thread", async || {
        let query = [("channel_id", channel.as_str())];
        let list = api.get("threads/get", &query).await.unwrap().ok();
        list.as_array().unwrap().iter().any(|thread| {
            thread["title"] == "By mail"
                && thread["content"].as_str().unwrap().trim() == "Two & two"
        })
    })
    .await;
    let people = user(1)["id"].to_string();
    let form = [("workspace_id", space.as_str()), ("user_ids", &format!("[{people}]"))];
    let talk = api.post("conversations/get_or_create", &form, None).await.unwrap().ok();
    let talk = talk["id"].to_string();
    let to_talk = address(&api, "CONVERSATION", &talk).await;
    let pipelined =
        format!("MAIL FROM:<{bo}>\r\nRCPT TO:<{to_talk}>\r\nRCPT TO:<{to_thread}>\r\nDATA\r\n");
    smtp.stream.write_all(pipelined.as_bytes()).await.unwrap();
    for code in ["250", "250", "452", "354"] {
        let answer = smtp.answer().await;
        assert!(answer.starts_with(code), "{answer}");
    }
    let rest = format!("From: <{bo}>\r\n\r\npsst\r\n.\r\nQUIT\r\n");
    smtp.stream.write_all(rest.as_bytes()).await.unwrap();
    assert!(smtp.answer().await.starts_with("250"));
    assert!(smtp.answer().await.starts_with("221"));
    eventually("the message", async || {
        let query = [("conversation_id", talk.as_str())];
        let list = api.get("conversation_messages/get", &query).await.unwrap().ok();
        list.as_array().unwrap().iter().any(|message| message["content"] == "psst")
    })
    .await;

    // An answer to a notification mail, which only its recipient can give.
    let named = format!("[{people}]");
    let form = [("thread_id", thread.as_str()), ("content", "Bo?"), ("recipients", &named)];
    api.post("comments/add", &form, None).await.unwrap().ok();
    let reply_to = Mutex::new((String::new(), String::new()));
    eventually("the notification", async || {
        let found = written(installation).into_iter().find_map(|mail| {
            let mail = MessageParser::default().parse(mail.as_bytes())?.into_owned();
            let text = mail.body_text(0)?.into_owned();
            let reply_to = mail.reply_to()?.first()?.address()?.to_owned();
            let end = mail.header_raw("List-Unsubscribe")?.trim().to_owned();
            text.contains("Bo?").then_some((reply_to, end))
        });
        found.map(|found| *reply_to.lock().unwrap() = found).is_some()
    })
    .await;
    let (reply_to, end) = reply_to.into_inner().unwrap();
    let mut smtp = Smtp::hello(server.mail()).await;
    let spoofed = smtp.send(&reply_to, &format!("From: <{ann}>\n\nI am Bo")).await;
    assert!(spoofed.starts_with("550 5.7.1"), "{spoofed}");
    let answered = smtp.send(&reply_to, &format!("From: <{bo}>\n\nHere.")).await;
    assert!(answered.starts_with("250"), "{answered}");
    let made = comments(&api, &thread, 3).await;
    assert_eq!((&made[2]["content"], &made[2]["creator"]), (&"Here.".into(), &user(1)["id"]));

    // Mail programs end such mails without a question.
    let end = end.strip_prefix("<https://h.example.com").unwrap().strip_suffix('>').unwrap();
    assert_eq!(api.submit("/mail/unsubscribe/un-0").await, 404);
    assert_eq!(api.submit(end).await, 200);
    let form = [("workspace_id", space.as_str())];
    let chosen = bos.get("notifications_settings/get", &form).await.unwrap().ok();
    assert_eq!(chosen["email_comments"], false, "{chosen}");

    // What is taken on is posted although the server dies before it comes to it.
    let last = format!("From: <{bo}>\nMessage-ID: <last@example.net>\n\nSurvives.");
    assert!(smtp.send(&reply_to, &last).await.starts_with("250"));
    server.kill();
    let server = installation.serve_with(&settings).await;
    let api = server.api(user(0)["twist_token"].as_str().unwrap());
    assert_eq!(comments(&api, &thread, 4).await[3]["content"], "Survives.");
    let (code, _) = server.terminate().await;
    assert_eq!(code, Some(0));
    let db = installation.open().await;
    let left: (i64, i64) = db
        .read(|tx| {
            tx.one(
                "select (select count(*) from job where dead_at is not null),
                     (select count(*) from mail_received where blob is not null)",
                params![],
            )
        })
        .await
        .unwrap();
    assert_eq!(left, (0, 0));
    db.close().await;
    installation.halyard(&["doctor"]).await.expect(0);
}

/// A mail server that takes everything, except that it refuses one address for good and another
/// one at first.
async fn fake() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let (kept, refusals) = (taken.clone(), Arc::new(Mutex::new(1)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, kept.clone(), refusals.clone()));
        }
    });
    (address, taken)
}

async fn talk(stream: TcpStream, kept: Arc<Mutex<Vec<String>>>, refusals: Arc<Mutex<i32>>) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 fake\r\n").await.unwrap();
    let mut line = String::new();
    while let Ok(1..) = stream.read_line(&mut line).await {
        let command = std::mem::take(&mut line).to_ascii_uppercase();
        let answer = match command.split([' ', ':', '\r']).next().unwrap() {
            "RCPT" if command.contains("REFUSED") => "550 5.1.1 nobody",
            "RCPT" if command.contains("LATER") && *refusals.lock().unwrap() > 0 => {
                *refusals.lock().unwrap() -= 1;
                "451 4.3.0 later"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.unwrap();
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut mail).await.unwrap();
                }
                kept.lock().unwrap().push(mail);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn goes_out(installation: &Installation) {
    let demo = installation.demo().await;
    let (fake, taken) = fake().await;
    let settings = [
        ("HALYARD_SMTP_URL", format!("smtp://{fake}")),
        ("HALYARD_MAIL_FROM", "The Team <team@example.com>".to_owned()),
        ("HALYARD_PUBLIC_URL", "https://h.example.com".to_owned()),
    ];
    let server = installation.serve_with(&settings).await;
    let api = server.api(demo["users"][0]["twist_token"].as_str().unwrap());
    let space = demo["workspace_id"].to_string();
    for person in ["new@example.com", "later@example.com", "refused@example.com"] {
        let form = [("id", space.as_str()), ("email", person)];
        api.post("workspace_users/add", &form, None).await.unwrap().ok();
    }
    eventually("two mails", async || taken.lock().unwrap().len() >= 2).await;
    let mut mails = taken.lock().unwrap().clone();
    mails.sort_by_key(|mail| mail.contains("To: <new@example.com>"));
    for (mail, to) in mails.iter().zip(["later@example.com", "new@example.com"]) {
        let read = MessageParser::default().parse(mail.as_bytes()).unwrap();
        let from = read.from().unwrap().first().unwrap();
        assert_eq!((from.name(), from.address()), (Some("The Team"), Some("team@example.com")));
        assert_eq!(read.to().unwrap().first().unwrap().address(), Some(to));
        let text = read.body_text(0).unwrap().into_owned();
        assert!(text.contains("https://h.example.com/set-password?code="), "{text}");
    }
    let db = installation.open().await;
    let dead = "select last_error from job where kind = 'mail.send' and dead_at is not null";
    let (reader, found) = (&db, Mutex::new(Vec::<String>::new()));
    eventually("the refusal", async || {
        let errors = reader.read(move |tx| tx.all(dead, params![])).await.unwrap();
        *found.lock().unwrap() = errors;
        !found.lock().unwrap().is_empty()
    })
    .await;
    let found = found.into_inner().unwrap();
    assert!(found.len() == 1 && found[0].contains("nobody"), "{found:?}");
    assert!(!installation.data().join("mail").exists(), "no file beside what was sent");
    db.close().await;
    assert_eq!(server.terminate().await.0, Some(0));
}
