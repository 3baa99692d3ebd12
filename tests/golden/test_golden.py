"""Every evaluator gives every golden decision, byte for byte: the reference, the generated one, the stand-alone Python file, and the
ES module under Node."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from tenetlang.decision import Decision
from tenetlang.decision_tree import json_form
from tenetlang.decision_tree.opening import open_policy
from tenetlang.decision_tree.tree import Policy, program_of
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.targets.building import TARGETS
from tests.conformance.cases import typed
from tests.golden.golden import FOLDER, POLICIES, VECTORS, Vector, compact, jobs, policies, vectors

pytestmark = pytest.mark.xdist_group("golden")

NODE = shutil.which("node")
RULELESS = {"default", "error", "invalid_request", "unknown_tool", "observe"}


@cache
def known() -> tuple[Mapping[str, Policy], Sequence[Vector]]:
    return policies(), vectors()


def differences(found: Sequence[Vector], decisions: Sequence[str]) -> list[str]:
    """A line for each decision that is another one; few are enough."""
    assert len(decisions) == len(found)
    pairs = zip(found, decisions, strict=True)
    return [f"{v.policy} {v.pieces}\n  {v.decision}\n  {given}" for v, given in pairs if v.decision != given][:3]


def in_process(make: Callable[[Policy, Mapping[str, object]], Callable[[bytes], Decision]]) -> list[str]:
    """The differences of an evaluator that runs here."""
    compiled, found = known()
    decisions: list[str] = []
    for (name, shown), group in groupby(found, key=lambda vector: (vector.policy, compact(vector.documents))):
        decide = make(compiled[name], typed(json.loads(shown)))
        decisions += [compact(decide(vector.data).to_json()) for vector in group]
    return differences(found, decisions)


def in_a_process(command: Sequence[str], target: str, ending: str, folder: Path) -> list[str]:
    """The differences of modules that a target makes, run by a command that reads jobs."""
    compiled, found = known()
    modules: dict[str, Path] = {}
    for number, (name, policy) in enumerate(compiled.items()):
        modules[name] = folder / f"policy{number}.{ending}"
        modules[name].write_bytes(TARGETS[target](policy).encode("ascii"))
    ran = subprocess.run(command, input=jobs(found, modules).encode(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    return differences(found, ran.stdout.decode().split("\n")[:-1])


def test_the_reference_gives_every_golden_decision() -> None:
    assert in_process(lambda policy, documents: reference(policy, documents).decide_json) == []


def reference(policy: Policy, documents: Mapping[str, object]) -> Reference:
    return Reference(program_of(policy), documents, json_form.digest(policy))


def test_the_generated_evaluator_gives_every_golden_decision() -> None:
    assert in_process(lambda policy, documents: Evaluator(policy, documents).decide_json) == []


def test_the_evaluator_of_an_opened_policy_gives_every_golden_decision() -> None:
    assert (
        in_process(
            lambda policy, documents: (
                Evaluator(open_policy(json_form.encode(policy)), documents, digest=json_form.digest(policy)).decide_json
            )
        )
        == []
    )


def test_the_stand_alone_python_file_gives_every_golden_decision(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(FOLDER / "run_standalone.py")]
    assert in_a_process(command, "python", "py", tmp_path) == []


@pytest.mark.skipif(NODE is None, reason="there is no `node` here to run JavaScript")
def test_the_javascript_module_gives_every_golden_decision(tmp_path: Path) -> None:
    assert in_a_process([str(NODE), str(FOLDER / "run.mjs")], "javascript", "mjs", tmp_path) == []


def test_the_golden_decisions_are_many_and_of_every_kind() -> None:
    _, found = known()
    assert len(found) >= 2_000
    assert len({vector.policy for vector in found}) >= 80
    decisions = [json.loads(vector.decision) for vector in found]
    verdicts = Counter(decision["verdict"] for decision in decisions)
    assert min(verdicts[verdict] for verdict in ("allow", "deny", "escalate")) >= 100
    deciders = {name for decision in decisions for name in decision["decided_by"]}
    assert deciders >= RULELESS
    errors = {error["error"] for decision in decisions for error in decision["errors"]}
    assert errors >= {
        "overflow", "division_by_zero", "bad_index", "bad_input", "too_much_work", "conflicting_obligations",
    }  # fmt: skip


def test_the_golden_files_are_small_enough_to_ship() -> None:
    assert POLICIES.stat().st_size + VECTORS.stat().st_size < 5_000_000
