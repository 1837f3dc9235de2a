"""Which addresses the outbound door may reach: public unicast ones, and what the operator allowed."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What this interpreter's `is_global` may still call global, although the IANA special-purpose
# registries do not, and platform addresses that answer with a machine's own secrets.
_REFUSED_V4 = tuple(
    map(
        IPv4Network,
        (
            "192.0.0.0/24",  # IETF protocol assignments; 192.0.0.192 is a metadata service
            "192.88.99.0/24",  # deprecated 6to4 relays
            "198.18.0.0/15",  # benchmarks
            "168.63.129.16/32",  # a cloud platform's own channel to its machines
            "100.64.0.0/10",  # carrier-grade NAT; 100.100.100.200 is a metadata service
        ),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: carries any IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


def parse_networks(texts: Collection[str]) -> tuple[Network, ...]:
    """Networks as the setting lists them, `10.1.0.0/16` or one address; raises ValueError."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def permitted(address: Address, allowed: Collection[Network] = ()) -> bool:
    """Whether a request may go to this address: it is public unicast, or in an allowed network.

    An IPv4 address inside an IPv6 one (mapped, or NAT64's well-known prefix) is judged as itself.
    Source: IANA's IPv4 and IPv6 special-purpose address registries.
    """
    inner = embedded(address)
    if any(inner in network for network in allowed if network.version == inner.version):
        return True
    if isinstance(inner, IPv4Address):
        refused = inner.is_multicast or inner.is_reserved or any(inner in network for network in _REFUSED_V4)
        return inner.is_global and not refused
    return inner in _GLOBAL_V6 and inner.is_global and not any(inner in network for network in _REFUSED_V6)


def embedded(address: Address) -> Address:
    """The IPv4 address that a packet to this IPv6 address ends at, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address


def literal(host: str) -> Address | None:
    """The address that a URL's host is written as, or None where it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
