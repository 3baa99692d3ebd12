"""The JSON form of a policy, its digest, and reading it back from whoever sent it.

`docs/ir.md` describes the form for people. It follows from the classes: what is written here is how each *kind* of field
is written, and the coders of a class are made once from its annotations. So a field that is added to a node is in the
form, and is checked on reading, without a line here.

    a node              {"is": "Compare", "operator": "==", "left": …}    fields that have their default are left out
    a type              its number in the table `types`
    a place             [number of the file in `files`, line, column]
    a mask              lower-case hexadecimal
    a value             see values_form.py
    tuple, frozenset    a list (a set's is sorted)
    Mapping             an object

Canonical bytes are ASCII without spaces, keys sorted, no floats; the digest is SHA-256 over them.

Reading takes nothing on trust. Every field is there or has a default, is of its kind, and no other is there; names and
numbers refer to something; definitions and functions do not call each other in a circle; nesting is bounded. What it makes
is only ever data: no text becomes an identifier, an attribute or code (`evaluator/generate.py` keeps to that too).
"""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal, TypeAlias, TypeGuard, Union, get_args, get_origin, get_type_hints

import attrs

from tenetlang.decision_tree.tree import FORMAT_VERSION, Policy
from tenetlang.decision_tree.values_form import ValueFormatError, decode_value, encode_value
from tenetlang.decision_tree.verify import PolicyFormatError, verify
from tenetlang.program import types as t
from tenetlang.program.recursion import deep_recursion
from tenetlang.text import Span, Text

__all__ = ["PolicyFormatError", "decode", "digest", "encode", "from_json", "to_json"]

MAX_DEPTH: Final = 450
"""Nodes inside nodes; the parser allows policies fewer."""

MAX_LINE: Final = 10_000_000
MAX_COLUMN: Final = 1 << 20


def encode(policy: Policy) -> bytes:
    """The canonical bytes of the policy's JSON form."""
    with deep_recursion():
        return canonical(to_json(policy))


def decode(data: bytes | str) -> Policy:
    """The policy whose JSON form this is; raises `PolicyFormatError` for anything else. Never executes what it reads."""
    try:
        document = json.loads(
            data, object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float, parse_int=_int
        )
    except RecursionError:
        raise PolicyFormatError("nested too deeply") from None
    except PolicyFormatError:
        raise
    except ValueError as problem:
        raise PolicyFormatError(f"not JSON: {problem}") from None
    return from_json(document)


def digest(policy: Policy) -> str:
    """`sha256:…` over the canonical bytes: two policies with one digest decide alike, and say the same about it."""
    return "sha256:" + hashlib.sha256(encode(policy)).hexdigest()


