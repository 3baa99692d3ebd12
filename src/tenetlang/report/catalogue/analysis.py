"""Checks of all requests at once: what the analysis proves of rules, tools and claims, or shows by a request."""

from __future__ import annotations

from tenetlang.report.catalogue.check import Wording, check

_BLOCKERS = {
    "ranks": "ranks higher",
    "stricter": "decides more strictly",
    "lifts": "lifts it",
    "errs": "its error decides more strictly",
}
_SAYS = {"allow": "says `allow`", "deny": "says `deny`", "escalate": "says `escalate`"}
_RULE = {"rule": "in this rule"}


def _error(label: str, *advice: str) -> Wording:
    return Wording(
        "`{rule}` errs on some requests: {error}",
        label,
        also=_RULE,
        shows="On this request it does:",
        why=("An error restricts: the call is then at least decided as `on error {on_error}` says.",),
        help=advice,
    )


def _unreachable(headline: str, label: str) -> Wording:
    return Wording(
        headline,
        label,
        also={"rule": "asks them"},
        shows="This call is escalated to them:",
        why=("An escalation that too few can approve is passed on as its `else` says, at once.",),
        help=("name more people, or lower the quorum",),
    )


_RULES = (
    check(
        "unreachable-rule",
        "warning",
        usual=Wording(
            "no request satisfies `{rule}`",
            "never matches",
            why=("A rule that never matches decides nothing, and looks as if it did.",),
            help=("check its conditions against each other and against the declared types",),
        ),
        alone=Wording(
            "no request satisfies `{rule}`",
            "never matches",
            also={"condition": "this condition never holds"},
            why=("The declared types leave no value for which the condition holds.",),
            help=("check the condition against the declaration of what it reads",),
        ),
        together=Wording(
            "no request satisfies `{rule}`: its conditions exclude each other",
            "never matches",
            also={"condition": "not together with the others that are marked"},
            why=("A rule that never matches decides nothing, and looks as if it did.",),
            help=("write two rules if either was meant, or mend the bound that is wrong",),
        ),
        exception=Wording(
            "no request satisfies `{rule}`: its `unless` takes back all that it matches",
            "never matches",
            also={"condition": "the exception holds wherever this does"},
            why=("A rule that never matches decides nothing, and looks as if it did.",),
            help=("make the exception narrower",),
        ),
    ),
    check(
        "shadowed-rule",
        "warning",
        usual=Wording(
            "whatever `{rule}` matches is decided by {blockers}",
            "never decides",
            also=_BLOCKERS,
            shows="This request matches it, and is decided otherwise:",
            why=("What the rule says never comes to count.",),
            help=("make the others narrower, let the rule override them, or take it out",),
        ),
        same=Wording(
            "whatever `{rule}` matches is decided by {blockers}, in the same way",
            "never decides",
            also=_BLOCKERS,
            shows="This request matches it, and is decided by others:",
            why=("Taking the rule out changes no decision.",),
            help=("take it out, or make the others narrower",),
        ),
        lifted=Wording(
            "`{rule}` is lifted by {blockers} wherever it matches",
            "never takes part",
            also=_BLOCKERS,
            shows="This request matches it, and it takes no part:",
            why=("An override is for a part of what a rule matches; this one switches the rule off.",),
            help=("make the override narrower, or take the rule out",),
        ),
    ),
    check(
        "redundant-rule",
        "warning",
        usual=Wording(
            "whatever `{rule}` matches is decided in the same way by {others}",
            "changes no decision",
            also={"other": "matches there too"},
            why=("Taking the rule out changes no decision. It may say less, or more, than was meant.",),
            help=("take it out, or check its conditions",),
        ),
        reason=Wording(
            "whatever `{rule}` matches is decided in the same way by {others}",
            "changes no decision",
            also={"other": "matches there too"},
            why=("Taking the rule out changes no decision, only what is told as the reason.",),
            help=("say that this is meant: `# tenet: allow[redundant-rule] because ...`",),
            severity="note",
        ),
    ),
    check(
        "ineffective-condition",
        "warning",
        usual=Wording(
            "a condition of `{rule}` changes nothing",
            "implied by the other conditions and the types",
            also=_RULE,
            why=("The rule matches the same requests without it. It may be a limit that was meant otherwise.",),
            help=("take it out, or check the value",),
        ),
        exception=Wording(
            "the `unless` of `{rule}` takes nothing back",
            "never holds where the rule matches",
            also=_RULE,
            why=("The rule matches the same requests without its exception.",),
            help=("take it out, or check what it excepts",),
        ),
    ),
    check(
        "overlapping-rules",
        "note",
        usual=Wording(
            "`{rule}` and `{other}` cross: some requests match both",
            "says `{verdict}`",
            also=_SAYS,
            shows="This request matches both, and is decided by {winner}:",
        ),
        exception=Wording(
            "`{inner}` is an exception within `{outer}`: what it matches matches both",
            "says `{verdict}`",
            also=_SAYS,
            shows="This request matches both, and is decided by {winner}:",
        ),
        more=Wording(
            "more pairs of rules of `{package}` overlap than the {shown} that are shown",
            "this rule with another one, to begin with",
        ),
    ),
    check(
        "omission-weakens",
        "warning",
        usual=Wording(
            "leaving out `{part}` turns `{before}` into `allow`",
            "says `{before}` only where `{part}` is there",
            also={"allow": "allows it"},
            shows="This call is allowed as soon as `{part}` is left out:",
            facts=(("decided by", "{by}"), ("without it", "allow by {after}")),
            why=("Who makes the request chooses what it says, and can choose to say nothing.",),
            help=(
                "decide what happens where it is missing (`{part} is not present`),",
                "or declare it without `?`, so that a request has to say it",
            ),
        ),
        default=Wording(
            "leaving out `{part}` turns `{before}` into `allow`",
            "allows it where `{part}` is missing",
            also={"allow": "allows it"},
            shows="This call is allowed as soon as `{part}` is left out:",
            facts=(("decided by", "{by}"), ("without it", "allow by {after}")),
            why=("Who makes the request chooses what it says, and can choose to say nothing.",),
            help=("don't take a missing fact for a permission, or declare it without `?`",),
        ),
    ),
    check(
        "may-error",
        "warning",
        usual=_error("errs", "check the values before they are used"),
        overflow=_error("too large for its type", "bound the numbers before this, or declare them with `@max`"),
        division_by_zero=_error("divides by zero", "write a condition that it is not zero before this"),
        bad_index=_error("nothing there", "say what counts where nothing is there: `... ?? otherwise`"),
        bad_input=_error("not what the function takes", "check the value before this"),
    ),
)

