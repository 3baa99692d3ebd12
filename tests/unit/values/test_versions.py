from __future__ import annotations

import itertools

import pytest

from tenetlang.values.faults import ValueFault
from tenetlang.values.versions import parse_semver

ASCENDING = [
    "0.0.0",
    "0.0.1",
    "0.9.0",
    "1.0.0-0",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0--1",
    "1.0.0-1a",
    "1.0.0-A",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.10",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]


def test_versions_are_ordered_by_precedence() -> None:
    versions = [parse_semver(text) for text in ASCENDING]
    for (i, left), (j, right) in itertools.product(enumerate(versions), repeat=2):
        assert (left < right) == (i < j)
        assert (left <= right) == (i <= j)
        assert (left == right) == (i == j)
        assert (left > right) == (i > j)


@pytest.mark.parametrize("text", ASCENDING)
def test_a_version_keeps_its_text(text: str) -> None:
    assert str(parse_semver(text)) == text


def test_build_metadata_is_checked_and_dropped() -> None:
    assert parse_semver("1.2.0+linux.x86-64.001") == parse_semver("1.2.0")
    assert hash(parse_semver("1.2.0+a")) == hash(parse_semver("1.2.0+b"))
    assert str(parse_semver("1.2.0-rc.1+a-b")) == "1.2.0-rc.1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3+",
        "1.2.3+a..b",
        "1.2.3-a_b",
        "1.2.3+a+b",
        "1.2.3 ",
        "1.2.x",
        "-1.2.3",
        "1.2.-3",
        "1.2.٣",
        "1.2.3-²",
        "1.2.3-ü",
        "1." * 3,
        "1.2." + "3" * 300,
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_semver(text)
    assert fault.value.code == "bad_input"


@pytest.mark.parametrize(("text", "prerelease"), [("1.2.3", ""), ("1.2.3-rc.1+b", "rc.1"), ("1.0.0-0", "0")])
def test_the_prerelease_is_what_stands_behind_the_dash(text: str, prerelease: str) -> None:
    assert parse_semver(text).prerelease == prerelease