def canonical(document: object) -> bytes:
    """JSON as ASCII without spaces, keys sorted."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def to_json(policy: Policy) -> dict[str, object]:
    """The JSON form as Python values."""
    writing = _Writing()
    body = _encoder(Policy)(writing, policy)
    return {"format": "tenet-policy", "files": list(writing.files), "types": writing.types, "policy": body}


def from_json(document: object) -> Policy:
    """The policy of a JSON form given as Python values; raises `PolicyFormatError`."""
    match document:
        case {
            "format": "tenet-policy",
            "files": list() as files,
            "types": list() as listed,
            "policy": dict() as body,
            **others,
        } if not others:
            pass
        case _:
            raise PolicyFormatError(
                "not a policy: `format`, `files`, `types` and `policy`, and nothing else, are wanted"
            )
    if body.get("version") != FORMAT_VERSION:
        raise PolicyFormatError(f"version {body.get('version')!r} of the form; this program reads {FORMAT_VERSION}")
    try:
        reading = _Reading(_files(files), ())
        reading.types = tuple(_decode_type(reading, form) for form in listed)
        with deep_recursion():
            policy = _decoder(Policy)(reading, body)
    except RecursionError:
        raise PolicyFormatError("nested too deeply") from None
    assert isinstance(policy, Policy)
    verify(policy)
    return policy


# -------------------------------------------------------------------------------------------------------------- writing


@attrs.define
class _Writing:
    """The tables that grow while a policy is written."""

    files: dict[str, int] = attrs.field(factory=dict)
    types: list[object] = attrs.field(factory=list)
    numbers: dict[bytes, int] = attrs.field(factory=dict)
    known: dict[int, int] = attrs.field(factory=dict)

    def type_number(self, type_: object) -> int:
        number = self.known.get(id(type_))
        if number is None:
            form = _union_encoder(_members(t.Type))(self, type_)
            number = self.numbers.setdefault(canonical(form), len(self.types))
            if number == len(self.types):
                self.types.append(form)
            self.known[id(type_)] = number
        return number


_Encoder: TypeAlias = Callable[[_Writing, object], object]
_ENCODERS: Final[dict[object, _Encoder]] = {}


def _encoder(hint: object) -> _Encoder:
    """What writes values of an annotation; made once, and when there is a value, for most policies have few kinds of node."""
    key = _key(hint)
    if key not in _ENCODERS:

        def late(writing: _Writing, value: object) -> object:
            if _ENCODERS[key] is late:
                _ENCODERS[key] = _make_encoder(hint)
            return _ENCODERS[key](writing, value)

        _ENCODERS[key] = late
    return _ENCODERS[key]


def _is_node(hint: object) -> TypeGuard[type]:
    """Whether it is a class of attrs; unlike `attrs.has`, this makes nothing (`tenetlang.frozen`)."""
    return isinstance(hint, type) and "__attrs_attrs__" in vars(hint)


def _key(hint: object) -> object:
    return hint if isinstance(hint, type) else str(hint)


def _make_encoder(hint: object) -> _Encoder:
    if hint is Span:
        return _encode_place
    if hint is object:
        return lambda _, value: encode_value(value)
    if _is_node(hint):
        return _class_encoder(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return lambda _, value: f"{value:x}"
    if origin in {Union, types.UnionType}:
        return _union_encoder(arguments)
    if origin is tuple:
        return _tuple_encoder(arguments)
    if origin is frozenset:
        return lambda _, value: sorted(value) if isinstance(value, frozenset) else None
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _encoder(arguments[1])
        return lambda writing, value: {k: inner(writing, v) for k, v in _items(value)}
    return lambda _, value: value


def _items(value: object) -> list[tuple[str, object]]:
    assert isinstance(value, Mapping)
    return sorted(value.items())


def _encode_place(writing: _Writing, value: object) -> object:
    assert isinstance(value, Span)
    line, column = value.text.position(value.start)
    return [writing.files.setdefault(value.text.name, len(writing.files)), line, column]


def _class_encoder(kind: type) -> _Encoder:
    fields = [(field.name, field.default, _field_encoder(kind, field.name)) for field in _class_fields(kind)]

    def write(writing: _Writing, value: object) -> object:
        form: dict[str, object] = {"is": kind.__name__}
        for name, default, encode_field in fields:
            item = getattr(value, name)
            if default is attrs.NOTHING or item is not default:
                form[name] = encode_field(writing, item)
        return form

    return write


def _field_encoder(kind: type, name: str) -> _Encoder:
    hint = _hints(kind)[name]
    if _is_type(hint) and kind not in _members(t.Type) and kind is not t.Field:
        return lambda writing, value: writing.type_number(value)
    return _encoder(hint)


def _union_encoder(arguments: tuple[object, ...]) -> _Encoder:
    coders: dict[type, _Encoder] = {kind: _encoder(kind) for kind in arguments if _is_node(kind)}
    others = [_encoder(kind) for kind in arguments if not isinstance(kind, type)]

    def write(writing: _Writing, value: object) -> object:
        coder = coders.get(type(value))
        if coder is not None:
            return coder(writing, value)
        if others and isinstance(value, tuple | frozenset | Mapping):
            return others[0](writing, value)
        if value is None or isinstance(value, str | int):
            return value
        return encode_value(value)

    return write


def _tuple_encoder(arguments: tuple[object, ...]) -> _Encoder:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        inner = _encoder(arguments[0])
        return lambda writing, value: [inner(writing, item) for item in _sequence(value)]
    inners = [_encoder(argument) for argument in arguments]
    return lambda writing, value: [inner(writing, item) for inner, item in zip(inners, _sequence(value), strict=True)]


def _sequence(value: object) -> tuple[object, ...]:
    assert isinstance(value, tuple)
    return value


# ---------------------------------------------------------------------------------------------------------- annotations


def _class_fields(kind: type) -> list[attrs.Attribute[object]]:
    return [field for field in attrs.fields(kind) if field.init]


_HINTS: Final[dict[type, dict[str, object]]] = {}


def _hints(kind: type) -> dict[str, object]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind, include_extras=True)
    return _HINTS[kind]


def _members(union: object) -> tuple[type, ...]:
    return tuple(kind for kind in get_args(union) if isinstance(kind, type))


_TYPE_MEMBERS: Final = frozenset(_members(t.Type))


def _is_type(hint: object) -> bool:
    """Whether an annotation is `Type`, or one of its members alone, as `Tool.parameters`."""
    return hint in _TYPE_MEMBERS or frozenset(get_args(hint)) == _TYPE_MEMBERS


# -------------------------------------------------------------------------------------------------------------- reading


@attrs.define
class _Reading:
    """What the tables said, and how deep the reader is."""

    files: tuple[Text, ...]
    types: tuple[t.Type, ...]
    depth: int = 0


_Decoder: TypeAlias = Callable[[_Reading, object], object]
_DECODERS: Final[dict[object, _Decoder]] = {}


def _files(names: list[object]) -> tuple[Text, ...]:
    """For each file a text that knows nothing but where lines begin: all are of one width, wider than any column."""
    texts: list[Text] = []
    for name in names:
        if not isinstance(name, str) or name in {text.name for text in texts} or "\0" in name:
            raise PolicyFormatError("`files` is not a list of different names")
        text = Text(name, "")
        object.__setattr__(text, "line_starts", range(0, MAX_LINE * MAX_COLUMN, MAX_COLUMN))
        texts.append(text)
    return tuple(texts)


def _decode_type(reading: _Reading, form: object) -> t.Type:
    found = _union_decoder("a type", get_args(t.Type))(reading, form)
    assert isinstance(found, get_args(t.Type))
    return found  # type: ignore[no-any-return]  # the members of the union, which mypy does not see in `get_args`


def _decoder(hint: object) -> _Decoder:
    key = _key(hint)
    if key not in _DECODERS:
        _DECODERS[key] = lambda reading, form: _DECODERS[key](reading, form)  # noqa: PLW0108  # what is there later
        _DECODERS[key] = _make_decoder(hint)
    return _DECODERS[key]


def _make_decoder(hint: object) -> _Decoder:
    if hint is Span:
        return _decode_place
    if hint is object:
        return _decode_value
    if isinstance(hint, type) and attrs.has(hint):
        return _class_decoder(hint)
    if hint in {str, int, bool}:
        return _exactly(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _decode_mask
    if origin in {Union, types.UnionType}:
        return _union_decoder("a node", arguments)
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
    def read(_: _Reading, form: object) -> object:
        if type(form) is kind:
            return form
        raise PolicyFormatError(f"expected {getattr(kind, '__name__', kind)}, got {_shown(form)}")

    return read


def _one_of(literals: tuple[object, ...]) -> _Decoder:
    def read(_: _Reading, form: object) -> object:
        if isinstance(form, str) and form in literals:
            return form
        raise PolicyFormatError(f"expected one of {', '.join(map(str, literals))}, got {_shown(form)}")

    return read


def _decode_value(_: _Reading, form: object) -> object:
    try:
        return decode_value(form)
    except ValueFormatError as problem:
        raise PolicyFormatError(f"{problem}: {_shown(form)}") from None


def _decode_mask(_: _Reading, form: object) -> object:
    if isinstance(form, str) and form.isascii() and form.isalnum() and len(form) <= 4096:
        try:
            mask = int(form, 16)
        except ValueError:
            mask = -1
        if f"{mask:x}" == form:
            return mask
    raise PolicyFormatError(f"expected a mask, got {_shown(form)}")


def _decode_names(_: _Reading, form: object) -> object:
    if isinstance(form, list) and all(isinstance(item, str) for item in form) and form == sorted(set(form)):
        return frozenset(form)
    raise PolicyFormatError(f"expected sorted names, got {_shown(form)}")


def _decode_place(reading: _Reading, form: object) -> object:
    match form:
        case [int() as file, int() as line, int() as column] if bool not in map(type, form):
            if 0 <= file < len(reading.files) and 1 <= line <= MAX_LINE and 1 <= column <= MAX_COLUMN:
                start = (line - 1) * MAX_COLUMN + column - 1
                return Span(reading.files[file], start, start)
    raise PolicyFormatError(f"expected a place, got {_shown(form)}")


def _class_decoder(kind: type) -> _Decoder:
    fields = {field.name: _field_decoder(kind, field.name) for field in _class_fields(kind)}
    needed = {field.name for field in _class_fields(kind) if field.default is attrs.NOTHING} | {"is"}

    def read(reading: _Reading, form: object) -> object:
        if not isinstance(form, dict) or form.get("is") != kind.__name__:
            raise PolicyFormatError(f"expected a {kind.__name__}, got {_shown(form)}")
        if not needed <= form.keys() <= fields.keys() | {"is"}:
            wrong = ", ".join(sorted((needed - form.keys()) | (form.keys() - fields.keys() - {"is"})))
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
    hint = _hints(kind)[name]
    if not _is_type(hint) or kind in _TYPE_MEMBERS or kind is t.Field:
        return _decoder(hint)
    wanted = hint if isinstance(hint, type) else object

    def read(reading: _Reading, form: object) -> object:
        if type(form) is int and 0 <= form < len(reading.types) and isinstance(reading.types[form], wanted):
            return reading.types[form]
        raise PolicyFormatError(f"expected the number of a type, got {_shown(form)}")

    return read


def _union_decoder(what: str, arguments: tuple[object, ...]) -> _Decoder:
    classes = [kind for kind in arguments if isinstance(kind, type) and attrs.has(kind) and kind is not Span]
    nodes = {kind.__name__: _decoder(kind) for kind in classes}
    plain = {kind for kind in arguments if kind in {str, int, bool, types.NoneType}}
    others = [_decoder(kind) for kind in arguments if not isinstance(kind, type) or kind is Span]
    values = any(isinstance(kind, type) and kind not in plain and not attrs.has(kind) for kind in arguments)

    def read(reading: _Reading, form: object) -> object:
        kind = form.get("is") if isinstance(form, dict) else None
        if isinstance(kind, str) and kind in nodes:
            return nodes[kind](reading, form)
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

    def read(reading: _Reading, form: object) -> object:
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


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PolicyFormatError("a key is there twice")
    return found


def _no_float(text: str) -> object:
    raise PolicyFormatError(f"no such number is in a policy: {text[:40]}")


def _int(text: str) -> int:
    if len(text) > 20:
        raise PolicyFormatError(f"no such number is in a policy: {text[:40]}")
    return int(text)
