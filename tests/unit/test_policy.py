"""`load` and `Policy`, as a library user meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tenetlang import Policy, PolicyError, load
from tests.unit.bundle.bundles import KEY, OTHER, bundle, failing

SHOP = """\
package acme.shop
tool refund(amount: decimal)
data limit: decimal
data names: set[string]
default deny
let size of refund = args.amount * 2.00
let ratio of refund = 1 / args.amount
allow small if { tool is refund; args.amount < data.limit }
"""
REQUEST = {"tool": "refund", "args": {"amount": 4}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.tenet").write_text(SHOP)
    (tmp_path / "tenet.toml").write_text('[data]\nlimit = "limit.json"\nnames = "names.json"')
    (tmp_path / "limit.json").write_text("5.00")
    (tmp_path / "names.json").write_text("[]")
    return tmp_path


def test_a_policy_is_loaded_with_the_documents_of_its_configuration(here: Path) -> None:
    policy = load(here)
    assert policy.decide(REQUEST).verdict == "allow"
    assert policy.decide_json(json.dumps(REQUEST)).verdict == "allow"
    assert policy.decide_json(b"\xff").decided_by == ("invalid_request",)
    assert policy.digest.startswith("sha256:")
    assert load("shop.tenet").digest == policy.digest == load(str(here)).digest


def test_documents_given_are_used_instead_of_all_that_the_configuration_names(here: Path) -> None:
    (here / "limit.json").unlink()
    policy = load(here, data={"limit": 3, "names": []})
    assert policy.decide(REQUEST).verdict == "deny"
    with pytest.raises(PolicyError, match=r"the document `names` of `acme.shop` is missing"):
        load(here, data={"limit": 3})


def test_documents_may_be_named_with_their_package(here: Path) -> None:
    assert load(here, data={"acme.shop.limit": Decimal(7), "names": []}).decide(REQUEST).verdict == "allow"
    (here / "tenet.toml").write_text('[data]\n"acme.shop.limit" = "limit.json"\nnames = "names.json"')
    assert load(here).decide(REQUEST).verdict == "allow"
    (here / "other.tenet").write_text("package acme.other\nextend acme.shop\ndata limit: string\n")
    assert (
        load(here, data={"acme.shop.limit": 7, "acme.other.limit": "x", "names": []}).decide(REQUEST).verdict == "allow"
    )


def test_the_entry_can_be_said(here: Path) -> None:
    (here / "other.tenet").write_text("package other\ndefault allow\n")
    with pytest.raises(PolicyError, match=r"^the policy has 1 error: "):
        load(here)
    assert load(here, entry="other", data={}).decide({}).policy == "other"


def breaks(here: Path, name: str, content: str | bytes) -> None:
    (here / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("shop.tenet", b"package \xff", "`shop.tenet` is not UTF-8 (byte 8); save it as UTF-8"),
        ("tenet.toml", "entry = ", "tenet.toml is no TOML: Invalid value (at end of document)"),
        ("tenet.toml", "[date]", "tenet.toml: `date` is no setting; the settings are `entry`, `data`"),
        ("tenet.toml", 'entry = "gone"', "the policy has 1 error: "),
        ("tenet.toml", "", "the document `limit` of `acme.shop` is missing; it is declared as decimal"),
        ("tenet.toml", '[data]\nlimit = "x.json"', "the document `limit` in `x.json` can't be read: No such file"),
        ("limit.json", '"x"', "`limit`: "),
        ("limit.json", "{", "the document `limit` in `limit.json`: "),
        ("limit.json", '{"a": 1, "a": 2}', "the document `limit` in `limit.json`: "),
        ("names.json", "[1]", "`names[0]`: "),
        ("tenet.toml", '[data]\nlimit = "limit.json"\nnames = "names.json"\nmore = "names.json"', "no document `more` is declared"),
        ("shop.tenet", "package acme.shop\nallow a if { b }\nallow c if { d }", "the policy has 2 errors: "),
        ("shop.tenet", "", "the policy has 1 error: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error_with_a_clear_sentence(
    here: Path, name: str, content: str | bytes, problem: str
) -> None:
    breaks(here, name, content)
    with pytest.raises(PolicyError) as caught:
        load(here)
    assert str(caught.value).startswith(problem)
    assert bool(caught.value.findings) == problem.startswith("the policy has")


def test_the_first_error_is_named_with_its_place(here: Path) -> None:
    breaks(here, "shop.tenet", "package a\ndefault deny\nallow a if { b }\n")
    with pytest.raises(PolicyError, match=r"^the policy has 1 error: .*`b`.* \(shop.tenet:3\)$") as caught:
        load(here)
    assert [finding.check for finding in caught.value.findings] == ["unknown-name"]


def test_a_path_that_is_not_there_or_holds_no_policy_is_said(here: Path) -> None:
    with pytest.raises(PolicyError, match=r"^`gone` does not exist$"):
        load("gone")
    (here / "empty").mkdir()
    with pytest.raises(PolicyError, match=r"^no .tenet file in `empty`$"):
        load("empty")
    with pytest.raises(PolicyError, match=r"the policy has 1 error: .*gone"):
        load(here, entry="gone")


def test_documents_that_no_json_can_say_are_refused(here: Path) -> None:
    loop: list[object] = []
    loop.append(loop)
    for wrong in (loop, float("nan"), object(), {1: 2}):
        with pytest.raises(PolicyError, match=r"^`names"):
            load(here, data={"limit": 1, "names": wrong})


class Hostile(dict[str, object]):
    """Raises whatever is asked of it."""

    def __getitem__(self, key: str) -> object:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        raise RecursionError

    def __contains__(self, key: object) -> bool:
        raise MemoryError

    def __len__(self) -> int:
        raise ZeroDivisionError

    def items(self) -> object:  # type: ignore[override]
        raise OSError

    def __repr__(self) -> str:
        raise ValueError

    def __eq__(self, other: object) -> bool:
        raise KeyError

    __hash__ = None


class Text(str):
    """A text that lies about itself."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise KeyError

    def __hash__(self) -> int:
        raise RuntimeError


