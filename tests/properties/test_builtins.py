"""Every builtin gives a value of its declared type, or one of its declared faults, for all arguments of its types."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.evaluator.builtins import BUILTINS, FAULTS
from tenetlang.syntax import tree
from tenetlang.syntax.parse import parse
from tenetlang.text import Text
from tenetlang.values.collections import Map, to_json_value
from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Cidr, Email, Host, Ip
from tenetlang.values.order import sorted_values
from tenetlang.values.paths import Path as TenetPath
from tenetlang.values.times import TIME_MAX, TIME_MIN, Duration, Time
from tenetlang.values.urls import Url
from tenetlang.values.versions import Semver

LIBRARY = Path(__file__).parents[2] / "stdlib"

INTEGERS = st.one_of(st.integers(-3, 12), st.integers(-(2**63), 2**63 - 1))
DECIMALS = st.one_of(
    st.decimals(-1_000, 1_000, places=3, allow_nan=False),
    st.integers(-(10**63), 10**63).map(Decimal),
    st.integers(-(10**60), 10**60).map(lambda number: Decimal(number).scaleb(-50)),
)
STRINGS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("ab ,./%=1eKMiB[]{}\":~0'é", max_size=12),
    st.sampled_from(["", "10.0.0.1", "10.0.0.0/8", "a@b.c", "https://a.b/c?d", "1.2.3", "2026-11-22", "1h30m", "aGk="]),
)
IPS = st.one_of(
    st.builds(Ip, st.just(4), st.integers(0, 2**32 - 1)),
    st.builds(Ip, st.just(6), st.integers(0, 2**128 - 1)),
)


@st.composite
def blocks(draw: st.DrawFn) -> Cidr:
    address = draw(IPS)
    prefix = draw(st.one_of(st.integers(0, address.bits), st.integers(address.bits - 3, address.bits)))
    kept = address.bits - prefix
    return Cidr(Ip(address.version, address.number >> kept << kept), prefix)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text("ab~/0", max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab~/0", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)

VALUES: dict[str, st.SearchStrategy[object]] = {
    "bool": st.booleans(),
    "int": INTEGERS,
    "decimal": DECIMALS,
    "string": STRINGS,
    "time": st.integers(TIME_MIN, TIME_MAX).map(Time),
    "duration": st.integers(-(2**63), 2**63 - 1).map(Duration),
    "ip": IPS,
    "cidr": blocks(),
    "host": st.sampled_from(["acme.com", "a.b.acme.com", "192.0.2.1"]).map(Host),
    "json": JSON.map(to_json_value),
    "list[string]": st.lists(STRINGS, max_size=4).map(tuple),
    "set[cidr]": st.frozensets(blocks(), max_size=6),
}
CLASSES: dict[str, type] = {
    "bool": bool, "int": int, "decimal": Decimal, "string": str, "time": Time, "duration": Duration, "ip": Ip,
    "cidr": Cidr, "host": Host, "email": Email, "url": Url, "path": TenetPath, "semver": Semver, "json": object,
}  # fmt: skip


def declarations() -> list[tuple[str, tree.FunctionDeclaration]]:
    found: list[tuple[str, tree.FunctionDeclaration]] = []
    for file in sorted(LIBRARY.glob("*.tenet")):
        parsed, _ = parse(Text(file.name, file.read_text(encoding="utf-8")))
        for declaration in parsed.declarations:
            if isinstance(declaration, tree.FunctionDeclaration) and declaration.body is None:
                found.append((f"std.{file.stem}.{declaration.name}", declaration))
    return found


def is_of(value: object, type_: tree.TypeForm) -> bool:
    match type_:
        case tree.GenericType("list", (of,)):
            return type(value) is tuple and all(is_of(member, of) for member in value)
        case tree.GenericType("set", (of,)):
            return type(value) is frozenset and all(is_of(member, of) for member in value)
        case tree.OptionalType(of):
            return value is None or is_of(value, of)
        case tree.UnionType(members):
            return value in {member.value for member in members if isinstance(member, tree.LiteralType)}
        case tree.NamedType(name):
            if name.text == "Weekday":
                return isinstance(value, str) and value.endswith("day")
            wanted = CLASSES[name.text]
            return isinstance(value, wanted) if wanted is object else type(value) is wanted
        case _:
            raise AssertionError(type_)


@pytest.mark.parametrize("name, declaration", [pytest.param(*each, id=each[0]) for each in declarations()])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_builtin_gives_what_its_declaration_says(
    name: str, declaration: tree.FunctionDeclaration, data: st.DataObject
) -> None:
    arguments = [
        data.draw(VALUES[parameter.type.at.source], label=parameter.name) for parameter in declaration.parameters
    ]
    try:
        result = BUILTINS[name](*arguments)
    except ValueFault as fault:
        code: str | None = fault.code
    else:
        code = None
        assert is_of(result, declaration.result)
    assert code is None or code in FAULTS.get(name, frozenset())


MEMBERS = st.one_of(
    st.lists(INTEGERS, max_size=5),
    st.lists(DECIMALS, max_size=5),
    st.lists(STRINGS, max_size=5),
    st.lists(IPS, max_size=5),
    st.lists(blocks(), max_size=5),
    st.lists(st.booleans(), max_size=5),
)


@settings(max_examples=300, deadline=None)
@given(MEMBERS)
def test_functions_of_collections_agree_with_one_another(members: list[object]) -> None:
    listed, as_set = tuple(members), frozenset(members)
    ordered = BUILTINS["sort"](listed)
    assert isinstance(ordered, tuple)
    assert list(ordered) == sorted_values(members)
    assert BUILTINS["to_list"](as_set) == BUILTINS["sort"](as_set) == BUILTINS["distinct"](as_set)
    assert BUILTINS["first"](ordered) == BUILTINS["min"](listed) == BUILTINS["min"](as_set)
    assert BUILTINS["last"](ordered) == BUILTINS["max"](listed) == BUILTINS["max"](as_set)
    assert BUILTINS["reverse"](BUILTINS["reverse"](listed)) == listed
    distinct = BUILTINS["distinct"](listed)
    assert isinstance(distinct, tuple)
    assert len(distinct) == BUILTINS["count"](as_set)
    assert BUILTINS["to_set"](distinct) == as_set
    assert BUILTINS["flatten"]((listed, listed)) == listed + listed
    assert all(BUILTINS["contains"](listed, member) for member in members)


@settings(max_examples=200, deadline=None)
@given(st.lists(DECIMALS, max_size=6))
def test_a_sum_does_not_depend_on_the_order(members: list[Decimal]) -> None:
    def total(numbers: list[Decimal]) -> object:
        try:
            return BUILTINS["sum"](tuple(numbers))
        except ValueFault as fault:
            return fault.code

    assert total(members) == total(members[::-1]) == total(sorted(members))


@settings(max_examples=200, deadline=None)
@given(st.frozensets(blocks(), max_size=8), IPS)
def test_merged_blocks_hold_the_same_addresses_and_none_can_be_joined(found: frozenset[Cidr], address: Ip) -> None:
    merged = BUILTINS["std.net.merge"](found)
    assert isinstance(merged, frozenset)
    near = [address, *(block.network for block in found), *(Ip(b.network.version, b.network.number ^ 1) for b in found)]
    for each in near:
        assert any(block.contains(each) for block in found) is any(block.contains(each) for block in merged)
    assert not any(a is not b and a.overlaps(b) for a in merged for b in merged)
    assert BUILTINS["std.net.merge"](merged) == merged


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text("ab", max_size=2), INTEGERS, max_size=4))
def test_keys_and_values_of_a_map_go_together(entries: dict[str, int]) -> None:
    mapping = Map(entries)
    keys, values = BUILTINS["keys"](mapping), BUILTINS["values"](mapping)
    assert isinstance(keys, frozenset)
    assert isinstance(values, tuple)
    assert dict(zip(sorted(keys), values, strict=True)) == entries
