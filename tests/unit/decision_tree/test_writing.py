"""The generated writers give the bytes that a plain encoder gives, which goes by docs/ir.md, step by step."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from random import Random
from typing import Annotated, get_args, get_origin

import attrs
import pytest

from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.fields import hints_of, is_node, is_numbered
from tenetlang.decision_tree.json_form import canonical, decode, digest, encode, from_json, to_json
from tenetlang.decision_tree.tree import Policy
from tenetlang.decision_tree.values_form import encode_value
from tenetlang.program import types as t
from tenetlang.text import Span
from tenetlang.values.network import parse_host
from tests.golden.golden import POLICIES, lines
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked
from tests.unit import programs as p


class Plain:
    """Writes nodes as Python values."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.types: list[object] = []

    def node(self, value: object) -> object:
        kind = type(value)
        form: dict[str, object] = {"is": kind.__name__}
        assert attrs.has(kind)
        for field in attrs.fields(kind):
            item: object = getattr(value, field.name)
            hint = hints_of(kind)[field.name]
            if field.default is attrs.NOTHING or item is not field.default:
                form[field.name] = self.number(item) if is_numbered(kind, hint) else self.form(hint, item)
        return form

    def number(self, type_: object) -> int:
        form = self.node(type_)
        if form not in self.types:
            self.types.append(form)
        return self.types.index(form)

    def form(self, hint: object, value: object) -> object:
        if isinstance(value, Span):
            file = self.files.setdefault(value.text.name, len(self.files))
            return [file, value.line, value.column]
        if hint is object:
            return encode_value(value)
        if get_origin(hint) is Annotated:
            return f"{value:x}"
        if get_origin(hint) is types.UnionType and value is not None and not is_node(type(value)):
            others = [each for each in get_args(hint) if not isinstance(each, type)]
            return self.form(others[0], value) if others else self.plain(value)
        arguments = get_args(hint)
        if isinstance(value, Mapping):
            return {name: self.form(arguments[1], item) for name, item in value.items()}
        if isinstance(value, frozenset):
            return sorted(value)
        if isinstance(value, tuple):
            hints = (
                arguments if len(arguments) == len(value) and Ellipsis not in arguments else arguments[:1] * len(value)
            )
            return [self.form(each, item) for each, item in zip(hints, value, strict=True)]
        return self.node(value) if is_node(type(value)) else self.plain(value)

    @staticmethod
    def plain(value: object) -> object:
        return value if value is None or type(value) in {str, int, bool} else encode_value(value)


def plain(policy: Policy) -> bytes:
    writing = Plain()
    body = writing.node(policy)
    return canonical({"format": "tenet-policy", "files": list(writing.files), "types": writing.types, "policy": body})


@pytest.mark.parametrize("line", list(lines(POLICIES)), ids=lambda line: str(line["id"]))
def test_golden_policies_have_the_bytes_that_they_had(line: dict[str, object]) -> None:
    policy = from_json(line["document"])
    assert encode(policy) == canonical(line["document"])
    assert encode(policy) == plain(policy)


@pytest.mark.parametrize("seed", range(20))
def test_generated_policies_have_the_bytes_of_the_plain_encoder(seed: int) -> None:
    made = checked(program(Random(seed).choice))
    if made is not None:
        policy = build(made)
        assert encode(policy) == plain(policy)
        assert encode(decode(encode(policy))) == encode(policy)


def test_a_text_of_another_class_is_not_taken_for_a_text() -> None:
    value = parse_host("x.com")
    assert isinstance(value, str)
    rule = p.rule("r", "deny", p.equals(p.read("args.to", t.HOST), value))
    assert b'{"host":"x.com"}' in encode(build(p.program(p.package(rule))))


def test_what_a_node_is_stands_first_for_those_who_look_and_sorted_in_the_bytes() -> None:
    policy = build(p.program(p.package(p.rule("r", "deny", p.tool_is("refund")))))
    shown = to_json(policy)
    assert list(shown) == ["format", "files", "types", "policy"]
    body = shown["policy"]
    assert isinstance(body, dict)
    assert next(iter(body)) == "is"
    assert canonical(shown) == encode(policy)
    assert json.loads(encode(policy)) == shown
    assert digest(policy).startswith("sha256:")
