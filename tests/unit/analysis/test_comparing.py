"""Conditions of every kind: those that some request satisfies get one, and those that none can are ruled out."""

from __future__ import annotations

import pytest

from tenetlang.analysis.questions import Undecided, Witness
from tests.unit.analysis.held import asked, policy

CAN: list[tuple[str, str]] = [
    ("n: int", "args.n > 5; args.n < 7"),
    ("n: int", "5 < args.n; 7 > args.n; 6 == args.n; 9 != args.n; 6 <= args.n; 6 >= args.n"),
    ("n: int, m: int", "args.n - args.m == 3; args.m > 10"),
    ("n: int, m: int", "args.n + args.m != 3; args.n * 2 < args.m; -args.n <= 4"),
    ("n: int", "args.n + 1 > 3 or false"),
    ("d: decimal", "args.d > 0.000000000001; args.d < 0.000000000003"),
    ("d: decimal", "args.d / 3 > 1.5"),
    ("a: time, b: time", "args.a - args.b > 24h; args.a < 2026-01-03"),
    ("d: duration", "args.d * 2 > 1h; args.d < 1h"),
    ("ip: ip", 'args.ip in "10.0.0.0/8"; args.ip != "10.0.0.0"; args.ip > "10.0.0.7"'),
    ("ip: ip", 'args.ip in "2001:db8::/32"'),
    ("ip: ip", "args.ip.version == 6"),
    ("ip: ip", "args.ip.version != 6"),
    ("ip: ip, net: cidr", 'args.ip in args.net; args.ip == "192.0.2.1"'),
    ("h: host", 'args.h like "*.com"; args.h != "a.com"'),
    ("h: host", 'args.h.ip is present; args.h.ip in "10.0.0.0/8"; args.h == "10.1.2.3"'),
    ("h: host", '"admin" in args.h.labels'),
    ("e: email", 'args.e.domain == "x.com"; args.e.local like "a*"'),
    ("u: url", 'args.u.host like "*.com"; (args.u.port ?? 0) == 8443; args.u.path like "/a*"'),
    ("u: url", '(args.u.port ?? 0) == 443; args.u.scheme == "https"'),
    ("p: path", 'args.p.extension == "txt"; args.p.parent == "/tmp"; args.p.absolute'),
    ("p: path", 'not args.p.absolute; "secret" in args.p.segments'),
    ("v: semver", 'args.v > "1.2.0-rc.1"; args.v < "1.2.0"'),
    ("v: semver", 'args.v >= "1.0.0"; args.v != "1.0.0"; args.v < "1.0.1"'),
    ("s: string", 'args.s > "a"; args.s < "b"; args.s != "aa"; count(args.s) == 3'),
    ("s: string", 'args.s matches "[a-z]+"; args.s not in {"a", "b"}; not (args.s like "a*")'),
    ("s: string, r: string", 'args.s == args.r; args.s != ""; args.r like "x*"'),
    ("s: string, r: string", 'args.s != args.r; args.s in {"a", "b"}; args.r in {"a"}'),
    ("s: string, r: string", "args.s < args.r or args.s >= args.r"),
    ('l: "a" | "b" | "c", k: "b" | "c" | "d"', 'args.l == args.k; args.k != "c"'),
    ('l: "aa" | "b"', 'args.l like "a*"'),
    ("b: bool, c: bool", "args.b == args.c; not args.c"),
    ("xs: list[int]", "count(args.xs) == 3; every x in args.xs { x > 4 }"),
    ("xs: list[int]", "(max(args.xs) ?? 0) > 3; (min(args.xs) ?? 0) < 0"),
    ("xs: list[int]", "(max(args.xs) ?? 9) <= 3; count(args.xs) > 0"),
    ("xs: list[int]", "(min(args.xs) ?? 9) >= 3; count(args.xs) > 0"),
    ("xs: list[int]", "args.xs[1] == 7; not (args.xs[2] is present)"),
    ("xs: list[int]", "args.xs == []"),
    ("xs: list[int]", "args.xs != []"),
    ("xs: set[string]", 'args.xs == {"a", "b"}'),
    ("xs: set[string], ys: set[string]", 'count(args.xs - args.ys) == 0; "b" in args.ys; count(args.xs) > 0'),
    ('xs: set["a" | "b"]', "count(args.xs) == 2"),
    ("bs: list[bool]", "any(args.bs); not all(args.bs)"),
    ("m: map[string, int]", 'args.m["a"] ?? 0 > 3; some k, v in args.m { k != "a"; v == 1 }'),
    ("r: {a: int, b?: {c: string}}", 'args.r.a == 3; args.r.b is present; args.r.b.c == "x"'),
    ("r: {a: int}, q: {a: int}", "args.r == args.q; args.q.a == 4"),
    ("r: {a: int, b?: string}", 'args.r == {a: 1, b: "x"}'),
    ("r: {a: int, b?: string}", "args.r != {a: 1}; args.r.a == 1"),
    ("r: {a: int, b?: {c: string}}, n: int", "args.r == {a: args.n}; args.n == 4"),
    ("xs: list[{a: int}]", "{a: 3} in args.xs"),
    ("o?: string", "args.o is not present"),
    ("o?: string, n: int", '(args.o ?? "z") == "z"; args.n == 1'),
    ("j: json", "args.j is { a: int }; args.j.a > 3"),
    ("j: json", "args.j is not string; args.j is not present or args.j is list[int]"),
    ("n: int", 'origin(args.n) is present; origin(args.n).kind == "tool"'),
    ("n: int", 'some c in session.calls { c.tool is t; c.args is present; c.args.n == 3; c.verdict == "deny" }'),
    ("n: int", "every c in session.calls { c.tool is t }; count(session.calls) > 0"),
    ('@pattern("[ab]{2}") s: string, @min(3) n: int', 'args.s != "aa"; args.n < 5'),
    ("@items(2, 3) xs: list[int]", "every x in args.xs { x == 1 }"),
    ("n: int", "now > 2027-01-01"),
    ("n: int", 'agent.team is present; agent.team == "x"'),
]  # fmt: skip

