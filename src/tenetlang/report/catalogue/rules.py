"""Checks of rules and of how they combine: overriding, resolving, annotations, reviewers, obligations, counters."""

from __future__ import annotations

from tenetlang.report.catalogue.check import Check, Wording, check

_NEAREST = "?write `{nearest}`, the nearest declared name"
_DECLARED = {"declared": "declared here", "first": "the first one", "other": "the other one"}

_DECIDES = {"allow": "allows it", "deny": "denies it", "escalate": "escalates it", "other": "decides otherwise"}


def _conflict(label: str) -> Wording:
    return Wording(
        "two rules decide the same request differently",
        label,
        also=_DECIDES,
        shows="This request satisfies both rules, and `{package}` says `resolve {resolve}`:",
        help=(
            "choose one:",
            "  - let the stricter one win:  write `resolve most_restrictive` below `package`",
            "  - let one of them win:       write `overrides` and the other's name in its head",
            "`tenet check --save-witnesses tests/` keeps the request as a test.",
        ),
    )


_OVERRIDES = (
    check(
        "unknown-override",
        usual=Wording(
            "`overrides` names no rule `{name}`",
            "not a rule",
            also={"declared": "this is not a rule", "rule": "in this rule"},
            why=("An override of a rule that does not exist lifts nothing.",),
            help=(_NEAREST,),
        ),
        itself=Wording(
            "`{name}` overrides itself",
            "its own name",
            also=_DECLARED,
            help=("take it out of `overrides`",),
        ),
        twice=Wording(
            "`{name}` is overridden twice by one rule",
            "the second time",
            also=_DECLARED,
            help=("take one of the two out",),
        ),
    ),
    check(
        "override-cycle",
        usual=Wording(
            "rules override each other in a circle",
            "closes the circle",
            also={"next": "which overrides", "first": "the circle begins here", "declared": "declared here"},
            facts=(("circle", "?{cycle}"),),
            why=("Each would lift the next, so none of them could be the one that decides.",),
            help=("let one of them stand without `overrides`",),
        ),
    ),
    check(
        "override-not-permitted",
        usual=Wording(
            "`{name}` does not permit to be overridden",
            "not marked `@overridable`",
            also={"declared": "declared here"},
            why=(
                "What a baseline denies or escalates can be weakened by another package",
                "only where the baseline says so.",
            ),
            help=("?ask the owner, {owner}, to write `@overridable` above it", "or leave the rule in force"),
        ),
    ),
    check(
        "weaker-default",
        usual=Wording(
            "`default {found}` is weaker than the `default {expected}` of `{package}`",
            "weaker",
            also={"declared": "the default of the extended package"},
            why=("An extension can't weaken what its baseline decides for calls that no rule covers.",),
            help=("write `default {expected}`, or leave the line out",),
        ),
    ),
)

_RESOLVING = (
    check(
        "resolve-first-files",
        usual=Wording(
            "`resolve first` needs all rules in one file",
            "the order of files means nothing",
            also={"rule": "a rule in another file", "other": "a rule in another file"},
            why=("Under `first` the order of rules decides, and files have none.",),
            help=("move the rules into one file, or write `resolve priority` and `@priority(n)`",),
        ),
    ),
    check(
        "missing-priority",
        "warning",
        usual=Wording(
            "no rule has a `@priority`, and the package resolves by it",
            "all rules rank 0",
            why=("Rules of one rank with different verdicts conflict.",),
            help=("write `@priority(n)` above the rules that rank higher, or `resolve most_restrictive`",),
        ),
        useless=Wording(
            "`@priority` has no effect here",
            "the package does not resolve by priority",
            also={"resolve": "resolves so"},
            help=("write `resolve priority`, or take it out",),
        ),
    ),
    Check(
        "conflicting-rules",
        "error",
        {
            "": _conflict(""),
            "allow": _conflict("allows it"),
            "deny": _conflict("denies it"),
            "escalate": _conflict("escalates it"),
            "observed": Wording(
                "two rules would decide the same request differently",
                also=_DECIDES,
                shows="This request satisfies both rules, and `{package}` says `resolve {resolve}`:",
                why=("One of the two is marked `@observe`, so nothing is decided by it yet.",),
                severity="warning",
            ),
            "obligations": Wording(
                "two rules oblige the caller to things that can't both be done",
                "asks for `{obligation}`",
                also={"other": "asks for `{other_obligation}`", "declared": "declared `@single` here"},
                shows="This request satisfies both rules:",
                help=("let one of the rules override the other, or let both ask for the same",),
            ),
            "twice": Wording(
                "`{rule}` obliges the caller to things that can't both be done",
                "asks for `{obligation}`",
                also={"other": "and for `{other_obligation}`", "declared": "declared `@single` here"},
                shows="This request satisfies the rule:",
                help=("ask for one of the two",),
            ),
            "more": Wording(
                "more pairs of rules of `{package}` conflict than the {shown} that are shown",
                "this rule with another one, to begin with",
                help=("resolve those that are shown first",),
            ),
        },
    ),
)

