//! Random records with every PRI: do rsyslog, syslog-ng and the strict collector read what was
//! said?
//!
//! `ROUND_TRIP` is how many records there are, `SEED` which; both are printed.

use std::collections::BTreeMap;

use log::{Log as _, kv};
use logship::{Builder, Facility, Format, Handle, Level, Logger, Severity};
use logship_collector::Collector;
use tracing::{Event, Metadata, Span, field::Value, metadata::Kind};

use super::{
    judge::{View, as_text, harmless},
    places::site,
};
use crate::shipping::{PATIENCE, assert_all_delivered, build, logging, shop, url};
use crate::support::{Door, Input, Rsyslogd, SyslogNg};

#[test]
fn random_records_are_read_back_by_three_parsers() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (seed, wanted) = (setting("SEED").unwrap_or(5424), setting("ROUND_TRIP").unwrap_or(5_760));
    let server = Rsyslogd::running();
    let other = SyslogNg::running();
    let mut stored = server.stored();
    let mut stored_by_other = other.as_ref().map(|other| other.stored(Door::SyslogTcp));
    let each = wanted.div_ceil(2 * Facility::ALL.len() as u64);
    let mut random = Random(seed);
    let pool = Pool::new(&mut random);
    let mut pris = std::collections::BTreeSet::new();
    for facility in Facility::ALL {
        for first in [0, 3] {
            let records: Vec<_> = (0..each).map(|_| Record::any(&mut random, &pool)).collect();
            let severity = |record: &Record| record.level as u64 + first;
            let pri = |record: &Record| (facility as u64 * 8 + severity(record)).to_string();
            pris.extend(records.iter().map(pri));
            let say = |url: &str| ship(url, facility, first, &records);

            say(&url(&server, Input::Tcp));
            let mut lines = Vec::new();
            stored.wait_for(&mut lines, records.len(), PATIENCE);
            let views = lines.iter().map(|line| View::of_rsyslog(line, Format::Rfc5424));
            compare("rsyslog", &records, &pri, views.collect());

            if let (Some(other), Some(stored)) = (&other, &mut stored_by_other) {
                say(&format!("tcp://127.0.0.1:{}", other.port(Door::SyslogTcp)));
                let mut lines = Vec::new();
                stored.wait_for(&mut lines, records.len(), PATIENCE);
                compare(
                    "syslog-ng",
                    &records,
                    &pri,
                    lines.iter().map(|l| View::of_syslog_ng(l)).collect(),
                );
            }

            let collector = Collector::tcp().expect("a collector can be started");
            say(&collector.url());
            let received = collector.wait_for(records.len(), PATIENCE);
            let views = received.into_iter().map(|received| {
                assert_eq!(received.complaints, [], "{:?}", received.bytes.escape_ascii());
                View::of_message(received.message.as_ref().expect("it was understood"))
            });
            compare("the collector", &records, &pri, views.collect());
        }
    }
    assert_eq!(pris.len(), 192, "PRIs");
    server.assert_content();
    println!(
        "{} records with seed {seed}, read back by each",
        each * 2 * Facility::ALL.len() as u64
    );
}

fn ship(url: &str, facility: Facility, first: u64, records: &[Record]) {
    let mut builder: Builder = shop(url).facility(facility).procid("4711").queue_capacity(4 << 20);
    for (n, level) in LEVELS.into_iter().enumerate() {
        let code = (first + n as u64) as usize;
        builder = builder.map_level(level, Severity::ALL[code]);
    }
    let handle: Handle = build(builder.filter("trace"));
    logging(&handle, || {
        let logger = handle.logger();
        for (n, record) in records.iter().enumerate() {
            record.say(&logger);
            if n % 500 == 499 {
                assert!(handle.flush(PATIENCE), "{url}: {:?}", handle.stats());
            }
        }
    });
    assert!(handle.flush(PATIENCE), "{url}: {:?}", handle.stats());
    assert_all_delivered(&handle, records.len() as u64);
}

