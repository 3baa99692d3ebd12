from __future__ import annotations

import copy
import pickle

import pytest

from tenetlang.values.faults import ValueFault
from tenetlang.values.urls import Url, parse_url


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/a/./b/%7Euser?x=%2f#top", "https://example.com/a/b/~user?x=%2F#top"),
        ("http://a.b:80", "http://a.b/"),
        ("http://a.b:443", "http://a.b:443/"),
        ("ssh://a.b:22/x", "ssh://a.b:22/x"),
        ("https://a.b?", "https://a.b/"),
        ("https://a.b#", "https://a.b/"),
        ("https://a.b?q", "https://a.b/?q"),
        ("https://a.b/x/../y", "https://a.b/y"),
        ("https://a.b/x/..", "https://a.b/"),
        ("https://a.b/x/y/..", "https://a.b/x/"),
        ("https://a.b/x/.", "https://a.b/x/"),
        ("https://a.b/x/", "https://a.b/x/"),
        ("https://a.b//x", "https://a.b//x"),
        ("https://a.b/%41%2d%5f", "https://a.b/A-_"),
        ("https://a.b/a%20b/%c3%bc", "https://a.b/a%20b/%C3%BC"),
        ("https://a.b/a%3Bb", "https://a.b/a;b"),
        ("https://a.b/%252e%252e/x", "https://a.b/%252e%252e/x"),
        ("https://a.b/...", "https://a.b/..."),
        ("https://a.b/x?a[]=1&b=%41%2e%ff", "https://a.b/x?a[]=1&b=A.%FF"),
        ("https://a.b/x?u=https://c.d/../e", "https://a.b/x?u=https://c.d/../e"),
        ("https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("https://127.0.0.1/", "https://127.0.0.1/"),
        ("git+ssh://a.b/x", "git+ssh://a.b/x"),
    ],
)
def test_a_url_has_one_normal_form(text: str, normal: str) -> None:
    assert parse_url(text) == normal
    assert parse_url(normal) == normal


def test_a_url_says_its_parts() -> None:
    url = parse_url("https://Example.com/a%20b/%C3%BC/?x=1#top")
    assert (url.scheme, url.host, url.port, url.query, url.fragment) == ("https", "example.com", 443, "x=1", "top")
    assert url.segments == ("a b", "ü", "")
    assert url.path == "/a b/ü/"
    assert parse_url("https://a.b").segments == ()
    assert parse_url("https://a.b").path == "/"
    assert parse_url("https://a.b:8443").port == 8443
    assert parse_url("redis://a.b").port is None
    assert parse_url("https://[::1]/").host.ip is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "//example.com/",
        "/x",
        "https:example.com",
        "https:/example.com",
        "https:///x",
        "https://",
        "https://?x",
        "https://:443/",
        "file:///etc/passwd",
        "mailto:a@b.c",
        "javascript:alert(1)",
        "data:text/plain,x",
        "1http://a.b/",
        "ht tp://a.b/",
        "https://user@a.b/",
        "https://user:secret@a.b/",
        "https://a.b@c.d/",
        "https://a.b:80@c.d/",
        "https://@a.b/",
        "https://a.b\\@c.d/",
        "https:\\\\a.b/",
        "https://a.b/x\\y",
        "https://a.b\\.c.d/",
        " https://a.b/",
        "https://a.b/ ",
        "https://a.b/x y",
        "https://a.b/\tx",
        "https://a.b/\nx",
        "ht\ntps://a.b/",
        "https://a\t.b/",
        "https://a.b/\0",
        "https://a.b/\x7f",
        "https://a.b/%2e%2e/x",
        "https://a.b/%2E/x",
        "https://a.b/x%2ey",
        "https://a.b/x%2fy",
        "https://a.b/x%5Cy",
        "https://a.b/x%00",
        "https://a.b/x%0d%0aSet-Cookie:y",
        "https://a.b/?x=%00",
        "https://a.b/#%00",
        "https://a.b/../x",
        "https://a.b/x/../../y",
        "https://a.b/..;/x",
        "https://a.b/x/..;a=b/y",
        "https://a.b/.;/x",
        "https://a.b/..%3B/x",
        "https://a.b/%",
        "https://a.b/%4",
        "https://a.b/%zz",
        "https://a.b/%+1",
        "https://a.b/?%zz",
        "https://a.b/#%1",
        "https://a.b/%ff",
        "https://a.b/%c3",
        "https://a.b/%c0%af",
        "https://a.b/%ed%a0%80",
        "https://a.b/ü",
        "https://a.b/?ü",
        "https://bücher.de/",
        "https://a.b/x|y",
        'https://a.b/"x"',
        "https://a.b/<x>",
        "https://a.b/?<x>",
        "https://a.b/#x#y",
        "https://a.b:/",
        "https://a.b:0/",
        "https://a.b:080/",
        "https://a.b:65536/",
        "https://a.b:+80/",
        "https://a.b:8_0/",
        "https://a.b:80:80/",
        "https://a.b:http/",
        "https://a.b./",
        "https://a_b.c/",
        "https://%61.b/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[::1%25eth0]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[127.0.0.1]/",
        "https://[]/",
        "https://::1/",
        "https://a.b。c/",
    ],
)
def test_a_url_that_programs_read_differently_is_none(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_url(text)
    assert fault.value.code == "bad_input"
    assert len(fault.value.detail) < 600


def test_a_url_is_text_of_its_own_class_and_survives_copying() -> None:
    url = Url("https://A.b/x/?q#f")
    assert url in {"https://a.b/x/?q#f", "https://a.b/"}
    for same in (copy.copy(url), copy.deepcopy(url), pickle.loads(pickle.dumps(url)), Url(url)):
        assert type(same) is Url
        assert same == url
        assert same.segments == ("x", "")
        assert same.host == "a.b"


def test_a_long_path_is_read_in_linear_time() -> None:
    url = parse_url("https://a.b/" + "x/../" * 40_000 + "%41" * 20_000)
    assert url.segments == ("A" * 20_000,)


def test_what_is_wrong_is_said_once() -> None:
    with pytest.raises(ValueFault) as fault:
        parse_url("https://acme.com:0443/")
    assert fault.value.detail.count("is not a URL") == 1
