"""Reading the nodes of a policy from JSON, as Python values: each field is of its kind, and no other is there.

A decoder is made for each annotation that is met, once. It is a closure and not generated code, unlike what writes
(`writing.py`): a process that reads a policy to decide one request meets each class a few times, and compiling would take longer.
Nothing that is read becomes a name, an attribute or code.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Final, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import attrs

from tenetlang.decision_tree.fields import defaults_of, hints_of, is_node, is_numbered
from tenetlang.decision_tree.values_form import ValueFormatError, decode_value
from tenetlang.decision_tree.verify import PolicyFormatError
from tenetlang.program import types as t
from tenetlang.text import Span, Text

MAX_DEPTH: Final = 450
"""Nodes inside nodes; the parser allows policies fewer."""

MAX_LINE: Final = 10_000_000
MAX_COLUMN: Final = 1 << 20

N = TypeVar("N")


@attrs.define
class Reading:
    """What the tables said, and how deep the reader is. One for each thread, and for each document or part of one."""

    files: tuple[Text, ...]
    types: Sequence[t.Type]
    depth: int = 0

    def type(self, form: object) -> t.Type:
        """A type that is written out, as all are in the table."""
        found = _decoder(t.Type)(self, form)
        assert isinstance(found, get_args(t.Type))
        return found  # type: ignore[no-any-return]  # a member of the union, which mypy does not see in `get_args`


def read_node(kind: type[N], reading: Reading, form: object) -> N:
    """A node of this class. Raises `PolicyFormatError`, and `RecursionError` without room (`deep_recursion`)."""
    found = _CLASSES[kind](reading, form)
    assert isinstance(found, kind)
    return found


def read_field(kind: type, name: str, reading: Reading, form: object) -> object:
    """What stands in one field of the class; as `read_node`."""
    return _field_decoder(kind, name)(reading, form)


_Decoder: TypeAlias = Callable[[Reading, object], object]


def files_of(names: list[object]) -> tuple[Text, ...]:
    """For each file a text that knows nothing but where lines begin: all are of one width, wider than any column."""
    texts: list[Text] = []
    for name in names:
        if not isinstance(name, str) or name in {text.name for text in texts} or "\0" in name:
            raise PolicyFormatError("`files` is not a list of different names")
        text = Text(name, "")
        object.__setattr__(text, "line_starts", range(0, MAX_LINE * MAX_COLUMN, MAX_COLUMN))
        texts.append(text)
    return tuple(texts)


_DECODERS: Final[dict[object, _Decoder]] = {}


def _decoder(hint: object) -> _Decoder:
    key = hint if isinstance(hint, type) else str(hint)
    if key not in _DECODERS:
        _DECODERS[key] = _make_decoder(hint)
    return _DECODERS[key]


class _Classes(dict[type, _Decoder]):
    """What reads nodes, by class; made when there is one, for most policies have few kinds of node."""

    def __missing__(self, kind: type) -> _Decoder:
        self[kind] = _class_decoder(kind)
        return self[kind]


_CLASSES: Final = _Classes()


def _make_decoder(hint: object) -> _Decoder:
    if hint is Span:
        return _decode_place
    if hint is object:
        return _decode_value
    if is_node(hint):
        return partial(read_node, hint)
    if hint in {str, int, bool}:
        return _exactly(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _decode_mask
    if origin in {Union, types.UnionType}:
        return _union_decoder("a type" if hint == t.Type else "a node", arguments)
    if origin is Sequence:
        return _tuple_decoder((*arguments, Ellipsis))
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin is frozenset:
        return _decode_names
    if origin is Literal:
        return _one_of(arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _decoder(arguments[1])
        return lambda reading, form: {name: inner(reading, item) for name, item in _object_items(form)}
    raise AssertionError(f"no form for {hint}")


def _exactly(kind: object) -> _Decoder:
    def read(_: Reading, form: object) -> object:
        if type(form) is kind:
            return form
        raise PolicyFormatError(f"expected {getattr(kind, '__name__', kind)}, got {_shown(form)}")

    return read


def _one_of(literals: tuple[object, ...]) -> _Decoder:
    def read(_: Reading, form: object) -> object:
        if isinstance(form, str) and form in literals:
            return form
        raise PolicyFormatError(f"expected one of {', '.join(map(str, literals))}, got {_shown(form)}")

    return read


def _decode_value(_: Reading, form: object) -> object:
    try:
        return decode_value(form)
    except ValueFormatError as problem:
        raise PolicyFormatError(f"{problem}: {_shown(form)}") from None


def _decode_mask(_: Reading, form: object) -> object:
    if isinstance(form, str) and form.isascii() and form.isalnum() and len(form) <= 4096:
        try:
            mask = int(form, 16)
        except ValueError:
            mask = -1
        if f"{mask:x}" == form:
            return mask
    raise PolicyFormatError(f"expected a mask, got {_shown(form)}")


def _decode_names(_: Reading, form: object) -> object:
    if isinstance(form, list) and all(isinstance(item, str) for item in form) and form == sorted(set(form)):
        return frozenset(form)
    raise PolicyFormatError(f"expected sorted names, got {_shown(form)}")


def _decode_place(reading: Reading, form: object) -> object:
    if isinstance(form, list) and len(form) == 3:
        file, line, column = form
        whole = type(file) is int and type(line) is int and type(column) is int
        if whole and 0 <= file < len(reading.files) and 1 <= line <= MAX_LINE and 1 <= column <= MAX_COLUMN:
            start = (line - 1) * MAX_COLUMN + column - 1
            return Span(reading.files[file], start, start)
    raise PolicyFormatError(f"expected a place, got {_shown(form)}")


def _class_decoder(kind: type) -> _Decoder:
    defaults = defaults_of(kind)
    fields = {name: _field_decoder(kind, name) for name in defaults}
    needed = frozenset(name for name, default in defaults.items() if default is attrs.NOTHING) | {"is"}
    known = frozenset(fields) | {"is"}

    def read(reading: Reading, form: object) -> object:
        if not isinstance(form, dict) or form.get("is") != kind.__name__:
            raise PolicyFormatError(f"expected a {kind.__name__}, got {_shown(form)}")
        if not needed <= form.keys() <= known:
            wrong = ", ".join(sorted((needed - form.keys()) | (form.keys() - known)))
            raise PolicyFormatError(f"a {kind.__name__} with missing or unknown fields: {wrong}")
        reading.depth += 1
        if reading.depth > MAX_DEPTH:
            raise PolicyFormatError("nested too deeply")
        given = {name: fields[name](reading, item) for name, item in form.items() if name != "is"}
        reading.depth -= 1
        made: object = kind(**given)
        return made

    return read


def _field_decoder(kind: type, name: str) -> _Decoder:
    hint = hints_of(kind)[name]
    if not is_numbered(kind, hint):
        return _decoder(hint)
    wanted = hint if isinstance(hint, type) else object

    def read(reading: Reading, form: object) -> object:
        if type(form) is int and 0 <= form < len(reading.types) and isinstance(reading.types[form], wanted):
            return reading.types[form]
        raise PolicyFormatError(f"expected the number of a type, got {_shown(form)}")

    return read


def _union_decoder(what: str, arguments: tuple[object, ...]) -> _Decoder:
    nodes = {kind.__name__: kind for kind in arguments if is_node(kind) and kind is not Span}
    plain = {kind for kind in arguments if kind in {str, int, bool, types.NoneType}}
    others = [_decoder(kind) for kind in arguments if not isinstance(kind, type) or kind is Span]
    values = any(isinstance(kind, type) and kind not in plain and not is_node(kind) for kind in arguments)

    def read(reading: Reading, form: object) -> object:
        kind = form.get("is") if isinstance(form, dict) else None
        if isinstance(kind, str) and kind in nodes:
            return _CLASSES[nodes[kind]](reading, form)
        if type(form) in plain:
            return form
        if others and isinstance(form, list):
            return others[0](reading, form)
        if values:
            return _decode_value(reading, form)
        raise PolicyFormatError(f"expected {what}, got {_shown(form)}")

    return read


def _tuple_decoder(arguments: tuple[object, ...]) -> _Decoder:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        inner = _decoder(arguments[0])
        return lambda reading, form: tuple([inner(reading, item) for item in _list(form)])
    inners = [_decoder(argument) for argument in arguments]

    def read(reading: Reading, form: object) -> object:
        items = _list(form)
        if len(items) != len(inners):
            raise PolicyFormatError(f"expected {len(inners)} items, got {_shown(form)}")
        return tuple([inner(reading, item) for inner, item in zip(inners, items, strict=True)])

    return read


def _list(form: object) -> list[object]:
    if isinstance(form, list):
        return form
    raise PolicyFormatError(f"expected a list, got {_shown(form)}")


def _object_items(form: object) -> list[tuple[str, object]]:
    if isinstance(form, dict) and all(isinstance(name, str) for name in form):
        return sorted(form.items())
    raise PolicyFormatError(f"expected an object, got {_shown(form)}")


def _shown(form: object) -> str:
    text = ascii(form) if isinstance(form, str | int | None) else type(form).__name__
    return text if len(text) <= 40 else text[:40] + "…"
