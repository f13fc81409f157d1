//! The settings for the content and format of records.

use std::time::Duration;

use super::Builder;
use crate::{ControlCharacters, Facility, Format, Level, Severity, TimeQuality};

impl Builder {
    /// Sets the facility of all records.
    ///
    /// Change it if the server sorts by facility. [`facility_for`](Builder::facility_for) sets it for
    /// a target, and the field `syslog.facility` for one record.
    ///
    /// Defaults to [`Facility::User`].
    pub fn facility(mut self, facility: Facility) -> Self {
        self.facility = Some(facility);
        self
    }

    /// Sets the facility of the records with this target, and of the modules in it.
    ///
    /// Use it if a part of the program belongs elsewhere, such as an audit trail that only its
    /// readers may see. The longest target counts; `audit` is not `auditor`.
    ///
    /// ```
    /// use logship::Facility;
    /// let builder = logship::builder("app-tag").facility_for("audit", Facility::AuthPriv);
    /// # builder.servers("udp://127.0.0.1:514").build()?;
    /// # Ok::<(), logship::Error>(())
    /// ```
    ///
    /// Defaults to [`facility`](Builder::facility) for all targets.
    pub fn facility_for(mut self, target: impl AsRef<str>, facility: Facility) -> Self {
        self.facilities.set(target.as_ref(), facility);
        self
    }

    /// Sets how records are written.
    ///
    /// Change it for servers that want JSON or RFC 3164. Local time, for RFC 3164, follows `TZ` or
    /// the system's zone, as they were when the handle was built.
    ///
    /// Defaults to [`Format::Rfc5424`], or [`Format::Rfc3164Local`] if the first server is a
    /// `unix://` socket.
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the severity of a level.
    ///
    /// Change it to use NOTICE or CRITICAL, which levels do not have.
    ///
    /// Defaults to ERROR 3, WARN 4, INFO 6, DEBUG and TRACE 7.
    pub fn map_level(mut self, level: impl Into<Level>, severity: Severity) -> Self {
        self.level_map.get_or_insert_default().set(level.into(), severity);
        self
    }

