//! Builds the bytes of a request once, so that sending it is a single write.

use bytes::Bytes;

/// A request as the load generator sends it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// HTTP method, upper case.
    pub method: &'static str,
    /// Path and query, from the first slash on.
    pub path: String,
    /// Bearer token; no `Authorization` header without one.
    pub token: Option<String>,
    /// JSON body; none is sent as a request without a body.
    pub body: Option<String>,
}

impl Request {
    /// A request without token and body.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), ..Self::default() }
    }

    /// The request in HTTP/1.1, keeping the connection open.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: halyard-bench\r\nAccept: */*\r\n",
            self.method, self.path
        );
        if let Some(token) = &self.token {
            text.push_str("Authorization: Bearer ");
            text.push_str(token);
            text.push_str("\r\n");
        }
        // A POST without a body states its length too: some servers answer 411 otherwise.
        if self.body.is_some() || self.method != "GET" {
            let body = self.body.as_deref().unwrap_or_default();
            text.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ));
        } else {
            text.push_str("\r\n");
        }
        Bytes::from(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_get_ends_after_its_head() {
        assert_eq!(
            Request::get("/readyz").encode(),
            "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: halyard-bench\r\n\
             Accept: */*\r\n\r\n"
        );
    }

    #[test]
    fn a_post_carries_token_and_length_in_bytes() {
        let request = Request {
            method: "POST",
            path: "/api/v3/comments/add".into(),
            token: Some("t0ken".into()),
            body: Some("{\"content\":\"é\"}".into()),
        };
        let encoded = String::from_utf8(request.encode().to_vec()).unwrap();
        assert!(encoded.contains("\r\nAuthorization: Bearer t0ken\r\n"), "{encoded}");
        assert!(encoded.contains("\r\nContent-Length: 16\r\n"), "{encoded}");
        assert!(encoded.ends_with("\r\n\r\n{\"content\":\"é\"}"), "{encoded}");
    }
}
