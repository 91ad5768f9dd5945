//! The calls of OAuth 2, which are no calls of the Twist API: other addresses, other errors.

use serde_json::{Map, Value, json};

use super::schemas::reference;

const TAG: &str = "oauth";

/// Entries of `paths`.
pub(super) fn paths() -> Vec<(&'static str, Value)> {
    let token = exchange("oauth_token", "Gives a token for a code, or renews one (RFC 6749).");
    let legacy = exchange("oauth_access_token", "The same as `/oauth/token`, by its older name.");
    vec![
        ("/oauth/authorize", json!({"get": authorize()})),
        ("/oauth/token", json!({"post": token})),
        ("/oauth/access_token", json!({"post": legacy})),
        ("/oauth/revoke", json!({"post": revoke()})),
        ("/oauth/register", json!({"post": register()})),
        (
            "/.well-known/oauth-authorization-server",
            json!({"get": metadata(
                "oauth_authorization_server",
                "Names the addresses and abilities of the authorization server (RFC 8414).",
                "OAuthServer",
            )}),
        ),
        (
            "/.well-known/oauth-protected-resource",
            json!({"get": metadata(
                "oauth_protected_resource",
                "Names the authorization server of this API (RFC 9728).",
                "OAuthResource",
            )}),
        ),
    ]
}

/// The security scheme of programs that send their secret in a header.
pub(super) fn client_scheme() -> Value {
    json!({
        "type": "http",
        "scheme": "basic",
        "description": "The `client_id` and `client_secret` of a program.",
    })
}

fn operation(id: &str, summary: &str, description: &str, answer: &Value) -> Value {
    json!({
        "operationId": id,
        "tags": [TAG],
        "summary": summary,
        "description": format!("{summary}\n\n{description}"),
        "security": [],
        "parameters": [],
        "responses": {"200": answer, "default": {"$ref": "#/components/responses/OAuthError"}},
    })
}

fn answer(description: &str, schema: &str) -> Value {
    json!({
        "description": description,
        "content": {"application/json": {"schema": reference(schema)}},
    })
}

fn takes(kinds: &[&str], schema: &str) -> Value {
    let media = json!({"schema": reference(schema)});
    let content: Map<String, Value> =
        kinds.iter().map(|kind| ((*kind).to_owned(), media.clone())).collect();
    json!({"required": true, "content": content})
}

fn authorize() -> Value {
    let page = json!({
        "description": "A page on which the person signs in and decides.",
        "content": {"text/html": {"schema": {"type": "string"}}},
    });
    let mut operation = operation(
        "oauth_authorize",
        "Asks a person whether a program may act for them.",
        "A browser is sent here. When the person agrees it goes on to `redirect_uri` with `code` \
         and `state`, otherwise with `error`, `error_description` and `state`.",
        &page,
    );
    let parameter = |name: &str, required: bool, description: &str| {
        json!({
            "name": name, "in": "query", "required": required, "description": description,
            "schema": {"type": "string"},
        })
    };
    let mut response_type =
        parameter("response_type", false, "The only way of answering that there is.");
    response_type["schema"] = json!({"type": "string", "enum": ["code"]});
    let mut method = parameter("code_challenge_method", false, "Needed with `code_challenge`.");
    method["schema"] = json!({"type": "string", "enum": ["S256"]});
    operation["parameters"] = json!([
        parameter("client_id", true, "The program, or the address of its metadata document."),
        parameter(
            "redirect_uri",
            false,
            "Where the answer goes; needed when several are registered."
        ),
        response_type,
        parameter("scope", true, "Names of scopes, separated by blanks or commas."),
        parameter("state", false, "Comes back unchanged; at most 2,000 bytes."),
        parameter("code_challenge", false, "The challenge of PKCE (RFC 7636)."),
        method,
    ]);
    operation["responses"]["302"] =
        json!({"description": "Back to the program, with a code or an error."});
    operation
}

fn exchange(id: &str, summary: &str) -> Value {
    let mut operation = operation(
        id,
        summary,
        "A token lasts until it is revoked, unless the program has registered with the grant type \
         `refresh_token`: then it expires, and comes with a refresh token. That one works once and \
         gives the next; when it comes again later, everything from the same authorization ends. A \
         code can be used once.",
        &answer("The token.", "OAuthToken"),
    );
    operation["security"] = json!([{"client": []}, {}]);
    let form = "application/x-www-form-urlencoded";
    operation["requestBody"] = takes(&[form, "application/json"], "OAuthExchange");
    operation
}

fn revoke() -> Value {
    let mut operation = operation(
        "oauth_revoke",
        "Ends a token of the program that asks (RFC 7009).",
        "A token that the program does not have counts as ended.",
        &answer("It is ended.", "Done"),
    );
    operation["security"] = json!([{"client": []}, {}]);
    let form = "application/x-www-form-urlencoded";
    operation["requestBody"] = takes(&[form, "application/json"], "OAuthEnding");
    operation
}

fn register() -> Value {
    let mut operation = operation(
        "oauth_register",
        "Makes a program known (RFC 7591).",
        "Gives no right to anything: people decide. Unknown keys are ignored.",
        &Value::Null,
    );
    operation["responses"] = json!({
        "201": answer("The program, with its secret, this once.", "OAuthClient"),
        "default": {"$ref": "#/components/responses/OAuthError"},
    });
    operation["requestBody"] = takes(&["application/json"], "OAuthRegistration");
    operation
}

fn metadata(id: &str, summary: &str, schema: &str) -> Value {
    operation(
        id,
        summary,
        "Anybody may read it, pages of other sites too.",
        &answer("The document.", schema),
    )
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description})
}

