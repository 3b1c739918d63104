"""Which addresses lie in the public internet, so that a name given by a stranger leads into no network of ours."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
# Addresses that carry another one inside, which a relay on the way may take out: 6to4 and Teredo with its neighbours.
_CARRIERS = (IPv6Network("2002::/16"), IPv6Network("2001::/23"))


def is_public(address: str) -> bool:
    """Tell whether an IPv4 or IPv6 address can belong to a machine of the public internet; what is no address cannot.

    Of IPv6 only global unicast counts (RFC 4291, section 2.5.4), and nothing that maps or carries an IPv4 address.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except (AddressValueError, ValueError):
        return False
    if not found.is_global or found.is_multicast or found.is_reserved:
        return False
    if isinstance(found, IPv4Address):
        return True
    return found in _UNICAST and not any(found in network for network in _CARRIERS)