fn compare(who: &str, records: &[Record], pri: &dyn Fn(&Record) -> String, views: Vec<View>) {
    assert_eq!(views.len(), records.len(), "{who}");
    for (record, view) in records.iter().zip(views) {
        let header = [&view.pri, &view.hostname, &view.app_name, &view.procid, &view.msgid];
        let said = [&pri(record), "client.example", "shop", "4711", &record.target];
        assert_eq!(header, said, "{who}: {view:?}");
        // Without a text the fields are the text.
        if !record.text.is_empty() || record.fields.is_empty() {
            assert_eq!(view.text, as_text(&record.text), "{who}: {view:?}");
        }
        assert_same(who, &view.fields, &record.fields, &view);
        let mut span = view.span.clone();
        let spans = record.span.as_ref().map(|(metadata, _)| harmless(metadata.name()));
        assert_eq!(span.remove("spans"), spans, "{who}: {view:?}");
        assert_same(who, &span, record.span.as_ref().map_or(&[], |(_, fields)| fields), &view);
    }
}

fn assert_same(who: &str, read: &BTreeMap<String, String>, said: &[(String, Any)], view: &View) {
    assert_eq!(read.len(), said.len(), "{who}: {said:?} {view:?}");
    for (name, value) in said {
        let Some(text) = read.get(name) else { panic!("{who}: no {name}: {view:?}") };
        let is_same = match value {
            Any::Whole(number) => text.parse() == Ok(*number),
            Any::Signed(number) => text.parse() == Ok(*number),
            Any::Float(number) => text.parse() == Ok(*number),
            Any::Truth(truth) => text.parse() == Ok(*truth),
            Any::Text(said) => *text == harmless(said),
        };
        assert!(is_same, "{who}: {name} is {value:?}, not {text:?}");
    }
}

#[derive(Debug)]
enum Any {
    Whole(u64),
    Signed(i64),
    Float(f64),
    Truth(bool),
    Text(String),
}

impl Any {
    fn of(random: &mut Random) -> Any {
        match random.below(6) {
            0 => Any::Whole(random.next()),
            1 => Any::Signed(i64::from_ne_bytes(random.next().to_ne_bytes())),
            2 => Any::Float(
                Some(f64::from_bits(random.next())).filter(|f| f.is_finite()).unwrap_or(0.5),
            ),
            3 => Any::Truth(random.below(2) == 0),
            _ => Any::Text(random.text(60)),
        }
    }

    fn to_tracing(&self) -> &dyn Value {
        match self {
            Any::Whole(number) => number,
            Any::Signed(number) => number,
            Any::Float(number) => number,
            Any::Truth(truth) => truth,
            Any::Text(text) => text,
        }
    }

    fn to_log(&self) -> kv::Value<'_> {
        match self {
            Any::Whole(number) => kv::Value::from(*number),
            Any::Signed(number) => kv::Value::from(*number),
            Any::Float(number) => kv::Value::from(*number),
            Any::Truth(truth) => kv::Value::from(*truth),
            Any::Text(text) => kv::Value::from(text.as_str()),
        }
    }
}

type Fields = Vec<(String, Any)>;

/// What is said, through which door.
struct Record {
    /// The event's callsite, or none for the door of `log`.
    event: Option<&'static Metadata<'static>>,
    level: usize,
    target: String,
    text: String,
    fields: Fields,
    span: Option<(&'static Metadata<'static>, Fields)>,
}

impl Record {
    fn any(random: &mut Random, pool: &Pool) -> Record {
        let event = (random.below(2) == 0).then(|| random.one_of(&pool.events));
        let names: Vec<String> = match event {
            Some(event) => {
                event.fields().iter().skip(1).map(|field| field.name().to_owned()).collect()
            }
            None => random.names(4),
        };
        let count = random.below(names.len() as u64 + 1) as usize;
        let fields = names.into_iter().take(count).map(|name| (name, Any::of(random))).collect();
        let span = (random.below(3) == 0).then(|| {
            let metadata = random.one_of(&pool.spans);
            let names = metadata.fields().iter().map(|field| field.name().to_owned());
            (metadata, names.map(|name| (name, Any::of(random))).collect())
        });
        let level = match event {
            Some(event) => {
                LEVELS_OF_TRACING.iter().position(|level| level == event.level()).unwrap_or(0)
            }
            None => random.below(5) as usize,
        };
        let target = event.map_or_else(|| random.name(), |event| event.target().to_owned());
        Record { event, level, target, text: random.text(200), fields, span }
    }