def deep() -> object:
    found: object = 1
    for _ in range(100_000):
        found = [found]
    return found


@pytest.mark.parametrize(
    "request_",
    [
        None, 1, "x", b"x", [], object(), Hostile(), Hostile(tool="refund"), {"tool": Hostile()}, {"tool": Text("refund")},
        {1: 2}, {"tool": "refund", "args": Hostile(amount=1)}, {"tool": "refund", "args": {"amount": float("nan")}},
        {"tool": "refund", "args": {"amount": 10**5000}}, {"tool": "refund", "args": {"amount": Decimal("NaN")}}, {"tool": "\ud800", "args": {}},
        {"tool": "refund", "args": {"amount": True}}, {"tool": "refund", "args": deep()}, {"tool": "refund", "args": {"amount": Text("1")}},
        {**REQUEST, "approvals": Hostile()}, {**REQUEST, "origins": {"amount": [Hostile()]}}, type, lambda: 1,
    ],
)  # fmt: skip
def test_whatever_is_no_request_is_denied_and_never_raises(here: Path, request_: object) -> None:
    policy = load(here)
    decision = policy.decide(request_)
    assert decision.verdict == "deny"
    assert decision.decided_by in {("invalid_request",), ("unknown_tool",), ("error",)}
    assert decision.trace == ()
    json.dumps(decision.to_json())


def test_definitions_can_be_asked_for(here: Path) -> None:
    policy = load(here)
    assert isinstance(policy, Policy)
    assert policy.ask("size", REQUEST) == policy.ask("acme.shop.size", REQUEST) == "8"
    with pytest.raises(LookupError):
        policy.ask("gone", REQUEST)
    with pytest.raises(ValueError, match="invalid request"):
        policy.ask("size", {"tool": "refund", "args": {}})
    with pytest.raises(ValueError, match="division_by_zero"):
        policy.ask("ratio", {"tool": "refund", "args": {"amount": 0}})


def test_a_bundle_decides_if_those_signed_it_who_are_trusted(tmp_path: Path) -> None:
    file = tmp_path / "shop.bundle"
    file.write_bytes(bundle(1, keys=(KEY,)))
    policy = load(file, trust=[str(KEY.verifier)])
    refund = {"tool": "refund", "args": {"customer": "c1", "amount": 50}}
    assert policy.decide(refund).verdict == "allow"
    assert load(file, trust=[str(KEY.verifier)], data={"frozen": ["c1"]}).decide(refund).verdict == "deny"


@pytest.mark.parametrize(
    ("data", "says", "more"),
    [
        (bundle(1), "a signature of acme/security", {"trust": [str(OTHER.verifier)]}),
        (bundle(1), "say whose signatures count", {}),
        (bundle(1), "this is no key", {"trust": ["nonsense"]}),
        (bundle(1), "2 signatures are demanded", {"trust": [str(KEY.verifier)], "threshold": 2}),
        (bundle(1), "`shop` decides in it", {"trust": [str(KEY.verifier)], "entry": "bank"}),
        (bundle(1), "is missing", {"trust": [str(KEY.verifier)], "data": {}}),
        (failing(1), "its 3 own tests fail here", {"trust": [str(KEY.verifier)]}),
        (b"rubbish", "no DSSE envelope", {"trust": [str(KEY.verifier)]}),
    ],
)
def test_a_bundle_that_no_gate_would_take_is_not_loaded(
    tmp_path: Path, data: bytes, says: str, more: dict[str, object]
) -> None:
    file = tmp_path / "shop.bundle"
    file.write_bytes(data)
    with pytest.raises(PolicyError, match=says):
        load(file, **more)  # type: ignore[arg-type]  # each of its kind
