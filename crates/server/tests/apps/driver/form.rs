use halyard_automation::apps::{
    form::{self, Rules},
    parameter::Field,
};
use halyard_iml::{Value as Iml, Zone};
use serde_json::Value;

use super::iml;

/// What a form makes of an input; all the words with which it refuses it otherwise.
pub(super) fn input(fields: &[Field], given: &Value) -> Result<Iml, String> {
    let zone = Zone::utc();
    form::input(fields, &iml(given), &Rules::new(&zone)).map_err(|invalid| {
        let words = invalid.iter().map(|one| format!("{}: {}", one.path, one.message));
        words.collect::<Vec<_>>().join("; ")
    })
}