_TOOLS = (
    check(
        "gap",
        "note",
        usual=Wording(
            "some calls of `{tool}` are matched by no rule",
            "the default decides them",
            shows="This call is decided by nothing but the default, {verdict}:",
            why=("It may be a case that nobody thought of.",),
            help=('write out what is meant to happen: `default deny because "no rule allows this call"`',),
        ),
        requests=Wording(
            "some requests are matched by no rule",
            "this and the other rules leave them out",
            shows="This request is decided by nothing but the default, {verdict}:",
            why=("It may be a case that nobody thought of.",),
            help=('write out what is meant to happen: `default deny because "no rule allows this"`',),
        ),
    ),
    check(
        "always-denied-tool",
        "warning",
        usual=Wording(
            "no call of `{tool}` is ever allowed",
            "always denied",
            also={"rule": "was written to let it through"},
            why=("Rules speak of letting it through, and on every request others deny it.",),
            help=("look at the rules that deny it, or take the tool out of the rules that allow it",),
        ),
        unmentioned=Wording(
            "no rule lets a call of `{tool}` through",
            "always denied",
            why=("An agent that is told of the tool can only fail with it.",),
            help=("write a rule that allows it, or take the tool out",),
            severity="note",
        ),
    ),
    check(
        "overlapping-reviewers",
        "note",
        usual=Wording(
            "`{one}` and `{other}` are both needed for one call, and share {shared}",
            "may be the same person",
            also={"reviewers": "the other reviewers", "rule": "needs one of the two"},
            shows="This call needs both:",
            why=("Who belongs to both can give both approvals alone.",),
            help=("keep the groups apart, or raise a quorum",),
        ),
        same=Wording(
            "`{one}` and `{other}` are both needed for one call, and are the same people",
            "the same people",
            also={"reviewers": "the other reviewers", "rule": "needs one of the two"},
            shows="This call needs both:",
            why=("Any of them can give both approvals alone.",),
            help=("name other people for one of the two, or raise a quorum",),
        ),
    ),
    check(
        "unreachable-quorum",
        "warning",
        nobody=_unreachable("`{reviewers}` are nobody{where}, so nobody can approve", "nobody belongs to it"),
        few=_unreachable(
            "`{reviewers}` are {people}{where}, and {quorum} have to approve", "fewer than its quorum belong to it"
        ),
        errs=_unreachable(
            "who `{reviewers}` are is the error `{error}`{where}, so nobody can approve", "nobody can be asked"
        ),
        asking=_unreachable(
            "too few of `{reviewers}` are anybody else than who asks, so they can't approve",
            "who asks is never counted",
        ),
    ),
    check(
        "requester-needed",
        "note",
        usual=Wording(
            "`{reviewers}` are {people}, all of them are needed, and one may be who asks",
            "all of them are needed",
            also={"rule": "asks them"},
            shows="This call is `{person}`'s own, and nobody can approve it:",
            why=(
                "Who asks for a call is never counted among those who approve it.",
                "It is then {next}, as its `else` says.",
            ),
            help=("add one person more, or lower the quorum",),
        ),
    ),
    check(
        "unknown-channel",
        "warning",
        usual=Wording(
            "`{reviewers}` are to be told by `{name}`, and no channel is called that",
            "nobody is told this way",
            why=("A channel that is not configured is no way; who looks into the inbox still finds the task.",),
            help=("?write `{nearest}`", "add `[review.channels.{name}]` to `tenet.toml`"),
        ),
    ),
)

CHECKS = (*_RULES, *_TOOLS)

NAMES = frozenset(
    {entry.name for entry in CHECKS} | {"conflicting-rules", "vacuous-claim", "broken-claim", "undecided"}
)
"""All checks that nothing but the analysis looks for, or that it looks for as well."""
