//! Where and when an expression is evaluated.

use std::{fs, path::Path};

use anyhow::{Context as _, anyhow};
use clap::Args;
use halyard_iml::{Collection, Date, Environment, Locale, Randomness, Value, Zone};
use halyard_platform::{clock::Clock, random::Random};

/// The part of the environment that can be chosen.
#[derive(Args, Clone, Default)]
pub(super) struct Place {
    /// Time zone, such as Europe/Prague
    #[arg(long, value_name = "Z")]
    pub(super) zone: Option<String>,
    /// Language of names in dates, such as de
    #[arg(long, value_name = "L")]
    pub(super) locale: Option<String>,
    /// The time that `now` tells, in ISO 8601, such as 2018-10-01T07:32:05Z
    #[arg(long, value_name = "INSTANT")]
    pub(super) now: Option<String>,
}

impl Place {
    /// This place, with what it leaves open taken from another.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            zone: self.zone.or_else(|| other.zone.clone()),
            locale: self.locale.or_else(|| other.locale.clone()),
            now: self.now.or_else(|| other.now.clone()),
        }
    }

    /// The environment of an evaluation here; UTC and English unless something else is said.
    pub(super) fn environment<'a>(
        &self,
        randomness: &'a dyn Randomness,
    ) -> anyhow::Result<Environment<'a>> {
        let now = match &self.now {
            Some(text) => Date::from_iso(text).ok_or_else(|| {
                anyhow!("now: {text:?} is not a time such as 2018-10-01T07:32:05Z")
            })?,
            None => Date::from_ms(Clock::system().now())?,
        };
        let mut environment = Environment::new(now, randomness);
        if let Some(name) = &self.zone {
            environment.zone = Zone::find(name)
                .ok_or_else(|| anyhow!("zone: {name:?} is not in the tz database"))?;
        }
        if let Some(id) = &self.locale {
            environment.locale =
                Locale::find(id).ok_or_else(|| anyhow!("locale: {id:?} is not known"))?;
        }
        Ok(environment)
    }
}

/// Random numbers of the operating system.
pub(super) struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn next(&self) -> u64 {
        u64::from_le_bytes(Random::os().bytes())
    }
}

/// The roots in a file, or none.
pub(super) fn scope(file: Option<&Path>) -> anyhow::Result<Collection> {
    let Some(file) = file else { return Ok(Collection::default()) };
    Value::scope_from_json(&read(file)?).map_err(|cause| anyhow!("{}: {cause}", file.display()))
}

/// The text of a file.
pub(super) fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
