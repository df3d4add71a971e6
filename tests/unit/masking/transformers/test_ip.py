"""ip: version, reach and netmask stay; addresses stay distinct and canonical."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

Mask = Callable[..., list[str]]


def reach(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> tuple[bool, ...]:
    return address.is_private, address.is_global, address.is_loopback, address.is_multicast, address.is_link_local


@settings(max_examples=50, deadline=None)
@given(st.sets(st.ip_addresses(v=4), min_size=1, max_size=60))
def test_version_4_keeps_its_reach(mask: Mask, addresses: set[ipaddress.IPv4Address]):
    # The registry has single global addresses in this block; it is kept as a whole.
    mixed = ipaddress.ip_network("192.0.0.0/24")
    values = sorted(str(address) for address in addresses if address not in mixed)
    masked = mask("ip", values, base_type="inet")
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert value != result
        assert reach(ipaddress.ip_address(value)) == reach(ipaddress.ip_address(result))


@settings(max_examples=50, deadline=None)
@given(st.sets(st.ip_addresses(v=6), min_size=1, max_size=60))
def test_version_6_keeps_its_shape(mask: Mask, addresses: set[ipaddress.IPv6Address]):
    values = sorted(str(address) for address in addresses if address.ipv4_mapped is None)
    masked = mask("ip", values, base_type="inet")
    assert len(set(masked)) == len(values)
    for value, result in zip(values, masked, strict=True):
        assert str(ipaddress.ip_address(result)) == result
        assert result.split(":")[0] == value.split(":")[0]
        first, second, *rest = value.split(":")
        kept_second = first == "2001" and len(second) < 4
        assert result != value or not set("".join(rest if kept_second else [second, *rest])) - {"0"}


def test_small_networks_are_permuted_within(mask: Mask):
    hosts = [f"192.168.{third}.{last}" for third in range(256) for last in range(0, 256, 5)]
    masked = mask("ip", hosts, base_type="inet")
    assert len(set(masked)) == len(hosts)
    assert all(address.startswith("192.168.") for address in masked)
    networks = [f"10.{second}.0.0/16" for second in range(256)]
    assert sorted(mask("ip", networks, base_type="cidr")) == sorted(networks)


def test_netmasks_stay_and_network_bits_are_clear(mask: Mask):
    draw = random.Random(1)
    values = []
    for _ in range(500):
        network = ipaddress.ip_network((draw.getrandbits(32), draw.randint(8, 32)), strict=False)
        values.append(str(network))
    for value, result in zip(values, mask("ip", values, base_type="cidr"), strict=True):
        assert ipaddress.ip_network(result, strict=True).prefixlen == int(value.split("/")[1])


def test_what_cannot_change_stays(mask: Mask):
    values = ["10.0.0.0/8", "0.0.0.0/0", "::"]
    assert mask("ip", values, base_type="inet") == values


def test_mapped_addresses_and_garbage(mask: Mask):
    mapped, garbage, partial = mask("ip", ["::ffff:1.2.3.4", "localhost", "1.2.3"])
    assert ipaddress.IPv6Address(mapped).ipv4_mapped.is_global
    assert garbage != "localhost"
    assert partial.count(".") == 2


def test_the_documentation_prefix_stays(mask: Mask):
    assert mask("ip", ["2001:db8::1"])[0].startswith("2001:db8::")
