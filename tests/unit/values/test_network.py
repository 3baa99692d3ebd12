from __future__ import annotations

import copy
import pickle

import pytest

from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Email, Host, parse_cidr, parse_email, parse_host, parse_ip


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        ("::", "::"),
        ("::1", "::1"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0db8::0001", "2001:db8::1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1::", "1::"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ],
)
def test_an_address_has_one_spelling(text: str, spelled: str) -> None:
    address = parse_ip(text)
    assert str(address) == spelled
    assert parse_ip(spelled) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.04",
        "256.1.1.1",
        "0x7f.0.0.1",
        "127.1",
        "2130706433",
        "1.2.3.4 ",
        "1.2.3.-4",
        "1.2.3.+4",
        "1.2.3.",
        ".1.2.3",
        "１.2.3.4",
        "1.2.3.4/32",
        "[::1]",
        "::1%eth0",
        "fe80::1%1",
        ":",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::12345",
        "::g",
        "::1.2.3",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "::01.2.3.4",
        "::ffff:1.2.3.4",
        "::ffff:102:304",
        "::FFFF:0:0",
        "0:0:0:0:0:ffff:1.2.3.4",
        "1:",
        ":1",
        "::-1",
        "::+1",
        "::0x1",
        "::1_0",
    ],
)
def test_an_address_that_programs_read_differently_is_none(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_ip(text)
    assert fault.value.code == "bad_input"


def test_addresses_are_ordered_by_version_then_number() -> None:
    texts = ["::", "10.0.0.2", "2.0.0.0", "10.0.0.10", "::1"]
    assert [str(address) for address in sorted(map(parse_ip, texts))] == [
        "2.0.0.0",
        "10.0.0.2",
        "10.0.0.10",
        "::",
        "::1",
    ]


@pytest.mark.parametrize("text", ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "::/0", "2001:db8::/32", "::1/128"])
def test_a_block_has_one_spelling(text: str) -> None:
    assert str(parse_cidr(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/-1",
        "10.0.0.0/255.0.0.0",
        "::/129",
        "::1/127",
        "10/8",
        "10.0.0.0/8/8",
        "/8",
        "10.0.0.0/ 8",
        "::ffff:0:0/96",
        "10.0.0.0/８",
    ],
)
def test_a_block_with_bits_after_its_prefix_or_in_an_odd_form_is_none(text: str) -> None:
    with pytest.raises(ValueFault):
        parse_cidr(text)


def test_blocks_contain_and_overlap() -> None:
    ten, inner, other, six = map(parse_cidr, ("10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8", "::/0"))
    assert ten.contains(parse_ip("10.255.255.255"))
    assert not ten.contains(parse_ip("11.0.0.0"))
    assert not six.contains(parse_ip("10.0.0.1"))
    assert not parse_cidr("0.0.0.0/0").contains(parse_ip("::1"))
    assert ten.contains_cidr(inner)
    assert ten.contains_cidr(ten)
    assert not inner.contains_cidr(ten)
    assert inner.overlaps(ten)
    assert not ten.overlaps(other)
    assert not ten.overlaps(six)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Example.COM", "example.com"),
        ("localhost", "localhost"),
        ("a-b.example", "a-b.example"),
        ("r3---sn-x.example", "r3---sn-x.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("xn--fiqs8s", "xn--fiqs8s"),
        ("127.0.0.1", "127.0.0.1"),
        ("1.example", "1.example"),
        ("0x7f.example", "0x7f.example"),
        ("a" * 63 + ".b", "a" * 63 + ".b"),
    ],
)
def test_a_host_is_lower_case(text: str, spelled: str) -> None:
    assert parse_host(text) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "example.com.",
        ".example.com",
        "a..b",
        "-a.b",
        "a-.b",
        "a_b.c",
        "a b",
        "a/b",
        "a:80",
        "a@b",
        "[::1]",
        "::1",
        "bücher.example",
        "exämple.com",
        "example。com",
        "ｅxample.com",
        "example.com\x00",
        "example.com\n",
        "a" * 64,
        "*.a.com",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "127.0.0.0x1",
        "0177.0.0.1",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.0.0.1",
        "a.0x",
        "a.1",
        "1.2.3",
        "a.0xff",
        "xn--",
        "xn--a",
        "xn--abc-",
        "xn--a-ecp.ru-",
        "%61.com",
        ".".join(["a" * 49] * 6),
        "xn--99999999",
        "İ.com",
        "K.com",
    ],
)
def test_a_host_that_programs_read_differently_is_none(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_host(text)
    assert fault.value.code == "bad_input"


def test_a_host_knows_its_labels_and_whether_it_is_an_address() -> None:
    assert parse_host("a.b.example").labels == ("a", "b", "example")
    assert parse_host("a.b.example").ip is None
    assert parse_host("192.0.2.1").ip == parse_ip("192.0.2.1")
    assert Host.of_ip(parse_ip("::1")) == "[::1]"
    assert Host.of_ip(parse_ip("::1")).ip == parse_ip("::1")
    assert Host.of_ip(parse_ip("::1")).labels == ("[::1]",)


def test_an_email_keeps_its_local_part_and_lowers_its_domain() -> None:
    address = parse_email("Ann.O'Hara+x@Example.COM")
    assert address == "Ann.O'Hara+x@example.com"
    assert address.local == "Ann.O'Hara+x"
    assert address.domain == "example.com"
    assert type(address.domain) is Host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@",
        "a@",
        "@b.c",
        "a@b@c",
        "a.@b.c",
        ".a@b.c",
        "a..b@c.d",
        '"a b"@c.d',
        "a b@c.d",
        "a@b.c (me)",
        "(x)a@b.c",
        "Ann <a@b.c>",
        "<a@b.c>",
        "a@b.c,d@e.f",
        "a@b.c;d@e.f",
        "a@b.c\r\nBcc: d@e.f",
        " a@b.c",
        "a@b.c ",
        "a@b.c\x00",
        "ü@b.c",
        "a@bücher.de",
        "a@[1.2.3.4]",
        "a@1.2.3.4",
        "a@b.c.",
        "a@-b.c",
        "a\\@b@c.d",
        "a:b@c.d",
        "a" * 65 + "@b.c",
        "a＠b.c",
        "mailto:a@b.c",
        "a@0x7f.1",
        "a@" + ".".join(["b" * 60] * 4) + ".c" * 5,
    ],
)
def test_an_email_that_programs_read_differently_is_none(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_email(text)
    assert fault.value.code == "bad_input"


def test_parsed_values_find_plain_text_in_tables_and_survive_copying() -> None:
    for value in (Email("a@b.c"), Host("b.c"), Host.of_ip(parse_ip("::1")), parse_cidr("10.0.0.0/8"), parse_ip("::1")):
        for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert same == value
            assert type(same) is type(value)
            assert hash(same) == hash(value)
    assert Email("a@B.c") in {"a@b.c": 1}
    assert pickle.loads(pickle.dumps(Email("a@b.c"))).domain == "b.c"
