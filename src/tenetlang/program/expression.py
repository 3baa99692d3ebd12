"""The core language: what a checked expression is, for the evaluators and the decision tree.

The checker lowers the many forms of the syntax tree to these few. Every name is resolved, every conversion is a node,
every node knows its type and the place it came from. Both evaluators give each node the meaning written beside it.

*Faults.* A node that says "faults" can err: evaluation of the rule (or test) stops there with that error code. Nothing
else can. `errors.Faults` says whether an expression may.

*Absence.* `Read`, `Field` and `Index` with `optional` true yield *absent* instead of a value where nothing is there
(or where what they read from is absent). The checker sets it only inside `Present.of` and `Default.of`, so absence
never escapes. Everywhere else flow typing has proved that the value is there (or `Index` faults).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from tenetlang.frozen import field, frozen
from tenetlang.program.types import Type
from tenetlang.text import Span


@frozen
class Constant:
    """A run-time value (see `tenetlang.values`) known from the text; a `Pattern` where a pattern is wanted."""

    value: object
    type: Type
    at: Span = field(eq=False)


@frozen
class Read:
    """A path into the request: `("args", "amount")`, `("agent", "team")`, `("session", "labels")`, `("tool",)`,
    `("now",)`, `("origins", "to")`, `("counters", "refunds_today")`, `("data", "acme.support", "vendors")` (package
    and name), `("approvals",)`. The path goes on through the fields of records as far as it is written: one attribute of the request is one
    path. In tests and claims also `("verdict",)`, `("decided_by",)` and `("obligations",)`.
    """

    path: tuple[str, ...]
    type: Type
    at: Span = field(eq=False)
    optional: bool = False


@frozen
class Local:
    """A variable of a quantifier, comprehension, `let` in a block, table or parameter. `name` is unique in its rule
    or definition: the author's word, with `#2`, `#3` … appended where the same word is bound again."""

    name: str
    type: Type
    at: Span = field(eq=False)


@frozen
class Derived:
    """The value of a `let` or a partial `set`, by full name (`acme.support.flagged`). Faults as its definition does."""

    name: str
    type: Type
    at: Span = field(eq=False)


@frozen
class Field:
    """Field of a record value."""

    of: Expression
    name: str
    type: Type
    at: Span = field(eq=False)
    optional: bool = False


@frozen
class Part:
    """A part of a parsed type: `address.domain`, `url.host`, `path.name`, `version.major`; the attribute of that name
    of the run-time value."""

    of: Expression
    name: str
    type: Type
    at: Span = field(eq=False)


@frozen
class Index:
    """`m[k]`, `xs[i]`: faults with `bad_index` where nothing is there, or is absent where `optional`. `certain` says that flow
    typing has proved that something is there, so it can't fault."""

    of: Expression
    key: Expression
    type: Type
    at: Span = field(eq=False)
    optional: bool = False
    certain: bool = False


@frozen
class Present:
    """Whether `of` yields a value (`is present`)."""

    of: Expression
    type: Type
    at: Span = field(eq=False)


@frozen
class Default:
    """`of ?? otherwise`: `otherwise` is evaluated only where `of` is absent."""

    of: Expression
    otherwise: Expression
    type: Type
    at: Span = field(eq=False)


@frozen
class Not:
    of: Expression
    type: Type
    at: Span = field(eq=False)


