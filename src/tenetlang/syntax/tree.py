"""The syntax tree: what was written, before anything is known about it.

One frozen node for each form of the language, each with the span `at` that it covers. Names are as written and not
resolved; literals keep their text where reading it can fail for reasons of type (`30m`, `2027-01-01`, `50.00`). The
tree is complete enough to print the program again: `print.py` proves that parsing what it prints gives the same tree.

Three families: *types* (`TypeForm`), *expressions* (`Expression`) and *declarations* (`Declaration`). A block is a
tuple of statements: a condition, `some x in xs`, or `let x = …`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from tenetlang.frozen import field, frozen
from tenetlang.text import Span, Text

VerdictWord: TypeAlias = Literal["allow", "deny", "escalate"]


@frozen
class Path:
    """A dotted name as written: `acme.support`, `data`, `baseline.y`."""

    parts: tuple[str, ...]
    at: Span = field(eq=False)

    @property
    def text(self) -> str:
        return ".".join(self.parts)


@frozen
class ToolName:
    """A tool's name: words or strings joined by dots. `get.issue` and `"get.issue"` are one tool."""

    name: str
    at: Span = field(eq=False)


@frozen
class Annotation:
    """`@owner("payments")`: a name and the arguments, which are literals."""

    name: str
    arguments: tuple[Expression, ...]
    at: Span = field(eq=False)


# ------------------------------------------------------------------------------------------------------ types


@frozen
class NamedType:
    """`string`, `Vendor`, `agents.Session`."""

    name: Path
    at: Span = field(eq=False)


@frozen
class GenericType:
    """`list[T]`, `set[T]`, `map[string, T]`."""

    name: str
    arguments: tuple[TypeForm, ...]
    at: Span = field(eq=False)


@frozen
class LiteralType:
    """One string literal of a union: `"support"`."""

    value: str
    at: Span = field(eq=False)


@frozen
class UnionType:
    """`"support" | "finance"`; always two members or more."""

    members: tuple[TypeForm, ...]
    at: Span = field(eq=False)


@frozen
class OptionalType:
    """`T?`."""

    of: TypeForm
    at: Span = field(eq=False)


@frozen
class FieldForm:
    """A field of a record type, or a parameter of a tool, a function or an obligation."""

    annotations: tuple[Annotation, ...]
    name: str
    optional: bool
    type: TypeForm
    at: Span = field(eq=False)


@frozen
class RecordType:
    """`{ id: string, limit?: decimal }`."""

    fields: tuple[FieldForm, ...]
    at: Span = field(eq=False)


TypeForm: TypeAlias = NamedType | GenericType | LiteralType | UnionType | OptionalType | RecordType


# ------------------------------------------------------------------------------------------------ expressions


@frozen
class Number:
    """An integer or decimal literal, as written: `2`, `50.00`, `1_000`."""

    text: str
    at: Span = field(eq=False)


@frozen
class String:
    """A string literal; `value` is what it means, escapes resolved."""

    value: str
    at: Span = field(eq=False)


@frozen
class Boolean:
    value: bool
    at: Span = field(eq=False)


@frozen
class Null:
    at: Span = field(eq=False)


@frozen
class DurationLiteral:
    """`30m`, `1h30m`."""

    text: str
    at: Span = field(eq=False)


@frozen
class TimeLiteral:
    """`2027-01-01` or `2027-01-01T10:00:00Z`."""

    text: str
    at: Span = field(eq=False)


@frozen
class VerdictLiteral:
    """`allow`, `deny` or `escalate` as a value, in tests and claims."""

    verdict: VerdictWord
    at: Span = field(eq=False)


@frozen
class Name:
    """A word that stands for a value: a variable, a `let`, `args`, `data`, `tool`, `session`."""

    name: str
    at: Span = field(eq=False)


@frozen
class Member:
    """`of.name`."""

    of: Expression
    name: str
    at: Span = field(eq=False)


