"""`frozen`: what `attrs.frozen` makes, at a small part of what it costs to make it.

The stages of the compiler hand each other values of some hundred and fifty small classes. attrs writes five methods for each
class, as source text, and compiles them while the class is defined: a millisecond for each, so that a program that
decides one request spent more time on methods that it never called than on the policy. Here a class costs the making
of its slots. Its methods come when they are first wanted:

- `__init__`, `__eq__` and `__hash__` are compiled at their first call, for that class, and put in the place of the
  functions below that did so. Refusing to change, showing and pickling are the same function for every class.
- `__attrs_attrs__`, from which attrs knows a class as one of its own, is made by attrs itself at the first look, from
  the same fields. So `attrs.fields`, `attrs.evolve`, `attrs.has` and all that builds on them work as they do elsewhere.

`__init__` puts the values into the slots through the slots' own descriptors, which is also what makes it quicker than
attrs' way through `object.__setattr__`; nodes are what parsing mostly does.

A type checker is told that this *is* `attrs.frozen`, and it is meant to be no different in anything that can be seen
but the missing `__weakref__`. What it can't do it refuses when the class is defined: base classes, own methods of
those kinds, and fields with more than `default`, `factory`, `eq` and `repr`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import attrs

__all__ = ["defaults_of", "field", "frozen"]


class _Field:
    """What is said of one field."""

    __slots__ = ("default", "eq", "factory", "repr")

    def __init__(
        self,
        default: object,
        factory: Callable[[], object] | None = None,
        *,
        eq: bool = True,
        repr: bool = True,
    ) -> None:
        self.default = default
        self.factory = factory
        self.eq = eq
        self.repr = repr


_FIELDS: Final[dict[type, dict[str, _Field]]] = {}


def _frozen(written: type) -> type:
    if written.__bases__ != (object,):
        raise TypeError(f"{written.__name__} has a base class, which `frozen` does not provide for")
    members = dict(written.__dict__)
    if not members.keys().isdisjoint(_OWN):
        raise TypeError(f"{written.__name__} has a method that `frozen` does not provide for")
    members.pop("__dict__", None)
    members.pop("__weakref__", None)
    fields: dict[str, _Field] = {}
    for name in members.get("__annotations__", {}):
        given = members.pop(name, attrs.NOTHING)
        fields[name] = given if isinstance(given, _Field) else _Field(given)
    made = type(written)(
        written.__name__, (), {**_METHODS, **members, "__slots__": tuple(fields), "__match_args__": tuple(fields)}
    )
    _FIELDS[made] = fields
    return made


def _field(
    *,
    default: object = attrs.NOTHING,
    factory: Callable[[], object] | None = None,
    eq: bool = True,
    repr: bool = True,
) -> object:
    return _Field(default, factory, eq=eq, repr=repr)


def defaults_of(owner: type) -> Mapping[str, object]:
    """The fields of such a class in their order, each with its default as attrs has it, `attrs.NOTHING` where it has none.

    Unlike `attrs.fields` it makes nothing. Raises `KeyError` for other classes.
    """
    return {
        name: said.default if said.factory is None else attrs.Factory(said.factory)
        for name, said in _FIELDS[owner].items()
    }


class _Described:
    """Stands for `__attrs_attrs__` until somebody looks."""

    def __get__(self, instance: object, owner: type) -> object:
        these = {
            name: attrs.field(
                default=said.default,
                factory=said.factory,
                eq=said.eq,
                repr=said.repr,
                type=owner.__annotations__[name],
            )
            for name, said in _FIELDS[owner].items()
        }
        described = attrs.fields(attrs.make_class(owner.__name__, these, slots=False, init=False, repr=False, eq=False))
        type.__setattr__(owner, "__attrs_attrs__", described)
        return described


# ---------------------------------------------------------------------------------------- methods for each class


def _compiled(owner: type, name: str, source: str, names: dict[str, object]) -> None:
    """Puts the function of that source in its place. All of it but the fields' names, which are names, is from below."""
    exec(compile(source, f"<{name} of {owner.__name__}>", "exec"), names)  # noqa: S102
    method = names[name]
    method.__qualname__ = f"{owner.__qualname__}.{name}"  # type: ignore[attr-defined]  # it is a function
    type.__setattr__(owner, name, method)


def _init(self: object, *values: object, **named: object) -> None:
    owner = type(self)
    names: dict[str, object] = {"NOTHING": attrs.NOTHING}
    parameters, lines = ["self"], []
    for name, said in _FIELDS[owner].items():
        names[f"set_{name}"] = owner.__dict__[name].__set__
        if said.factory is not None:
            names[f"make_{name}"] = said.factory
            parameters.append(f"{name}=NOTHING")
            lines.append(f"    if {name} is NOTHING: {name} = make_{name}()")
        elif said.default is attrs.NOTHING:
            parameters.append(name)
        else:
            names[f"default_{name}"] = said.default
            parameters.append(f"{name}=default_{name}")
        lines.append(f"    set_{name}(self, {name})")
    _compiled(owner, "__init__", "\n".join([f"def __init__({', '.join(parameters)}):", *lines, "    return"]), names)
    owner.__init__(self, *values, **named)


def _compared(owner: type) -> list[str]:
    return [name for name, field in _FIELDS[owner].items() if field.eq]


def _equal(self: object, other: object) -> object:
    owner = type(self)
    tests = " and ".join(f"self.{name} == other.{name}" for name in _compared(owner)) or "True"
    source = f"def __eq__(self, other):\n    return {tests} if other.__class__ is owner else NotImplemented"
    _compiled(owner, "__eq__", source, {"owner": owner})
    return owner.__eq__(self, other)


def _hash(self: object) -> int:
    owner = type(self)
    values = "".join(f", self.{name}" for name in _compared(owner))
    _compiled(owner, "__hash__", f"def __hash__(self):\n    return hash((name{values}))", {"name": owner.__qualname__})
    return owner.__hash__(self)


# -------------------------------------------------------------------------------------------- methods for all


def _refuse(*_: object) -> None:
    raise attrs.exceptions.FrozenInstanceError


def _show(self: object) -> str:
    owner = type(self)
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name, said in _FIELDS[owner].items() if said.repr)
    return f"{owner.__qualname__.rpartition('>.')[2]}({shown})"


def _reduce(self: object) -> tuple[object, ...]:
    owner = type(self)
    return owner, tuple(getattr(self, name) for name in _FIELDS[owner])


_OWN: Final = ("__init__", "__eq__", "__hash__", "__setattr__", "__attrs_post_init__", "__attrs_pre_init__")
_METHODS: Final[dict[str, object]] = {
    "__init__": _init,
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _show,
    "__reduce__": _reduce,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__attrs_attrs__": _Described(),
}

if TYPE_CHECKING:
    from attrs import field, frozen
else:
    field, frozen = _field, _frozen
