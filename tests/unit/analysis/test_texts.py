"""Texts with refinements, patterns and parts: what the search takes from them."""

from __future__ import annotations

import pytest

from tenetlang.analysis.questions import Witness
from tests.unit.analysis.held import asked, policy, wrongly_ruled_out


def test_a_constant_that_a_refinement_refuses_is_ruled_out_without_any_pattern_near_it() -> None:
    answers = asked(policy("@length(1, 3) s: string", 'args.s == "abcdef"')).answers()
    assert answers["holds", "r"] is None
    answers = asked(policy("@length(1, 3) s: string", 'args.s in {"abcdef", "ab"}')).answers()
    found = answers["holds", "r"]
    assert isinstance(found, Witness)
    assert found.request["args"] == {"s": "ab"}


@pytest.mark.parametrize(
    ("body", "url"),
    [
        (
            '(args.u.host like "*.org" or args.u.host like "*.com"); (args.u like "https://a.com/**" or args.u like "ftp://b/*")',
            "https://a.com/a",
        ),
        ('args.u.host.ip is not present; args.u.host like "*.*.*.*"', "https://a.b.c.d/"),
        ('args.u.host.ip is present; args.u.host.ip in "2001:db8::/32"', "https://[2001:db8::1]/"),
        ("count(args.u.segments) > 60000", "https://a.com/" + "a/" * 60_001),
    ],
)
def test_what_is_said_of_a_part_of_a_url_rules_out_no_url_that_has_it(body: str, url: str) -> None:
    assert not wrongly_ruled_out(policy("u: url", body), {"u": url})


def test_a_document_may_be_longer_than_any_text_of_a_request() -> None:
    content = policy("a: string", "count(data.s) > 300000", "data s: string")
    assert not wrongly_ruled_out(content, {"a": ""}, {"p.s": "x" * 400_000})
