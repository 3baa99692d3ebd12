"""Each check of those parts on which trust rests is taken out in turn, and a test fails that was written for it: of what
verifies a log, of what tells the story of a decision, and of what becomes of a question to people.

`bending` says how. What changes nothing that anybody could see is listed below with the reason, and only that: a bend of the list
that a test notices, or that is no longer there, fails here as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parents[2]
SOURCES = "src/tenetlang"
UNIT = "tests/unit"


@attrs.frozen
class Part:
    """Files of the source, and the tests that are written for them, both below the folder of their package."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    package: str = "audit"


PARTS: Mapping[str, Part] = {
    "notes": Part(
        ("checkpoints/note.py", "checkpoints/keys.py", "checkpoints/checkpoint.py", "checkpoints/signatures.py",
         "checkpoints/cosignature.py"),
        ("checkpoints/test_note.py", "checkpoints/test_note_edges.py", "checkpoints/test_cosignature.py",
         "checkpoints/test_signatures.py", "checkpoints/test_signatures_edges.py"),
    ),
    "trees": Part(
        ("merkle.py", "checkpoints/paths.py"), ("test_merkle.py", "checkpoints/test_note_edges.py"),
    ),
    "proofs": Part(("checkpoints/proofs.py",), ("checkpoints/test_proofs.py", "checkpoints/test_proofs_edges.py")),
    "trust": Part(("checkpoints/trust.py",), ("checkpoints/test_trust.py", "checkpoints/test_trust_edges.py")),
    "verification": Part(
        ("verify.py",), ("test_verify.py", "test_verify_edges.py", "payloads/test_verify_sealed.py"),
    ),
    "states": Part(
        ("checkpoints/signed.py", "checkpoints/epochs.py"),
        ("checkpoints/test_signed.py", "checkpoints/test_signed_edges.py", "checkpoints/test_epochs.py"),
    ),
    "shape": Part(("records/shape.py", "records/forms.py"), ("records/test_shape.py",)),
    "blame": Part(("blame.py",), ("test_blame.py", "test_blame_edges.py", "test_blame_of_a_gate.py")),
    "receipts": Part(("receipts.py",), ("test_receipts.py", "test_receipts_edges.py")),
    "witness": Part(("witness/state.py",), ("witness/test_answers.py", "witness/test_state.py")),
    "completeness": Part(
        ("completeness/check.py", "completeness/counts.py", "completeness/escalations.py", "completeness/outcomes.py",
         "completeness/reports.py"),
        ("completeness/test_check.py", "completeness/test_edges.py", "test_clocks.py"),
    ),
    "story": Part(("story.py",), ("test_story.py", "test_story_edges.py")),
    "seals": Part(("payloads/sealing.py",), ("payloads/test_sealing.py", "payloads/test_seal_edges.py")),
    "erasing": Part(("payloads/erasing.py",), ("payloads/test_erasing.py", "payloads/test_erasing_edges.py")),
    "disclosure": Part(("records/disclosure.py",), ("records/test_disclosure.py",)),
    "reviews": Part(("state.py",), ("test_state.py", "test_state_edges.py"), "review"),
}  # fmt: skip

