use std::collections::BTreeMap;

use halyard_messaging::{
    WorkspaceId,
    notification::{self, NotificationId},
};
use serde_json::Value;

use super::{
    call::{Call, DONE},
    dto::{NotificationSettings, Notifications},
    endpoint::Reply,
    error::Error,
    ids::Resolve,
    page,
};
use crate::{
    id_param,
    kit::params::{Kind, Object, Param, Problem, Raw},
    params,
};

id_param!(NotificationId);

/// The value of a setting: a flag in any spelling, or seconds.
pub(crate) struct SettingValue(i64);

const VALUE: Problem = Problem::Invalid { expected: "true, false or a number of seconds" };

impl SettingValue {
    fn of(value: &Value) -> Option<i64> {
        match value {
            Value::Bool(flag) => Some(i64::from(*flag)),
            Value::Number(number) => number.as_i64(),
            Value::String(text) => match text.trim() {
                word if word.eq_ignore_ascii_case("true") => Some(1),
                word if word.eq_ignore_ascii_case("false") => Some(0),
                digits => digits.parse().ok(),
            },
            _ => None,
        }
    }
}

impl Param for SettingValue {
    fn kind() -> Kind {
        Kind::Text
    }

    fn parse(raw: Raw) -> Result<Option<Self>, Problem> {
        let value = match raw {
            Raw::Json(value) => value,
            other => match other.text() {
                Some("") => return Ok(None),
                Some(text) => Value::from(text),
                None => return Err(VALUE),
            },
        };
        Self::of(&value).map(|value| Some(Self(value))).ok_or(VALUE)
    }
}

params! {
    /// How many to show.
    pub(crate) struct Get {
        /// How many, from 1 to 500; 20 when not given.
        limit: Option<i64>,
    }

    /// Names a notification.
    pub(crate) struct Named {
        /// The notification.
        #[names("notification_id", "id")]
        notification_id: NotificationId,
    }

    /// Names a workspace.
    pub(crate) struct InWorkspace {
        /// The workspace.
        #[names("workspace_id", "id")]
        workspace_id: WorkspaceId,
    }

    /// One change.
    pub(crate) struct Update {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// Name of the setting, for example `email_comments`.
        setting: String,
        /// `true`, `false` or a number of seconds.
        value: SettingValue,
    }

    /// Several changes.
    pub(crate) struct UpdateMany {
        /// The workspace.
        workspace_id: WorkspaceId,
        /// Names of settings with their new values.
        mapping: Object,
    }
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let limit = page::limit(p.limit, 20)?;
    call.read(move |tx, actor| {
        let (found, last_read) = notification::list(tx, actor, limit)?;
        Ok(Notifications::new(found, last_read))
    })
    .await
}

pub(crate) async fn mark_read(call: Call, p: Named) -> Reply {
    call.write(move |tx, actor| {
        notification::mark_read(tx, actor, p.notification_id)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn reset(call: Call, (): ()) -> Reply {
    call.write(move |tx, actor| {
        notification::reset(tx, actor)?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn settings(call: Call, p: InWorkspace) -> Reply {
    call.read(move |tx, actor| {
        let workspace = p.workspace_id.resolve(tx, actor)?;
        Ok(NotificationSettings(notification::load(tx, actor, workspace)?))
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    change(call, p.workspace_id, BTreeMap::from([(p.setting, p.value.0)])).await
}

pub(crate) async fn update_many(call: Call, p: UpdateMany) -> Reply {
    let changes = p.mapping.0.iter().map(|(name, value)| {
        let value = SettingValue::of(value);
        let wrong = || Error::invalid("mapping", "settings with true, false or seconds");
        Ok((name.clone(), value.ok_or_else(wrong)?))
    });
    let changes = changes.collect::<Result<_, Error>>()?;
    change(call, p.workspace_id, changes).await
}

async fn change(call: Call, id: WorkspaceId, changes: BTreeMap<String, i64>) -> Reply {
    call.write(move |tx, actor| {
        let workspace = id.resolve(tx, actor)?;
        notification::set(tx, actor, workspace, &changes)?;
        Ok(NotificationSettings(notification::load(tx, actor, workspace)?))
    })
    .await
}
