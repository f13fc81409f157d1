//! The templates of the ready central, against a script that makes each document part by part.

use std::{fs, io::Read as _, io::Write as _, net::Shutdown, net::TcpStream};

use serde_json::{Value, json};

use crate::{
    central::{Central, PATIENCE},
    strict_json,
    support::eventually,
};

/// Thousands of records, most of them hostile in some part, through two rsyslogd: the same documents,
/// and for numbered records the same ids. SAME=20000 sends more, SEED others.
#[test]
fn templates_and_script_make_the_same_documents() {
    let number = |name, or| {
        std::env::var(name).ok().and_then(|value: String| value.parse().ok()).unwrap_or(or)
    };
    let count = number("SAME", 4000) as usize;
    let mut random = Random(number("SEED", 7));
    let records: Vec<_> = (1..=count).map(|n| random.record(n)).collect();
    let [expected, found] = ["../../tests/elasticsearch/reference.conf", "rsyslog/central.conf"]
        .map(|configuration| through(configuration, &records));
    assert_eq!(expected.len(), count);
    assert_eq!(found.len(), count);
    let mut numbered = 0;
    for ((record, expected), found) in records.iter().zip(&expected).zip(&found) {
        let record = String::from_utf8_lossy(record);
        assert_eq!(expected.1, found.1, "of {record}");
        assert_eq!(expected.0["_index"], found.0["_index"], "of {record}");
        let is_numbered = expected.1["event"]["sequence"].is_u64();
        if is_numbered {
            assert_eq!(expected.0["_id"], found.0["_id"], "of {record}");
            numbered += 1;
        }
    }
    assert!(numbered > count / 2, "only {numbered} of {count} are numbered");
}

/// Action and document of each record, in order, but for the time of receipt.
fn through(configuration: &'static str, records: &[Vec<u8>]) -> Vec<(Value, Value)> {
    let mut central = Central::spooling(configuration);
    let address = central.url("tcp").replace("tcp://", "");
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(&records.concat()).unwrap();
    connection.shutdown(Shutdown::Write).unwrap();
    let _ = connection.read(&mut [0]);
    let lines = |central: &Central| -> Vec<u8> {
        let entries = fs::read_dir(central.path("spool/records")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().flat_map(|path| fs::read(path).unwrap()).collect()
    };
    let count = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
    let all = || count(&lines(&central)) >= 2 * records.len();
    assert!(eventually(PATIENCE, all), "{}", central.own_log());
    let bytes = lines(&central);
    central.stop();
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let mut pairs = Vec::new();
    while let (Some(action), Some(document)) = (lines.next(), lines.next()) {
        let parse = |line: &[u8]| {
            strict_json::parse(line)
                .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(line)))
        };
        let mut document = parse(document);
        document["event"].as_object_mut().unwrap().remove("created").expect("it was received");
        pairs.push((parse(action)["create"].clone(), document));
    }
    pairs
}

