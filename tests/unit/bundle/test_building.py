"""Building a bundle: what is taken along, what is left behind and counted, and what no bundle can be made of."""

from __future__ import annotations

import pytest

from tenetlang import pipeline
from tenetlang.bundle.active import activated
from tenetlang.bundle.building import NotBuilt, Term, contents_of, countersigned, signed_bundle
from tenetlang.bundle.contents import MAX_VERSION
from tenetlang.bundle.envelope import MAX_SIGNATURES
from tenetlang.bundle.errors import NotABundle
from tenetlang.bundle.opening import open_bundle
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.testing.carried import carried
from tenetlang.text import Text
from tests.unit.bundle.bundles import BOTH, DAY, FROZEN, KEY, MADE, OTHER, TRUST, bundle, contents, program, tree

MORE = """package shop

tool refund(customer: string, amount: decimal)
reviewers finance { who {"ada", "grace"}; within 30m; quorum 2; else deny }
obligation hide(field: string)
default deny because "no rule allows this call"

fn trusted(customer: string) -> bool = customer != "c9"
allow small if { tool is refund; trusted(args.customer); args.amount <= 50.00 } then hide("customer")
escalate large to finance if { tool is refund; args.amount > 50.00 } because "above 50"

test "masks" {
    call refund(customer: "c1", amount: 1.00)
    expect allow by small
}
test "asks" {
    call refund(customer: "c1", amount: 51.00)
    expect escalate to finance because "above 50"
}
test "computes" { expect trusted("c1") }
test "another function" {
    call refund(customer: "c1", amount: 1.00)
    with trusted(customer) = customer == "c9"
    expect deny
}
"""


def compiled(source: str) -> Program:
    found = pipeline.compile_texts([Text("shop.tenet", source)], standard_library())
    assert found.program is not None
    assert not found.findings, found.findings
    return found.program


def test_tests_are_taken_along_as_calls_with_all_that_comes_of_them() -> None:
    checked = compiled(MORE)
    examples, left_out = carried(checked, pipeline.evaluator(pipeline.decision_tree(checked), {}))
    found = [(e.name, e.verdict, e.decided_by, e.asks, e.obligations, e.because) for e in examples]
    assert found == [
        ("masks", "allow", ("small",), (), ("hide",), None),
        ("asks", "escalate", ("large",), ("finance 2 30m deny",), (), "above 50"),
    ]
    assert left_out == 2, "one computes, and one is of a policy with another function"
    term = Term(1, MADE)
    data = signed_bundle(contents_of(pipeline.decision_tree(checked), {}, (examples, left_out), [], term), [KEY])
    assert activated(open_bundle(data, TRUST)).version == 1


def test_tests_of_other_packages_are_not_those_of_the_one_that_decides() -> None:
    library = Text("money.tenet", 'package shop.money\n\nlet limit = 9\n\ntest "t" { expect limit == 9 }\n')
    using = """package shop
import shop.money
tool pay(n: int)
default deny
allow a if { tool is pay; args.n < money.limit }
"""
    found = pipeline.compile_texts([library, Text("shop.tenet", using)], standard_library(), "shop")
    assert not found.findings
    assert found.program is not None, found.findings
    assert carried(found.program, pipeline.evaluator(pipeline.decision_tree(found.program), {})) == ((), 0)


def test_sources_go_along_by_name_and_digest_and_with_their_text_if_wanted() -> None:
    texts = [Text("b.tenet", "b"), Text("a.tenet", "a")]
    for with_sources, expected in ((True, ["a", "b"]), (False, [None, None])):
        built = contents_of(tree(), FROZEN, ((), 0), texts, Term(1, MADE), with_sources=with_sources)
        assert [source.name for source in built.sources] == ["a.tenet", "b.tenet"]
        assert [source.text for source in built.sources] == expected
        assert len({source.digest for source in built.sources}) == 2


def test_the_same_input_gives_the_same_bytes() -> None:
    made = contents_of(tree(), FROZEN, carried(program(), pipeline.evaluator(tree(), FROZEN)), [], Term(1, MADE))
    again = contents_of(tree(), FROZEN, carried(program(), pipeline.evaluator(tree(), FROZEN)), [], Term(1, MADE))
    assert signed_bundle(made, [KEY]) == signed_bundle(again, [KEY])


@pytest.mark.parametrize(
    ("version", "expires", "hard_expires", "says"),
    [
        (0, None, None, "a version is a whole number"),
        (MAX_VERSION + 1, None, None, "a version is a whole number"),
        (1, MADE, None, "expires after it was made"),
        (1, None, MADE, "stops deciding after it was made"),
        (1, MADE + 2 * DAY, MADE + DAY, "not before it expires"),
    ],
)
def test_a_term_that_is_none_is_refused(version: int, expires: int | None, hard_expires: int | None, says: str) -> None:
    with pytest.raises(NotBuilt, match=says):
        Term(version, MADE, expires, hard_expires)


def test_it_may_stop_deciding_the_moment_it_expires() -> None:
    assert Term(1, MADE, MADE + DAY, MADE + DAY).hard_expires == MADE + DAY


def test_a_second_person_signs_what_a_first_one_built() -> None:
    both = countersigned(bundle(), OTHER)
    assert open_bundle(both, BOTH).signed_by == (KEY.verifier, OTHER.verifier)
    assert countersigned(both, OTHER) == both


def test_nobody_signs_what_is_no_bundle() -> None:
    with pytest.raises(NotABundle):
        countersigned(b"rubbish", OTHER)


def test_nothing_is_built_that_nobody_could_open() -> None:
    from tenetlang.audit.checkpoints.note import signing_key

    keys = [signing_key(f"key{number}", bytes([number]) * 32) for number in range(MAX_SIGNATURES + 1)]
    with pytest.raises(NotBuilt, match="no bundle that could be opened: it has 17 signatures"):
        signed_bundle(contents(), keys)


def test_a_name_that_is_not_unicode_is_no_part_of_a_bundle() -> None:
    built = contents_of(tree(), FROZEN, ((), 0), [Text("a\udcff.tenet", "a")], Term(1, MADE))
    with pytest.raises(NotBuilt, match="the name of a file is not Unicode"):
        signed_bundle(built, [KEY])
