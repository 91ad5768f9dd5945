//! A full disk: clear refusals, no damage, and everything works again when there is space.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use halyard_platform::{
    blobs::Blobs,
    db::{
        Error, Location,
        testing::{TestDb, eventually},
    },
    params,
    random::Random,
};

use crate::{
    load::{new_thread, token},
    support::{Answer, Api, Installation},
};

/// A small file system, unmounted when it goes.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Result<Self, String> {
        std::fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        succeed(mount.args(["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs"]).arg(at))?;
        Ok(Self(at.to_owned()))
    }
}

fn succeed(command: &mut Command) -> Result<(), String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a server that a failed test has just killed may still hold it.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.0.display());
        }
    }
}

async fn post(api: &Api, thread: &str, content: &str) -> Answer {
    api.post("comments/add", &[("thread_id", thread), ("content", content)], None).await.unwrap()
}

fn assert_disk_full(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.retry_after.is_some());
    let text = answer.body["error_string"].as_str().unwrap();
    assert!(text.contains("disk of the server is full"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_clearly_harms_nothing_and_recovers() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = match SmallDisk::mount(&scratch.path().join("disk")) {
        Ok(disk) => disk,
        Err(reason) => {
            println!("skipped: a file system cannot be mounted here: {reason}");
            return;
        }
    };
    let installation = Installation::sqlite_in(&disk.0.join("data"));
    let demo = installation.demo().await;
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![7; 8 * 1024 * 1024]).unwrap();
    let server = installation.serve().await;
    let api = server.api(&token(&demo));
    let thread = new_thread(&api, &demo).await;

    let mut acknowledged = fill(&api, &thread).await;
    thread_is_read(&api, &thread, acknowledged).await;
    uploads_fail_clearly(&api, &disk).await;
    installation.halyard(&["doctor"]).await.expect(0);

    std::fs::remove_file(&ballast).unwrap();
    for _ in 0..51 {
        post(&api, &thread, TEXT).await.ok();
        acknowledged += 1;
    }
    thread_is_read(&api, &thread, acknowledged).await;
    let id = "d3adb33f-0000-4000-8000-000000000001";
    api.upload(id, vec![1; 1 << 16]).await.unwrap().ok();
    let (code, log) = server.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(rows(&installation).await, acknowledged);
    installation.halyard(&["doctor"]).await.expect(0);
}

/// The tables are on a small file system; the log of the database, where a full disk stops it as a
/// whole, is elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_postgresql_is_told_apart_from_other_errors_and_harms_nothing() {
    let installation = Installation::postgres().await;
    let space = match Tablespace::mount(installation.scratch(), &installation).await {
        Ok(space) => space,
        Err(reason) => {
            println!("skipped: the server cannot use a file system mounted here: {reason}");
            return installation.remove().await;
        }
    };
    let demo = installation.demo().await;
    let ballast = space.disk.0.join("ballast");
    std::fs::write(&ballast, vec![7; 4 * 1024 * 1024]).unwrap();
    let server = installation.serve().await;
    let api = server.api(&token(&demo));
    let thread = new_thread(&api, &demo).await;

    let mut acknowledged = fill(&api, &thread).await;
    thread_is_read(&api, &thread, acknowledged).await;
    installation.halyard(&["doctor"]).await.expect(0);

    std::fs::remove_file(&ballast).unwrap();
    for _ in 0..51 {
        post(&api, &thread, TEXT).await.ok();
        acknowledged += 1;
    }
    thread_is_read(&api, &thread, acknowledged).await;
    let (code, log) = server.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(rows(&installation).await, acknowledged);
    installation.halyard(&["doctor"]).await.expect(0);
    installation.remove().await;
    space.remove().await;
}

/// A small file system on which the tables of an installation will be.
struct Tablespace {
    disk: SmallDisk,
    name: String,
}

