//! What is allowed, as tables.

/// A package of the workspace: its folder, and the folders of the packages that it may use.
pub(crate) struct Package {
    pub(crate) folder: &'static str,
    pub(crate) may_use: &'static [&'static str],
}

/// Every edge that may exist between our own packages, also of those that are not built yet.
pub(crate) const EDGES: &[Package] = &[
    Package { folder: "crates/iml", may_use: &[] },
    Package { folder: "crates/iml_wasm", may_use: &["crates/iml"] },
    Package { folder: "crates/platform", may_use: &[] },
    Package { folder: "crates/identity", may_use: &["crates/platform"] },
    Package { folder: "crates/messaging", may_use: &["crates/platform", "crates/identity"] },
    Package { folder: "crates/telephony", may_use: &["crates/platform", "crates/identity"] },
    Package {
        folder: "crates/automation",
        may_use: &["crates/platform", "crates/identity", "crates/iml"],
    },
    Package {
        folder: "crates/http_api",
        may_use: &[
            "crates/platform",
            "crates/identity",
            "crates/messaging",
            "crates/telephony",
            "crates/automation",
        ],
    },
    Package {
        folder: "crates/server",
        may_use: &[
            "crates/platform",
            "crates/identity",
            "crates/iml",
            "crates/messaging",
            "crates/telephony",
            "crates/automation",
            "crates/http_api",
        ],
    },
    Package {
        folder: "bench",
        may_use: &["crates/platform", "crates/iml", "crates/automation"],
    },
];

/// The crates that hold rules of a domain. They know no HTTP, no environment, no network, no files,
/// no database driver and no random source of their own: all of these come from `platform`.
pub(crate) const CORES: &[&str] =
    &["crates/iml", "crates/identity", "crates/messaging", "crates/telephony", "crates/automation"];

/// Packages that a core must not depend on, however it names them.
pub(crate) const NOT_IN_A_CORE: &[&str] = &[
    "axum",
    "getrandom",
    "http",
    "http-body",
    "http-body-util",
    "hyper",
    "hyper-util",
    "multer",
    "rand",
    "reqwest",
    "rusqlite",
    "tokio-postgres",
    "tower",
    "tower-http",
    "uuid",
];

/// Modules that a core must not mention. A prefix: `std::fs` covers `std::fs::read`.
pub(crate) const NOT_MENTIONED_IN_A_CORE: &[&str] = &[
    "axum",
    "http",
    "hyper",
    "reqwest",
    "std::env",
    "std::fs",
    "std::net",
    "tokio::fs",
    "tokio::net",
];

/// The folder whose direct subfolders (or files) named in [`FACADES`] are the facades.
pub(crate) const FACADE_CRATE: &str = "crates/http_api";

/// The imitated APIs, and the one of our own web app. They never see each other.
pub(crate) const FACADES: &[&str] = &["twist", "chatwork", "twilio", "make", "oauth", "app"];

/// The crate whose tables serve every domain and therefore belong to none.
pub(crate) const PLATFORM: &str = "crates/platform";

/// Words of a domain, in the singular: no part of a table name of `platform` is one of them.
pub(crate) const DOMAIN_NOUNS: &[&str] = &[
    "account",
    "app",
    "attachment",
    "blueprint",
    "bundle",
    "call",
    "channel",
    "comment",
    "connection",
    "contact",
    "conversation",
    "group",
    "hook",
    "inbox",
    "member",
    "message",
    "module",
    "number",
    "operation",
    "password",
    "reaction",
    "recording",
    "room",
    "run",
    "scenario",
    "session",
    "subscription",
    "task",
    "text",
    "thread",
    "token",
    "user",
    "workspace",
];
