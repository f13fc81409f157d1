//! Looking for one record, for a test that asserts what it says.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::{Collector, Received};

impl Collector {
    /// Waits for a record that is as wanted, for `timeout` at most, and returns a copy of the
    /// first; those that are kept already count.
    ///
    /// ```
    /// # use std::{net::UdpSocket, time::Duration};
    /// # use logship_collector::Collector;
    /// # let collector = Collector::udp()?;
    /// # let client = UdpSocket::bind("127.0.0.1:0")?;
    /// # client.send_to(b"<14>1 - - shop - - [fields@32473 items=\"3\"] sold", collector.address().unwrap())?;
    /// let sold = collector.find(|record| record.text() == Some("sold"), Duration::from_secs(5));
    /// assert_eq!(sold.expect("it was logged").field("items"), Some("3"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn find(
        &self,
        mut is_wanted: impl FnMut(&Received) -> bool,
        timeout: Duration,
    ) -> Option<Received> {
        let end = Instant::now().checked_add(timeout);
        // Records that were looked at are not looked at again, unless somebody takes some.
        let mut seen = 0;
        loop {
            let left = end.map_or(timeout, |end| end.saturating_duration_since(Instant::now()));
            let state = self.inbox.wait(left, |state| state.records.len() != seen);
            let new = if state.records.len() > seen { seen } else { 0 };
            if let Some(found) = state.records.iter().skip(new).find(|record| is_wanted(record)) {
                return Some(found.clone());
            }
            seen = state.records.len();
            if left.is_zero() {
                return None;
            }
        }
    }

    /// As [`find`](Collector::find) with several servers at once: which of them has it, and the
    /// record. For failover, and for a program that ships to more than one.
    #[must_use]
    pub fn find_in(
        collectors: &[&Collector],
        mut is_wanted: impl FnMut(&Received) -> bool,
        timeout: Duration,
    ) -> Option<(usize, Received)> {
        let begin = Instant::now();
        loop {
            let is_late = begin.elapsed() >= timeout;
            for (index, collector) in collectors.iter().enumerate() {
                if let Some(found) = collector.find(&mut is_wanted, Duration::ZERO) {
                    return Some((index, found));
                }
            }
            if is_late {
                return None;
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Received {
    /// The value of the first parameter `name`, in whatever SD-ELEMENT it is.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let elements = &self.message.as_ref()?.structured_data;
        elements.iter().find_map(|element| element.param(name))
    }
}

/// One line: the header's parts by name, the parameters, the text, and what is wrong with it.
impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            None => write!(f, "{}", self.bytes.escape_ascii())?,
            Some(message) => {
                let or_nil = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
                let (app, msgid) = (or_nil(&message.app_name), or_nil(&message.msgid));
                let (facility, severity) = (message.facility, message.severity);
                write!(f, "facility={facility} severity={severity} app={app} msgid={msgid}")?;
                for element in &message.structured_data {
                    write!(f, " [{}", element.id)?;
                    for (name, value) in &element.params {
                        write!(f, " {name}={value:?}")?;
                    }
                    f.write_str("]")?;
                }
                write!(f, " {:?}", message.text.as_deref().unwrap_or_default())?;
            }
        }
        match self.complaints.len() {
            0 => Ok(()),
            count => write!(f, " ({count} complaints: {:?})", self.complaints),
        }
    }
}

const POLL: Duration = Duration::from_millis(2);
