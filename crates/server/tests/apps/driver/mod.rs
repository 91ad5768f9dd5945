//! Runs the modules of an app and writes what happened to `conformance/apps.<app>.tsv`.
//!
//! An app's test makes a [`Service`], loads a [`Driver`] with it, and gives it [`Case`]s:
//!
//! ```text
//! let mut driver = Driver::load("twist", service).await;
//! driver.run(cases).await;
//! driver.conclude();
//! ```

mod call;
mod case;
mod checks;
mod faults;
mod folder;
mod form;
mod names;
mod options;
mod table;

pub(crate) use call::{Driver, iml, plain};
pub(crate) use case::Case;
pub(crate) use checks::check_failure;
pub(crate) use faults::Fault;
use faults::FaultServer;
pub(crate) use folder::read as read_folder;
pub(crate) use names::{Names, matches};
use table::Table;

use serde_json::Value;

/// The service that an app is called against.
pub(crate) struct Service {
    /// Where it is.
    pub(crate) base_url: String,
    /// What `connection` is: parameters and saved data. `baseUrl` is added.
    pub(crate) connection: Value,
    /// What cases can name: `$thread.id` is the `id` of what is called `thread` here.
    pub(crate) names: Names,
    /// What every look-up is given.
    pub(crate) look_up: Value,
    /// How the service fails.
    pub(crate) faults: Vec<Fault>,
}
