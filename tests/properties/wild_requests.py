"""Requests from further out than those of `testing/sample.py`: longer collections, equal members, and values at the ends of types.

The sampler of the product looks for requests close to where rules decide. These are to be anywhere that requests can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random

from tenetlang.program import types as t
from tenetlang.program.program import Program
from tenetlang.testing.sample import Sampler, constants_of

WILD: Mapping[str, tuple[object, ...]] = {
    "string": ("x.y", "A", "aa", "ab", "b", "ba", "\x00", "é", "low", "t.one"),
    "int": (3, 5, -2, 2**63 - 1, -(2**63), 7),
    "decimal": (
        Decimal("0.5"),
        Decimal("2.25"),
        Decimal("1e-12"),
        Decimal("999999999999999999.999999999999"),
        Decimal("-1.5"),
    ),
    "time": (
        "2026-11-22T20:00:00.000000001Z",
        "1678-01-01T00:00:00Z",
        "2261-12-31T23:59:59.999999999Z",
        "2026-01-02T00:00:00Z",
    ),
    "duration": ("-1h", "30m", "1ns", "25h", "0s"),
    "ip": ("10.255.255.255", "::", "::1", "255.255.255.255", "11.0.0.0", "9.255.255.255", "0.0.0.0"),
    "cidr": ("10.0.0.0/9", "0.0.0.0/0", "2001:db8::/32", "10.1.2.3/32"),
    "url": (
        "https://a.example.com/",
        "https://www.example.com/a/b",
        "http://[2001:db8::1]/",
        "https://10.0.0.1:8443/?q=a",
        "https://x.com/a/b",
        "https://x.com:8080/",
        "https://sub.example.com:444/",
        "https://example.com/a//b#f",
    ),
    "email": ("a@x.com", "b@y.org", "A@x.com", "x.y@example.com"),
    "host": ("x.com", "y.org", "a.x.com", "10.0.0.1"),
    "path": ("/etc", "/etc/passwd/x", "/home/x", "b.txt", ".", "..", "a/b.txt", "/home/a/b.tar.gz", ".bashrc"),
    "semver": ("1.2.0", "1.2.0-rc.1", "1.1.9", "2.0.0-alpha"),
    "json": (1, 2, -1, {"a": 0}, {"a": 1, "b": 2}, [1, 2], [2, "a"], "b", Decimal("1.5"), False, {"a": None}),
}
"""Values beside those that the sampler draws from, as JSON."""


class WildSampler(Sampler):
    """A sampler that draws from `WILD` too, and makes longer collections, in which members come up more than once."""

    def value(self, type_: t.Type) -> object:
        choose = self.random
        match type_:
            case t.ListType(of):
                made: list[object] = []
                for _ in range(choose.choice((0, 0, 1, 1, 2, 2, 3, 4, 6))):
                    again = made and choose.random() < 0.3  # some of them
                    made.append(choose.choice(made) if again else self.value(of))
                return made
            case t.SetType(of):
                return [self.value(of) for _ in range(choose.choice((0, 1, 1, 2, 3, 4)))]
            case t.Scalar(name) if name in WILD and choose.random() < 0.15:  # a few
                return choose.choice(WILD[name])
            case _:
                return super().value(type_)


def wild_sampler(program: Program, random: Random) -> WildSampler:
    """The sampler of wild requests for a program."""
    return WildSampler(program, constants_of(program), random)