    fn say(&self, logger: &Logger) {
        let span = self.span.as_ref().map_or_else(Span::none, |(metadata, fields)| {
            let of = metadata.fields();
            let mut known = of.iter();
            let values = [(); 2].map(|()| known.next().expect("a span has two fields"));
            let pairs = [0, 1].map(|at| (&values[at], Some(fields[at].1.to_tracing())));
            Span::new(metadata, &of.value_set(&pairs))
        });
        span.in_scope(|| match self.event {
            Some(metadata) => {
                let of = metadata.fields();
                let mut known = of.iter();
                let names =
                    [(); 5].map(|()| known.next().expect("an event has a text and four fields"));
                let text = tracing::field::display(&self.text);
                let pairs = [0, 1, 2, 3, 4].map(|at| match at {
                    0 => (&names[0], Some(&text as &dyn Value)),
                    _ => (&names[at], self.fields.get(at - 1).map(|(_, value)| value.to_tracing())),
                });
                Event::dispatch(metadata, &of.value_set(&pairs));
            }
            None => {
                let pairs: Vec<_> = self
                    .fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.to_log()))
                    .collect();
                let mut record = log::Record::builder();
                record.level(LEVELS_OF_LOG[self.level]).target(&self.target).key_values(&pairs);
                logger.log(&record.args(format_args!("{}", self.text)).build());
            }
        });
    }
}

/// Callsites, which live for ever: so there are a few, and values come and go.
struct Pool {
    events: Vec<&'static Metadata<'static>>,
    spans: Vec<&'static Metadata<'static>>,
}

impl Pool {
    fn new(random: &mut Random) -> Pool {
        let leaked = |names: Vec<String>| -> &'static [&'static str] {
            names.into_iter().map(|name| &*name.leak()).collect::<Vec<_>>().leak()
        };
        let events = (0..200).map(|n| {
            let names = leaked([vec!["message".to_owned()], random.names(4)].concat());
            let level = LEVELS_OF_TRACING[n % 5];
            site("event", random.name().leak(), names, level, Kind::EVENT)
        });
        let events = events.collect();
        let spans = (0..50).map(|_| {
            let names = leaked(random.names(2));
            site(random.text(20).leak(), "t", names, LEVELS_OF_TRACING[0], Kind::SPAN)
        });
        Pool { events, spans: spans.collect() }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// A text in which everything may stand, what delimits more often than by chance.
    fn text(&mut self, longest: u64) -> String {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.character()).collect()
    }

    fn character(&mut self) -> char {
        let any = self.next();
        let code = match any % 8 {
            0 => {
                return self
                    .one_of(&['"', '\\', ']', '[', '=', '<', '>', '#', '\n', '\0', '\u{feff}']);
            }
            1 => any >> 8 & 0x1f,
            2 => any >> 8 & 0x7ff,
            3 => any >> 8 & 0xffff,
            4 => any >> 8 & 0x1f_ffff,
            _ => 0x20 + (any >> 8) % 0x5f,
        };
        u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('x')
    }

    /// An SD-NAME, which is a MSGID too.
    fn name(&mut self) -> String {
        let length = 1 + self.below(32);
        let allowed: Vec<char> = ('!'..='~').filter(|c| !"=]\"\\".contains(*c)).collect();
        let name: String = (0..length).map(|_| self.one_of(&allowed)).collect();
        // Names that mean something are another test's.
        let has_meaning =
            name.starts_with("r#") || name == "-" || name.len() < 8 && name.contains("log");
        if has_meaning { "a-name".to_owned() } else { name }
    }

    /// Names that differ in more than case.
    fn names(&mut self, count: usize) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        while names.len() < count {
            let name = self.name();
            if !names.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        names
    }
}

const LEVELS: [Level; 5] = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];
const LEVELS_OF_LOG: [log::Level; 5] =
    [log::Level::Error, log::Level::Warn, log::Level::Info, log::Level::Debug, log::Level::Trace];
const LEVELS_OF_TRACING: [tracing::Level; 5] = [
    tracing::Level::ERROR,
    tracing::Level::WARN,
    tracing::Level::INFO,
    tracing::Level::DEBUG,
    tracing::Level::TRACE,
];
