//! What the proxy knows of a request beside its headers.

/// Tells what the proxy knows. Each answer costs a call into the host, so each question is asked only where its
/// answer can matter.
pub trait Proxy {
    /// The fact, `None` where there is none.
    fn fact(&self, fact: ProxyFact) -> Option<Vec<u8>>;

    /// The metadata of the first of these (`dynamic`, `route`, `cluster`, `endpoint`) at the namespace and the keys that
    /// follow, where that is a text, a number or a truth value.
    fn metadata(&self, path: &[String]) -> Option<String> {
        let _ = path;
        None
    }
}

/// What a proxy may know of where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyFact {
    /// Name of the cluster.
    Cluster,
    /// Name of the route.
    Route,
    /// Name of the virtual host.
    VirtualHost,
    /// The provider that the metadata of this names.
    Provider(Metadata),
    /// The format that the metadata of this names.
    Api(Metadata),
    /// Address and port of the endpoint that answered, once there is one.
    Address,
    /// A name in the certificate of the endpoint that answered.
    CertificateName,
}

/// What an operator may put metadata on (`filter_metadata: {inferspan: {provider, api}}`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metadata {
    /// The endpoint that answered, once there is one.
    Endpoint,
    /// The cluster.
    Cluster,
    /// The route.
    Route,
}

/// Nothing is known.
impl Proxy for () {
    fn fact(&self, _: ProxyFact) -> Option<Vec<u8>> {
        None
    }
}