@frozen
class And:
    """From the left; the first that is false settles it."""

    items: tuple[Expression, ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class Or:
    """From the left; the first that is true settles it."""

    items: tuple[Expression, ...]
    type: Type
    at: Span = field(eq=False)


ComparisonOperator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


@frozen
class Compare:
    """By value. Both sides have comparable types; `int` against `decimal` has been widened."""

    operator: ComparisonOperator
    left: Expression
    right: Expression
    type: Type
    at: Span = field(eq=False)


@frozen
class Contains:
    """`item in collection`: member of a set or list; an `ip` or `cidr` in a `cidr`. (`not in` is `Not` of this.)"""

    item: Expression
    collection: Expression
    type: Type
    at: Span = field(eq=False)


@frozen
class Matches:
    """`of like pattern`, `of matches pattern`: `pattern` is a `Constant` that holds a `Pattern`, or data of type `glob` or `regex`."""

    of: Expression
    pattern: Expression
    type: Type
    at: Span = field(eq=False)


@frozen
class ToolIs:
    """Whether the tool named by `of` is one of `tools`. `tool is a | b`, `tool has @x` and `tool like "a.**"` become this."""

    of: Expression
    tools: frozenset[str]
    type: Type
    at: Span = field(eq=False)


@frozen
class IsType:
    """Whether a `json` value reads as a value of `wanted`."""

    of: Expression
    wanted: Type
    type: Type
    at: Span = field(eq=False)


@frozen
class Narrow:
    """A `json` value, or an earlier call's arguments, read as `type`; flow typing has proved that it fits."""

    of: Expression
    type: Type
    at: Span = field(eq=False)


@frozen
class Widen:
    """An `int` as the equal `decimal`."""

    of: Expression
    type: Type
    at: Span = field(eq=False)


OperatorName: TypeAlias = Literal[
    "int.add", "int.subtract", "int.multiply", "int.remainder", "int.negate",
    "decimal.add", "decimal.subtract", "decimal.multiply", "decimal.divide", "decimal.negate",
    "time.add", "time.subtract", "time.since", "duration.add", "duration.subtract", "duration.multiply",
    "duration.negate", "string.concatenate", "list.concatenate", "set.union", "set.intersection", "set.difference",
]  # fmt: skip


@frozen
class Operate:
    """Arithmetic and set algebra, by the name of the operation for its operands' types.

    Faults: `overflow` (`int` beyond 64 bits, `decimal` beyond 64 digits, time outside its years) and `division_by_zero`
    (`int.remainder`, `decimal.divide`). Sets don't fault; concatenation faults with `overflow` beyond the size limits.
    `time.since` is time − time; `duration.multiply` is duration × int; `int / int` is widened first.
    """

    operator: OperatorName
    operands: tuple[Expression, ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class Builtin:
    """A function implemented outside Tenet (`count`, `std.text.lower`), by full name; may fault as its table says.

    One whose type is optional (`max` of what may be empty) gives None for absent, and stands only where absence is asked for.
    """

    name: str
    arguments: tuple[Expression, ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class CallFunction:
    """A function of the program, by full name; arguments are evaluated first, from the left, all of them."""

    name: str
    arguments: tuple[Expression, ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class Bound:
    """What a quantifier or generator binds. `key` is None where only values are bound; over a list it is the position
    (from 0), over a map the key. Lists in order, sets and maps in canonical order."""

    key: Local | None
    value: Local
    source: Expression


@frozen
class Condition:
    """A condition of a block, with the text that the trace shows."""

    expression: Expression
    text: str
    at: Span = field(eq=False)


@frozen
class Choose:
    """`some x in xs` as a statement: the rest of the block is tried for each in turn."""

    bound: Bound
    text: str
    at: Span = field(eq=False)


@frozen
class Assign:
    """`let x = e` in a block; evaluated when reached."""

    local: Local
    value: Expression
    text: str
    at: Span = field(eq=False)


Step: TypeAlias = Condition | Choose | Assign
Block: TypeAlias = tuple[Step, ...]


@frozen
class Exists:
    """A block as a `bool`: whether there is a choice for its `Choose` steps under which all its conditions hold.
    `some x in xs { … }` is this with a `Choose` first, and so is the block of an exception."""

    body: Block
    type: Type
    at: Span = field(eq=False)


@frozen
class Every:
    """Whether for each member the block holds; the first for which it does not settles it."""

    bound: Bound
    body: Block
    type: Type
    at: Span = field(eq=False)


@frozen
class MakeList:
    items: tuple[Expression, ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class MakeSet:
    items: tuple[Expression, ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class MakeMap:
    """Later entries of an equal key win."""

    entries: tuple[tuple[Expression, Expression], ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class MakeRecord:
    """Fields in the order written; optional fields of `type` that are left out are absent."""

    fields: tuple[tuple[str, Expression], ...]
    type: Type
    at: Span = field(eq=False)


@frozen
class Build:
    """A comprehension: `kind` list, set or map (then `key` is there). The block chooses and filters; for each choice
    under which all conditions hold, `element` is taken, in order."""

    kind: Literal["list", "set", "map"]
    key: Expression | None
    element: Expression
    body: Block
    type: Type
    at: Span = field(eq=False)


@frozen
class Match:
    """The value of the first arm whose condition holds, else `otherwise`; `otherwise` is None only where the checker has
    proved that some arm holds."""

    arms: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None
    type: Type
    at: Span = field(eq=False)


Expression: TypeAlias = (
    Constant | Read | Local | Derived | Field | Part | Index | Present | Default | Not | And | Or | Compare | Contains
    | Matches | ToolIs | IsType | Narrow | Widen | Operate | Builtin | CallFunction | Exists | Every | MakeList
    | MakeSet | MakeMap | MakeRecord | Build | Match
)  # fmt: skip