_SETTINGS = (
    check(
        "duplicate-setting",
        usual=Wording(
            "`{name}` is set twice",
            "set again",
            also=_DECLARED,
            help=("keep one of the two",),
        ),
    ),
    check(
        "missing-setting",
        usual=Wording(
            "{what} needs `{name}`",
            "lacks `{name}`",
            also=_DECLARED,
            help=("?write `{suggestion}`",),
        ),
    ),
    check(
        "missing-default",
        "note",
        usual=Wording(
            "the package does not say what decides where no rule does",
            "it is `deny`",
            why=("A reader sees what happens to the calls that nobody thought of.",),
            help=('write it out: `default deny because "no rule allows this call"`',),
        ),
    ),
    check(
        "no-entry",
        usual=Wording(
            "no package decides",
            "imported or extended by another",
            facts=(("packages", "?{packages}"),),
            why=("The package that decides is the one that no other imports or extends.",),
            help=('write `entry = "NAME"` in `tenet.toml`',),
        ),
        unknown=Wording(
            "`entry` names no package `{name}`",
            "not found",
            facts=(("packages", "?{packages}"),),
            help=("?write `{nearest}`, the nearest package",),
        ),
    ),
    check(
        "several-entries",
        usual=Wording(
            "several packages could be the one that decides",
            "nothing imports or extends this one",
            also={"other": "nor this one"},
            facts=(("packages", "?{packages}"),),
            why=("The package that decides is the one that no other imports or extends.",),
            help=('write `entry = "NAME"` in `tenet.toml`, or check it alone',),
        ),
    ),
)

_OBLIGATIONS = (
    check(
        "obligation-on-deny",
        usual=Wording(
            "a denial can't oblige the caller to `{name}`",
            "on a denied call nothing is left to do",
            also={"rule": "this rule denies", "declared": "declared here"},
            help=("take `then` out, or write `escalate` or `allow`",),
        ),
    ),
    check(
        "unknown-obligation",
        usual=Wording(
            "no obligation is called `{name}`",
            "not declared",
            also={"declared": "this is not an obligation"},
            why=("The guard denies a call with an obligation that it can't meet.",),
            help=(_NEAREST, "?declare it: `obligation {name}(...)`"),
        ),
    ),
)

_ANNOTATIONS = (
    check(
        "bad-annotation",
        usual=Wording(
            "`@{name}` {problem}",
            "here",
            also=_DECLARED,
            help=("?write `{suggestion}`",),
        ),
        arguments=Wording(
            "`@{name}` takes {expected}",
            "not {expected}",
            also=_DECLARED,
            help=("?write `{suggestion}`",),
        ),
        place=Wording(
            "`@{name}` has no meaning on {what}",
            "stands above {what}",
            also=_DECLARED,
            facts=(("belongs on", "?{expected}"),),
            help=("take it out",),
        ),
        twice=Wording(
            "`@{name}` stands twice",
            "the second one",
            also=_DECLARED,
            help=("keep one of the two",),
        ),
        constant=Wording(
            "the value of `@{name}` is not fixed",
            "not a literal",
            why=("Annotations are data of the compiled policy, known before any request.",),
        ),
    ),
    check(
        "bad-refinement",
        usual=Wording(
            "`@{name}` does not refine `{type}`",
            "not for `{type}`",
            also=_DECLARED,
            facts=(("refines", "?{expected}"),),
            help=("?write `{suggestion}`", "take it out, or change the type"),
        ),
        empty=Wording(
            "no `{type}` fits these refinements",
            "leaves no value",
            also={"other": "together with this", "first": "together with this"},
            why=("Every call would be invalid.",),
        ),
        bound=Wording(
            "the bound of `@{name}` is {found}, and {expected} is needed",
            "here",
            also=_DECLARED,
            help=("?write `{suggestion}`",),
        ),
    ),
    check(
        "expired-rule",
        "warning",
        usual=Wording(
            "the rule `{rule}` expired on {date}",
            "expired",
            also={"rule": "still takes part"},
            facts=(("today", "?{today}"),),
            why=("An expired rule goes on deciding until someone looks at it.",),
            help=("take the rule out, or let its owner renew the date",),
        ),
    ),
    check(
        "bad-suppression",
        usual=Wording(
            "a suppression has no reason",
            "why is left open",
            why=("Who reads the policy later must see why a finding was set aside.",),
            help=("write `# tenet: allow[{name}] because ...`",),
        ),
        form=Wording(
            "a comment that begins with `tenet:` can't be read",
            "not a suppression",
            help=("write `# tenet: allow[CHECK] because ...`",),
        ),
        unknown=Wording(
            "no check is called `{name}`",
            "suppresses nothing",
            help=("?write `{nearest}`, the nearest check",),
        ),
        error=Wording(
            "`{name}` is an error and can't be suppressed",
            "not a warning, not a note",
            why=("A policy with an error in it decides nothing, so there is nothing to set aside.",),
            help=("mend the error, and take the comment out",),
        ),
    ),
    check(
        "unused-suppression",
        "warning",
        usual=Wording(
            "nothing here raises `{name}`",
            "suppresses nothing",
            why=("A suppression that is left behind hides the next finding of its kind.",),
            help=("take it out",),
        ),
    ),
)

