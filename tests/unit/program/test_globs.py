"""Patterns that the policy writes."""

from __future__ import annotations

import pytest

from tests.unit.program.policies import TOOLS, assert_marked

HOSTS = TOOLS + "tool open(host: host, path: path, address: url, text: string)\n"


def test_a_pattern_that_is_none_is_an_error() -> None:
    assert_marked(HOSTS + 'deny r if { tool is open; args.text like "a\\\\" } ## error[bad-pattern]\n')
    assert_marked(HOSTS + 'deny r if { tool like "a\\\\" } ## error[bad-pattern]\n')
    assert_marked(HOSTS + 'deny r if { tool is open; args.text matches "(a" } ## error[bad-pattern]\n')


@pytest.mark.parametrize(
    ("argument", "pattern"),
    [
        ("host", "**.Acme.com"),
        ("path", "/etc/"),
        ("path", "/a/../b"),
        ("path", "/a//b"),
        ("address", "https://acme.com"),
        ("address", "https://Acme.com/*"),
        ("address", "https://acme.com:443/*"),
    ],
)
def test_a_glob_that_no_value_of_the_type_matches_is_noticed(argument: str, pattern: str) -> None:
    assert_marked(HOSTS + f'deny r if {{ tool is open; args.{argument} like "{pattern}" }} ## error[bad-pattern]\n')


@pytest.mark.parametrize(
    ("argument", "pattern"),
    [
        ("host", "**.acme.com"),
        ("path", "/"),
        ("path", "/etc/**"),
        ("address", "https://acme.com/*"),
        ("address", "http://acme.com:443/*"),
        ("address", "https:**"),
        ("text", "Any/thing/"),
    ],
)
def test_other_globs_are_not(argument: str, pattern: str) -> None:
    assert_marked(HOSTS + f'deny r if {{ tool is open; args.{argument} like "{pattern}" }}\n')