fn object(description: &str, required: &[&str], properties: &Value) -> Value {
    json!({
        "type": "object", "description": description, "required": required,
        "properties": properties,
    })
}

/// What these calls take and answer.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let client = json!({
        "client_name": text("Its name for people."),
        "client_uri": text("Its home page."),
        "redirect_uris": texts("Where codes may be sent."),
        "grant_types": texts("`authorization_code`, and `refresh_token` if tokens are to expire and be renewed."),
        "response_types": texts("Only `code`."),
        "token_endpoint_auth_method": {
            "type": "string", "enum": ["client_secret_basic", "client_secret_post", "none"],
            "description": "How it shows who it is.",
        },
        "scope": text("The scopes that it may ask for; all when there is none."),
    });
    let mut known = client.clone();
    known["client_id"] = text("The id of the program.");
    known["client_secret"] = text("Its secret; missing for a program that can keep none.");
    known["client_secret_expires_at"] =
        json!({"type": "integer", "description": "Always 0: it does not expire."});
    known["client_id_issued_at"] =
        json!({"type": "integer", "description": "When it was registered, in Unix seconds."});
    [
        (
            "OAuthExchange",
            object(
                "What `/oauth/token` takes.",
                &[],
                &json!({
                    "grant_type": {"type": "string",
                        "enum": ["authorization_code", "refresh_token"],
                        "description": "What the token is given for; a code when it is missing."},
                    "code": text("The code that came back to `redirect_uri`."),
                    "refresh_token": text("What came with the token before."),
                    "scope": text("With a refresh token: which of its scopes the next token is to have."),
                    "redirect_uri": text("The address of the request, if it named one."),
                    "code_verifier": text("The verifier of PKCE."),
                    "client_id": text("The program, unless it is in the header."),
                    "client_secret": text("Its secret, unless it is in the header."),
                }),
            ),
        ),
        (
            "OAuthToken",
            object(
                "A token that a program has got.",
                &["access_token", "token_type", "scope"],
                &json!({
                    "access_token": text("The token; its prefix belongs to it."),
                    "token_type": {"type": "string", "enum": ["Bearer"], "description": "Its kind."},
                    "scope": text("What it covers, as the program asked for it."),
                    "expires_in": {"type": "integer",
                        "description": "How long it lives, in seconds; missing when it does not expire."},
                    "refresh_token": text("What renews it; missing when it does not expire."),
                }),
            ),
        ),
        (
            "OAuthEnding",
            object(
                "What `/oauth/revoke` takes.",
                &["token"],
                &json!({
                    "token": text("The token that ends, or the refresh token; the other one ends with it."),
                    "client_id": text("The program, unless it is in the header."),
                    "client_secret": text("Its secret, unless it is in the header."),
                }),
            ),
        ),
        (
            "OAuthRegistration",
            object("What `/oauth/register` takes.", &["redirect_uris"], &client),
        ),
        (
            "OAuthClient",
            object(
                "A program that has registered itself.",
                &[
                    "client_id",
                    "client_id_issued_at",
                    "client_name",
                    "redirect_uris",
                    "grant_types",
                    "response_types",
                    "token_endpoint_auth_method",
                ],
                &known,
            ),
        ),
        ("OAuthServer", server()),
        ("OAuthResource", resource()),
        ("OAuthError", error()),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .to_vec()
}

fn server() -> Value {
    let properties = json!({
        "issuer": text("The address of this server."),
        "authorization_endpoint": text("Where people are sent."),
        "token_endpoint": text("Where codes are exchanged."),
        "revocation_endpoint": text("Where tokens end."),
        "registration_endpoint": text("Where programs register themselves."),
        "scopes_supported": texts("All scopes."),
        "response_types_supported": texts("Only `code`."),
        "response_modes_supported": texts("Only `query`."),
        "grant_types_supported": texts("`authorization_code` and `refresh_token`."),
        "code_challenge_methods_supported": texts("Only `S256`."),
        "client_id_metadata_document_supported":
            {"type": "boolean", "description": "Whether an address may be a `client_id`."},
        "token_endpoint_auth_methods_supported": texts("How programs show who they are."),
        "revocation_endpoint_auth_methods_supported": texts("The same where tokens end."),
        "service_documentation": text("The page that describes this API."),
    });
    object("What the authorization server can do.", &["issuer"], &properties)
}

fn resource() -> Value {
    let properties = json!({
        "resource": text("The address that was asked about."),
        "authorization_servers": texts("This server."),
        "scopes_supported": texts("All scopes."),
        "bearer_methods_supported": texts("Where a token may be: `header` or `query`."),
        "resource_name": text("The name of this program."),
        "resource_documentation": text("The page that describes this API."),
    });
    object("What a client must know to call this API.", &["resource"], &properties)
}

/// Errors in the shape of the vendor and that of the standard at once.
fn error() -> Value {
    let properties = json!({
        "error": text("The vendor's name of the error, or the standard's at the registration."),
        "error_message": text("The standard's name, and the reason in English."),
        "error_description": text("The same."),
        "error_code": {"type": "integer", "description": "One of the table above."},
        "error_string": text("The same as the description."),
        "error_extra": {"type": "object", "description": "Always empty."},
        "error_uuid": text("The log of the server shows it beside an internal error."),
    });
    let names = [
        "error",
        "error_message",
        "error_description",
        "error_code",
        "error_string",
        "error_extra",
        "error_uuid",
    ];
    object("Why a call of OAuth failed.", &names, &properties)
}

/// The response of every failure here.
pub(super) fn error_response() -> Value {
    answer("The call failed.", "OAuthError")
}
