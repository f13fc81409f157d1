//! Whether a stored record is what was logged, and nothing else.

use std::collections::BTreeMap;

use logship::Format;
use serde_json::Value;

use super::places::Seen;
use crate::support::Record;

/// A stored record, whichever server and format it went through.
#[derive(Debug)]
pub(super) struct View {
    pub(super) pri: String,
    pub(super) hostname: String,
    pub(super) app_name: String,
    pub(super) procid: String,
    pub(super) msgid: String,
    pub(super) text: String,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) span: BTreeMap<String, String>,
}

impl View {
    pub(super) fn of_rsyslog(line: &[u8], format: Format) -> View {
        let record = Record::parse(line);
        let mut view = View {
            pri: record.pri,
            hostname: record.hostname,
            app_name: record.app_name,
            procid: record.procid,
            msgid: record.msgid,
            text: record.msg,
            fields: texts(&record.sd["fields@32473"]),
            span: texts(&record.sd["span@32473"]),
        };
        if format == Format::Rfc3164 {
            // The blank behind the tag is a part of the text for it.
            view.text = view.text.strip_prefix(' ').unwrap_or(&view.text).to_owned();
        }
        if is_json(format) {
            let is_ecs = format == Format::Ecs;
            let text = if is_ecs { "message" } else { "msg" };
            view.text = record.cee[text].as_str().unwrap_or_default().to_owned();
            view.fields = texts(&record.cee["fields"]);
            let target = if is_ecs { &record.cee["log"]["logger"] } else { &record.cee["target"] };
            view.fields.insert(APART.to_owned() + "target", text_of(target));
            // An error has names of its own there; what it says stands under two of them.
            if let Some(error) = record.cee["error"]["message"].as_str() {
                view.fields.insert("value".to_owned(), error.to_owned());
            }
            view.span = texts(&record.cee["spans"]);
            let names = record.cee["spans"]["names"].as_array().into_iter().flatten();
            let names: Vec<String> = names.map(text_of).collect();
            view.span.remove("names");
            view.span.insert(APART.to_owned() + "spans", names.join(":"));
        }
        view
    }

    pub(super) fn of_syslog_ng(line: &[u8]) -> View {
        let value = crate::support::parse_syslog_ng(line);
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let params = |id: &str| {
            let prefix = format!("_SDATA.{id}.");
            let named = |(name, text): (String, String)| {
                name.strip_prefix(&prefix).map(|name| (name.to_owned(), text))
            };
            texts(&value).into_iter().filter_map(named).collect()
        };
        View {
            pri: text("pri"),
            hostname: text("hostname"),
            app_name: text("app_name"),
            procid: text("procid"),
            // It keeps a NILVALUE as nothing.
            msgid: Some(text("msgid")).filter(|id| !id.is_empty()).unwrap_or("-".to_owned()),
            text: text("msg"),
            fields: params("fields@32473"),
            span: params("span@32473"),
        }
    }

    pub(super) fn of_message(message: &logship_collector::Message) -> View {
        let field = |field: &Option<String>| field.clone().unwrap_or("-".to_owned());
        let params = |id: &str| {
            message
                .element(id)
                .into_iter()
                .flat_map(|element| element.params.iter().cloned())
                .collect()
        };
        View {
            pri: message.prival().to_string(),
            hostname: field(&message.hostname),
            app_name: field(&message.app_name),
            procid: field(&message.procid),
            msgid: field(&message.msgid),
            text: message.text.clone().unwrap_or_default(),
            fields: params("fields@32473"),
            span: params("span@32473"),
        }
    }

    /// What is wrong with a record that nothing should be wrong with.
    pub(super) fn sentinel(&self, format: Format, n: usize) -> Option<String> {
        self.header(format).or_else(|| {
            let is_it = match format {
                Format::Rfc5424 | Format::Cee | Format::Ecs => {
                    self.is_case(n) && self.fields["after"] == "sentinel"
                }
                _ => {
                    self.text.trim_start()
                        == format!("target=\"guard\" case=\"{n}\" after=\"sentinel\"")
                }
            };
            (!is_it).then(|| format!("no sentinel {n}: {self:?}"))
        })
    }

