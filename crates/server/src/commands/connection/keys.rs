use halyard_platform::random::Random;

use crate::{automation::tools::Tools, commands::print};

/// Makes a new key and encrypts every connection with it.
pub(super) async fn rotate(tools: &Tools) -> anyhow::Result<()> {
    // What cannot be read now could not be read with fewer keys either.
    for listed in tools.store.list(None).await? {
        tools.store.load(listed.about.workspace, &listed.about.name).await?;
    }
    let needed = tools.store.keys_in_use().await?;
    let id = tools.keys.renew(&Random::os(), &needed)?;
    let done = tools.store.rotate().await?;
    print(&format!(
        "key {id} is in force; {done} connections were encrypted again. {} holds it: keep a copy \
         elsewhere",
        tools.keys.path().display()
    ));
    Ok(())
}
