//! Servers by their URLs.

use std::borrow::Cow;

/// One or more servers for [`Builder::servers`](crate::Builder::servers): a URL, several with commas
/// between them, or a list of URLs.
///
/// ```
/// use logship::ServerList;
/// let list = ServerList::from(["tls://a.example.com", "tls://b.example.com"]);
/// assert_eq!(list, ServerList::from("tls://a.example.com,tls://b.example.com"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerList(String);

impl ServerList {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ServerList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServerList").field(&crate::builder::url::without_secrets(&self.0)).finish()
    }
}

impl From<String> for ServerList {
    fn from(urls: String) -> Self {
        ServerList(urls)
    }
}

impl From<&String> for ServerList {
    fn from(urls: &String) -> Self {
        ServerList(urls.clone())
    }
}

impl From<&str> for ServerList {
    fn from(urls: &str) -> Self {
        ServerList(urls.to_owned())
    }
}

impl From<Cow<'_, str>> for ServerList {
    fn from(urls: Cow<'_, str>) -> Self {
        ServerList(urls.into_owned())
    }
}

impl<S: AsRef<str>> From<&[S]> for ServerList {
    fn from(urls: &[S]) -> Self {
        ServerList(urls.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(","))
    }
}

impl<S: AsRef<str>, const N: usize> From<[S; N]> for ServerList {
    fn from(urls: [S; N]) -> Self {
        urls.as_slice().into()
    }
}

impl<S: AsRef<str>> From<Vec<S>> for ServerList {
    fn from(urls: Vec<S>) -> Self {
        urls.as_slice().into()
    }
}

impl<S: AsRef<str>> FromIterator<S> for ServerList {
    fn from_iter<I: IntoIterator<Item = S>>(urls: I) -> Self {
        urls.into_iter().collect::<Vec<_>>().into()
    }
}