    /// Sets HOSTNAME: at most 255 printable US-ASCII characters.
    ///
    /// Change it in containers, whose host names say little.
    ///
    /// Defaults to the fully qualified name, else the host name, else an address (RFC 5424 section
    /// 6.2.4), without asking the network.
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.hostname = Some(hostname.into());
        self
    }

    /// Sets PROCID: at most 128 printable US-ASCII characters; `-` is none.
    ///
    /// Change it to group records by something that outlives a process, such as a unit or a
    /// replica.
    ///
    /// Defaults to the process id.
    pub fn procid(mut self, procid: impl Into<String>) -> Self {
        self.procid = Some(procid.into());
        self
    }

    /// Sets the private enterprise number in SD-IDs such as `fields@32473` (RFC 5424 section
    /// 7.2.2).
    ///
    /// Change it if your organisation has a number of its own.
    ///
    /// Defaults to 32473, the number reserved for documentation.
    pub fn enterprise_number(mut self, enterprise_number: u32) -> Self {
        self.enterprise_number = Some(enterprise_number);
        self
    }

    /// Sets the maximum size of a message, in bytes: at least 480 (RFC 5424 section 6.1), and at
    /// most 65,507 over UDP.
    ///
    /// Longer texts and values are cut between two characters and marked. Raise it together with
    /// the server's limit.
    ///
    /// Defaults to 8,096, because a stock rsyslog splits what is longer and makes a record of the
    /// rest.
    pub fn max_message_size(mut self, max_message_size: usize) -> Self {
        self.max_message_size = Some(max_message_size);
        self
    }

    /// Sets what happens to control characters in values and texts.
    ///
    /// Change it if the server escapes them itself, or to keep line ends in backtraces.
    ///
    /// Defaults to [`ControlCharacters::Escape`].
    pub fn control_characters(mut self, control_characters: ControlCharacters) -> Self {
        self.control_characters = Some(control_characters);
        self
    }

    /// Sets names, separated by commas, whose values are replaced by `***` in fields, span fields
    /// and key-values.
    ///
    /// A name hides every field that contains it as a word, whatever the case and the separators:
    /// `card_number` hides `cardNumber` and `customer.card-number.0`. `default` hides, anywhere in
    /// a name, `password`, `passwd`, `passphrase`, `passcode`, `pwd`, `secret`, `token`,
    /// `authorization`, `bearer`, `jwt`, `api_key`, `access_key`, `private_key`, `signing_key`,
    /// `encryption_key`, `credential` and `cookie`, and the words `pass` and `auth`. If in doubt it
    /// hides, but not `token_count`, `max_tokens` and the like, `passwordless` and `secretary`.
    /// `none` hides nothing. In `SYSLOG_REDACT`, `1`, `true` and `on` mean `default`, and `0`,
    /// `false` and `off` mean `none`.
    ///
    /// It is a safety net for structured fields: texts, names of spans, and values that contain a
    /// secret, such as a URL or a whole struct, are not examined. Names are checked once for each
    /// callsite.
    ///
    /// Defaults to `none`.
    pub fn redact(mut self, names: impl Into<String>) -> Self {
        self.redact = Some(names.into());
        self
    }

    /// Sets whether each record has the source file and line.
    ///
    /// Defaults to false.
    pub fn source_location(mut self, source_location: bool) -> Self {
        self.source_location = Some(source_location);
        self
    }

    /// Sets whether each record has the thread's name.
    ///
    /// Defaults to false.
    pub fn thread_name(mut self, thread_name: bool) -> Self {
        self.thread_name = Some(thread_name);
        self
    }

    /// Sets whether `origin` names this crate as the software (RFC 5424 section 7.2).
    ///
    /// Defaults to false.
    pub fn origin(mut self, origin: bool) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Sets whether `meta sequenceId` numbers the records (RFC 5424 section 7.3.1).
    ///
    /// Turn it on so that a receiver can see gaps and discard duplicates. It is in the header, also
    /// with JSON; RFC 3164 has no place for it.
    ///
    /// Defaults to false.
    pub fn sequence_id(mut self, sequence_id: bool) -> Self {
        self.sequence_id = Some(sequence_id);
        self
    }

    /// Sets what `timeQuality` says about the clock (RFC 5424 section 7.1).
    ///
    /// Defaults to `None`, which omits it.
    pub fn time_quality(mut self, time_quality: impl Into<Option<TimeQuality>>) -> Self {
        self.time_quality = Some(time_quality.into());
        self
    }

    /// Sets whether a text that is not US-ASCII begins with a byte order mark.
    ///
    /// RFC 5424 section 6.4 asks for it, but rsyslog and most others keep it as part of the text,
    /// where it breaks searches.
    ///
    /// Defaults to false.
    pub fn bom(mut self, bom: bool) -> Self {
        self.bom = Some(bom);
        self
    }

    /// Sets how many records of one callsite are shipped within an interval, to limit a runaway
    /// loop.
    ///
    /// What exceeds the limit is counted as [`DropReason::Burst`](crate::DropReason::Burst),
    /// whatever its severity, and one record at the end of the interval says how many of which
    /// callsite were suppressed, with the text of the last one. A record of `log` belongs to its
    /// target, file and line. Records within the limit cost a look at the clock. If a program makes
    /// up thousands of targets, not all of them are limited.
    ///
    /// ```
    /// use std::time::Duration;
    /// let builder = logship::builder("app-tag").burst(100, Duration::from_secs(1));
    /// # builder.servers("udp://127.0.0.1:514").build()?;
    /// # Ok::<(), logship::Error>(())
    /// ```
    ///
    /// Defaults to no limit.
    pub fn burst(mut self, records: u32, interval: Duration) -> Self {
        self.burst = Some((records, interval));
        self
    }
}
