"""Requests for the policies of `policies/`: every argument out of a pool of values where implementations like to differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

NUMBERS: Final = (
    "0", "-0", "0.0", "1", "1.0", "1e2", "-7", "7", "2.5", "-2.5", "0.5", "-0.5", "3.125", "0.000000000001", "-1.995", "1.005",
    "999999999999999999", "123456789012345678.123456789012", "1e17", "1.50", "5E-3", "12.000", "0.333333333333", "1000000", "99.5",
)  # fmt: skip
INTS: Final = (
    "0", "1", "-1", "2", "3", "7", "-7", "10", "100", "1.0", "1e3", "9223372036854775807", "-9223372036854775808", "3037000500",
    "64", "-64", "63", "1001",
)  # fmt: skip
BAD_NUMBERS: Final = (
    "1e999", "1e-13", "1234567890123456789.5", "9223372036854775808", "0.1234567890123", "NaN", "-Infinity", "01", "1.", '"1"',
    "true", "null", "[]", "1e99999999999", "100000000000000000000000",
)  # fmt: skip
TEXTS: Final = (
    "", "a", "A", "ab", "a b", "abc", "b", "aXbXc", "Straße", "STRASSE", "ſ", "S", "K", "k", "K", "İ", "ı", "Σ", "ς", "σ",
    "é", "é", "😀", "a😀b", "😀😀", "\ue000", "\uffff", "𐀀", "\u200b", " x ", "\t x\n", "x\r\ny\nz\u2028w", "\xa0\u3000x\u2003",
    "ab" * 40, "ααβ", "Ωω", "日本", "🇩🇪", 'say "hi"\\', "\x00\x1f\x7f\x85", "null", "{}", "0", "10", "9", "-", "*?[x]{y}", "a.b",
)  # fmt: skip
CODES: Final = (
    "YWJj", "YWJj=", "YQ==", "YQ", "YR==", "8J+YgA==", "8J-YgA", "c2VjcmV0", "////", "____", "616263", "61626", "6G", "f09f9880",
    "%41%62", "%4", "%zz", "%F0%9F%98%80", "100%", "ff", "a+b/c d", "~tilde", "", "secret", "😀ü",
)  # fmt: skip
TIMES: Final = (
    "2026-11-22T20:00:00Z", "2026-11-22T21:00:00.5+01:00", "2024-02-29T00:00:00Z", "1969-12-31T23:59:59.999999999Z",
    "1678-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z", "2000-03-01T00:00:00.100-23:59", "1970-01-01T00:00:00Z",
    "2027-01-31T05:06:07Z", "1900-02-28T22:00:00Z", "2026-11-22T20:00:00.000000000Z",
)  # fmt: skip
BAD_TIMES: Final = (
    "2026-11-22", "2026-11-22T20:00Z", "2026-11-22t20:00:00z", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
    "2026-11-22T20:00:60Z", "1677-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2026-11-22T20:00:00.1234567890Z", "0000-01-01T00:00:00Z",
    "2026-11-22T20:00:00", "2026-11-22T20:00:00+24:00", "２026-11-22T20:00:00Z",
)  # fmt: skip
DURATIONS: Final = (
    "0s", "1h30m", "90s", "-250ms", "2w", "7d", "1ns", "36500d", "1d1h1m1s1ms1us1ns", "-1h", "24h", "9223372036854775807ns",
)  # fmt: skip
BAD_DURATIONS: Final = ("", "1", "1m1h", "1h1h", "1.5h", "1y", "106752d", "h", "-", "1H", "+1h")
HOSTS: Final = (
    "example.com", "API.Example.COM", "a.b.example.com", "10.0.0.1", "xn--bcher-kva.example", "xn--p1ai", "localhost", "x-1.y2",
    "xn--4ca0bs.de", "255.255.255.255",
)  # fmt: skip
BAD_HOSTS: Final = (
    "", "a..b", "example.com.", "-a.com", "a-.com", "a_b.com", "bücher.example", "0x7f.1", "127.1", "1.2.3.4.5", "010.0.0.1",
    "xn--a", "xn--abc-", "xn--zzzzzzzzzz", "a" * 64 + ".com", "a b", "xn--0ca", "256.1.1.1", "xn--bcher-kv.example",
)  # fmt: skip
URLS: Final = (
    "https://example.com", "HTTPS://Example.COM:443/a/./b/%7Euser?x=%2f#top", "http://10.0.0.1:8080/a/../b/", "ftp://h/",
    "https://api.example.com/a/b", "ws://x.y:80", "https://[2001:db8::1]:8443/%C3%BC/x%20y", "custom+1://host/p;a=1?q#f",
    "https://a.example.com/a/b/c", "https://h/a//b", "https://h/%41%2d?%41%2d%2F", "https://h?#", "https://h/..%20x/;..",
)  # fmt: skip
BAD_URLS: Final = (
    "", "example.com", "https://", "https://u@h/", "https://h:0/", "https://h:080/", "https://h:65536/", "https://h/%2e%2e/",
    "https://h/%2F", "https://h/../x", "https://h\\x", "https://h/ü", "https://h/%", "https://h/%ff", "https://h/a b", "://h",
    "https://h/..;x", "https://h/?%00", "1http://h", "https://[::1/", "https://[1.2.3.4]/", "https://[::ffff:1.2.3.4]/",
    "https://h/<", "https://bad_host/", "javascript:alert(1)",
)  # fmt: skip
ADDRESSES: Final = (
    "10.0.0.1", "192.0.2.7", "255.255.255.255", "0.0.0.0", "2001:db8::1", "::", "::1", "fe80::1:0:0:1", "1:0:0:2:0:0:0:3",
    "2001:DB8:0:0:8:800:200C:417A", "::1.2.3.4", "9.255.0.1", "fd00::1",
)  # fmt: skip
BAD_ADDRESSES: Final = (
    "", "1.2.3", "1.2.3.256", "01.2.3.4", "::ffff:1.2.3.4", "fe80::1%eth0", "1::2::3", ":::", "12345::", "1:2:3:4:5:6:7:8:9", "[::1]",
    "::ffff:0:0", "1.2.3.4:80", "g::",
)  # fmt: skip
BLOCKS: Final = (
    "10.0.0.0/8",
    "0.0.0.0/0",
    "192.0.2.0/24",
    "192.0.3.0/24",
    "192.0.2.7/32",
    "2001:db8::/32",
    "::/0",
    "10.0.0.0/9",
    "10.128.0.0/9",
)
BAD_BLOCKS: Final = ("10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "::/129", "10.0.0.0/", "/8", "10.0.0.0/-1")
EMAILS: Final = ("ann@example.com", "A.b+c@Example.ORG", "x@y.z", "o'neil@xn--bcher-kva.example", "a@x.com", "b@y.org")
BAD_EMAILS: Final = (
    "", "a", "@b.c", "a@", "a@@b.c", "a b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a@1.2.3.4", "ü@b.c", "Ann <a@b.c>", "a@b_c.d", "a" * 65 + "@b.c",
)  # fmt: skip
PATHS: Final = (
    "/", ".", "/etc/passwd", "/home/a/b.txt", "a//b/./c/", "/a/../b", "//x", "x/.profile", "a.tar.gz", "/home/u/x.md", "...", "a/~b",
    "/home/a/b/c.txt", "ü/日本.txt", "/etc", "a/secret.x", "b.",
)  # fmt: skip
BAD_PATHS: Final = ("", "..", "/..", "a/../..", "~/x", "a\\b", "a\x00b", "~")
VERSIONS: Final = (
    "1.2.3", "0.0.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-1", "1.0.0-rc.1+build.5", "2.0.0", "10.0.0",
    "1.0.0--", "99999999999999999999.0.0",
)  # fmt: skip
BAD_VERSIONS: Final = (
    "",
    "1",
    "1.2",
    "v1.2.3",
    "1.2.3-",
    "1.2.3+",
    "01.2.3",
    "1.2.3-01",
    "1.2.3.4",
    "1.2.3-ä",
    "1.2.3-a..b",
)
PATTERN_TEXTS: Final = (
    "12", "12.5", "12.345", "Straße", "STRASSE", "ſſ", "keg", "KEF", "K", "AÉ_-9é", "ABC", "αβγ", "xyz", "日本語", "abbx", "a" * 20,
    "bbbcdcdx", "ab", "😀x", "\n\n", "a.b", "a.bb", "9", "a1bXcd", "abXc/d", "*?[x]{y}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", "aaab", "é",
    "", "abc", "ab\u2028c", "σΣς", "x.y.z", "-", "Ⅷ",
)  # fmt: skip
JSONS: Final = (
    "null", "true", "false", "0", "3", "4", "4.0", "2.5", "2.25", '"b"', '""', "[]", "{}", '["a","b",1]', '{"id":"a"}',
    '{"id":"b","n":2.5}', '{"id":"b","x":1}', '{"to":"a@x.com","cc":"b@x.com"}', "[1,2]", "[1,1]", "[1,2.5]", '{"a/b":{"~":[10,20]}}',
    '[[[["deep"]]]]', '{"b":1,"a":2,"10":3,"9":4,"__proto__":5,"constructor":6}', '[true,1,"1",1.5,null]', '{"é":"😀"}',
)  # fmt: skip
POINTERS: Final = (
    "",
    "/",
    "/0",
    "/1",
    "/01",
    "/-",
    "/a~1b/~0/1",
    "/id",
    "/~2",
    "x",
    "/a~1b",
    "/999999999999",
    "/__proto__",
)
JSON_TEXTS: Final = (
    '{"a":1}', '{"a":1,"a":2}', "[1,2", "NaN", '"\\ud83d\\ude00"', '"\\ud83d"', "1e400", " [ ] ", '{"x":1.50}', "", "nul", "[1,]",
    '"\x01"', '{"a":}', "\ufeff1", "-", '"\\x"', "1 2", "1.0", "123456789012345678901",
)  # fmt: skip


def quoted(text: str) -> str:
    """The text as a string of JSON."""
    import json

    return json.dumps(text, ensure_ascii=False)


class Maker:
    """Makes requests as JSON text. Now and then a value is one that its type refuses."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)

    def text(self, good: Sequence[str], bad: Sequence[str] = ()) -> str:
        return quoted(self.random.choice(bad if bad and self.random.random() < 0.15 else good))

    def number(self, good: Sequence[str]) -> str:
        return self.random.choice(BAD_NUMBERS if self.random.random() < 0.08 else good)

    def several(self, make: Sequence[str], most: int = 5) -> str:
        return "[" + ",".join(self.random.choice(make) for _ in range(self.random.randint(0, most))) + "]"

    def strings(self, pool: Sequence[str], most: int = 5) -> str:
        return self.several([quoted(text) for text in pool], most)

    def mapping(self, keys: Sequence[str], values: Sequence[str], most: int = 4) -> str:
        chosen = self.random.sample(list(keys), self.random.randint(0, most))
        return "{" + ",".join(f"{quoted(key)}:{self.random.choice(values)}" for key in chosen) + "}"

    def item(self) -> str:
        price = f',"price":{self.random.choice(NUMBERS[:12])}' if self.random.random() < 0.6 else ""
        return f'{{"id":{self.text(("a", "b", "é", "😀"))},"size":{self.random.choice(INTS[:8])}{price}}}'

    def items(self) -> str:
        return "[" + ",".join(self.item() for _ in range(self.random.randint(0, 4))) + "]"

    def items_by_name(self) -> str:
        names = self.random.sample(["a", "b", "10", "9", "\ue000", "😀"], self.random.randint(0, 4))
        return "{" + ",".join(f"{quoted(name)}:{self.item()}" for name in names) + "}"

    def arguments(self, tool: str) -> dict[str, str]:
        """The arguments of a call, each as JSON text."""
        make = {**self.scalar_tools(), **self.collection_tools()}[tool]
        return dict(make)

    def scalar_tools(self) -> Mapping[str, Mapping[str, str]]:
        modes = ("half_up", "half_even", "up", "down", "floor", "ceiling", "nearest")
        return {
            "decimals": {"a": self.number(NUMBERS), "b": self.number(NUMBERS), "places": self.number(INTS), "mode": self.text(modes)},
            "ints": {"a": self.number(INTS), "b": self.number(INTS)},
            "quantities": {"text": self.text(("500m", "10K", "1.5Gi", ".5Mi", "1e3k", "12", "7GiB", "3kb", "M", "1.x", "2E", "5.0", "-1Ki"))},
            "texts": {"a": self.text(TEXTS), "b": self.text(TEXTS), "n": self.number(INTS[:9]), "m": self.number(INTS[:9])},
            "codes": {"a": self.text((*TEXTS, *CODES))},
            "moments": {
                "t": self.text(TIMES, BAD_TIMES), "u": self.text(TIMES, BAD_TIMES), "d": self.text(DURATIONS, BAD_DURATIONS),
                "years": self.number(INTS[:9]), "months": self.number(INTS), "days": self.number(INTS),
            },
            "spans": {"d": self.text(DURATIONS, BAD_DURATIONS), "e": self.text(DURATIONS), "n": self.number(INTS)},
            "spelled": {"text": self.text((*TIMES, *BAD_TIMES, *DURATIONS, *BAD_DURATIONS)), "number": self.number(NUMBERS)},
            "connect": {"host": self.text(HOSTS, BAD_HOSTS), "url": self.text(URLS, BAD_URLS)},
            "address": {
                "ip": self.text(ADDRESSES, BAD_ADDRESSES), "block": self.text(BLOCKS, BAD_BLOCKS), "other": self.text(BLOCKS),
                "bits": self.number(INTS),
            },
            "send": {"to": self.text(EMAILS, BAD_EMAILS), "none": "[]", **({"cc": self.strings(EMAILS)} if self.random.random() < 0.6 else {})},
            "open": {"file": self.text(PATHS, BAD_PATHS), "other": self.text(PATHS)},
            "install": {"version": self.text(VERSIONS, BAD_VERSIONS), "others": self.strings(VERSIONS)},
            "refined": {"d": self.number(NUMBERS), "n": self.number(INTS), "xs": self.several(INTS[:6])},
            "work": {"n": self.number(("5", "440", "455"))},
            "choose": {"level": self.text(("low", "mid", "high"), ("none",)), "flags": self.several(("true", "false"))},
            "documents": {"document": self.random.choice(JSONS), "pointer": self.text(POINTERS)},
        }  # fmt: skip

    def collection_tools(self) -> Mapping[str, Mapping[str, str]]:
        small = ("0", "1", "2", "3", "-1", "1.0", "7", "50")
        everything = (
            HOSTS,
            BAD_HOSTS,
            URLS,
            BAD_URLS,
            ADDRESSES,
            BAD_ADDRESSES,
            BLOCKS,
            EMAILS,
            BAD_EMAILS,
            PATHS,
            VERSIONS,
            BAD_VERSIONS,
        )
        return {
            "sums": {"ds": self.several(NUMBERS), "ns": self.several(INTS), "set_of": self.several(NUMBERS)},
            "words": {"xs": self.strings(TEXTS), "ss": self.strings(TEXTS), "map_of": self.mapping(TEXTS, [quoted(text) for text in TEXTS])},
            "parse": {"text": self.text([*self.random.choice(everything), *JSON_TEXTS])},
            "lists": {"xs": self.several(small), "ys": self.several(small), "nested": f"[{self.strings(TEXTS, 3)},{self.strings(TEXTS, 3)}]"},
            "sets": {
                "a": self.several(small), "b": self.several(small), "times": self.strings(TIMES), "ips": self.strings(ADDRESSES),
                "sets_of": f"[{self.strings(TEXTS, 2)},{self.strings(TEXTS, 2)},[]]",
            },
            "items": {"all": self.items(), "by_name": self.items_by_name()},
            "pattern": {"s": self.text(PATTERN_TEXTS)},
            "places": {"file": self.text(PATHS), "host": self.text(HOSTS), "url": self.text(URLS)},
            "refined pattern": {
                "word": self.text(("ab", "abcde", "αβ", "Ω", "a1", "", "abcd")),
                **({"short": self.text(("", "a", "😀😀😀", "abcd"))} if self.random.random() < 0.7 else {}),
            },
        }  # fmt: skip