@frozen
class Index:
    """`of[key]`."""

    of: Expression
    key: Expression
    at: Span = field(eq=False)


@frozen
class Argument:
    """An argument of a call; `name` is empty where it is positional."""

    name: str
    value: Expression
    at: Span = field(eq=False)


@frozen
class Call:
    """`external(address)`, `text.lower(x)`, `address.starts_with("a")` is not a form: `function` is a path."""

    function: Path
    arguments: tuple[Argument, ...]
    at: Span = field(eq=False)


UnaryOperator: TypeAlias = Literal["not", "-"]
BinaryOperator: TypeAlias = Literal[
    "or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "matches", "not matches",
    "+", "-", "*", "/", "%", "|", "&", "??",
]  # fmt: skip


@frozen
class Unary:
    operator: UnaryOperator
    operand: Expression
    at: Span = field(eq=False)


@frozen
class Binary:
    operator: BinaryOperator
    left: Expression
    right: Expression
    at: Span = field(eq=False)
    operator_at: Span = field(eq=False)


@frozen
class IsPresent:
    """`of is present`, `of is not present`."""

    of: Expression
    negated: bool
    at: Span = field(eq=False)


@frozen
class IsTool:
    """`of is a | b` where the right side can name tools, types or verdicts: words or strings joined by dots.

    Which of the three it is depends on the type of `of`, so the parser keeps the alternatives as written.
    `quoted` says that any part was a string.
    """

    of: Expression
    negated: bool
    names: tuple[ToolName, ...]
    at: Span = field(eq=False)


@frozen
class IsType:
    """`of is list[string]`, `of is { id: string }`: a right side that can only be a type."""

    of: Expression
    negated: bool
    type: TypeForm
    at: Span = field(eq=False)


@frozen
class Has:
    """`tool has @external`, `tool has not @a("x")`."""

    of: Expression
    negated: bool
    annotation: Annotation
    at: Span = field(eq=False)


@frozen
class Variables:
    """What `some`, `every` and `for` bind: `x`, or `k, v` / `i, v`; `key` is empty where there is only one."""

    key: str
    value: str
    at: Span = field(eq=False)


@frozen
class Quantifier:
    """`some x in xs { … }` or `every x in xs { … }` as an expression of type `bool`."""

    kind: Literal["some", "every"]
    variables: Variables
    source: Expression
    body: Block
    at: Span = field(eq=False)


@frozen
class ListForm:
    items: tuple[Expression, ...]
    at: Span = field(eq=False)


@frozen
class Tuple:
    """`(50.00, allow)`: a row of a test's table; nothing else may use it."""

    items: tuple[Expression, ...]
    at: Span = field(eq=False)


@frozen
class SetForm:
    """`{x, y}`, never empty: `{}` is `EmptyBraces`."""

    items: tuple[Expression, ...]
    at: Span = field(eq=False)


@frozen
class EmptyBraces:
    """`{}`: a record, a map or a set, by where it stands."""

    at: Span = field(eq=False)


@frozen
class RecordForm:
    """`{a: 1}`."""

    fields: tuple[tuple[str, Expression], ...]
    at: Span = field(eq=False)
    name_spans: tuple[Span, ...] = field(eq=False)


@frozen
class MapForm:
    """`{"k": v}` or `{[e]: v}`."""

    entries: tuple[tuple[Expression, Expression], ...]
    at: Span = field(eq=False)


@frozen
class Generator:
    """`for x in xs` of a comprehension."""

    variables: Variables
    source: Expression
    at: Span = field(eq=False)


@frozen
class Comprehension:
    """`[e for x in xs if c]`, with `{}` a set, and with `{[k]: v for …}` a map (then `key` is there)."""

    kind: Literal["list", "set", "map"]
    key: Expression | None
    element: Expression
    generators: tuple[Generator, ...]
    conditions: tuple[Expression, ...]
    at: Span = field(eq=False)


