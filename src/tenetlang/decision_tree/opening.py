"""Opening a compiled policy whose bytes somebody vouches for: at once, whatever its size, and read as it is needed.

`json_form.decode` takes bytes from anyone and checks everything, which takes as long as there are rules. A process that is
started to decide one request by ten thousand rules needs thirty of them. Where the bytes are authentic (they are those of
`json_form.encode`, and nobody can have changed them since) nothing has to be checked again, and so nothing has to be read:

    data ── one pass of msgspec, which only finds where parts end ──→ Policy: rules, buckets, tools, definitions and functions
            are late (`late.py`); each is decoded when somebody looks at it

*What it promises.* The policy equals that of `decode`, decides alike and explains alike. Every part that is read is read by
the same decoders, so its shape is checked, and no text becomes a name or code. That parts refer to each other rightly, that
nothing calls itself and that no key is there twice is *not* checked: that is what the authentication stands for. So the caller
has to have verified a MAC under its own secret, or a signature of somebody whose policies it obeys, over all of the bytes, and
before it calls this. A part that turns out to be broken when it is wanted raises `PolicyFormatError`, which denies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, get_args, get_origin

import attrs
import msgspec
from msgspec.structs import asdict

from tenetlang.decision_tree.fields import defaults_of, hints_of
from tenetlang.decision_tree.reading import Reading, files_of, read_field, read_node
from tenetlang.decision_tree.tree import FORMAT_VERSION, Heading, LateRules, Policy
from tenetlang.decision_tree.verify import PolicyFormatError
from tenetlang.late import LateMapping, LateSequence
from tenetlang.program.program import Package, Rule
from tenetlang.program.recursion import deep_recursion

if TYPE_CHECKING:
    from tenetlang.program import types as t
    from tenetlang.text import Text

N = TypeVar("N")


def open_policy(data: bytes) -> Policy:
    """The policy in canonical bytes that are authentic; see above for what that has to mean.

    Raises `PolicyFormatError` for what is no policy of this version at all. Reading a part may raise it later.
    """
    try:
        with deep_recursion():
            return _opened(data)
    except RecursionError:
        raise PolicyFormatError("nested too deeply") from None


def _opened(data: bytes) -> Policy:
    try:
        document = asdict(msgspec.json.decode(data, type=_DOCUMENT))
        policy = asdict(document["policy"])
        if document["format"] != "tenet-policy":
            raise PolicyFormatError("not a policy")
        source = _Source(files_of(document["files"]), document["types"])
        if source.field(Policy, "version", policy["version"]) != FORMAT_VERSION:
            raise PolicyFormatError(f"not version {FORMAT_VERSION} of the form")
        packages = tuple(source.package(asdict(package)) for package in policy["packages"])
        return source.made(Policy, policy, {"packages": packages})
    except msgspec.MsgspecError as problem:
        raise PolicyFormatError(f"not a policy: {problem}") from None


# -------------------------------------------------------------------------------------------------- where parts end


def _is_late(hint: object) -> bool:
    return get_origin(hint) in {Sequence, Mapping}


def _shape(kind: type, **others: object) -> type[msgspec.Struct]:
    """What msgspec finds the parts of a node of this class with: late fields item by item, all else as one."""
    fields: list[tuple[str, object, object]] = []
    for name, default in defaults_of(kind).items():
        shape: object = others.get(name, msgspec.Raw)
        if name not in others and _is_late(hints_of(kind)[name]):
            shape = list[msgspec.Raw] if get_origin(hints_of(kind)[name]) is Sequence else dict[str, msgspec.Raw]
        fields.append((name, shape, msgspec.NODEFAULT if default is attrs.NOTHING else msgspec.UNSET))
    return msgspec.defstruct(
        kind.__name__, fields, tag_field="is", tag=kind.__name__, forbid_unknown_fields=True, kw_only=True, gc=False
    )


_PACKAGE: Final = _shape(Package)
_DOCUMENT: Final = msgspec.defstruct(
    "Document",
    [
        ("files", list[str]),
        ("format", str),
        ("types", list[msgspec.Raw]),
        ("policy", _shape(Policy, packages=list[_PACKAGE])),  # type: ignore[valid-type]  # made above
    ],
    forbid_unknown_fields=True,
)


class _Heading(msgspec.Struct):
    """What is found of a rule without reading the rest of it."""

    name: str
    shown_name: str
    tools: list[str] | None


# -------------------------------------------------------------------------------------------------- reading parts


class _Source:
    """The tables of a document, and how its parts are read."""

    def __init__(self, files: tuple[Text, ...], types: Sequence[msgspec.Raw]) -> None:
        self._files = files
        self._types = LateSequence(len(types), lambda number: self._type(types[number]))

    def _reading(self) -> Reading:
        return Reading(self._files, self._types)

    def _type(self, form: msgspec.Raw) -> t.Type:
        return _with_room(lambda: self._reading().type(_values(form)))

    def node(self, kind: type[N], form: msgspec.Raw) -> N:
        return _with_room(lambda: read_node(kind, self._reading(), _values(form)))

    def field(self, kind: type, name: str, form: msgspec.Raw) -> object:
        return _with_room(lambda: read_field(kind, name, self._reading(), _values(form)))

    def package(self, forms: Mapping[str, object]) -> Package:
        written = forms["rules"]
        assert isinstance(written, list)
        rules = LateRules(
            len(written), lambda position: self.node(Rule, written[position]), partial(_headings, written)
        )
        return self.made(Package, forms, {"rules": rules})

    def made(self, kind: type[N], forms: Mapping[str, object], given: Mapping[str, object]) -> N:
        """The node, with these fields; its others from their forms, late where they are late."""
        fields = dict(given)
        for name, hint in hints_of(kind).items():
            form = forms[name]
            if name not in fields and form is not msgspec.UNSET:
                fields[name] = self.field(kind, name, form) if isinstance(form, msgspec.Raw) else self._late(hint, form)
        return kind(**fields)

    def _late(self, hint: object, form: object) -> object:
        kind = get_args(hint)[-1]
        if isinstance(form, dict):
            return LateMapping(form, lambda name: self.node(kind, form[name]))
        assert isinstance(form, list)
        return LateSequence(len(form), lambda position: self.node(kind, form[position]))


def _headings(forms: Sequence[msgspec.Raw]) -> tuple[Heading, ...]:
    decode = msgspec.json.Decoder(_Heading).decode
    return tuple(
        [
            Heading(each.name, each.shown_name, None if each.tools is None else frozenset(each.tools))
            for each in map(decode, forms)
        ]
    )


def _values(form: msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(form)
    except msgspec.MsgspecError as problem:
        raise PolicyFormatError(f"not a policy: {problem}") from None


def _with_room(read: Callable[[], N]) -> N:
    try:
        with deep_recursion():
            return read()
    except RecursionError:
        raise PolicyFormatError("nested too deeply") from None