UNSEEN: Mapping[str, Mapping[str, str]] = {
    "notes": {
        "note._signature: found is None or decoded is None or len(decoded) < 5 or (not is_name(found[1])) → "
        "decoded is None or len(decoded) < 5 or (not is_name(found[1]))": "what is not found is not decoded either",
    },
    "trees": {
        "paths.inclusion_holds: not place & 1 and place → not place & 1": "a place that is the last one is not 0, since the last is not",
        "paths.consistency_holds: not place & 1 and place → not place & 1": "likewise",
    },
    "states": {
        "signed.compare: state.size == frontier.size and state.root != frontier.root() and (state not in states.rewritten_kept) → "
        "state.size == frontier.size and state.root != frontier.root()": "a state that is remembered twice is told of once",
        "signed._vouch: span.last < size → span.last <= size": "a key signs the size with which it ends",
        "epochs.epochs_of: rotation.new in spans and rotation.old not in spans → rotation.new in spans": "no span has an end yet",
    },
    "shape": {
        "forms.one_of: isinstance(value, str) and value in words → value in words": "nothing but a text equals one",
    },
    "witness": {
        "state._prepare: os.name == 'posix' and Path(connection.filename).stat().st_mode & 63 → "
        "Path(connection.filename).stat().st_mode & 63": "tests run where it is so",
    },
    "blame": {
        "blame._developer: point is not None and verdict == 'allow' and _late(story, story.record.get('at')) → "
        "point is not None and _late(story, story.record.get('at'))": "at a gate it is only asked of what was allowed",
        "blame._Said.text: isinstance(opened, bytes) → True": "what is no payload has no bodies",
        "blame._platform: story.entry.flaw is None and leaf_hash(story.entry.record) == story.entry.leaf → "
        "leaf_hash(story.entry.record) == story.entry.leaf": "a record with a flaw is of no decision, and not blamed",
        "blame._enforcement: problem.index is None → False": "of the numbers of one point all are followed",
    },
    "completeness": {
        "check.check_completeness: problem.index or 0 → problem.index": "problems without an index meet only each other",
        "check._records: isinstance(parsed, dict) → True": "what is no object has no shape of a record, as an empty one",
        "counts.take_close: isinstance(said, int) → True": "the shape of the record says that it is a number",
        "outcomes.look_up: identifier in outcomes.to_look_up → True": "more is remembered than is asked for",
        "outcomes.look_up: index < intent.index → index <= intent.index": "an outcome and a decision are two records",
    },
    "story": {
        "story.read_story: story.used → True": "where no approval was used no step is one of them",
        "story._found: index is None and wanted.encode('utf-8', 'replace') not in entry.record → "
        "False": "it only saves reading records that can't be meant",
        "story._key_of: is_sealed(payload) → True": "what is not sealed is no seal either",
    },
    "seals": {
        "sealing._json: isinstance(value, Mapping) → True": "what is no object has not the members of a header",
    },
    "erasing": {
        "erasing.erase: keyring is not None and kid is not None → kid is not None": "only a keyring names a key",
        "erasing._any_sealed: isinstance(cell, bytes) → True": "the table takes nothing but bytes",
    },
    "disclosure": {
        "disclosure.bodies_mistake: texts is not None and all((sha256(salt + text).hexdigest() == _at(record, pointer) for pointer, salt, text in texts)) → "
        "False": "the long way has the same answers as the quick one",
        "disclosure._fraction: _plain_fraction.fullmatch(text) is None → True": "likewise",
        "disclosure._texts: _SIXTEEN_DIGITS in payload.translate(_DIGITS_TO_ZERO) or len(payload.translate(None, _BEYOND_PLANE_0)) != len(payload) or "
        "payload.count(b'{') + payload.count(b'[') > _OPENINGS → True": "likewise",
        "disclosure._texts: payload.count(b'{') + payload.count(b'[') > _OPENINGS → "
        "payload.count(b'{') + payload.count(b'[') >= _OPENINGS": "likewise",
        "disclosure._texts: _encode_sorted(_decode(payload)) != payload → True": "likewise",
        "disclosure._texts: read.v != PAYLOAD_VERSION → True": "likewise",
    },
    "reviews": {
        "state.step: isinstance(event, Tick) → False": "a tick does nothing beyond letting the time pass",
        "state._happens: case Tick() → False": "it doesn't come so far",
        "state._time_passes: task.chain → True": "with nobody next, climbing is expiring",
        "state._claim: task.claimed is not None and task.claimed_until is not None and (now < task.claimed_until) → "
        "task.claimed_until is not None and now < task.claimed_until": "who claims and until when are there together",
        "state._claim: task.claimed is not None and task.claimed_until is not None and (now < task.claimed_until) → "
        "task.claimed is not None and now < task.claimed_until": "likewise",
        "state._claim: held and task.claimed is not None and (person(task.claimed) != person(who)) → "
        "held and person(task.claimed) != person(who)": "what is held somebody has claimed",
        "state._release: back and person(item.giver) == key → "
        "person(item.giver) == key": "who has handed a task on has no claim, so it is released only where it comes back",
        "state._delegate: taker in _people(task.stage) or _is_asked(task, event.to) → "
        "_is_asked(task, event.to)": "who is asked no longer has handed on, or asked for the call, and was refused before",
    },
}
"""By part: the bend, and why nobody could see it."""


def bent(part: Part, report: Path, step: int) -> dict[str, str]:
    """What came of each bend."""
    sources = [f"{SOURCES}/{part.package}/{source}" for source in part.sources]
    tests = [f"{UNIT}/{part.package}/{test}" for test in part.tests]
    plugin = ["-n", "0", "-q", "-p", "no:cacheprovider", "-p", "tests.faults.bending", "--bend-report", str(report)]
    command = [sys.executable, "-m", "pytest", *plugin, "--bend-step", str(step), *tests, "--bend", *sources]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert report.exists(), done.stdout + done.stderr
    found = json.loads(report.read_text("utf-8"))
    assert found["failing"] == [], "these fail already"
    return {name: str(result) for name, result in found["bends"].items()}


def unnoticed(results: Mapping[str, str]) -> set[str]:
    return {name.rpartition(" @")[0] for name, result in results.items() if not result.startswith("noticed")}


@pytest.mark.deep
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork")
@pytest.mark.parametrize("name", PARTS)
def test_each_check_of_a_log_is_missed_by_some_test(tmp_path: Path, name: str) -> None:
    results = bent(PARTS[name], tmp_path / "report.json", 1)
    assert len(results) > 0
    assert unnoticed(results) == set(UNSEEN.get(name, ()))


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork")
def test_some_checks_of_a_log_are_missed_by_some_test(tmp_path: Path) -> None:
    results = bent(PARTS["trees"], tmp_path / "report.json", 4)
    assert len(results) > 10
    assert unnoticed(results) <= set(UNSEEN["trees"])
