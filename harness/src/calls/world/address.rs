//! Which addresses a model may have pages read from.
//!
//! A model chooses the addresses, and what it reads may have put them into its mouth. So by default no
//! page is read from this machine or its networks, whatever a name resolves to or a server redirects to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// Whose pages may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PageHosts {
    /// Those of the public internet.
    #[default]
    Public,
    /// All, those of this machine and its networks included.
    All,
}

impl PageHosts {
    /// Why no page may be read from an address, as far as the address itself tells.
    pub(super) fn refuse(self, url: &Url) -> Option<String> {
        let host = url.host()?;
        let ip = match host {
            Host::Domain(_) => return None,
            Host::Ipv4(ip) => IpAddr::V4(ip),
            Host::Ipv6(ip) => IpAddr::V6(ip),
        };
        (self == Self::Public && !is_public(ip)).then(|| format!("{ip} is no public address"))
    }
}

/// Resolves names, and leaves out addresses that are not public.
pub(super) struct PublicNames {
    /// Proxies, which the user named and which resolve the names of pages themselves.
    pub(super) proxies: Vec<String>,
}

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let is_proxy = self.proxies.contains(&host);
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                let found: Vec<SocketAddr> = (host.as_str(), 0).to_socket_addrs()?.collect();
                let public: Vec<SocketAddr> =
                    found.into_iter().filter(|found| is_proxy || is_public(found.ip())).collect();
                if public.is_empty() {
                    return Err(std::io::Error::other(format!("{host} has no public address")));
                }
                Ok(public)
            });
            let found = found.await??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet, by the registries of special-purpose addresses
/// (RFC 6890 and its updates).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol = (a, b, c) == (192, 0, 0);
    let is_benchmarking = a == 198 && (b == 18 || b == 19);
    let is_reserved = a == 0 || a >= 240;
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || is_shared
        || is_protocol
        || is_benchmarking
        || is_reserved)
}

/// Global unicast is `2000::/3`; within it, what embeds or tunnels other addresses and what is for documents
/// is left out.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let is_global = a & 0xe000 == 0x2000;
    let is_protocol = a == 0x2001 && b < 0x0200;
    let is_documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    let is_6to4 = a == 0x2002;
    is_global && !is_protocol && !is_documentation && !is_6to4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let check = |ip: &str, expected: bool| {
            assert_eq!(is_public(ip.parse().expect("an address")), expected, "{ip}");
        };
        for ip in ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"] {
            check(ip, true);
        }
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ] {
            check(ip, false);
        }
    }

    #[test]
    fn numbers_in_any_spelling_are_seen() {
        let check = |url: &str, is_refused: bool| {
            let url = Url::parse(url).expect("an address");
            assert_eq!(PageHosts::Public.refuse(&url).is_some(), is_refused, "{url}");
            assert_eq!(PageHosts::All.refuse(&url), None);
        };
        check("http://127.0.0.1/", true);
        check("http://2130706433/", true);
        check("http://0x7f.1/", true);
        check("http://[::1]:8080/", true);
        check("http://example.org/", false);
    }
}