    /// What is wrong with the record of the case `n`.
    pub(super) fn case(&self, format: Format, n: usize, seen: Seen, said: &str) -> Option<String> {
        let wrong = self.header(format).or_else(|| match format {
            Format::Rfc5424 | Format::Cee | Format::Ecs => self.structured(format, n, seen, said),
            _ => self.old(n, seen, said),
        });
        wrong.map(|wrong| format!("{wrong}: {:.600}", format!("{self:?}")))
    }

    fn header(&self, format: Format) -> Option<String> {
        let header = [&self.pri, &self.hostname, &self.app_name, &self.procid];
        if header != ["14", "client.example", "shop", "4711"] {
            return Some(format!("the header is {header:?}: {self:?}"));
        }
        let has_msgid = format == Format::Rfc5424 || is_json(format);
        let is_msgid = (1..=32).contains(&self.msgid.len())
            && self.msgid.bytes().all(|byte| byte.is_ascii_graphic());
        (has_msgid && !is_msgid).then(|| format!("the MSGID is {:?}", self.msgid))
    }

    fn is_case(&self, n: usize) -> bool {
        self.fields.get("case").is_some_and(|case| *case == n.to_string())
    }

    fn structured(&self, format: Format, n: usize, seen: Seen, said: &str) -> Option<String> {
        let is_intact = |name| self.fields.get(name).is_some_and(|after| after == "intact");
        if !self.is_case(n) || !(is_intact("after") || is_intact("after_2")) {
            return Some(format!("not the fields of case {n}"));
        }
        let shown = if is_json(format) { said.replace('\0', "#000") } else { harmless(said) };
        // An escape of JSON takes up to three times what it stands for.
        let agrees = |seen: &str, said: &str, least: usize| match format {
            Format::Cee | Format::Ecs => agrees(seen, said, least / 3),
            _ => agrees(seen, said, least),
        };
        let field = |name: &str| self.fields.get(name).map_or("", String::as_str);
        let apart = if is_json(format) { APART } else { "" }.to_owned();
        let spans = self.span.get(&(apart + "spans")).map_or("", String::as_str);
        let inner = |name: &str| self.span.get(name).map_or("", String::as_str);
        // The number of fields that had no room, and the target, put there above.
        let own = if is_json(format) { 2 } else { 1 };
        let named = |fields: &BTreeMap<String, String>| {
            let mut such = fields.iter().filter(|(_, value)| *value == "v");
            let is_it = |(name, _): (&String, &String)| is_name(name, said);
            such.next().is_some_and(is_it) && such.next().is_none()
        };
        let (is_right, count) = match seen {
            // Without a text the fields are the text.
            Seen::Text if said.is_empty() => (self.text.contains("after=intact"), 2),
            Seen::Text if is_json(format) => (agrees(&self.text, &shown, 4_000), 2),
            Seen::Text => (agrees(&self.text, &as_text(said), 4_000), 2),
            Seen::Value => (agrees(field("value"), &shown, 950), 3),
            Seen::Debugged if is_json(format) => {
                (agrees(field("value"), &format!("{said:?}"), 950), 3)
            }
            Seen::Debugged => (agrees(field("value"), &harmless(&format!("{said:?}")), 950), 3),
            // A field of that name is the text of a `tracing` event.
            Seen::Name if said == "message" && self.text == "v" => (true, 2),
            Seen::Name => (named(&self.fields), 3),
            Seen::SpanName => (agrees(spans, &shown, 450) && inner("inner") == "v", 2),
            Seen::SpanValue => (agrees(inner("inner"), &shown, 950) && spans == "s", 2),
            Seen::SpanField => (named(&self.span) && spans == "s", 2),
            Seen::Target => {
                (!is_json(format) || agrees(field(&(APART.to_owned() + "target")), &shown, 100), 2)
            }
        };
        let most = count + own;
        match is_right {
            false => Some(format!("not {said:.60?} as {seen:?}")),
            true if self.fields.len() > most => Some(format!("{} fields", self.fields.len())),
            true => None,
        }
    }

