//! The tables of cases, compiled in: the tests of a core read no files either.

/// Their names and texts.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("arrays.toml", include_str!("arrays.toml")),
    ("data.toml", include_str!("data.toml")),
    ("dates.toml", include_str!("dates.toml")),
    ("encoding.toml", include_str!("encoding.toml")),
    ("general.toml", include_str!("general.toml")),
    ("language.toml", include_str!("language.toml")),
    ("math.toml", include_str!("math.toml")),
    ("text.toml", include_str!("text.toml")),
];
