//! One bulk request to whichever node of the store answers.

use std::{path::Path, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;
use ureq::{Agent, tls::RootCerts};

use crate::http;

/// The nodes of a store, and how to speak to them.
#[derive(Debug)]
pub(super) struct Store {
    agent: Agent,
    nodes: Vec<String>,
    authorization: Option<String>,
}

/// What a store says to a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// Every item was stored.
    AllStored,
    /// What became of each item, in order.
    Items(Vec<Item>),
    /// The request is too long, or malformed somewhere: 413, or 400 with this error.
    Refused(u16, String),
    /// Nothing that says what became of it: ask again.
    Unclear(String),
}

#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) status: u16,
    pub(super) error: Option<Box<RawValue>>,
}

impl Item {
    /// Whether the cause is the store and not the document: the store is too busy, creates no index
    /// because its disks are nearly full, or does not allow this user to create any.
    pub(super) fn is_turned_away(&self) -> bool {
        let says = |words| self.error.as_ref().is_some_and(|error| error.get().contains(words));
        match self.status {
            429 | 500.. => true,
            401 | 403 => says("security_exception") || says("create-index blocked"),
            _ => false,
        }
    }

    /// The name of its error.
    pub(super) fn kind(&self) -> String {
        #[derive(Deserialize)]
        struct Kind {
            r#type: String,
        }
        let error = self.error.as_ref().map_or("null", |error| error.get());
        serde_json::from_str::<Kind>(error).map_or_else(|_| error.to_owned(), |kind| kind.r#type)
    }
}

impl Store {
    /// Of these URLs; certificates must be by an authority in this file, or else by one that the
    /// system trusts.
    pub(super) fn new(
        urls: &[String],
        user: Option<(&str, &str)>,
        ca_file: Option<&Path>,
    ) -> Result<Store, String> {
        let nodes = urls.iter().map(|url| node(url)).collect::<Result<_, _>>()?;
        let roots = ca_file.map_or(Ok(RootCerts::PlatformVerifier), authorities)?;
        let agent = http::agent(roots)
            .http_status_as_error(false)
            .max_redirects(0)
            // As many as there can be posters.
            .max_idle_connections_per_host(64)
            .max_idle_connections(256)
            .timeout_connect(Some(Duration::from_secs(5)))
            // A store that takes a request and never answers is asked again.
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .new_agent();
        let authorization = user.map(|(user, password)| {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
        });
        Ok(Store { agent, nodes, authorization })
    }

    pub(super) fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// Asks the node of this number, counted around.
    pub(super) fn bulk(&self, node: usize, body: &[u8]) -> Answer {
        let node = &self.nodes[node % self.nodes.len()];
        let url = format!("{node}/_bulk?filter_path=errors,items.*.status,items.*.error");
        let request = self.agent.post(&url).header("content-type", "application/x-ndjson");
        let answer = self.authorized(request).send(body).and_then(|mut response| {
            let body = response.body_mut().with_config().limit(256 << 20).read_to_vec()?;
            Ok((response.status().as_u16(), body))
        });
        match answer {
            Ok((status, body)) => judge(node, status, &body),
            Err(error) => Answer::Unclear(format!("{node} does not answer: {error}")),
        }
    }

    /// Whether a node answers and knows the user.
    pub(super) fn greet(&self) -> Result<(), String> {
        let mut reason = String::new();
        for node in &self.nodes {
            reason = match self.authorized(self.agent.get(node)).call() {
                // Any other answer, such as 403 for a user who may only create documents, shows that it is there.
                Ok(answer) => match answer.status().as_u16() {
                    status @ (401 | 429 | 500..) => format!("{node} answers {status}"),
                    _ => return Ok(()),
                },
                Err(error) => format!("{node} does not answer: {error}"),
            };
        }
        Err(reason)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        }
    }
}

