from __future__ import annotations

import copy
import pickle

import pytest

from tenetlang.values.faults import ValueFault
from tenetlang.values.paths import Path, parse_path


@pytest.mark.parametrize(
    ("text", "normal", "segments"),
    [
        ("/", "/", ()),
        ("//", "/", ()),
        ("/a/b", "/a/b", ("a", "b")),
        ("//a///b//", "/a/b", ("a", "b")),
        ("/a/./b/.", "/a/b", ("a", "b")),
        ("/a/../b", "/b", ("b",)),
        ("/a/..", "/", ()),
        ("a/b/", "a/b", ("a", "b")),
        ("./a", "a", ("a",)),
        (".", ".", ()),
        ("./", ".", ()),
        ("a/..", ".", ()),
        ("/a b/ü\n", "/a b/ü\n", ("a b", "ü\n")),
        ("/A", "/A", ("A",)),
        ("...", "...", ("...",)),
        ("/~root", "/~root", ("~root",)),
        ("a/~b", "a/~b", ("a", "~b")),
        ("file~", "file~", ("file~",)),
        ("/%2e%2e/x", "/%2e%2e/x", ("%2e%2e", "x")),
    ],
)
def test_a_path_has_one_spelling(text: str, normal: str, segments: tuple[str, ...]) -> None:
    path = parse_path(text)
    assert path == normal
    assert path.segments == segments
    assert path.absolute == text.startswith("/")
    assert parse_path(normal) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../a",
        "a/../..",
        "/..",
        "/../a",
        "/a/../../b",
        "a\x00b",
        "/a\x00",
        "a\\b",
        "\\\\server\\share",
        "C:\\x",
        "~",
        "~/x",
        "~root/x",
        "./~/x",
        "a/../~/x",
    ],
)
def test_a_path_that_climbs_or_that_systems_read_differently_is_none(text: str) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_path(text)
    assert fault.value.code == "bad_input"


@pytest.mark.parametrize(
    ("text", "name", "extension", "parent"),
    [
        ("/a/b.tar.gz", "b.tar.gz", "gz", "/a"),
        ("/b.TXT", "b.TXT", "TXT", "/"),
        ("/.profile", ".profile", "", "/"),
        ("/a.", "a.", "", "/"),
        ("/..a", "..a", "", "/"),
        ("/", "", "", "/"),
        ("a", "a", "", "."),
        ("a/b", "b", "", "a"),
        (".", "", "", "."),
    ],
)
def test_a_path_says_its_name_extension_and_parent(text: str, name: str, extension: str, parent: str) -> None:
    path = parse_path(text)
    assert (path.name, path.extension, path.parent) == (name, extension, parent)


def test_a_path_is_text_of_its_own_class_and_survives_copying() -> None:
    path = Path("/a//b")
    assert path in {"/a/b", "/b"}
    for same in (copy.copy(path), copy.deepcopy(path), pickle.loads(pickle.dumps(path))):
        assert type(same) is Path
        assert same == path
        assert same.segments == ("a", "b")
