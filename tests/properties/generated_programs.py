"""Typed Tenet programs, made up: every draw is a program that checks, whatever is drawn.

A program is text, so that it goes through the whole pipeline. It is made from the top: tools with arguments of every kind,
data, definitions, then rules whose conditions are expressions of type `bool`, made by type down to literals, arguments,
variables and calls. Optional arguments are read only with a guard, as the language demands. Small numbers and few strings
are used over and over, so that conditions meet, hold and fail; some are large enough to overflow, and some indexes miss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import attrs

T = TypeVar("T")


class Choose(Protocol):
    """Where choices come from: Hypothesis in tests."""

    def __call__(self, options: Sequence[T], /) -> T: ...


STRINGS = ['"a"', '"b"', '"ab"', '""', '"x.y"']
INTS = ["0", "1", "2", "-1", "3", "9223372036854775807"]
DECIMALS = ["0.5", "1.0", "2.25", "-1.5", "100.00"]
TIMES = ["2026-01-01", "2026-11-22T20:00:00Z"]
DURATIONS = ["1h", "30m", "24h"]
EMAILS = ["mail_a", "mail_b"]
HOSTS = ["host_a", "host_b"]
GLOBS = ['"a*"', '"*b"', '"?"', '"*.*"']
REGEXES = ['"a+b?"', '"[ab]*"', '"(?i)A.*"']
LEVELS = ['"low"', '"high"']

ARGUMENTS = {
    "n": "int",
    "d": "decimal",
    "s": "string",
    "level": "level",
    "flag": "bool",
    "to": "list[email]",
    "names": "set[string]",
    "counts": "map[string, int]",
    "when": "time",
    "span": "duration",
    "who": "email",
    "item": "item",
    "numbers": "list[int]",
    "on": "json",
    "link": "url",
    "file": "path",
    "addr": "ip",
    "net": "cidr",
    "version": "semver",
    "deep": "deep?",
    "o_n": "int?",
    "o_s": "string?",
    "o_to": "list[email]?",
    "o_item": "item?",
}

TOOLS = {
    "t.one": ["n", "d", "s", "level", "to", "names", "o_n", "o_s", "counts", "item"],
    "t.two": [
        "n",
        "s",
        "flag",
        "when",
        "span",
        "who",
        "numbers",
        "o_to",
        "o_item",
        "on",
        "link",
        "file",
        "addr",
        "net",
        "version",
        "deep",
    ],
    "t.three": [],
}

HEADER = """{observe}package p
{extend}
{resolve}
{defaults}
type Level = "low" | "high"
type Item = {{ id: string, size: int, note?: string }}
data words: set[string]
data limits: map[string, int]
data items: list[Item]
{one}
@reads
tool t.two(n: int, s: string, flag: bool, when: time, span: duration, who: email, numbers: list[int],
    o_to?: list[email], o_item?: Item, on: json, link: url, file: path, addr: ip, net: cidr, version: semver,
    deep?: {{ inner?: {{ n?: int, items: list[Item] }} }})
