"""From the rules that match, and those that erred, to what is decided.

lift       a rule that matches, has not erred and is not lifted itself lifts those that it overrides
resolve    each package resolves its own rules by its own hit policy
default    stands in where no package says anything
restrict   the most restrictive result stands; an error restricts it to at least `on error`, and never loosens it
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter, itemgetter
from typing import NamedTuple

from tenetlang.targets.standalone.faults import Fault
from tenetlang.targets.standalone.times import duration_text
from tenetlang.targets.standalone.values import constant_of, json_text

SEVERITY = {"allow": 0, "escalate": 1, "deny": 2}
CONFLICTING = "conflicting_obligations"

BY_RULE = itemgetter("rule")
BY_NAME = attrgetter("name")


class Ranked(NamedTuple):
    """What combining knows of a rule."""

    position: int
    name: str
    package: int
    verdict: str
    reviewers: str | None
    priority: int
    order: int
    watched: bool
    lifts: list[int]
    obliges: bool
    single: dict[str, str]
    matched: dict


class Outcome(NamedTuple):
    """What is decided. The reason is a rule's position, or a text; the default's own words where it is None."""

    verdict: str
    decided_by: list[str]
    reason: int | str | None
    matched: list[dict]
    errors: list[dict]
    escalations: list[dict]
    granting: list[int]
    overridden: list[dict]
    observed: list[dict]
    obligations: list[dict]
    observed_verdict: str | None


def most_restrictive(verdicts: Iterable[str]) -> str:
    """The one that allows least."""
    return max(verdicts, key=SEVERITY.__getitem__)


class Ranking:
    """All that combining knows of a policy."""

    def __init__(self, policy: dict, files: list) -> None:
        self.packages = policy["packages"]
        self.reviewers = policy["reviewers"]
        self.files = files
        single = {name for name, obligation in policy["obligations"].items() if obligation["single"]}
        listed = [(rule, number) for number, package in enumerate(self.packages) for rule in package["rules"]]
        positions = {rule["name"]: position for position, (rule, _) in enumerate(listed)}
        self.rules = [
            Ranked(
                position=position,
                name=rule["shown_name"],
                package=number,
                verdict=rule["verdict"],
                reviewers=rule["reviewers"],
                priority=int(str(constant_of(rule["priority"]))),
                order=rule["order"],
                watched=rule["observe"] or (number > 0 and self.packages[number]["observe"]),
                lifts=[positions[name] for name in rule["overrides"]],
                obliges=bool(rule["then"]),
                single=self.first_places(rule, single),
                matched=self.matched(rule),
            )
            for position, (rule, number) in enumerate(listed)
        ]
        self.lifters = _lifting_order({rule.position: rule.lifts for rule in self.rules if rule.lifts})
        entry, *others = self.packages
        written = [entry["default"], *(package["default"] for package in others if not package["observe"])]
        found = [default for default in written if default is not None] or [{"verdict": "deny"}]
        self.default = max(found, key=lambda default: SEVERITY[default["verdict"]])

    def place(self, at: list) -> str:
        return f"{self.files[at[0]]}:{at[1]}"

    def first_places(self, rule: dict, single: set[str]) -> dict[str, str]:
        """The obligations marked `@single` that the rule wants, in order, each with its first place."""
        found: dict[str, str] = {}
        for use in rule["then"]:
            if use["obligation"] in single:
                found.setdefault(use["obligation"], self.place(use["at"]))
        return found

    def matched(self, rule: dict) -> dict:
        """What a decision says of the rule."""
        owners = [note["arguments"][0] for note in rule["annotations"] if note["name"] == "owner" and note["arguments"]]
        owner = str(owners[0]) if owners else None
        return {
            "rule": rule["shown_name"],
            "verdict": rule["verdict"],
            "owner": owner,
            "at": self.place(rule["at"]),
        }

    def counts_as(self, rule: Ranked, approved: Collection[str]) -> str:
        """The rule's verdict; an approved escalation allows."""
        if rule.verdict == "escalate" and rule.reviewers is not None:
            return "allow" if self.reviewers[rule.reviewers]["shown_name"] in approved else "escalate"
        return rule.verdict

    def escalation(self, rule: str, reviewers: str) -> dict:
        """Who must be asked."""
        asked = self.reviewers[reviewers]
        otherwise = asked["otherwise"]
        return {
            "rule": rule,
            "reviewers": asked["shown_name"],
            "quorum": constant_of(asked["quorum"]),
            "within": duration_text(int(str(constant_of(asked["within"])))),
            "else": "deny" if otherwise == "deny" else self.reviewers[otherwise]["shown_name"],
        }

    def defaulted(self, approved: Collection[str]) -> str:
        """The default's verdict; one that asks reviewers who have approved allows."""
        reviewers = self.default.get("reviewers")
        if reviewers is not None and self.reviewers[reviewers]["shown_name"] in approved:
            return "allow"
        return str(self.default["verdict"])