@frozen
class Arm:
    condition: Expression
    value: Expression
    at: Span = field(eq=False)


@frozen
class Match:
    """`match { a => b, else => c }`."""

    arms: tuple[Arm, ...]
    otherwise: Expression | None
    at: Span = field(eq=False)


Expression: TypeAlias = (
    Number | String | Boolean | Null | DurationLiteral | TimeLiteral | VerdictLiteral | Name | Member | Index | Call
    | Unary | Binary | IsPresent | IsTool | IsType | Has | Quantifier | ListForm | Tuple | SetForm | EmptyBraces
    | RecordForm | MapForm | Comprehension | Match
)  # fmt: skip


# ------------------------------------------------------------------------------------------------- statements


@frozen
class Condition:
    expression: Expression
    at: Span = field(eq=False)


@frozen
class SomeStatement:
    """`some x in xs`: binds for the rest of the block."""

    variables: Variables
    source: Expression
    at: Span = field(eq=False)


@frozen
class LetStatement:
    """`let x = e` in a block."""

    name: str
    value: Expression
    at: Span = field(eq=False)


Statement: TypeAlias = Condition | SomeStatement | LetStatement
Block: TypeAlias = tuple[Statement, ...]


@frozen
class Template:
    """A string for people: text and holes in turn. `"a {x} b"` has the parts `"a "`, `x`, `" b"`; `{{` and `}}` are braces."""

    parts: tuple[str | Expression, ...]
    at: Span = field(eq=False)


# ----------------------------------------------------------------------------------------------- declarations


@frozen
class Import:
    """`import std.agents [as name]`."""

    package: Path
    alias: str
    at: Span = field(eq=False)


@frozen
class Extend:
    """`extend acme.baseline`."""

    package: Path
    alias: str
    at: Span = field(eq=False)


@frozen
class TypeDeclaration:
    annotations: tuple[Annotation, ...]
    name: str
    type: TypeForm
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class RequestDeclaration:
    """`request agent: T`, `request user?: T`."""

    annotations: tuple[Annotation, ...]
    name: str
    optional: bool
    type: TypeForm
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class DataDeclaration:
    annotations: tuple[Annotation, ...]
    name: str
    type: TypeForm
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class ToolDeclaration:
    annotations: tuple[Annotation, ...]
    name: ToolName
    parameters: tuple[FieldForm, ...]
    at: Span = field(eq=False)


@frozen
class ObligationDeclaration:
    annotations: tuple[Annotation, ...]
    name: str
    parameters: tuple[FieldForm, ...]
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class Resolve:
    """`resolve most_restrictive`; the word as written."""

    policy: str
    at: Span = field(eq=False)


@frozen
class Default:
    """`default deny [to R] [because "…"]`."""

    verdict: VerdictWord
    to: Path | None
    because: Template | None
    at: Span = field(eq=False)


@frozen
class OnError:
    """`on error escalate to R`."""

    verdict: VerdictWord
    to: Path | None
    at: Span = field(eq=False)


@frozen
class LetDeclaration:
    """`let name [: T] [of a | b] = e`."""

    annotations: tuple[Annotation, ...]
    name: str
    type: TypeForm | None
    tools: tuple[ToolName, ...]
    value: Expression
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class FunctionDeclaration:
    """`fn f(x: T) -> U = e`, or `extern fn f(x: T) -> U` in the standard library (then `body` is None)."""

    annotations: tuple[Annotation, ...]
    name: str
    parameters: tuple[FieldForm, ...]
    result: TypeForm
    body: Expression | None
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class SetDeclaration:
    """`set flagged contains v.id if { … }`."""

    annotations: tuple[Annotation, ...]
    name: str
    element: Expression
    body: Block
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class Setting:
    """A line of `reviewers`: `who`, `quorum`, `within`, `notify` with values, `else` with a verdict and maybe `to`."""

    name: str
    values: tuple[Expression, ...]
    verdict: VerdictWord | None
    to: Path | None
    at: Span = field(eq=False)


