"""A tree that no compiler made is refused before anything is generated from it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.tree import Bucket, Cuts, Leaf, Members, Policy, Predicate, Switch, Table
from tenetlang.decision_tree.verify import PolicyFormatError, verify
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Fallback, Rule
from tests.unit import programs as p

AMOUNT = p.read("args.amount", t.DECIMAL)
TEAM = p.read("agent.team")


def sound(*extra: Rule) -> Policy:
    rules = [
        p.rule(
            f"r{n}",
            "deny",
            p.tool_is("refund"),
            p.compare(AMOUNT, ">", p.constant(Decimal(n))),
            p.some("x", p.read("agent.roles", t.SetType(t.STRING))),
        )
        for n in range(4)
    ]
    return build(p.program(p.package(*rules, *extra)))


def large() -> int:
    """The bucket with the rules for refunds."""
    return next(n for n, bucket in enumerate(sound().buckets) if len(bucket.candidates) == 4)


def with_bucket(change: Callable[[Bucket], Bucket]) -> Policy:
    policy = sound()
    buckets = [change(bucket) if n == large() else bucket for n, bucket in enumerate(policy.buckets)]
    return attrs.evolve(policy, buckets=tuple(buckets))


def with_rest(rest: tuple[int, ...], rule: int = 0) -> Policy:
    return with_bucket(
        lambda bucket: attrs.evolve(
            bucket, candidates=(attrs.evolve(bucket.candidates[0], rest=rest, rule=rule), *bucket.candidates[1:])
        )
    )


def with_test(*tests: Table | Members | Cuts | Predicate) -> Policy:
    return with_bucket(lambda bucket: attrs.evolve(bucket, tests=tests))


def with_root(root: Leaf | Switch) -> Policy:
    return attrs.evolve(sound(), root=root)


def with_package(**changes: object) -> Policy:
    policy = sound()
    package = attrs.evolve(policy.packages[0], **changes)  # type: ignore[arg-type]  # fields of a package
    return attrs.evolve(policy, packages=(package,))


def with_otherwise(oncall: str, lead: str = "deny") -> Policy:
    policy = sound()
    reviewers = {
        name: attrs.evolve(item, otherwise=oncall if name.endswith("oncall") else lead)
        for name, item in policy.reviewers.items()
    }
    return attrs.evolve(policy, reviewers=reviewers)


def test_what_the_compiler_makes_is_sound() -> None:
    verify(sound())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: with_rest((), rule=99), "a rule that is not there"),
        (lambda: with_rest((9,)), "steps of a rule that are not there"),
        (lambda: with_rest((2, 1)), "steps of a rule that are not there"),
        (lambda: with_rest((1,)), "leaves out a step that binds"),
        (lambda: with_test(Table(TEAM, (("a", 1), ("a", 2)), 15, 15)), "two entries for one value"),
        (lambda: with_test(Table(TEAM, (("a", 1 << 4),), 15, 15)), "more bits"),
        (lambda: with_test(Members(TEAM, (("a", 1), ("a", 2)), 15, 15)), "two entries for one value"),
        (lambda: with_test(Members(TEAM, (("a", 1),), 1 << 9, 15)), "more bits"),
        (lambda: with_test(Cuts(AMOUNT, (Decimal(1),), (1, 2), 15)), "another number of masks"),
        (lambda: with_test(Cuts(AMOUNT, (Decimal(2), Decimal(1)), (1, 2, 3, 4, 5), 15)), "do not ascend"),
        (lambda: with_test(Cuts(AMOUNT, (Decimal(1), "a"), (1, 2, 3, 4, 5), 15)), "do not ascend"),
        (lambda: with_test(Predicate(p.equals(p.local("x"), "a"), 15)), "a test with a variable"),
        (
            lambda: with_root(Switch(TEAM, (("a", Leaf(0, (0,))),), Leaf(0, ()), Leaf(0, ()))),
            "two leaves have one number",
        ),
        (lambda: with_root(Leaf(-1, ())), "two leaves have one number"),
        (lambda: with_root(Leaf(0, (99,))), "a bucket that is not there"),
        (lambda: with_root(Leaf(0, (large(), large()))), "one rule twice"),
        (
            lambda: with_root(Switch(TEAM, (("a", Leaf(0, ())), ("a", Leaf(0, ()))), Leaf(0, ()), Leaf(0, ()))),
            "two entries for one value",
        ),
        (lambda: with_package(default=Fallback("escalate")), "an escalate with reviewers None"),
        (lambda: with_package(on_error=Fallback("deny", "acme.lead")), "a[n]? deny with reviewers"),
        (lambda: with_otherwise("acme.nobody"), "no reviewers are called"),
        (lambda: with_otherwise("acme.lead", "acme.oncall"), "reviewers"),
        (lambda: sound(p.rule("s", "allow", overrides=("acme.nothing",))), "which is no rule"),
        (lambda: sound(p.rule("s", "allow", overrides=("acme.s",))), "overrides"),
        (lambda: sound(p.rule("s", "allow", p.equals(p.document("nothing", t.STRING), "a"))), "nothing is at the path"),
        (lambda: sound(p.rule("s", "allow", p.equals(core.Read(("data",), t.STRING, p.at()), "a"))), "nothing is at"),
        (
            lambda: attrs.evolve(sound(p.rule("s", "allow", core.CallFunction("acme.f", (), t.BOOL, p.at())))),
            "no function",
        ),
    ],
)
def test_what_no_compiler_makes_is_refused(make: Callable[[], Policy], words: str) -> None:
    policy = make()
    with pytest.raises(PolicyFormatError, match=words):
        verify(policy)
