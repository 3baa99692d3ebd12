"""Checks of tests and claims."""

from __future__ import annotations

from tenetlang.report.catalogue.check import Wording, check

CHECKS = (
    check(
        "bad-test",
        usual=Wording(
            "the test leaves out `{name}`, which the package reads",
            "says nothing of `{name}`",
            also={"declared": "declared here", "read": "read here"},
            facts=(("type", "?{type}"), ("left out as well", "?{others}")),
            why=("A request without it is denied before any rule is tried, so the test would show nothing.",),
            help=("say it: `with {name} = ...`",),
        ),
        part=Wording(
            "the test sets a field of `{name}`, and leaves out `{name}` itself, which the package reads",
            "no `{name}` to have that field",
            also={"declared": "declared here"},
            facts=(("type", "?{type}"), ("left out as well", "?{others}")),
            why=("A request without it is denied before any rule is tried, so the test would show nothing.",),
            help=("say it whole: `with {name} = {{ ... }}`; a field can be set behind that",),
        ),
        call=Wording(
            "the test calls no tool",
            "nothing to decide",
            help=("write `call TOOL(...)` as its first line",),
        ),
        expect=Wording(
            "the test expects nothing",
            "no `expect`",
            why=("A test that can't fail protects nothing.",),
            help=("write `expect allow`, `expect deny`, `expect escalate` or any condition",),
        ),
        twice=Wording(
            "`{name}` is said twice",
            "the second one",
            also={"first": "the first one"},
            help=("keep one of the two",),
        ),
        replace=Wording(
            "`with` can't replace `{name}`",
            "not a fact, data, a function or a counter",
            also={"declared": "declared here"},
            why=("A test replaces what comes from outside, and functions; all else is the policy under test.",),
        ),
        row=Wording(
            "a row has {found} values for {expected} names",
            "this row",
            also={"names": "the names"},
        ),
        outside=Wording(
            "`{name}` is for tests and claims alone",
            "not known while rules are tried",
            why=("A verdict can't be a condition of the rules that make it.",),
        ),
        rule=Wording(
            "no rule that may {verdict} is called `{name}`",
            "can't be what decides",
            also={"declared": "this rule has another verdict"},
            help=("?write `{nearest}`, the nearest declared name",),
        ),
    ),
    check(
        "vacuous-claim",
        "warning",
        usual=Wording(
            "the claim {name} holds because nothing meets its conditions",
            "met by no request",
            also={"condition": "never holds"},
            why=("A claim that is true of nothing says nothing about the rules.",),
            help=("check the conditions against the declared tools and types",),
        ),
        empty=Wording(
            "the claim {name} has no conditions",
            "says nothing",
            help=("write what never happens, or take the claim out",),
        ),
    ),
    check(
        "broken-claim",
        usual=Wording(
            "the claim {name} does not hold",
            "broken by a request",
            shows="this request breaks it; the verdict is {verdict}",
            why=("`never` and `always` speak of all requests, and this is one of them.",),
            help=("change the rules so that the claim holds, or the claim so that it says what is meant",),
        ),
    ),
    check(
        "undecided",
        "note",
        usual=Wording(
            "whether {what} can't be told",
            "undecided",
            facts=(("for the tool", "?{tool}"), ("because of", "?{terms}")),
            why=("No request was found that shows it, and no proof that there is none.",),
            help=("a `test` may show the case that matters",),
        ),
        too_large=Wording(
            "whether {what} can't be told: the conditions are too large to be taken apart",
            "undecided",
            facts=(("for the tool", "?{tool}"),),
            help=("split the rule, or give what it computes a name of its own",),
        ),
        too_many_cases=Wording(
            "whether {what} can't be told: there are too many cases",
            "undecided",
            facts=(("for the tool", "?{tool}"),),
            why=("The search was stopped at its bound; it found no request that shows it, and no proof.",),
            help=("fewer alternatives in one rule make fewer cases",),
        ),
    ),
)