impl Tablespace {
    async fn mount(scratch: &Path, installation: &Installation) -> Result<Self, String> {
        let disk = SmallDisk::mount(&scratch.join("disk"))?;
        // The server runs as a user of its own, who must be able to get there.
        let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(scratch, everybody).map_err(|error| error.to_string())?;
        succeed(Command::new("chown").arg("postgres").arg(&disk.0))?;
        let Location::Postgres(url) = installation.options().location else {
            return Err("not on PostgreSQL".to_owned());
        };
        let database = url.rsplit('/').next().unwrap_or_default().to_owned();
        let name = format!("small_{database}");
        let place = disk.0.display();
        TestDb::on_server(&format!("create tablespace {name} location '{place}'")).await?;
        let choice = format!("alter database {database} set default_tablespace = {name}");
        TestDb::on_server(&choice).await?;
        Ok(Self { disk, name })
    }

    /// Only once nothing is in it any more.
    async fn remove(self) {
        TestDb::on_server(&format!("drop tablespace {}", self.name)).await.unwrap();
    }
}

const TEXT: &str = "all work and no play makes a dull comment";

/// Long comments, which no compression makes short, until the disk is full and stays full; answers how many were acknowledged.
async fn fill(api: &Api, thread: &str) -> i64 {
    let text = format!("{TEXT} {}", Random::seeded(1).hex(7000));
    let mut acknowledged = 0;
    let refused = loop {
        let answer = post(api, thread, &text).await;
        if answer.status != 200 {
            break answer;
        }
        acknowledged += 1;
        assert!(acknowledged < 40_000, "the disk does not fill");
    };
    assert_disk_full(&refused);
    println!("full after {acknowledged} comments");

    // What is left in small pieces goes too; from then on every write is refused alike.
    let mut refusals = 0;
    while refusals < 20 {
        let answer = post(api, thread, &text).await;
        if answer.status == 200 {
            acknowledged += 1;
        } else {
            assert_disk_full(&answer);
            refusals += 1;
        }
    }
    acknowledged
}

async fn thread_is_read(api: &Api, thread: &str, comments: i64) {
    let found = api.get("threads/getone", &[("id", thread)]).await.unwrap().ok();
    assert_eq!(found["comment_count"], comments);
    let query = [("thread_id", thread), ("limit", "20")];
    let comments = api.get("comments/get", &query).await.unwrap().ok();
    assert_eq!(comments.as_array().unwrap().len(), 20);
}

/// The comments of these tests that are in the database.
async fn rows(installation: &Installation) -> i64 {
    let db = installation.open().await;
    let count = db.read(|tx| -> Result<_, Error> {
        tx.one("select count(*) from comment where content like 'all work%'", params![])
    });
    let count = count.await.unwrap();
    db.close().await;
    count
}

/// On the full disk: through the API, and at the store of files, where the moment of failure varies.
async fn uploads_fail_clearly(api: &Api, disk: &SmallDisk) {
    // Nothing is left for the file.
    let filler = disk.0.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    let answer =
        api.upload("d3adb33f-0000-4000-8000-000000000001", vec![1; 1 << 20]).await.unwrap();
    assert_eq!((answer.status, &answer.body["error_code"]), (400, &202.into()));
    let text = answer.body["error_string"].as_str().unwrap();
    assert!(text.contains("disk of the server is full"), "{text}");
    let blobs = Blobs::open(disk.0.join("data/blobs")).unwrap();
    let before = blobs.list().count();
    let written = async {
        let mut writer = blobs.create().await?;
        for _ in 0..256 {
            writer.write(&[2; 64 * 1024]).await?;
        }
        writer.finish().await
    };
    let error = written.await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    eventually("the unfinished file to go", || {
        let left = std::fs::read_dir(disk.0.join("data/blobs/tmp")).unwrap().count();
        async move { left == 0 }
    })
    .await;
    assert_eq!(blobs.list().count(), before);
    std::fs::remove_file(&filler).unwrap();
}