fn judge(node: &str, status: u16, body: &[u8]) -> Answer {
    #[derive(Deserialize)]
    struct Bulk {
        errors: bool,
        #[serde(default)]
        items: Vec<Create>,
    }
    #[derive(Deserialize)]
    struct Create {
        create: Item,
    }
    #[derive(Deserialize)]
    struct Failure {
        error: Box<RawValue>,
    }
    let unclear = || {
        let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
        Answer::Unclear(format!("{node} answers {status}: {}", text.trim().replace('\n', " ")))
    };
    match status {
        200 => match serde_json::from_slice::<Bulk>(body) {
            Ok(bulk) if !bulk.errors => Answer::AllStored,
            Ok(bulk) => Answer::Items(bulk.items.into_iter().map(|item| item.create).collect()),
            Err(_) => unclear(),
        },
        413 => Answer::Refused(413, "\"the request is too long\"".to_owned()),
        // A proxy's 400 says nothing about a document: only the store's own error does.
        400 => match serde_json::from_slice::<Failure>(body) {
            Ok(failure) => Answer::Refused(400, failure.error.get().to_owned()),
            Err(_) => unclear(),
        },
        _ => unclear(),
    }
}

fn node(url: &str) -> Result<String, String> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match host {
        Some(host) if host.contains('@') => Err(format!(
            "invalid store {url:?}: expected no user in the URL, but --user and the variable \
             CENTRAL_STORE_PASSWORD"
        )),
        Some(host) if !host.is_empty() => Ok(url.trim_end_matches('/').to_owned()),
        _ => Err(format!("invalid store {url:?}: expected http://HOST:PORT or https://HOST:PORT")),
    }
}

fn authorities(path: &Path) -> Result<RootCerts, String> {
    let text = std::fs::read(path)
        .map_err(|error| format!("cannot read CA file {}: {error}", path.display()))?;
    let certificates: Vec<_> = ureq::tls::parse_pem(&text)
        .filter_map(|item| match item {
            Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => Err(format!("invalid CA file {}: expected PEM certificates", path.display())),
        false => Ok(certificates.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bulk_answers_count_as_answers() {
        let said = |status, body: &str| format!("{:?}", judge("n", status, body.as_bytes()));
        assert_eq!(said(200, r#"{"errors":false}"#), "AllStored");
        let items = r#"{"errors":true,"items":[{"create":{"status":201}},{"create":{"status":429,"error":{"type":"x"}}}]}"#;
        assert!(said(200, items).contains("status: 429"), "{}", said(200, items));
        assert!(said(400, r#"{"error":{"type":"x"},"status":400}"#).starts_with("Refused(400"));
        assert!(said(413, "").starts_with("Refused(413"));
        for (status, body) in [
            (200, "<html>welcome</html>"),
            (400, "<html>plain HTTP to an HTTPS port</html>"),
            (401, "{\"error\":{}}"),
            (429, "{\"error\":{}}"),
            (502, "<html>"),
        ] {
            assert!(said(status, body).starts_with("Unclear"), "{}", said(status, body));
        }
    }

    /// What Elasticsearch 8.19 and OpenSearch 3.8 say, shortened.
    #[test]
    fn a_document_is_not_blamed_for_what_the_store_is_like() {
        let item = |status, error: &str| Item {
            status,
            error: Some(RawValue::from_string(error.to_owned()).unwrap()),
        };
        let role = r#"{"type":"security_exception","reason":"action [indices:admin/auto_create] is unauthorized for user [central]"}"#;
        let disk = r#"{"type":"cluster_block_exception","reason":"blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];"}"#;
        let read_only = r#"{"type":"cluster_block_exception","reason":"index [syslog-2026.01.01] blocked by: [FORBIDDEN/8/index write (api)];"}"#;
        assert!(item(403, role).is_turned_away() && item(403, disk).is_turned_away());
        assert!(item(429, "null").is_turned_away() && item(503, read_only).is_turned_away());
        assert!(!item(403, read_only).is_turned_away() && !item(400, role).is_turned_away());
        assert_eq!(item(403, role).kind(), "security_exception");
    }

    #[test]
    fn a_store_is_an_http_url_without_a_user() {
        assert_eq!(node("http://a:9200/").unwrap(), "http://a:9200");
        for url in ["a:9200", "http://", "ftp://a", "https://u:p@a"] {
            assert!(node(url).unwrap_err().starts_with("invalid store"), "{url}");
        }
    }
}