/// The same records for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn record(&mut self, n: usize) -> Vec<u8> {
        let schema = self.pick(&["cee", "cee", "ecs", "", ""]);
        let app = self.pick(&["bench", "shop-api", "a.b", "x/y", "q\"t\\"]);
        let procid = self.pick(&[
            "-",
            "1",
            "0",
            "17014",
            "worker-3",
            "999999999",
            "9999999999",
            "0x1f",
            "12ab",
            "-5",
        ]);
        let msgid = self.pick(&["-", "loadgen", "my.target::mod", "logship"]);
        let second = self.below(60);
        let zone = self.pick(&["Z", "+01:00", "-11:30"]);
        let time = format!(
            "2026-11-{:02}T{:02}:00:{second:02}.{:06}{zone}",
            1 + self.below(28),
            self.below(24),
            self.below(1_000_000)
        );
        let mut data = String::new();
        // Some bear the mark without JSON, some JSON without the mark.
        if !schema.is_empty() && !self.one_in(12) {
            data += &format!("[json@32473 schema=\"{schema}\"]");
        }
        if self.one_in(30) {
            data += "[json@32473 schema=\"other\"]";
        }
        if self.one_in(5) {
            let value = self.text().replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
            let value: String = value.chars().filter(|c| !c.is_control()).take(60).collect();
            data += &format!("[fields@32473 dropped=\"12\" User=\"{value}\" user=\"5\"]");
        }
        if self.one_in(8) {
            data += "[trace@32473 trace_id=\"a1\" span_id=\"b2\"]";
        }
        if !self.one_in(8) {
            data += &format!("[meta sequenceId=\"{n}\"]");
        }
        if data.is_empty() {
            data.push('-');
        }
        let message = match schema {
            "cee" => format!("@cee: {}", self.cee()),
            "ecs" => format!("@cee: {}", self.ecs(app)),
            _ if self.one_in(4) => format!("@cee: {}", self.cee()),
            _ => self.text() + ".",
        };
        let trailing = if self.one_in(30) { " trailing" } else { "" };
        let (pri, host) = (self.below(192), self.below(3));
        let record =
            format!("<{pri}>1 {time} host{host} {app} {procid} {msgid} {data} {message}{trailing}");
        let mut record = record.into_bytes();
        if schema.is_empty() && self.one_in(20) {
            record.extend_from_slice(b" \xff\xfe no UTF-8");
        }
        [format!("{} ", record.len()).into_bytes(), record].concat()
    }

    fn text(&mut self) -> String {
        let long = "x".repeat(5000);
        let texts = [
            "plain",
            "\"quoted\" text",
            "back\\slash \\n \\u0041",
            "tab\there",
            "nl\nhere",
            "cr\r",
            "bell\u{7} esc\u{1b}[31m",
            "ü ñ 漢字 🎉",
            "\u{2028} sep",
            "</script>",
            "a/b",
            "{\"create\":{\"_index\":\"x\"}}",
            "@cee: {\"a\":1}",
            "%s %n",
            "$!json",
            &long,
            "null",
            "\u{7f} del",
            "single'quote",
            "C:\\dir\\\"x\"",
            "logship dropped 17 records",
            "",
        ];
        self.pick(&texts).to_owned()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth < 2 { 9 } else { 6 }) {
            0 => json!(self.below(1 << 30) as i64 - (1 << 29)),
            1 => json!(self.below(1 << 20) as f64 / 64.0),
            2 | 3 => json!(self.text()),
            4 => json!(true),
            5 => Value::Null,
            6 | 7 => self.object(depth + 1),
            _ => (0..self.below(4)).map(|_| self.value(depth + 1)).collect(),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let names = ["n", "user", "q\"k", "ü", "a.b", "Id", "id", "dropped", "line\nbreak"];
        (0..self.below(5)).map(|_| (self.pick(&names).to_owned(), self.value(depth))).collect()
    }

    fn cee(&mut self) -> Value {
        let mut record = json!({"msg": self.text(), "level": self.pick(&["info", "error"]), "target": self.pick(&["a::b", "q\"t"])});
        if self.one_in(3) {
            record["code"] = json!({"file": "src/\"main\".rs", "line": self.below(999)});
        }
        if self.one_in(3) {
            record["thread"] = json!(self.pick(&["main", "tokio \"w\" 1"]));
        }
        if self.one_in(3) {
            (record["trace_id"], record["span_id"]) = (json!("00ff"), json!("0f"));
        }
        // Whatever a program or a forger puts there, a string with the next document in it, too.
        for part in ["fields", "spans"] {
            match self.below(6) {
                0 => {}
                1 => record[part] = self.value(0),
                2 => record[part] = json!("{}}\n{\"create\":{\"_index\":\"x\",\"_id\":\"1\"}}\n{}"),
                _ => record[part] = self.object(0),
            }
        }
        if self.one_in(9) {
            record["host"] = json!("a key that nobody knows");
        }
        record
    }

    fn ecs(&mut self, app: &str) -> Value {
        let mut record = json!({"ecs": {"version": "8.11.0"}, "service": {"name": app}, "message": self.text(),
            "log": {"level": "info", "logger": self.pick(&["a::b", "q\"t"])}});
        if self.one_in(3) {
            record["log"]["origin"] = json!({"file": {"name": "src/main.rs", "line": 3}});
        }
        if self.one_in(3) {
            record["process"] = json!({"thread": {"name": "main"}});
        }
        if self.one_in(3) {
            record["error"] = json!({"message": self.text(), "stack_trace": self.text()});
        }
        if self.one_in(3) {
            (record["trace"], record["span"]) = (json!({"id": "00ff"}), json!({"id": "0f"}));
        }
        for part in ["fields", "spans"] {
            if !self.one_in(3) {
                record[part] = self.value(0);
            }
        }
        record
    }
}