@reads @external
tool t.three()
@single
obligation stamp(text: string)
reviewers desk {{ who {{"p"}}; quorum 1; within 30m; else deny }}
reviewers board {{ who {{"q", "r"}}; quorum 2; within 1h; else escalate to desk }}
let mail_a: email = "a@x.com"
let mail_b: email = "b@y.org"
let host_a: host = "x.com"
let host_b: host = "y.org"
counter calls = count() of t.one within 24h
counter spent = sum(args.d) of t.one by agent.id
"""

ONE = """@writes @external
tool t.one(n: int, d: decimal, s: string, level: "low" | "high", to: list[email], names: set[string], o_n?: int,
    o_s?: string, counts: map[string, int], item: { id: string, size: int, note?: string })"""

BASE = """package b
{resolve}
{defaults}
{one}
reviewers watch {{ who {{"w"}}; quorum 1; within 10m; else deny }}
"""


@attrs.define
class Maker:
    """Makes one program. `scope` are the variables in reach with their types, `tool` the tool that is known."""

    choose: Choose
    scope: dict[str, str] = attrs.field(factory=dict)
    tool: str | None = None
    lets: dict[str, str] = attrs.field(factory=dict)
    functions: dict[str, tuple[list[str], str]] = attrs.field(factory=dict)
    present: set[str] = attrs.field(factory=set)
    counter: int = 0
    facts: bool = True

    def fresh(self) -> str:
        self.counter += 1
        return f"v{self.counter}"

    # ------------------------------------------------------------------------------------------------- expressions

    def make(self, type_: str, depth: int) -> str:
        """An expression of the type."""
        options: list[Callable[[], str]] = []
        reads = self.reads(type_)
        if reads:
            options += [lambda: self.choose(reads)] * 3
        if depth > 0:
            options += self.compound(type_, depth - 1)
        if not options or type_ in LEAVES:
            options.append(lambda: self.leaf(type_))
        return self.choose(options)()

    def leaf(self, type_: str) -> str:
        if type_ in LEAVES:
            return self.choose(LEAVES[type_])
        if type_ == "bool":
            return self.choose(["true", "false"])
        if type_ == "item":
            return f"{{id: {self.leaf('string')}, size: {self.leaf('int')}}}"
        if type_.startswith("list["):
            of = type_[5:-1]
            return "[" + ", ".join(self.leaf(of) for _ in range(self.choose([1, 2]))) + "]"
        if type_.startswith("set["):
            of = type_[4:-1]
            return "{" + ", ".join(self.leaf(of) for _ in range(self.choose([1, 2]))) + "}"
        if type_ == "map[string, int]":
            return f'{{"a": {self.leaf("int")}, "b": {self.leaf("int")}}}'
        raise AssertionError(type_)

    def reads(self, type_: str) -> list[str]:
        found = [name for name, of in self.scope.items() if of == type_]
        found += [name for name, of in self.lets.items() if of == type_]
        if self.tool is not None:
            for name in TOOLS[self.tool]:
                of = ARGUMENTS[name]
                if of == type_ or (of == type_ + "?" and f"args.{name}" in self.present):
                    found.append(f"args.{name}")
        if self.facts:
            found += [name for name, of in FACTS.items() if of == type_]
        found += [name for name, of in DATA.items() if of == type_]
        return found

    def optional(self, type_: str) -> list[str]:
        """Paths of the type that may be absent."""
        found: list[str] = []
        if self.tool is not None:
            found += [f"args.{name}" for name in TOOLS[self.tool] if ARGUMENTS[name] == type_ + "?"]
            if type_ == "string":
                found += [f"args.{name}.note" for name in TOOLS[self.tool] if ARGUMENTS[name].startswith("item")]
            if type_ == "int" and "counts" in TOOLS[self.tool]:
                found += ['args.counts["a"]', f"args.counts[{self.leaf('string')}]"]
            if type_ == "int" and "numbers" in TOOLS[self.tool]:
                found += ["args.numbers[0]"]
        if type_ == "int":
            found.append(f"data.limits[{self.leaf('string')}]")
        return found

    def compound(self, type_: str, depth: int) -> list[Callable[[], str]]:
        make, choose = self.make, self.choose
        options: list[Callable[[], str]] = [
            lambda: f"(match {{ {self.closed_bool(depth)} => {make(type_, depth)}, else => {make(type_, depth)} }})",
        ]
        maybe = self.optional(type_)
        if maybe:
            options.append(lambda: f"({choose(maybe)} ?? {make(type_, depth)})")
        fitting = [name for name, (_, result) in self.functions.items() if result == type_]
        if fitting:
            options.append(lambda: self.call(choose(fitting), depth))
        if type_ == "bool":
            options += self.conditions(depth)
        elif type_ == "int":
            options += [
                lambda: f"({make('int', depth)} {choose(['+', '-', '*'])} {make('int', depth)})",
                lambda: f"({make('int', depth)} % {make('int', depth)})",
                lambda: f"count({make(choose(['list[int]', 'set[string]', 'list[email]']), depth)})",
                lambda: f"sum({make('list[int]', depth)})",
                lambda: f"{make('list[int]', depth)}[{choose(['0', '1', '2'])}]",
                lambda: f"{make('item', 0)}.size" if self.reads("item") else self.leaf("int"),
                lambda: f"floor_div({make('int', depth)}, {make('int', depth)})",
            ]
        elif type_ == "decimal":
            options += [
                lambda: f"({make('decimal', depth)} {choose(['+', '-', '*', '/'])} {make('decimal', depth)})",
                lambda: f"({make('int', depth)} / {make('int', depth)})",
                lambda: f"({make('int', depth)} + {make('decimal', depth)})",
                lambda: f'round({make("decimal", depth)}, 1, "half_up")',
            ]
        elif type_ == "string":
            options.append(lambda: f"({make('string', depth)} + {make('string', depth)})")
        elif type_ == "time":
            options.append(lambda: f"({make('time', depth)} {choose(['+', '-'])} {make('duration', depth)})")
        elif type_ == "duration":
            options += [
                lambda: f"({make('time', depth)} - {make('time', depth)})",
                lambda: f"({make('duration', depth)} + {make('duration', depth)})",
            ]
        elif type_ == "host":
            options.append(lambda: f"{make('email', 0)}.domain" if self.reads("email") else self.leaf("host"))
        elif type_ == "list[int]":
            options += [
                lambda: self.comprehension("[", "]", "int", "list[int]", depth),
                lambda: f"({make('list[int]', depth)} + {make('list[int]', depth)})",
                lambda: f"values({make('map[string, int]', depth)})",
            ]
        elif type_ == "set[string]":
            options += [
                lambda: f"({make('set[string]', depth)} {choose(['|', '&', '-'])} {make('set[string]', depth)})",
                lambda: self.comprehension("{", "}", "string", "set[string]", depth),
            ]
        return options

    def call(self, name: str, depth: int) -> str:
        parameters, _ = self.functions[name]
        return f"{name}({', '.join(self.make(parameter, depth) for parameter in parameters)})"

    def closed_bool(self, depth: int) -> str:
        """A condition inside braces: without a block of its own at the end."""
        return f"({self.make('bool', depth)})"

    def conditions(self, depth: int) -> list[Callable[[], str]]:
        make, choose = self.make, self.choose
        compared = ["int", "decimal", "string", "time", "duration"]
        equal = [*compared, "level", "email", "host", "set[string]", "list[int]", "bool", "item"]

        def comparison() -> str:
            type_ = choose(compared)
            return f"{make(type_, depth)} {choose(['<', '<=', '>', '>='])} {make(type_, depth)}"

        def equality() -> str:
            type_ = choose(equal)
            left, right = self.read_or_make(type_, depth), make(type_, depth)
            if type_ == "bool":
                left, right = f"({left})", f"({right})"
            return f"{left} {choose(['==', '!='])} {right}"

        options = [
            comparison,
            comparison,
            equality,
            equality,
            lambda: f"not ({make('bool', depth)})",
            lambda: f"({make('bool', depth)} {choose(['and', 'or'])} {make('bool', depth)})",
            lambda: f"{self.read_or_make('string', depth)} {choose(['in', 'not in'])} {make('set[string]', depth)}",
            lambda: f"{self.read_or_make('int', depth)} in {make('list[int]', depth)}",
            lambda: f"{self.read_or_make('host', depth)} in {{{', '.join(HOSTS)}}}",
            lambda: f"{make('string', depth)} like {choose(GLOBS)}",
            lambda: f"{make('string', depth)} matches {choose(REGEXES)}",
            lambda: self.quantifier("some", depth),
            lambda: self.quantifier("every", depth),
            lambda: (
                f"tool {choose(['has', 'has not'])} {choose(['@external', '@writes'])}" if self.tool is None else "true"
            ),
            lambda: f"{choose(self.optional('int'))} is {choose(['present', 'not present'])}",
        ]
        if self.facts:
            options += [
                lambda: '"untrusted" in session.labels',
                lambda: choose(WITH_HISTORY),
            ]
        if self.tool == "t.two":
            options.append(lambda: choose(WITH_TWO).replace("INT", self.leaf("int")))
        if self.tool == "t.one":
            options.append(lambda: choose(WITH_ONE).replace("INT", self.leaf("int")))
        return options

    def read_or_make(self, type_: str, depth: int) -> str:
        found = self.reads(type_)
        return self.choose(found) if found else self.make(type_, depth)

    def source(self, depth: int) -> tuple[str, str]:
        kinds = {"list[int]": "int", "set[string]": "string", "list[email]": "email"}
        type_ = self.choose(sorted(kinds))
        return self.make(type_, min(depth, 1)), kinds[type_]

    def quantifier(self, kind: str, depth: int) -> str:
        source, of = self.source(depth)
        name = self.fresh()
        outer = dict(self.scope)
        key = self.choose(["", "", "k"])
        if of != "int":
            key = ""
        if key:
            key = self.fresh()
            self.scope[key] = "int"
        self.scope[name] = of
        body = self.make("bool", depth)
        self.scope = outer
        return f"({kind} {key + ', ' if key else ''}{name} in ({source}) {{ {body} }})"

    def comprehension(self, opening: str, closing: str, element: str, source_type: str, depth: int) -> str:
        source = self.make(source_type, 0)
        name = self.fresh()
        outer = dict(self.scope)
        self.scope[name] = element
        made = self.make(element, depth)
        condition = f" if {self.make('bool', 0)}" if self.choose([True, False]) else ""
        self.scope = outer
        return f"{opening}({made}) for {name} in ({source}){condition}{closing}"

    # ---------------------------------------------------------------------------------------------------- statements

    def block(self, size: int, depth: int) -> list[str]:
        """Lines of a block; what they bind stays in scope."""
        lines: list[str] = []
        for _ in range(size):
            kind = self.choose(["condition", "condition", "condition", "some", "let", "present"])
            if kind == "condition":
                lines.append(self.make("bool", depth))
            elif kind == "some":
                source, of = self.source(1)
                name = self.fresh()
                lines.append(f"some {name} in ({source})")
                self.scope[name] = of
            elif kind == "let":
                type_ = self.choose(["int", "string", "decimal", "set[string]"])
                name = self.fresh()
                lines.append(f"let {name} = {self.make(type_, depth)}")
                self.scope[name] = type_
            elif self.tool is not None:
                absent = [f"args.{name}" for name in TOOLS[self.tool] if ARGUMENTS[name].endswith("?")]
                if absent:
                    path = self.choose(absent)
                    lines.append(f"{path} is present")
                    self.present.add(path)
        return lines

    def rule(self, verdict: str, name: str, others: list[str], reviewers: list[str]) -> str:
        outer, self.present = dict(self.scope), set()
        self.tool = self.choose(["t.one", "t.two", "t.one", "t.two", "t.three", None])
        lines = [f"tool is {self.tool}"] if self.tool is not None else []
        lines += self.block(self.choose([1, 2, 3]), self.choose([1, 2]))
        notes = self.choose(["", "", '@owner("o")\n', "@priority(2)\n", "@observe\n", "@overridable\n"])
        to = f" to {self.choose(reviewers)}" if verdict == "escalate" else ""
        lifted = self.choose([*others, "", ""]) if others else ""
        text = f"{notes}{verdict} {name}{to}{' overrides ' + lifted if lifted else ''} if {{\n    "
        text += "\n    ".join(lines) + "\n}"
        if self.choose([True, False, False]):
            inside, known = dict(self.scope), set(self.present)
            text += f" unless {{ {'; '.join(self.block(1, 1)) or 'false'} }}"
            self.scope, self.present = inside, known
        if self.choose([True, False]):
            shown = [read for type_ in ("int", "string", "set[string]") for read in self.reads(type_)]
            text += f' because "n {{{self.choose(shown)}}} and {{{self.choose(shown)}}}"'
        if verdict != "deny" and self.choose([True, False, False]):
            masked = self.choose([self.make("string", 0), f"to_string({self.make('int', 1)})"])
            text += f" then {self.choose(['mask', 'mask', 'stamp'])}({masked})"
            text += self.choose(["", ', stamp("a")', ', stamp("b")'])
        self.scope, self.tool, self.present = outer, None, set()
        return text


WITH_TWO = [
    "(args.on is int and args.on > INT)",
    "(args.on is { a: int } and args.on.a == INT)",
    "(args.on is list[int] and INT in args.on)",
    'args.link.host in {"example.com", "x.com"}',
    "(args.link.port ?? 0) in [443, 8080]",
    'args.link.scheme == "https"',
    'args.link like "https://*.example.com/**"',
    'args.link.segments == ["a", "b"]',
    'args.file like "/etc/*"',
    'args.file like "/home/**"',
    'args.file.name in {"passwd", "b.txt"}',
    "args.addr in args.net",
    'args.addr in "10.0.0.0/8"',
    'args.net in "0.0.0.0/0"',
    'args.version >= "1.2.0"',
    "args.version.major == INT",
    "args.deep.inner.n is present",
    "(args.deep.inner.n ?? INT) > 1",
    "count(args.deep.inner.items ?? []) > 0",
    "(args.deep is present and args.deep.inner is present and some i in args.deep.inner.items { i.size > INT })",
    "origin(args.n) is present",
    '(origin(args.n) is present and origin(args.n).kind == "user")',
    "origin(args.s).tool is not present",
    "args.numbers[1] * INT > 3",
    "(max(args.numbers) ?? INT) > 1",
    "first(args.numbers) is present",
    "(last(args.numbers) ?? 0) == INT",
    "args.when - now > 1h",
    "sort(args.numbers) == args.numbers",
]

WITH_ONE = [
    '(some k, v in args.counts { v > INT and k != "b" })',
    '(every k, v in args.counts { v > INT or k == "a" })',
    "(some i, a in args.to { i > 0 and a.domain == host_a })",
    'keys(args.counts) == ["a"]',
    "{[k]: v + 1 for k, v in args.counts if v > INT} == args.counts",
    "count([x for x in args.to if x.domain == host_b]) == 1",
    '(args.o_s is present and args.o_s like "a*") or args.n > INT',
    "args.item.note is present",
    'args.item == {id: "a", size: INT}',
    '(args.item.note is not present or args.item.note == "a")',
    'args.counts["a"] + INT > 2',
    "args.d / args.n > 1.5",
    "sum([v for k, v in args.counts]) > INT",
]

WITH_HISTORY = [
    'some earlier in session.calls { earlier.tool is t.one; earlier.verdict == "deny" }',
    "(some earlier in session.calls { earlier.tool is t.one; earlier.args is present; earlier.args.n > 1 })",
    "(every earlier in session.calls { earlier.tool is not t.two })",
    "(some earlier in session.calls { earlier.tool has @external })",
    "(some earlier in session.calls { now - earlier.at < 24h })",
    'count([c for c in session.calls if c.tool like "t.*"]) > 1',
]

LEAVES = {
    "int": INTS,
    "decimal": DECIMALS,
    "string": STRINGS,
    "time": TIMES,
    "duration": DURATIONS,
    "email": EMAILS,
    "host": HOSTS,
    "level": LEVELS,
}

FACTS = {
    "agent.id": "string",
    "calls": "int",
    "spent": "decimal",
    "now": "time",
    "session.labels": "set[string]",
}

DATA = {"data.words": "set[string]", "data.limits": "map[string, int]"}


def program(choose: Choose) -> list[tuple[str, str]]:
    """The files of one program: `p.tenet`, and `b.tenet` where it extends a base."""
    maker = Maker(choose)
    extends = choose([False, False, True])
    resolve = choose(["", "resolve most_restrictive", "resolve first", "resolve priority"])
    error = choose(["", "on error deny", "on error escalate to board"])
    default = choose(["", "default deny", "default allow", 'default escalate to desk because "d"'])
    if extends:
        default = choose(["", "default deny"])
    header = HEADER.format(
        observe=choose(["", "", "", "", "@observe\n"]),
        extend="extend b" if extends else "",
        one="" if extends else ONE,
        resolve=resolve,
        defaults=f"{error}\n{default}",
    )
    parts = [header]
    maker.facts = False
    for number in range(choose([0, 1, 2])):
        type_ = choose(["int", "bool", "string", "decimal"])
        parameters = [choose(["int", "string", "set[string]"]) for _ in range(choose([1, 2]))]
        names = [maker.fresh() for _ in parameters]
        maker.scope = dict(zip(names, parameters, strict=True))
        body = maker.make(type_, 2)
        maker.scope = {}
        given = ", ".join(f"{n}: {p}" for n, p in zip(names, parameters, strict=True))
        parts.append(f"fn f{number}({given}) -> {type_} = {body}")
        maker.functions[f"f{number}"] = (parameters, type_)
    maker.facts = True
    for number in range(choose([0, 1, 2])):
        type_ = choose(["int", "bool", "string", "set[string]", "decimal"])
        parts.append(f"let l{number} = {maker.make(type_, 2)}")
        maker.lets[f"l{number}"] = type_
    if choose([True, False]):
        name = maker.fresh()
        maker.scope = {name: "string"}
        parts.append(
            f"set flagged contains {name} if {{\n    some {name} in data.words\n    {maker.make('bool', 1)}\n}}"
        )
        maker.scope = {}
        maker.lets["flagged"] = "set[string]"
    if choose([True, False]):
        maker.tool = "t.one"
        parts.append(f"let limited of t.one = {maker.make('int', 2)}")
        maker.tool = None
        parts.append("deny of_limited if { tool is t.one; limited > 2 }")
    if choose([True, False, False]):
        parts.append('for t.one | t.two {\n    deny inner if { args.n == 3; args.s != "a" }\n}')
    written: list[str] = []
    for number in range(choose([1, 2, 3, 4, 6])):
        verdict = choose(["allow", "deny", "escalate"])
        parts.append(maker.rule(verdict, f"r{number}", list(written), ["desk", "board"]))
        written.append(f"r{number}")
    files = [("p.tenet", "\n\n".join(parts) + "\n")]
    if extends:
        files.append(("b.tenet", base(choose)))
    return files


def base(choose: Choose) -> str:
    """A base package: few facts, simple rules."""
    error = choose(["", "on error deny", "on error escalate to watch"])
    parts = [BASE.format(resolve=choose(["", "resolve priority"]), defaults=error, one=ONE)]
    for number in range(choose([1, 2])):
        verdict = choose(["allow", "deny", "escalate"])
        to = " to watch" if verdict == "escalate" else ""
        condition = choose(["args.n > 1", 'args.s == "a"', "args.n * args.n > 2", "args.counts[args.s] > 0"])
        parts.append(f"{verdict} base{number}{to} if {{ tool is t.one; {condition} }}")
    return "\n\n".join(parts) + "\n"