def _lifting_order(lifts: Mapping[int, list[int]]) -> list[int]:
    """The rules that override others, each after all that may lift it."""
    waiting = dict.fromkeys(lifts, 0)
    for others in lifts.values():
        for other in others:
            if other in waiting:
                waiting[other] += 1
    ready = sorted(position for position, lifters in waiting.items() if lifters == 0)
    order: list[int] = []
    while ready:
        position = ready.pop(0)
        order.append(position)
        for other in lifts[position]:
            if other in waiting:
                waiting[other] -= 1
                if waiting[other] == 0:
                    ready.append(other)
    return order


def combine(
    ranking: Ranking,
    matching: Collection[int],
    errors: Mapping[int, Fault],
    approved: Collection[str],
    obliging: Callable[[int], list[dict] | Fault],
) -> Outcome:
    """What is decided. `matching` and `errors` are by position; `obliging` gives a rule's obligations or its fault."""
    held = [ranking.rules[position] for position in sorted(matching)]
    erring = dict(errors)
    obligations: dict[int, list[dict]] = {}
    taking_part = {position for position in {*matching, *erring} if not ranking.rules[position].watched}
    for rule in held:
        if rule.obliges and not rule.watched and ranking.counts_as(rule, approved) == "allow":
            wanted = obliging(rule.position)
            if isinstance(wanted, Fault):
                erring.setdefault(rule.position, wanted)
            else:
                obligations[rule.position] = wanted
    lifted: dict[int, list[str]] = {}
    for position in ranking.lifters:
        rule = ranking.rules[position]
        if position in matching and position in taking_part and position not in erring and position not in lifted:
            for other in rule.lifts:
                if other in taking_part:
                    lifted.setdefault(other, []).append(rule.name)
    considered = [rule for rule in held if rule.position in taking_part and rule.position not in lifted]
    standing = {
        position: fault for position, fault in erring.items() if position in taking_part and position not in lifted
    }
    outcome = _without_conflicts(ranking, _resolved(ranking, considered, standing, approved), obligations)
    overridden = [{"rule": ranking.rules[position].name, "by": min(names)} for position, names in lifted.items()]
    granted = [item for position in outcome.granting for item in obligations.get(position, [])]
    outcome = outcome._replace(
        overridden=sorted(overridden, key=BY_RULE),
        observed=sorted((rule.matched for rule in held if rule.watched), key=BY_RULE),
        obligations=_distinct(granted),
    )
    return observed(outcome) if ranking.packages[0]["observe"] else outcome


def _distinct(obligations: list[dict]) -> list[dict]:
    found: dict[tuple[str, str], dict] = {}
    for item in obligations:
        found.setdefault((item["name"], json_text(item["args"])), item)
    return list(found.values())


def observed(outcome: Outcome) -> Outcome:
    """The outcome where the deciding package only observes: it allows, and says what it would have done."""
    return outcome._replace(
        verdict="allow",
        decided_by=["observe"],
        matched=[],
        escalations=[],
        obligations=[],
        observed=sorted([*outcome.matched, *outcome.observed], key=BY_RULE),
        observed_verdict=outcome.verdict,
    )


