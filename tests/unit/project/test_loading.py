"""From a path to a policy: compiled once, found after that, and never found when anything that it comes from has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenetlang.decision_tree.json_form import canonical, digest, encode, to_json
from tenetlang.decision_tree.tree import LateRules
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.policy import PolicyError, load
from tenetlang.project import loading
from tenetlang.project.cache import Cache, open_cache
from tenetlang.project.loading import Broken, Loaded, key_of, load_policy
from tenetlang.project.project import ProjectError, read_project

POLICY = """package shop
tool pay(n: int)
data limit: int
default deny because "no"
allow small if { tool is pay; args.n < data.limit }
"""
PAY = {"tool": "pay", "args": {"n": 3}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "shop.tenet").write_text(POLICY)
    (folder / "tenet.toml").write_text('[data]\nlimit = "limit.json"\n')
    (folder / "limit.json").write_text("5")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    (tmp_path / "home").mkdir()
    made = open_cache({"HOME": str(tmp_path / "home")})
    assert made is not None
    return made


def from_cache(loaded: Loaded) -> bool:
    return all(isinstance(package.rules, LateRules) for package in loaded.policy.packages)


def compiled(folder: Path, to: Path) -> Path:
    to.write_bytes(encode(load_policy([folder]).policy))
    return to


def test_a_policy_is_compiled_once(folder: Path, cache: Cache) -> None:
    first, second = (load_policy([folder], cache=cache) for _ in range(2))
    assert [from_cache(first), from_cache(second)] == [False, True]
    assert first.digest == second.digest == digest(first.policy)
    assert second.policy == first.policy
    assert second.configuration == first.configuration
    assert [Path(name).name for name in second.files] == ["shop.tenet"]
    assert Evaluator(second.policy, {"limit": 5}, digest=second.digest).decide(PAY).verdict == "allow"


def test_without_a_cache_nothing_is_kept(folder: Path, cache: Cache) -> None:
    load_policy([folder])
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("change", ["content", "name", "more", "entry", "configured entry"])
def test_what_a_policy_comes_from_is_in_its_key(folder: Path, change: str) -> None:
    before = key_of(read_project([folder]), None)
    entry = None
    match change:
        case "content":
            (folder / "shop.tenet").write_text(POLICY.replace("<", "<="))
        case "name":
            (folder / "shop.tenet").rename(folder / "other.tenet")
        case "more":
            (folder / "more.tenet").write_text("package more\n")
        case "entry":
            entry = "shop"
        case _:
            (folder / "tenet.toml").write_text('entry = "shop"')
    assert key_of(read_project([folder]), entry) != before


def test_documents_are_not_in_the_key_and_not_in_the_cache(folder: Path, cache: Cache) -> None:
    load_policy([folder], cache=cache)
    (folder / "limit.json").write_text("2")
    again = load_policy([folder], cache=cache)
    assert from_cache(again)
    assert load(folder).decide(PAY).verdict == "deny"


def test_moving_a_border_between_two_texts_changes_the_key(tmp_path: Path) -> None:
    keys = set()
    for number, (name, content) in enumerate([("ab.tenet", "c"), ("a.tenet", "b.tenetc")]):
        folder = tmp_path / str(number) / "x"
        folder.mkdir(parents=True)
        (folder / name).write_text(content)
        keys.add(key_of(read_project([folder]), None))
    assert len(keys) == 2


def test_another_compiler_finds_nothing(folder: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    load_policy([folder], cache=cache)
    monkeypatch.setattr(loading, "__version__", "9")
    assert not from_cache(load_policy([folder], cache=cache))
    monkeypatch.undo()
    seen = loading._compiler()  # what identifies it
    assert all(name in b"\n".join(seen).decode() for name in ("parse.py", "check.py", "tenet.lark", "agents.tenet"))


def test_a_compiler_that_is_not_in_a_folder_keeps_nothing(
    folder: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "folders", lambda: ())
    load_policy([folder], cache=cache)
    monkeypatch.setattr(loading, "folders", lambda: (Path("gone"),))
    load_policy([compiled(folder, folder.parent / "p.json")], cache=cache)
    assert list(cache.folder.iterdir()) == []


def test_a_policy_with_errors_is_told_each_time_and_never_kept(folder: Path, cache: Cache) -> None:
    (folder / "shop.tenet").write_text(POLICY.replace("args.n", "args.m"))
    for _ in range(2):
        with pytest.raises(Broken) as broken:
            load_policy([folder], cache=cache)
        assert [finding.check for finding in broken.value.findings] == ["unknown-argument"]
    assert list(cache.folder.iterdir()) == []


def test_an_entry_that_is_authentic_and_no_policy_is_compiled_anew(folder: Path, cache: Cache) -> None:
    key = key_of(read_project([folder]), None)
    assert key is not None
    cache.keep(key, b"{}")
    assert not from_cache(load_policy([folder], cache=cache))
    assert from_cache(load_policy([folder], cache=cache))


def test_a_changed_entry_is_compiled_anew_and_put_right(folder: Path, cache: Cache) -> None:
    load_policy([folder], cache=cache)
    (entry,) = cache.folder.iterdir()
    entry.write_bytes(entry.read_bytes().replace(b'"allow"', b'"deny" '))
    assert not from_cache(load_policy([folder], cache=cache))
    assert from_cache(load_policy([folder], cache=cache))


# -------------------------------------------------------------------------------------------------- compiled files


def test_a_compiled_file_is_verified_once(folder: Path, cache: Cache) -> None:
    file = compiled(folder, folder / "policy.json")
    first, second = (load_policy([file], cache=cache) for _ in range(2))
    assert [from_cache(first), from_cache(second)] == [False, True]
    assert first.policy == second.policy == load_policy([folder]).policy
    assert first.digest == second.digest == load_policy([folder]).digest
    assert first.configuration.data.keys() == {"limit"}
    assert first.files == (file.as_posix(),)


def test_a_changed_compiled_file_is_verified_again(folder: Path, cache: Cache) -> None:
    file = compiled(folder, folder / "policy.json")
    load_policy([file], cache=cache)
    file.write_bytes(file.read_bytes().replace(b'"rule":0', b'"rule":7'))
    with pytest.raises(ProjectError, match="is no compiled policy: a bucket has a rule that is not there"):
        load_policy([file], cache=cache)


def test_a_compiled_file_in_another_spelling_has_the_digest_of_the_policy(folder: Path, cache: Cache) -> None:
    file = compiled(folder, folder / "policy.json")
    known = load_policy([file]).digest
    policy = load_policy([folder]).policy
    file.write_text("{" + canonical(to_json(policy)).decode()[1:].replace(",", ", ") + "\n")
    assert [load_policy([file], cache=cache).digest for _ in range(2)] == [known, known]


@pytest.mark.parametrize("content", ["{", "{}", '{"a":1,"a":1}', "{\x00"])
def test_json_that_is_no_policy_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(content)
    with pytest.raises(ProjectError, match=r"p\.json` is no compiled policy"):
        load_policy([file])


def test_the_entry_of_a_compiled_file_is_chosen(folder: Path) -> None:
    file = compiled(folder, folder / "policy.json")
    assert load_policy([file], "shop").policy.entry == "shop"
    with pytest.raises(ProjectError, match="`shop` decides in it; choose another package when it is built"):
        load_policy([file], "other")


def test_a_compiled_file_that_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = compiled(folder, folder / "policy.json")
    monkeypatch.setattr(loading, "LARGEST_COMPILED", 100)
    with pytest.raises(ProjectError, match="larger than a compiled policy may be"):
        load_policy([file])


def test_a_broken_configuration_beside_a_compiled_file_is_an_error(folder: Path) -> None:
    file = compiled(folder, folder / "policy.json")
    (folder / "tenet.toml").write_text("data = 3")
    with pytest.raises(ProjectError, match="`data` is a table"):
        load_policy([file])


def test_what_can_not_be_read_is_told_as_for_source_files(folder: Path) -> None:
    for path in (folder / "gone", Path("a\0b")):
        with pytest.raises(ProjectError, match=r"does not exist|can't be read"):
            load_policy([path])


# ------------------------------------------------------------------------------------------------ for library users


def test_a_library_user_loads_a_compiled_file_and_may_ask_for_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    (tmp_path / "c").mkdir()
    file = compiled(folder, folder / "policy.json")
    made = [load(folder), load(folder, cache=True), load(folder, cache=True), load(file), load(file, data={"limit": 5})]
    assert {policy.decide(PAY).verdict for policy in made} == {"allow"}
    assert len({policy.digest for policy in made}) == 1
    assert len(list((tmp_path / "c" / "tenet").iterdir())) == 1
    file.write_text("{")
    with pytest.raises(PolicyError, match="is no compiled policy"):
        load(file)