CANNOT: list[tuple[str, str]] = [
    ("n: int", "args.n > 5; args.n < 6"),
    ("n: int, m: int", "args.n < args.m; args.m < args.n"),
    ("n: int, m: int", "args.n < args.m; args.m < args.n + 1"),
    ("d: decimal", "args.d > 0.000000000001; args.d < 0.000000000002"),
    ("d: decimal", "args.d * 3 == 1"),
    ("n: int", "args.n * 2 == 5"),
    ("ip: ip", 'args.ip in "10.0.0.0/8"; args.ip in "11.0.0.0/8"'),
    ("ip: ip", 'args.ip in "0.0.0.0/0"; args.ip in "::/0"'),
    ("ip: ip", "args.ip.version == 6; args.ip.version == 4"),
    ("ip: ip", 'args.ip.version == 4; args.ip in "2001:db8::/32"'),
    ("ip: ip", "args.ip.version > 6"),
    ("h: host", 'args.h like "x*.com" and args.h like "y*.com"'),
    ("e: email", 'args.e.domain == "x.com"; args.e.domain like "*.org"'),
    ("u: url", 'args.u.scheme == "http"; args.u like "https://**"'),
    ("p: path", 'args.p.absolute; args.p like "a/**"'),
    ("p: path", 'args.p.extension == "txt"; args.p like "**/*.py"'),
    ("s: string", 'args.s like "a*"; args.s < "a"'),
    ("s: string", 'args.s > "b"; args.s < "a"'),
    ("s: string", 'count(args.s) < 3; args.s like "????*"'),
    ("s: string, r: string", 'args.s == args.r; args.s == "a"; args.r == "b"'),
    ("s: string, r: string", 'args.s != args.r; args.s == "a"; args.r == "a"'),
    ("s: string, r: string", "args.s < args.r; args.s == args.r"),
    ("s: string, r: string", "args.s > args.r; args.r >= args.s"),
    ("xs: list[int]", "count(args.xs) == 0; 3 in args.xs"),
    ("xs: list[int]", "(max(args.xs) ?? 9) < 3; 3 in args.xs"),
    ("xs: list[int]", "(min(args.xs) ?? 9) > 3; 3 in args.xs"),
    ('xs: set["a" | "b"]', "count(args.xs) == 3"),
    ('xs: set["a" | "b"]', 'count(args.xs) == 2; "a" not in args.xs'),
    ("xs: set[string]", 'args.xs == {"a", "b"}; "c" in args.xs'),
    ("bs: list[bool]", "any(args.bs); every b in args.bs { not b }"),
    ("xs: list[int]", "count(args.xs) <= 1; 1 in args.xs; 2 in args.xs"),
    ("@min(3) n: int", "args.n < 3"),
    ("r: {a: int}, q: {a: int}", "args.r == args.q; args.q.a == 4; args.r.a == 5"),
    ("r: {a: int, b?: string}", "args.r == {a: 1}; args.r.b is present"),
    ("r: {a: int, b?: string}", "args.r != {a: 1}; args.r.a == 1; args.r.b is not present"),
    ("r: {a: int}", "args.r in [{a: 1}, {a: 2}]; args.r.a > 2"),
    ("xs: list[{a: int}]", "{a: 3} in args.xs; every x in args.xs { x.a > 3 }"),
    ("@max(3) n: int", "args.n > 3"),
    ('@pattern("[ab]+") s: string', 'args.s == "c"'),
    ("@items(2, 3) xs: list[int]", "count(args.xs) == 1"),
    ("j: json", "args.j is int; args.j > 3; args.j < 4"),
    ("n: int", "count(session.calls) == 0; some c in session.calls { c.tool is t }"),
    ("o?: int", "args.o is not present; args.o is present"),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "body"), CAN)
def test_a_condition_that_can_hold_is_shown_to(parameters: str, body: str) -> None:
    answer = asked(policy(parameters, body)).answers()["holds", "r"]
    assert isinstance(answer, Witness), answer


@pytest.mark.parametrize(("parameters", "body"), CANNOT)
def test_a_condition_that_can_never_hold_is_ruled_out(parameters: str, body: str) -> None:
    answer = asked(policy(parameters, body)).answers()["holds", "r"]
    assert answer is None, answer if isinstance(answer, Undecided) else "a request shows it"
