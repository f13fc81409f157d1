//! A stand-in for Elasticsearch's bulk API.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{mapping::Mapping, strict_json};

/// What has been stored, and what was answered otherwise.
pub(crate) struct Books {
    mapping: Mapping,
    /// `message` by index and id: what has been stored.
    pub(crate) messages: HashMap<String, String>,
    /// The first documents whole.
    pub(crate) first: Vec<Value>,
    /// Documents that were there already.
    pub(crate) conflicts: usize,
    /// What was refused for good, and why; the documents of it, as they came.
    pub(crate) refused: Vec<(String, Value)>,
    /// Requests and items that were answered with 429 or 503.
    pub(crate) turned_away: usize,
    items: usize,
    /// A store from before Elasticsearch 7: with types, and ids of its own.
    is_older: bool,
}

impl Books {
    pub(crate) fn new(template: &Value) -> Books {
        Books {
            mapping: Mapping::of(template),
            messages: HashMap::new(),
            first: Vec::new(),
            conflicts: 0,
            refused: Vec::new(),
            turned_away: 0,
            items: 0,
            is_older: template["template"].is_string(),
        }
    }

    pub(crate) fn types(&self) -> &HashMap<String, &'static str> {
        self.mapping.learned()
    }

    /// The answer to a whole request; of its items, every `n`th is turned away with this status.
    pub(crate) fn answer(&mut self, body: &[u8], turn_away: Option<(usize, u16)>) -> (u16, Value) {
        let malformed = |reason: &str| {
            (
                400,
                json!({"error": {"type": "illegal_argument_exception", "reason": reason}, "status": 400}),
            )
        };
        if !body.ends_with(b"\n") {
            return malformed("The bulk request must be terminated by a newline [\\n]");
        }
        let mut lines = body.split(|&byte| byte == b'\n');
        let (mut items, mut has_errors) = (Vec::new(), false);
        while let Some(action) = lines.next().filter(|line| !line.is_empty()) {
            let Ok(action) = strict_json::parse(action) else {
                return malformed("Malformed action/metadata line");
            };
            let (operation, meta) = if self.is_older {
                ("index", &action["index"])
            } else {
                ("create", &action["create"])
            };
            // Where no id is given, the store makes one.
            let made = format!("made-{}", self.items);
            let id = meta["_id"].as_str().or(self.is_older.then_some(made.as_str()));
            let (Some(index), Some(id)) = (meta["_index"].as_str(), id) else {
                return malformed("only create with _index and _id is for exactly once");
            };
            if meta["_type"].is_string() != self.is_older || id.is_empty() || id.len() > 512 {
                return malformed("_type, or an id of no or too many bytes");
            }
            let Some(document) = lines.next() else { return malformed("no document") };
            let answer = self.item(index, id, document, turn_away);
            has_errors |= answer["status"] != 201;
            items.push(json!({ operation: answer }));
        }
        (200, json!({"took": 1, "errors": has_errors, "items": items}))
    }

    fn item(
        &mut self,
        index: &str,
        id: &str,
        document: &[u8],
        turn_away: Option<(usize, u16)>,
    ) -> Value {
        let key = format!("{index}/{id}");
        self.items += 1;
        let (status, error) = match turn_away {
            Some((n, status)) if self.items.is_multiple_of(n) => {
                self.turned_away += 1;
                let kind = if status == 403 {
                    "security_exception"
                } else {
                    "es_rejected_execution_exception"
                };
                (status, Some((kind, "busy".to_owned())))
            }
            _ if self.messages.contains_key(&key) => {
                self.conflicts += 1;
                (409, Some(("version_conflict_engine_exception", "it exists".to_owned())))
            }
            _ => match self.store(key, document) {
                Ok(()) => (201, None),
                Err(reason) => (400, Some(("document_parsing_exception", reason))),
            },
        };
        let mut answer = json!({"_index": index, "_id": id, "status": status});
        if let Some((kind, reason)) = error {
            answer["error"] = json!({"type": kind, "reason": reason});
        }
        answer
    }

    fn store(&mut self, key: String, document: &[u8]) -> Result<(), String> {
        let parsed = strict_json::parse(document);
        let lossy = || Value::from(String::from_utf8_lossy(document).into_owned());
        let document = parsed.inspect_err(|reason| {
            self.refused.push((reason.clone(), lossy()));
        })?;
        self.mapping.take(&document).inspect_err(|reason| {
            self.refused.push((reason.clone(), document.clone()));
        })?;
        let message = document["message"].as_str().unwrap_or_default().to_owned();
        self.messages.insert(key, message);
        if self.first.len() < 100 {
            self.first.push(document);
        }
        Ok(())
    }
}
