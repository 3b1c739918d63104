import pytest

from backend.gateways.public_addresses import is_public


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2400:3200::1"])
def test_addresses_of_the_public_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),  # noqa: S104
        *("100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:93.184.216.34", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "::a00:1"),
        *("192.0.0.8", "192.0.0.9", "192.0.0.10", "192.88.99.1", "3fff::1", "3fff:fff::1"),
        *("2001:4860:4860::8888%1", "2600:1f00::5efe:7f00:1", "2600:1f00::200:5efe:5db8:d822"),
        *("localhost", "", "127.1", "2130706433"),
    ],
)
def test_whatever_leads_elsewhere_is_none(address: str) -> None:
    """This machine, private and shared networks, clouds' own services, and IPv6 that carries one of them inside."""
    assert not is_public(address)
