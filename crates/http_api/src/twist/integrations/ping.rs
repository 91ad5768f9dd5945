use bytes::Bytes;
use halyard_identity::load_user;
use halyard_messaging::integration::{self, Kind};
use halyard_platform::outbound::{
    self, Limits, Method, Request, Take, Unencrypted,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::{Installed, Said};
use crate::twist::{
    call::{Call, DONE, json},
    endpoint::Reply,
    error::{Code, Error},
};

/// More than a pong needs.
const LONGEST: usize = 4096;

/// Asks once and at once: whoever sets an integration up waits for it. The answer is `pong`, as JSON
/// with `content` or as plain text.
pub(crate) async fn ping(call: Call, p: Installed) -> Reply {
    let (url, fields) = call
        .fetch(move |tx, actor| {
            let installation = integration::installation(tx, actor, p.id)?;
            let integration = integration::get(tx, actor, installation.integration)?;
            // A report is fetched, and is told nothing.
            let url = integration
                .url
                .filter(|_| integration.kind != Kind::Report)
                .ok_or_else(|| Error::invalid("id", "an integration with an address"))?;
            let user = load_user(tx, actor.user)?;
            let id = user.id.to_string();
            let fields = [("event_type", "ping"), ("user_id", &id), ("user_name", &user.name)];
            let mut form = form_urlencoded::Serializer::new(String::new());
            Ok((url, form.extend_pairs(fields).finish()))
        })
        .await?;
    let time = call.app.settings.hook_time;
    let url = outbound::url(&url).map_err(Error::internal)?;
    let mut request = Request::new(Method::POST, url);
    request.limits = Limits { head: time, whole: time };
    request.take = Take::Start(LONGEST);
    request.unencrypted = Unencrypted::Listed;
    request.body = Bytes::from(fields);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers.insert(CONTENT_TYPE, form);
    let no = |why: String| Error::new(Code::ArgumentInvalid).because(why);
    let answer = call
        .app
        .outbound
        .send(request)
        .await
        .map_err(|error| no(super::super::hooks::told(&error)))?;
    if !answer.status.is_success() {
        return Err(no(format!("the integration answered {}, not pong", answer.status.as_u16())));
    }
    let said = Said::read(&answer).map_err(no)?;
    if !said.content.trim().eq_ignore_ascii_case("pong") {
        return Err(no("the integration answered something other than pong".to_owned()));
    }
    json(&DONE)
}