MAKERS: Final[Mapping[str, Mapping[str, str]]] = {
    "patterns": {"texts": "pattern", "places": "places", "refined": "refined pattern"},
    "network": {"parse": "parse"},
}
"""Where a tool of a policy takes other values than its name says."""

DOCUMENTS: Final[Mapping[str, Mapping[str, object]]] = {
    "patterns": {
        "globs": ["a*b", "*.example.com", "/home/*", "?", "\\*x"],
        "regexes": {"hex": "(?i)[0-9a-f]{4,}", "greek": "\\p{Greek}+", "mail": ".+@[^@]+"},
    },
    "collections": {"limits": {"a": 2.5, "b": 0.75, "é": 10}},
}


def request_text(policy: str, tool: str, maker: Maker) -> str:
    """A request as JSON text, sometimes with something wrong."""
    arguments = maker.arguments(MAKERS.get(policy, {}).get(tool, tool))
    shown = ",".join(f"{quoted(name)}:{value}" for name, value in arguments.items())
    request = f'{{"tool":{quoted(tool)},"args":{{{shown}}}}}'
    if maker.random.random() < 0.04:
        place = maker.random.randrange(len(request))
        return maker.random.choice(
            (request[:place], request[:place] + "\x01" + request[place:], request + "]", request[:-2] + ',"x":1}}')
        )
    return request