    fn old(&self, n: usize, seen: Seen, said: &str) -> Option<String> {
        let text = &self.text;
        let quoted =
            |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
        let shown = harmless(said);
        let case = format!(" case=\"{n}\" ");
        let is_right = match seen {
            Seen::Text => {
                let end = format!(" target=\"t\" case=\"{n}\" after=\"intact\"");
                let text = format!(" {text}");
                let seen =
                    text.strip_suffix(&end).map(|text| text.strip_prefix(' ').unwrap_or(text));
                seen.is_some_and(|text| agrees(text, &as_text(said), 4_000))
            }
            Seen::Value | Seen::Debugged => {
                let debugged = seen == Seen::Debugged;
                let shown = if debugged { harmless(&format!("{said:?}")) } else { shown };
                let end = "\" after=\"intact\"";
                let value = text.split_once(" value=\"").and_then(|(_, t)| t.strip_suffix(end));
                value.is_some_and(|value| agrees(value, &quoted(&shown), 950))
            }
            Seen::SpanName => {
                let value = text.split_once(" spans=\"");
                let value = value.and_then(|(_, text)| text.strip_suffix("\" inner=\"v\""));
                value.is_some_and(|value| agrees(value, &quoted(&shown), 450))
            }
            Seen::SpanValue => {
                let value = text.split_once(" inner=\"").and_then(|(_, t)| t.strip_suffix('"'));
                value.is_some_and(|value| agrees(value, &quoted(&shown), 950))
            }
            // A field of that name is the text of a `tracing` event.
            Seen::Name if said == "message" && text.starts_with("v ") => true,
            Seen::Name => {
                let rest = text.strip_suffix("=\"intact\"");
                let rest = rest.map(|text| text.strip_suffix("_2").unwrap_or(text));
                rest.is_some_and(|text| text.ends_with("=\"v\" after"))
            }
            Seen::SpanField => text.ends_with("=\"v\""),
            Seen::Target => text.ends_with("after=\"intact\""),
        };
        (!is_right || !format!(" {text}").contains(&case))
            .then(|| format!("not {said:.60?} as {seen:?}"))
    }
}

fn is_json(format: Format) -> bool {
    matches!(format, Format::Cee | Format::Ecs)
}

/// Begins the names of what is no field in JSON, but is looked at beside them.
const APART: &str = "\0";

/// The text is there whole; or it is a long one, and its beginning is there.
fn agrees(seen: &str, said: &str, least: usize) -> bool {
    let kept = seen.rsplit_once("...[cut ").map_or(seen, |(kept, _)| kept);
    seen == said || kept.len() >= least && said.starts_with(kept)
}

/// SD-NAME, which a key of JSON is too, and recognisable where it can be.
fn is_name(name: &str, said: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"=]\"\\".contains(&byte);
    let is_plain =
        (1..=28).contains(&said.len()) && said.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (1..=32).contains(&name.len())
        && name.bytes().all(allowed)
        && (!is_plain || name.starts_with(said))
}

/// The bytes of control characters, and of those that turn a line around, as rsyslog writes
/// them.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let turns = "\u{61c}\u{200e}\u{200f}\u{feff}".contains(c)
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c);
        if c.is_control() || turns {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out += &format!("#{byte:03o}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The same for a whole text: one that begins as JSON does elsewhere must not be taken for it.
pub(super) fn as_text(said: &str) -> String {
    let start = said.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    match start.strip_prefix("@cee:") {
        Some(rest) => {
            let before = harmless(&said[..said.len() - start.len()]);
            format!("{before}#100cee:{}", harmless(rest))
        }
        None => harmless(said),
    }
}

fn texts(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), text_of(value))).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
