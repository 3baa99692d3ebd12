"""Checks of the types: what a value is, and what can be asked of it."""

from __future__ import annotations

from tenetlang.report.catalogue.check import Wording, check

_DECLARED = {"declared": "declared here", "expected": "expected by this", "other": "the other side"}
_EXPECTED_AND_FOUND = (("expected", "?{expected}"), ("found", "?{found}"))
_NEAREST = "?write `{nearest}`, the nearest declared name"

CHECKS = (
    check(
        "type-mismatch",
        usual=Wording(
            "`{expected}` is needed, and this is `{found}`",
            "this is `{found}`",
            also=_DECLARED,
            why=("Only `int` becomes `decimal` by itself; nothing else converts unasked.",),
            help=("?write `{suggestion}`",),
        ),
        argument=Wording(
            "the argument `{name}` takes `{expected}`, and this is `{found}`",
            "this is `{found}`",
            also=_DECLARED,
            help=("?write `{suggestion}`",),
        ),
        field=Wording(
            "the field `{name}` holds `{expected}`, and this is `{found}`",
            "this is `{found}`",
            also=_DECLARED,
            help=("?write `{suggestion}`",),
        ),
        branches=Wording(
            "one value can't be both `{expected}` and `{found}`",
            "this is `{found}`",
            also={"first": "this is `{expected}`", "other": "this is `{expected}`", "declared": "declared here"},
            why=("All elements of a collection and all arms of a `match` share one type.",),
        ),
        union_member=Wording(
            "a union is of string literals, and this is `{found}`",
            "not a string literal",
            also=_DECLARED,
            help=("take a value whose type is open as `json`, and say in a condition what it is",),
        ),
        union=Wording(
            "{found} is none of the values of `{expected}`",
            "not one of them",
            also=_DECLARED,
            facts=(("values", "?{values}"),),
            help=("?write {nearest}, the nearest of them",),
        ),
    ),
    check(
        "disjoint-equality",
        usual=Wording(
            "`{left}` and `{right}` have no value in common",
            "never equal",
            also={"left": "this is `{left}`", "right": "this is `{right}`", "declared": "declared here"},
            why=("A comparison that can never hold looks like a condition and protects nothing.",),
            help=("?write {nearest}, the nearest value",),
        ),
        member=Wording(
            "no `{left}` is ever in a collection of `{right}`",
            "never there",
            also={"left": "this is `{left}`", "right": "this holds `{right}`", "declared": "declared here"},
            why=("A membership that can never hold looks like a condition and protects nothing.",),
            help=("?write {nearest}, the nearest value",),
        ),
    ),
    check(
        "unguarded-optional",
        usual=Wording(
            "`{name}` may be absent",
            "read without a guard",
            also={"declared": "declared here"},
            why=("What a request leaves out must not decide by accident.",),
            help=(
                "say what holds without it: `{name} is present` as an earlier condition,",
                "or a value that stands in: `{name} ?? ...`",
            ),
        ),
        path=Wording(
            "`{name}` may be absent, because `{optional}` may be",
            "read without a guard",
            also={"declared": "declared here"},
            why=("What a request leaves out must not decide by accident.",),
            help=(
                "say what holds without it: `{optional} is present` as an earlier condition,",
                "or a value that stands in: `{name} ?? ...`",
            ),
        ),
        value=Wording(
            "this `{found}` may be absent",
            "used without a guard",
            also={"declared": "declared here"},
            why=("What a request leaves out must not decide by accident.",),
            help=("give a value that stands in for it: `... ?? ...`",),
        ),
        needless=Wording(
            "`{name}` is never absent",
            "guarded for nothing",
            also={"declared": "declared here, without `?`", "guarded": "already guarded here"},
            why=("A guard on what is always there hides which facts are optional.",),
            help=("take the guard out",),
            severity="warning",
        ),
    ),
    check(
        "not-comparable",
        usual=Wording(
            "values of `{type}` have no order",
            "not ordered",
            also={"left": "this is `{type}`", "right": "this is `{type}`", "declared": "declared here"},
            why=("`<`, `<=`, `>` and `>=` order numbers, strings, times, durations and versions.",),
            help=("?write `{suggestion}`",),
        ),
        types=Wording(
            "`{left}` and `{right}` can't be compared",
            "two kinds of value",
            also={"left": "this is `{left}`", "right": "this is `{right}`", "declared": "declared here"},
            why=("Both sides of a comparison need one type; nothing but `int` converts by itself.",),
            help=("?write `{suggestion}`",),
        ),
        function=Wording(
            "`{name}` has no value by itself",
            "a function",
            help=("call it: `{name}(...)`",),
        ),
    ),
    check(
        "bad-operand",
        usual=Wording(
            "`{operator}` does not take `{found}`",
            "this is `{found}`",
            also={"operator": "needed by this", "left": "this is `{left}`", "right": "this is `{right}`"},
            facts=(("takes", "?{expected}"),),
            help=("?write `{suggestion}`",),
        ),
        pair=Wording(
            "`{operator}` does not join `{left}` with `{right}`",
            "no such operation",
            also={"left": "this is `{left}`", "right": "this is `{right}`"},
            facts=(("takes", "?{expected}"),),
            help=("?write `{suggestion}`",),
        ),
    ),
    check(
        "wrong-arity",
        usual=Wording(
            "`{name}` takes {expected}, and {found}",
            "called here",
            also={"declared": "declared here"},
            facts=(("declared", "?{signature}"),),
        ),
        count=Wording(
            "`{name}` takes another number of arguments: {expected}, not {found}",
            "called here",
            also={"declared": "declared here"},
            facts=(("declared", "?{signature}"),),
        ),
        names=Wording(
            "the arguments of `{name}` need their names",
            "without a name",
            also={"declared": "declared here"},
            facts=(("declared", "?{signature}"),),
            help=("?write `{suggestion}`",),
        ),
    ),
    check(
        "unknown-field",
        usual=Wording(
            "`{type}` has no field `{name}`",
            "not declared",
            also={"declared": "declared here"},
            facts=(("fields", "?{known}"),),
            help=(_NEAREST,),
        ),
        scalar=Wording(
            "a `{type}` has no fields",
            "not a record",
            also={"declared": "declared here"},
            help=("?write `{suggestion}`",),
        ),
        request=Wording(
            "a request has no field `{name}`",
            "not declared",
            also={"declared": "declared here"},
            facts=(("fields", "?{known}"),),
            help=(_NEAREST, "?declare it: `request {name}: ...`"),
        ),
    ),
    check(
        "not-a-collection",
        usual=Wording(
            "`{found}` is not a collection",
            "this is `{found}`",
            also={"declared": "declared here", "operator": "needed by this"},
            why=("`in`, `some` and `every` go through lists, sets and maps.",),
            help=("?write `{suggestion}`",),
        ),
        index=Wording(
            "`{found}` has no elements to pick by `[ ]`",
            "this is `{found}`",
            also={"declared": "declared here"},
            why=("A list is read by position, a map by key.",),
            help=("?write `{suggestion}`",),
        ),
        pair=Wording(
            "a `{found}` gives one name, not two",
            "two names",
            also={"declared": "declared here"},
            why=("Lists give a position and a value, maps a key and a value; sets give values alone.",),
        ),
    ),
    check(
        "condition-not-bool",
        usual=Wording(
            "a condition is `bool`, and this is `{found}`",
            "this is `{found}`",
            also={"declared": "declared here"},
            why=("No other value counts as true or false, so that nothing holds by accident.",),
            help=("?write `{suggestion}`", "compare it with something"),
        ),
        operand=Wording(
            "`{operator}` joins conditions, and this is `{found}`",
            "this is `{found}`",
            also={"operator": "joins `bool` alone"},
            why=("No other value counts as true or false, so that nothing holds by accident.",),
            help=("?write `{suggestion}`", "a value that stands in for an absent one is written with `??`"),
        ),
    ),
    check(
        "bad-pattern",
        usual=Wording(
            "the pattern can't be read: {problem}",
            "here",
            help=("?write `{suggestion}`",),
        ),
        glob=Wording(
            "the glob can't be read: {problem}",
            "here",
            why=("In a glob `*`, `**` and `?` are wild, and `\\` takes their meaning away.",),
            help=("?write `{suggestion}`",),
        ),
        regex=Wording(
            "the regular expression can't be read: {problem}",
            "here",
            why=("Patterns match the whole string in time linear in its length: no anchors, no back-references.",),
            help=("?write `{suggestion}`",),
        ),
        never=Wording(
            "no `{found}` is like this: {problem}",
            "never matches",
            why=("A rule with a pattern that nothing matches looks as if it protected something.",),
            help=("write the pattern as values come in: hosts lower-cased, paths and URLs resolved",),
        ),
        dynamic=Wording(
            "a pattern comes from a value that is not fixed",
            "not a literal, not `data`",
            why=("Who writes the pattern writes the policy, so a request never brings one.",),
            help=("write the pattern as a string, or as `data` of type `glob` or `regex`",),
        ),
        type=Wording(
            "`{operator}` does not match `{found}`",
            "this is `{found}`",
            facts=(("matches", "?{expected}"),),
            help=("?write `{suggestion}`",),
        ),
    ),
    check(
        "wide-host-pattern",
        "warning",
        usual=Wording(
            "`**` for a part of the host also matches a path on any host",
            "`**` crosses `/`",
            why=("A URL whose path holds the rest of the pattern is like it, whoever owns its host.",),
            help=("compare the host by itself: `{suggestion}`", "or write `*`, which ends at `/`"),
        ),
    ),
    check(
        "bad-literal-value",
        usual=Wording(
            "{literal} is not {expected}",
            "read as `{type}`",
            also=_DECLARED,
            facts=(("problem", "?{problem}"),),
            why=("A literal is read by the same strict parser as a request, once, when the policy is compiled.",),
            help=("?write {suggestion}",),
        ),
    ),
    check(
        "cannot-infer",
        usual=Wording(
            "nothing here says what type this has",
            "of which type is open",
            help=("?write its type: `{suggestion}`",),
        ),
        empty=Wording(
            "nothing here says what `{literal}` would hold",
            "empty, and of no type",
            why=("`{{}}` may be a record, a map or a set, and takes its type from where it stands.",),
            help=("?write its type: `{suggestion}`", "?write it where a type is expected, such as an argument"),
        ),
        parameter=Wording(
            "the parameter `{name}` has no type",
            "of which type is open",
            help=("write it: `{name}: string`",),
        ),
    ),
    check(
        "unnarrowed-json",
        usual=Wording(
            "`{name}` is `json`, and may be anything",
            "used before its type is known",
            also={"declared": "declared as `json` here"},
            why=("Unknown data decides nothing until a condition has said what it is.",),
            help=("say so in an earlier condition: `{name} is string`",),
        ),
        value=Wording(
            "this value is `json`, and may be anything",
            "used before its type is known",
            also={"declared": "declared as `json` here"},
            why=("Unknown data decides nothing until a condition has said what it is.",),
            help=("bind it with `let`, and say in a condition what it is: `it is string`",),
        ),
    ),
    check(
        "outside-tool",
        usual=Wording(
            "`{name}` is read where the tool is not known",
            "which tool this is, is open",
            also={"here": "no condition above names a tool"},
            why=("Each tool has arguments of its own, so `args` has a type only after `tool is ...`.",),
            help=("name the tool in an earlier condition: `tool is ...`",),
        ),
        let=Wording(
            "`{name}` is defined of `{tool}` alone, and the tool is not known here",
            "has no value for other tools",
            also={"declared": "declared here"},
            why=("A `let` with `of` has a value only where the tool is that one.",),
            help=("name the tool in an earlier condition: `tool is {tool}`",),
        ),
        none=Wording(
            "no tool is left here",
            "has no type",
            also={"narrowed": "narrowed here"},
            why=("The conditions above leave no tool, so `args` is the arguments of none.",),
        ),
    ),
    check(
        "map-membership",
        usual=Wording(
            "`in` on a map does not say whether keys or values are meant",
            "a map",
            also={"declared": "declared here"},
            why=("Languages differ here, and a reader from another one would read it wrongly.",),
            help=("write `keys(...)` or `values(...)` around the map",),
        ),
    ),
    check(
        "missing-required",
        usual=Wording(
            "`{name}` is required and left out",
            "lacks `{name}`",
            also={"declared": "declared here"},
            facts=(("type", "?{type}"),),
            help=("?write `{suggestion}`", "?or declare it optional: `{name}?: ...`"),
        ),
        argument=Wording(
            "`{tool}` needs the argument `{name}`",
            "lacks `{name}`",
            also={"declared": "declared here"},
            facts=(("type", "?{type}"),),
            help=("?write `{suggestion}`",),
        ),
    ),
    check(
        "chained-comparison",
        usual=Wording(
            "comparisons do not chain",
            "a second comparison",
            also={"first": "the first one"},
            why=("`a < b < c` means different things in different languages.",),
            help=("?write `{suggestion}`", "write two conditions, or join them with `and`"),
        ),
    ),
    check(
        "overflow-constant",
        usual=Wording(
            "the value of this constant expression is too large",
            "overflows `{type}`",
            why=("It would err on every request, and an error restricts.",),
        ),
        zero=Wording(
            "a constant is divided by zero",
            "always zero",
            why=("It would err on every request, and an error restricts.",),
        ),
        error=Wording(
            "this constant expression always errs: {problem}",
            "errs",
            why=("It would err on every request, and an error restricts.",),
        ),
    ),
    check(
        "uncovered-match",
        usual=Wording(
            "a `match` has no arm for some requests",
            "not every case is handled",
            facts=(("left over", "?{missing}"),),
            why=("Every request gets a value; none is undefined.",),
            help=("end it with an arm `else => ...`",),
        ),
    ),
    check(
        "impossible-narrowing",
        usual=Wording(
            "a `{found}` is never `{expected}`",
            "never holds",
            also={"declared": "declared here", "narrowed": "narrowed here"},
            why=("A condition that never holds switches its rule off.",),
        ),
        tool=Wording(
            "the tool can't be `{name}` here",
            "never holds",
            also={"narrowed": "the tool is another one here", "declared": "declared here"},
            why=("A condition that never holds switches its rule off.",),
            help=("write one rule for each tool, or `tool is a | b`",),
        ),
        always=Wording(
            "this is `{expected}` in any case",
            "always holds",
            also={"declared": "declared here", "narrowed": "narrowed here"},
            help=("take the condition out",),
        ),
    ),
)