@frozen
class ReviewersDeclaration:
    annotations: tuple[Annotation, ...]
    name: str
    settings: tuple[Setting, ...]
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class CounterDeclaration:
    """`counter name = sum(e) of a | b by x, y within 24h if { … }`."""

    annotations: tuple[Annotation, ...]
    name: str
    aggregate: str
    argument: Expression | None
    tools: tuple[ToolName, ...]
    by: tuple[Expression, ...]
    within: Expression | None
    body: Block | None
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class ObligationUse:
    """`mask("body")` after `then`."""

    name: Path
    arguments: tuple[Argument, ...]
    at: Span = field(eq=False)


@frozen
class RuleDeclaration:
    """`allow name [to R] [overrides a, b] if { … } unless { … } because "…" then …`."""

    annotations: tuple[Annotation, ...]
    verdict: VerdictWord
    name: str
    to: Path | None
    overrides: tuple[Path, ...]
    body: Block
    unless: Block | None
    because: Template | None
    then: tuple[ObligationUse, ...]
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class For:
    """`for refund | email.send { … }` around rules, `let`s and counters."""

    tools: tuple[ToolName, ...]
    declarations: tuple[Declaration, ...]
    at: Span = field(eq=False)


@frozen
class CallStatement:
    """`call refund(customer: "c1", amount: 20.00)` in a test."""

    tool: ToolName
    arguments: tuple[Argument, ...]
    at: Span = field(eq=False)


@frozen
class With:
    """`with agent = …`, `with agent.roles = …`, `with f(x) = …`, in a test or at top level."""

    target: Expression
    value: Expression
    at: Span = field(eq=False)


@frozen
class Expect:
    """`expect allow [to R] [by a, b] [because "…"]`, or `expect` and any `bool`.

    `value` is a `VerdictLiteral`, a name that a table binds to a verdict, or a condition.
    """

    value: Expression
    to: Path | None
    by: tuple[Path, ...]
    because: String | None
    at: Span = field(eq=False)


TestStatement: TypeAlias = CallStatement | With | Expect | LetStatement


@frozen
class Table:
    """`for amount, verdict in [(50.00, allow), …]`; a row of one variable needs no parentheses."""

    variables: tuple[str, ...]
    rows: tuple[Expression, ...]
    at: Span = field(eq=False)


@frozen
class TestDeclaration:
    __test__ = False
    annotations: tuple[Annotation, ...]
    name: str
    table: Table | None
    body: tuple[TestStatement, ...]
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


@frozen
class ClaimDeclaration:
    """`never "…" { B }` (then `condition` is None) or `always "…" if { A } { B }`, with `with` lines in the block."""

    annotations: tuple[Annotation, ...]
    kind: Literal["never", "always"]
    name: str
    condition: Block | None
    body: Block
    facts: tuple[With, ...]
    at: Span = field(eq=False)
    name_at: Span = field(eq=False)


Declaration: TypeAlias = (
    Import | Extend | TypeDeclaration | RequestDeclaration | DataDeclaration | ToolDeclaration | ObligationDeclaration
    | Resolve | Default | OnError | LetDeclaration | FunctionDeclaration | SetDeclaration | ReviewersDeclaration
    | CounterDeclaration | RuleDeclaration | For | With | TestDeclaration | ClaimDeclaration
)  # fmt: skip


@frozen
class Comment:
    """`# …` up to the end of the line, without the line break; `own_line` where nothing stands before it."""

    own_line: bool
    at: Span


@frozen
class File:
    """One parsed file. `package` is None where the package line is missing or broken.

    `broken` are the names that declarations with a syntax error would have given, so that nobody reports their uses.
    """

    text: Text
    annotations: tuple[Annotation, ...]
    package: Path | None
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
    broken: tuple[str, ...] = ()
