use halyard_platform::{clock::Millis, db::Tx, params};

use crate::Error;

const DAY: Millis = 24 * 60 * 60 * 1000;
/// How long an application that registered itself may wait for its first person, in days. Anybody
/// may register one, so unused ones must not pile up.
const UNUSED_DAYS: i64 = 30;

/// Removes codes a day after they could be used, what nobody has renewed for long, and applications that registered themselves and
/// that nobody has used.
pub fn sweep(tx: &mut Tx<'_>, now: Millis) -> Result<u64, Error> {
    let codes =
        tx.exec("delete from authorization_code where expires_at <= $1", params![now - DAY])?;
    let idle = super::refresh::sweep(tx, now)?;
    let unused = tx.exec(
        "delete from application
         where owner_id is null and created_at <= $1
             and not exists (select 1 from consent c where c.application_id = application.id)
             and not exists (select 1 from token t where t.application_id = application.id)
             and not exists (select 1 from oauth_grant g where g.application_id = application.id)
             and not exists
                 (select 1 from authorization_code c where c.application_id = application.id)",
        params![now - UNUSED_DAYS * DAY],
    )?;
    Ok(codes + idle + unused)
}