def _resolved(
    ranking: Ranking, considered: list[Ranked], standing: Mapping[int, Fault], approved: Collection[str]
) -> Outcome:
    results: list[tuple[str, list[Ranked]]] = []
    restricting: list[dict] = []
    for number, package in enumerate(ranking.packages):
        own = [rule for rule in considered if rule.package == number]
        if own:
            results.append(_package_result(ranking, package, own, approved))
        if any(ranking.rules[position].package == number for position in standing):
            restricting.append(package["on_error"])
    errors = sorted(
        ({"rule": ranking.rules[at].name, "error": fault.code, "at": fault.at} for at, fault in standing.items()),
        key=lambda error: (error["rule"], error["error"]),
    )
    by_default = ranking.defaulted(approved)
    said = [verdict for verdict, _ in results] or [by_default]
    verdict = most_restrictive([*said, *(fallback["verdict"] for fallback in restricting)])
    winning = sorted((rule for said_by, own in results if said_by == verdict for rule in own), key=BY_NAME)
    asked = {(rule.name, rule.reviewers) for rule in winning}
    asked |= {("error", item.get("reviewers")) for item in restricting if item["verdict"] == "escalate"}
    if not results and by_default == "escalate":
        asked.add(("default", ranking.default.get("reviewers")))
    escalations = [ranking.escalation(rule, reviewers) for rule, reviewers in asked if reviewers is not None]
    reason: int | str | None
    if winning:
        decided_by, reason = [rule.name for rule in winning], winning[0].position
    elif any(item["verdict"] == verdict for item in restricting):
        decided_by, reason = ["error"], f"an error in rule {errors[0]['rule']}: {errors[0]['error']}"
    else:
        decided_by, reason = ["default"], None
    return Outcome(
        verdict=verdict,
        decided_by=decided_by,
        reason=reason,
        matched=sorted((rule.matched for rule in considered), key=BY_RULE),
        errors=errors,
        escalations=sorted(escalations, key=itemgetter("rule", "reviewers")) if verdict == "escalate" else [],
        granting=[rule.position for rule in winning] if verdict == "allow" else [],
        overridden=[],
        observed=[],
        obligations=[],
        observed_verdict=None,
    )


def _package_result(
    ranking: Ranking, package: dict, own: list[Ranked], approved: Collection[str]
) -> tuple[str, list[Ranked]]:
    """What one package says: its verdict, and the rules that say so."""
    if package["resolve"] == "first":
        own = [min(own, key=attrgetter("order"))]
    elif package["resolve"] == "priority":
        highest = max(rule.priority for rule in own)
        own = [rule for rule in own if rule.priority == highest]
    verdicts = {rule.position: ranking.counts_as(rule, approved) for rule in own}
    verdict = most_restrictive(verdicts.values())
    return verdict, [rule for rule in own if verdicts[rule.position] == verdict]


def _without_conflicts(ranking: Ranking, outcome: Outcome, obligations: Mapping[int, list[dict]]) -> Outcome:
    """The outcome; a denial instead where it wants an obligation marked `@single` with different arguments."""
    wanted: dict[str, set[str]] = {}
    for position in outcome.granting:
        for item in obligations.get(position, []):
            if item["name"] in ranking.rules[position].single:
                wanted.setdefault(item["name"], set()).add(json_text(item["args"]))
    conflicting = {name for name, arguments in wanted.items() if len(arguments) > 1}
    if not conflicting:
        return outcome
    errors: list[dict] = []
    for rule in (ranking.rules[position] for position in outcome.granting):
        places = [place for name, place in rule.single.items() if name in conflicting]
        errors += [{"rule": rule.name, "error": CONFLICTING, "at": place} for place in places[:1]]
    reason = f"an error in rule {errors[0]['rule']}: {CONFLICTING}"
    return outcome._replace(verdict="deny", decided_by=["error"], reason=reason, errors=errors, granting=[])
