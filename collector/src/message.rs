//! A parsed RFC 5424 message.

/// One SYSLOG-MSG, taken apart as RFC 5424 section 6 defines it.
///
/// `None` in a header field stands for the NILVALUE `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The facility's number, PRIVAL divided by 8: 0 to 23 where PRI is right.
    pub facility: u8,
    /// The severity's number, the rest of that division: 0 (emergency) to 7 (debug).
    pub severity: u8,
    /// VERSION; 1 is the only one there is.
    pub version: u16,
    /// TIMESTAMP as it was sent, for example `2003-10-11T22:14:15.003Z`.
    pub timestamp: Option<String>,
    /// HOSTNAME, at most 255 bytes.
    pub hostname: Option<String>,
    /// APP-NAME, at most 48 bytes.
    pub app_name: Option<String>,
    /// PROCID, at most 128 bytes.
    pub procid: Option<String>,
    /// MSGID, at most 32 bytes.
    pub msgid: Option<String>,
    /// The SD-ELEMENTs in the order sent; empty for the NILVALUE.
    pub structured_data: Vec<Element>,
    /// MSG: everything after the SP that ends STRUCTURED-DATA, without the BOM.
    /// `None` if that SP is missing, too.
    ///
    /// Bytes that are not UTF-8 are replaced by U+FFFD, and complained about.
    pub text: Option<String>,
    /// Whether MSG began with the UTF-8 byte order mark.
    pub bom: bool,
}

/// One SD-ELEMENT: `[id name="value" ...]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// SD-ID, for example `fields@32473`.
    pub id: String,
    /// PARAM-NAME and PARAM-VALUE in the order sent, values without their escapes.
    /// A name may stand there several times (RFC 5424 6.3.3).
    pub params: Vec<(String, String)>,
}

impl Message {
    /// The value of the first parameter `name` in the element `id`.
    #[must_use]
    pub fn param(&self, id: &str, name: &str) -> Option<&str> {
        self.element(id)?.param(name)
    }

    /// The first element called `id`.
    #[must_use]
    pub fn element(&self, id: &str) -> Option<&Element> {
        self.structured_data.iter().find(|element| element.id == id)
    }

    /// The number between the angle brackets of PRI.
    #[must_use]
    pub fn prival(&self) -> u16 {
        u16::from(self.facility) * 8 + u16::from(self.severity)
    }
}

impl Element {
    /// The value of the first parameter called `name`.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
