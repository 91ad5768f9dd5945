//! How many tokens sign-ins leave behind. Programs sign in as often as they like, some of them for
//! every call, and none of them ends its token.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
};

use halyard_platform::{
    clock::Millis,
    db::{Error, Tx},
    params,
};

use crate::{Principal, TokenKind, UserId};

const DAY: Millis = 86_400_000;
/// How long a login token lives without being used, in days.
pub const UNUSED_LOGIN_DAYS: i64 = 180;
/// Login tokens of one person that live that long, the newest ones.
pub const LOGIN_TOKENS: i64 = 50;
/// How long the others live without being used, in days.
pub const SURPLUS_LOGIN_DAYS: i64 = 7;
/// Login tokens of one person at most.
pub const MOST_LOGIN_TOKENS: i64 = 1000;
/// Tokens whose use is remembered for a day; more are noted more than once.
const REMEMBERED: usize = 100_000;

/// Which login tokens were used, until somebody writes it down. A request only remembers a number.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    noted: Arc<Mutex<Noted>>,
}

#[derive(Debug, Default)]
struct Noted {
    day: i64,
    today: HashSet<i64>,
    waiting: Vec<i64>,
}

impl Uses {
    /// Notes that somebody has used their token; other tokens than those of logins do not matter.
    pub fn note(&self, principal: &Principal, now: Millis) {
        if principal.kind != TokenKind::Login {
            return;
        }
        let mut noted = self.noted();
        let day = now.div_euclid(DAY);
        if noted.day != day || noted.today.len() >= REMEMBERED {
            noted.day = day;
            noted.today.clear();
        }
        if noted.today.insert(principal.token) {
            noted.waiting.push(principal.token);
        }
    }

    /// What was used and is not written down.
    pub fn take(&self) -> Vec<i64> {
        std::mem::take(&mut self.noted().waiting)
    }

    /// Takes back what could not be written down.
    pub fn put_back(&self, tokens: Vec<i64>) {
        self.noted().waiting.extend(tokens);
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Writes down that these were used.
///
/// # Errors
/// Those of the store.
pub fn write_uses(tx: &mut Tx<'_>, tokens: &[i64], now: Millis) -> Result<(), Error> {
    if tokens.is_empty() {
        return Ok(());
    }
    let tokens = serde_json::Value::from(tokens).to_string();
    tx.exec("update token set used_at = $2 where id in {ids $1}", params![&tokens, now])?;
    Ok(())
}

/// Makes room for one more login token of a person.
pub(crate) fn make_room(tx: &mut Tx<'_>, user: UserId, now: Millis) -> Result<(), Error> {
    let kind = TokenKind::Login.stored();
    tx.exec(
        "delete from token
         where user_id = $1 and kind = $2 and coalesce(used_at, created_at) < $3
             and id not in (select id from token where user_id = $1 and kind = $2
                 order by id desc limit $4)",
        params![user, kind, now - SURPLUS_LOGIN_DAYS * DAY, LOGIN_TOKENS - 1],
    )?;
    tx.exec(
        "delete from token
         where user_id = $1 and kind = $2
             and id not in (select id from token where user_id = $1 and kind = $2
                 order by coalesce(used_at, created_at) desc, id desc limit $3)",
        params![user, kind, MOST_LOGIN_TOKENS - 1],
    )?;
    Ok(())
}

/// Ends login tokens that nobody has used for [`UNUSED_LOGIN_DAYS`].
pub(crate) fn sweep(tx: &mut Tx<'_>, now: Millis) -> Result<u64, Error> {
    // Of those from before their use was noted nobody knows: their time begins now.
    tx.exec(
        "update token set used_at = $1 where kind = 'login' and used_at is null",
        params![now],
    )?;
    tx.exec(
        "delete from token where kind = 'login' and used_at <= $1",
        params![now - UNUSED_LOGIN_DAYS * DAY],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scopes;

    #[test]
    fn a_use_is_noted_once_a_day() {
        let uses = Uses::default();
        let principal =
            |token, kind| Principal { user: UserId(1), scopes: Scopes::ALL, token, kind };
        let (login, other) = (principal(7, TokenKind::Login), principal(8, TokenKind::Login));
        let personal = principal(9, TokenKind::Personal);
        for who in [&login, &login, &personal, &other] {
            uses.note(who, 5 * DAY);
        }
        assert_eq!(uses.take(), [7, 8]);
        uses.note(&login, 6 * DAY - 1);
        assert!(uses.take().is_empty());
        uses.note(&login, 6 * DAY);
        let taken = uses.take();
        assert_eq!(taken, [7]);
        uses.put_back(taken);
        assert_eq!(uses.take(), [7]);
    }
}
