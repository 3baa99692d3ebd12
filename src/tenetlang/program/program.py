"""The checked program: what `check` makes of all the files, and all that later stages know.

Everything is by full name (`acme.support.large_refund`), resolved and typed; nothing refers to the syntax tree. The
packages are those that take part in the decision: the entry and the packages that it extends, each with its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from tenetlang.frozen import field, frozen
from tenetlang.program.expression import Block, Expression, Local
from tenetlang.program.types import Field, RecordType, Refinement, Type
from tenetlang.text import Span

Verdict: TypeAlias = Literal["allow", "deny", "escalate"]
Resolution: TypeAlias = Literal["most_restrictive", "first", "priority", "unique"]
AnnotationValue: TypeAlias = str | int | bool


@frozen
class Annotation:
    """`@owner("payments")`: arguments as JSON-able values; decimals, times and durations in their one spelling."""

    name: str
    arguments: tuple[AnnotationValue, ...]


@frozen
class Fact:
    """A top-level part of a request that packages declare by `request`: its type, and whether it must be there.

    `required`: some package that decides reads it and its declaration has no `?`. A fact that is sent is always
    checked against its type, required or not.
    """

    name: str
    type: Type
    required: bool


@frozen
class Tool:
    name: str
    parameters: RecordType
    annotations: tuple[Annotation, ...]
    at: Span = field(eq=False)


@frozen
class Data:
    """A typed document from outside. `path` is how `Read` names it: `("data", package, name)`; the short name is what
    `--data NAME=FILE` takes (with its package, `acme.support.vendors`, where two packages have one of that name)."""

    package: str
    name: str
    type: Type
    at: Span = field(eq=False)


@frozen
class Definition:
    """A `let` or a partial `set`. `tools` is None, or where an `of` or a `for` limits it, the tools for which it has a value.

    A partial set's value is the `Build` of all its rules, united.
    """

    name: str
    type: Type
    value: Expression
    tools: frozenset[str] | None
    exported: bool
    at: Span = field(eq=False)


@frozen
class Function:
    name: str
    parameters: tuple[Local, ...]
    result: Type
    body: Expression
    at: Span = field(eq=False)


@frozen
class Counter:
    """An aggregate over earlier allowed calls, kept by the runtime and passed as the fact `counters.NAME`.

    `aggregate` `count` has no argument; `sum` and `distinct` have one. `argument`, `by` and `body` read the counted call
    as if it were the request. `within` is nanoseconds, None for all time. The short name is the request's key.
    """

    package: str
    name: str
    aggregate: Literal["count", "sum", "distinct"]
    argument: Expression | None
    tools: frozenset[str]
    by: tuple[Expression, ...]
    within: int | None
    body: Block
    type: Type
    at: Span = field(eq=False)

    @property
    def refinement(self) -> Refinement | None:
        """What its value has to be beyond its type: what is counted is not less than nothing."""
        return None if self.aggregate == "sum" else Refinement(minimum=0)


@frozen
class Reviewers:
    """Who decides an escalation. `who` is a set of strings, evaluated when the escalation is made; `within` is
    nanoseconds. `otherwise` is `deny`, or the full name of the reviewers who are asked next. `shown_name` is how decisions and
    approvals name them."""

    name: str
    shown_name: str
    who: Expression
    quorum: int
    within: int
    otherwise: str
    notify: tuple[str, ...]
    at: Span = field(eq=False)


@frozen
class Obligation:
    name: str
    parameters: tuple[Field, ...]
    single: bool
    at: Span = field(eq=False)


@frozen
class ObligationUse:
    obligation: str
    arguments: tuple[Expression, ...]
    at: Span = field(eq=False)


@frozen
class Template:
    """Text and typed holes in turn."""

    parts: tuple[str | Expression, ...]


@frozen
class Rule:
    """One rule. `body` has the conditions in the written order, a `for` around the rule included as the first.

    `exception` is the block of `unless`: the rule matches where one choice satisfies `body` and not `exception` (in the
    scope of that choice); an exception that errs does not hold, and its error counts.
    `tools` is None where the rule can match without a tool or for any tool; else a superset of the tools for which its
    leading tool conditions can hold. `shown_name` is how decisions name it: the bare name for a rule of the entry
    package, `baseline.y` for one of an extended package, `acme.baseline.y` where two packages end in `baseline`.
    `order` is the place in the written order of its package, from 0.
    """

    name: str
    shown_name: str
    package: str
    verdict: Verdict
    body: Block
    exception: Block | None
    exception_text: str
    because: Template | None
    then: tuple[ObligationUse, ...]
    reviewers: str | None
    overrides: tuple[str, ...]
    priority: int
    observe: bool
    tools: frozenset[str] | None
    annotations: tuple[Annotation, ...]
    order: int
    at: Span = field(eq=False)

    @property
    def owner(self) -> str | None:
        """The argument of `@owner`, if there is one."""
        for annotation in self.annotations:
            if annotation.name == "owner" and annotation.arguments:
                return str(annotation.arguments[0])
        return None


@frozen
class Fallback:
    """What `default` or `on error` says. `reviewers` is there exactly for `escalate`."""

    verdict: Verdict
    reviewers: str | None = None
    because: Template | None = None
    at: Span | None = field(default=None, eq=False)


@frozen
class Package:
    """A package that decides. `default` is None where none is written (then the base's, and in the end deny)."""

    name: str
    resolve: Resolution
    default: Fallback | None
    on_error: Fallback
    observe: bool
    rules: Sequence[Rule]


@frozen
class Replacement:
    """`with PATH = value` of a test or claim. `target` is a path as of `Read` (also below a fact: `("agent", "roles")`),
    or `("function", full name)` with `parameters` bound in `value`. Later ones win; `agent = …` then `agent.roles = …`."""

    target: tuple[str, ...]
    parameters: tuple[Local, ...]
    value: Expression
    at: Span = field(eq=False)


@frozen
class Expectation:
    """`verdict` is a constant or a table's variable of type verdict, or None where `condition` is any bool."""

    verdict: Expression | None
    to: str | None
    by: tuple[str, ...]
    because: str | None
    condition: Expression | None
    text: str
    at: Span = field(eq=False)


@frozen
class TestCase:
    """A `test`. `rows` are the values of `variables`, one tuple of expressions a row; a test without a table has one
    empty row. `call` is the tool and its arguments, None for a test that only computes."""

    __test__ = False
    name: str
    package: str
    variables: tuple[Local, ...]
    rows: tuple[tuple[Expression, ...], ...]
    assignments: tuple[tuple[Local, Expression], ...]
    tool: str | None
    arguments: tuple[tuple[str, Expression], ...]
    replacements: tuple[Replacement, ...]
    expectations: tuple[Expectation, ...]
    at: Span = field(eq=False)


@frozen
class Claim:
    """`never`: no request satisfies `body`. `always`: each that satisfies `condition` satisfies `body`."""

    kind: Literal["never", "always"]
    name: str
    package: str
    condition: Block
    body: Block
    replacements: tuple[Replacement, ...]
    at: Span = field(eq=False)


@frozen
class Program:
    """The whole. `packages` has the entry first, then the packages that it extends, nearest first. `uses_tools` is false
    for a program without `std.agents`, whose requests have no `tool` and `args`. `source_digest` is over all files."""

    entry: str
    packages: tuple[Package, ...]
    uses_tools: bool
    facts: Mapping[str, Fact]
    tools: Mapping[str, Tool]
    data: tuple[Data, ...]
    definitions: Mapping[str, Definition]
    functions: Mapping[str, Function]
    counters: tuple[Counter, ...]
    reviewers: Mapping[str, Reviewers]
    obligations: Mapping[str, Obligation]
    tests: tuple[TestCase, ...]
    claims: tuple[Claim, ...]
