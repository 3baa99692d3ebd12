"""Permits: what can be done with one besides making its call once."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from tenetlang.guard import GuardError, Permit
from tests.unit.guard.guards import POLICY, WHO, open_guard, outcomes, problems


def test_nobody_changes_the_arguments_that_were_decided_on(tmp_path: Path) -> None:
    demanding = POLICY.replace(
        "allow fetching if { tool is fetch }", 'allow fetching if { tool is fetch } then stamp("x")'
    )
    with open_guard(tmp_path, demanding) as guard:

        @guard.before("stamp")
        def stamp(permit: Permit, _: str) -> None:
            given: Mapping[str, object] = permit.arguments
            assert isinstance(given, dict)
            given["page"] = "another"

        with guard.call("fetch", {"page": "x"}, **WHO) as permit:
            assert permit.arguments == {"page": "x"}
            permit.result(None)


def test_a_permit_has_no_copies(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        permit = guard.call("fetch", {"page": "x"}, **WHO)
        for way in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="can't be copied"):
                way(permit)
        with permit:
            pass
    assert outcomes(tmp_path) == ["ok"]


def test_a_result_is_given_while_the_call_lasts_so_that_its_labels_are_known(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        permit = guard.call("fetch", {"page": "x"}, **WHO, labels=lambda _: ["secret"])
        with pytest.raises(GuardError, match="within `with`"):
            permit.result("early")
        with pytest.raises(GuardError, match="which finds out its labels"), permit:
            pass
        with pytest.raises(GuardError, match="within `with`"):
            permit.result("late")
        refused = guard.call("fetch", {"page": "x"}, **WHO, labels=lambda _: ["secret"])
        with pytest.raises(OSError, match="no answer"), refused:
            raise OSError("no answer")
    assert outcomes(tmp_path) == ["ok", "error"]
    assert problems(tmp_path) == []
