use crate::apps::parameter::Kind;

/// The types of parameters by their names.
pub(super) const NAMES: &[(&str, Kind)] = &[
    ("text", Kind::Text),
    ("number", Kind::Number),
    ("integer", Kind::Integer),
    ("uinteger", Kind::Uinteger),
    ("port", Kind::Port),
    ("boolean", Kind::Boolean),
    ("date", Kind::Date),
    ("time", Kind::Time),
    ("timestamp", Kind::Timestamp),
    ("timezone", Kind::Timezone),
    ("select", Kind::Select),
    ("array", Kind::Array),
    ("collection", Kind::Collection),
    ("json", Kind::Json),
    ("any", Kind::Any),
    ("buffer", Kind::Buffer),
    ("filename", Kind::Filename),
    ("file", Kind::File),
    ("folder", Kind::Folder),
    ("path", Kind::Path),
    ("url", Kind::Url),
    ("email", Kind::Email),
    ("uuid", Kind::Uuid),
    ("color", Kind::Color),
    ("password", Kind::Password),
    ("cert", Kind::Cert),
    ("pkey", Kind::Pkey),
    ("filter", Kind::Filter),
    ("hidden", Kind::Hidden),
    ("udt", Kind::Udt),
    ("udttype", Kind::UdtType),
    ("udtspec", Kind::UdtSpec),
    ("banner", Kind::Banner),
    ("markdown", Kind::Markdown),
    ("html", Kind::Html),
    ("separator", Kind::Separator),
    ("checkbox", Kind::Checkbox),
    ("list", Kind::List),
    ("radio", Kind::Radio),
    ("upload", Kind::Upload),
    ("filestorage", Kind::FileStorage),
];

const REFERENCES: &[&str] = &["account", "hook", "keychain", "device", "datastore", "scenario"];

/// The type of this name.
pub(super) fn named(name: &str) -> Kind {
    if let Some((_, kind)) = NAMES.iter().find(|(known, _)| *known == name) {
        return kind.clone();
    }
    let object = name.split_once(':').map_or(name, |(object, _)| object);
    if REFERENCES.contains(&object) {
        return Kind::Reference(name.into());
    }
    Kind::Other(name.into())
}