_REVIEWERS = (
    check(
        "reviewers-cycle",
        usual=Wording(
            "reviewers hand on to each other in a circle",
            "closes the circle",
            also={"next": "which hand on", "first": "the circle begins here", "declared": "declared here"},
            facts=(("circle", "?{cycle}"),),
            why=("A call that nobody answers would wait for ever.",),
            help=("end the chain with `else deny`",),
        ),
    ),
    check(
        "else-allow",
        usual=Wording(
            "a review that nobody answers can't end in `allow`",
            "lets silence through",
            also=_DECLARED,
            why=("Whoever delays the people would hold the permission.",),
            help=("write `else deny`, or `else escalate to OTHERS`",),
        ),
        error=Wording(
            "an error can't end in `allow`",
            "lets errors through",
            why=("Whoever can make a rule err would hold the permission.",),
            help=("write `on error deny`, or `on error escalate to OTHERS`",),
        ),
    ),
    check(
        "escalate-without-reviewers",
        usual=Wording(
            "`escalate` does not say to whom",
            "no `to`",
            also=_DECLARED,
            help=("?write `{suggestion}`", "name reviewers: `escalate {rule} to REVIEWERS if {{`"),
        ),
        verdict=Wording(
            "`to` belongs to `escalate`",
            "this rule does not escalate",
            also=_DECLARED,
            help=("take `to` out, or write `escalate`",),
        ),
    ),
    check(
        "reviewers-not-a-set",
        usual=Wording(
            "`who` is a set of names, and this is `{found}`",
            "this is `{found}`",
            also=_DECLARED,
            why=("A quorum counts different people, so they are a `set[string]`.",),
            help=("?write `{suggestion}`",),
        ),
        quorum=Wording(
            "a quorum of {found} can't be met",
            "here",
            also=_DECLARED,
            why=("A quorum is at least 1, and at most the number of people where they are written out.",),
        ),
        within=Wording(
            "`within` is {found}, and a review needs a duration above zero",
            "here",
            also=_DECLARED,
            help=("write it like `30m`",),
        ),
    ),
)

_RULES = (
    check(
        "unconstrained-argument",
        "warning",
        usual=Wording(
            "`{rule}` allows `{tool}` with any `{name}`",
            "does not look at `{name}`",
            also={"declared": "declared here"},
            shows="This request is allowed:",
            why=("An agent that is talked into it chooses this value freely.",),
            help=(
                "write a condition on `args.{name}`, or say why any value will do:",
                "  `# tenet: allow[unconstrained-argument] because ...`",
            ),
        ),
    ),
    check(
        "counter-unknown-tool",
        usual=Wording(
            "the counter `{counter}` counts calls of `{name}`, which is not a tool",
            "not declared",
            also={"declared": "this is not a tool"},
            why=("It would stay at 0, and the limit that reads it would never be reached.",),
            help=(_NEAREST,),
        ),
    ),
    check(
        "bad-counter",
        usual=Wording(
            "the counter `{counter}` {problem}",
            "here",
            also=_DECLARED,
            help=("?write `{suggestion}`",),
        ),
        aggregate=Wording(
            "`{name}` is not an aggregate",
            "unknown",
            help=("write `count()`, `sum(...)` or `distinct(...)`",),
        ),
        sum=Wording(
            "`sum` adds numbers, and this is `{found}`",
            "this is `{found}`",
            also=_DECLARED,
            help=("count calls with `count()`, different values with `distinct(...)`",),
        ),
        by=Wording(
            "`by` reads `{name}`, which a call may lack",
            "may be absent",
            also=_DECLARED,
            why=("A call without it would be counted nowhere.",),
            help=("give a value that stands in: `{name} ?? ...`",),
        ),
        within=Wording(
            "the window of `{counter}` is {found}",
            "not a duration above zero",
            help=("write it like `within 24h`",),
        ),
        reads=Wording(
            "a counter can't read `{name}`",
            "not known when calls are counted",
            also=_DECLARED,
            why=("Calls are counted from what they carried: their arguments and the request.",),
        ),
    ),
)

CHECKS = (*_OVERRIDES, *_RESOLVING, *_SETTINGS, *_OBLIGATIONS, *_ANNOTATIONS, *_REVIEWERS, *_RULES)
