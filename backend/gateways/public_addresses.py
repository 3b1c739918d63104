"""Which addresses lie in the public internet, so that a name given by a stranger leads into no network of ours."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
# Addresses that carry another one inside, which a relay on the way may take out: 6to4 and Teredo with its neighbours.
_CARRIERS = (IPv6Network("2002::/16"), IPv6Network("2001::/23"))
# Of documents (RFC 9637); the library of 3.11 does not know it.
_EXAMPLES = IPv6Network("3fff::/20")
# For protocols (RFC 6890), some of them on the way through a translator, and the relays of 6to4 (RFC 7526).
_PROTOCOLS = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
# The interface of an ISATAP address, before the IPv4 address that it carries (RFC 5214, section 6.1); the first bits
# of the second one say that the IPv4 address is unique in the world.
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


def is_public(address: str) -> bool:
    """Tell whether an IPv4 or IPv6 address can belong to a machine of the public internet; what is no address cannot.

    Of IPv6 only global unicast counts (RFC 4291, section 2.5.4), and nothing that maps or carries an IPv4 address or
    names a zone: that is of one machine alone.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except (AddressValueError, ValueError):
        return False
    if not found.is_global or found.is_multicast or found.is_reserved:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _PROTOCOLS)
    if found.scope_id is not None or (int(found) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return False
    return found in _UNICAST and not any(found in network for network in (*_CARRIERS, _EXAMPLES))
