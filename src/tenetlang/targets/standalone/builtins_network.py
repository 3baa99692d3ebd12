"""The functions of `std.net`, `std.paths`, `std.versions` and `std.json`: most read a text with the parsers that read a request."""

from __future__ import annotations

from collections.abc import Callable

from tenetlang.targets.standalone.faults import Refused, ValueFault, bad_input, shown
from tenetlang.targets.standalone.network import Cidr, Host, Ip, parse_cidr, parse_email, parse_host, parse_ip
from tenetlang.targets.standalone.operations import check_string
from tenetlang.targets.standalone.places import parse_path, parse_semver
from tenetlang.targets.standalone.reading import read_json
from tenetlang.targets.standalone.urls import parse_url
from tenetlang.targets.standalone.values import NULL, JsonConstant, Map, json_text, to_json_value, to_plain


def _reads(parse: Callable[[str], object]) -> Callable[[str], bool]:
    """Whether a text reads as a value of that kind."""

    def reads(text: str) -> bool:
        try:
            parse(text)
        except ValueFault:
            return False
        return True

    return reads


# std.net


def ip_of(host: Host) -> Ip | None:
    """The address that a host is; nothing (`None`) where it is a name."""
    return host.ip


def is_address(host: Host) -> bool:
    """Whether the host is an IP address and not a name."""
    return host.ip is not None


def ip_version(address: Ip) -> int:
    """4 or 6."""
    return address.version


def block_of(address: Ip, prefix: int) -> Cidr:
    """The block of that prefix length in which the address lies; `bad_input` where it has fewer bits."""
    if not 0 <= prefix <= address.bits:
        raise bad_input(f"a prefix of IPv{address.version} has 0 to {address.bits} bits")
    kept = address.bits - prefix
    return Cidr(Ip(address.version, address.number >> kept << kept), prefix)


def prefix_length(block: Cidr) -> int:
    """How many bits are fixed in the block."""
    return block.prefix


def first_address(block: Cidr) -> Ip:
    """The lowest address of the block."""
    return block.network


def last_address(block: Cidr) -> Ip:
    """The highest address of the block."""
    return Ip(block.network.version, _end_of(block) - 1)


def overlap(left: Cidr, right: Cidr) -> bool:
    """Whether some address lies in both blocks."""
    return left.overlaps(right)


def merge(blocks: frozenset[Cidr]) -> frozenset[Cidr]:
    """The fewest blocks that hold the same addresses."""
    merged: list[Cidr] = []
    for block in sorted(blocks, key=_place_of_block):
        # In this order a block comes before those inside it, and before its right-hand neighbour.
        joined = block
        if merged and merged[-1].contains_cidr(block):
            continue
        while merged and _is_left_half(merged[-1], joined):
            joined = Cidr(merged.pop().network, joined.prefix - 1)
        merged.append(joined)
    return frozenset(merged)


def _place_of_block(block: Cidr) -> tuple[int, int, int]:
    return block.network.version, block.network.number, block.prefix


def _end_of(block: Cidr) -> int:
    return block.network.number + (1 << (block.network.bits - block.prefix))


def _is_left_half(left: Cidr, right: Cidr) -> bool:
    """Whether the two are the halves of one block."""
    size = left.network.bits - left.prefix
    return (
        left.prefix == right.prefix > 0
        and left.network.version == right.network.version
        and _end_of(left) == right.network.number
        and not left.network.number >> size & 1
    )


# std.json


def parse_json(text: str) -> object:
    """The document that the text holds, within the limits of a request; `bad_input` where a request would be invalid."""
    try:
        return to_json_value(read_json(text))
    except Refused as refused:
        raise bad_input(f"the text is not JSON that a request could hold: {refused.reason}") from None


def json_of(document: object) -> str:
    """The document as compact JSON with sorted keys; a number that is not whole is a string, as in a decision."""
    spelled = json_text(to_plain(document))
    check_string(len(spelled))
    return spelled


def type_name(document: object) -> str:
    """`null`, `boolean`, `number`, `string`, `array` or `object`."""
    if isinstance(document, JsonConstant):
        return "null" if document is NULL else "boolean"
    if isinstance(document, str):
        return "string"
    if isinstance(document, tuple):
        return "array"
    return "object" if isinstance(document, Map) else "number"


_NOTHING_THERE = object()


def _pointed_at(document: object, pointer: str) -> object:
    """What a JSON Pointer (RFC 6901) points at, or `_NOTHING_THERE`."""
    if pointer and pointer[0] != "/":
        raise bad_input("a JSON pointer is empty or begins with `/`")
    here: object = document
    for token in pointer.split("/")[1:]:
        if "~" in token.replace("~0", "").replace("~1", ""):
            raise bad_input("in a JSON pointer, `~` is written `~0` and `/` is written `~1`")
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Map):
            here = here.get(name, _NOTHING_THERE)
        elif isinstance(here, tuple) and _is_position(name):
            here = here[int(name)] if int(name) < len(here) else _NOTHING_THERE
        else:
            here = _NOTHING_THERE
    return here


def _is_position(name: str) -> bool:
    return name.isascii() and name.isdigit() and (name == "0" or name[0] != "0") and len(name) <= 9


def pointed_value(document: object, pointer: str) -> object:
    """What the pointer points at; `bad_index` where nothing is there, `bad_input` for what is no pointer."""
    found = _pointed_at(document, pointer)
    if found is _NOTHING_THERE:
        raise ValueFault("bad_index", f"nothing is at {shown(pointer)}")
    return found


def has_at(document: object, pointer: str) -> bool:
    """Whether the pointer points at something; `bad_input` for what is no pointer."""
    return _pointed_at(document, pointer) is not _NOTHING_THERE


NETWORK: dict[str, Callable] = {
    "std.net.parse_ip": parse_ip,
    "std.net.parse_cidr": parse_cidr,
    "std.net.parse_host": parse_host,
    "std.net.parse_email": parse_email,
    "std.net.parse_url": parse_url,
    "std.net.is_ip": _reads(parse_ip),
    "std.net.is_cidr": _reads(parse_cidr),
    "std.net.is_host": _reads(parse_host),
    "std.net.is_email": _reads(parse_email),
    "std.net.is_url": _reads(parse_url),
    "std.net.ip_of": ip_of,
    "std.net.is_address": is_address,
    "std.net.ip_version": ip_version,
    "std.net.block_of": block_of,
    "std.net.prefix_length": prefix_length,
    "std.net.first_address": first_address,
    "std.net.last_address": last_address,
    "std.net.overlap": overlap,
    "std.net.merge": merge,
    "std.paths.parse": parse_path,
    "std.paths.is_path": _reads(parse_path),
    "std.versions.parse": parse_semver,
    "std.versions.is_version": _reads(parse_semver),
    "std.json.parse": parse_json,
    "std.json.is_json": _reads(parse_json),
    "std.json.to_text": json_of,
    "std.json.type_name": type_name,
    "std.json.at": pointed_value,
    "std.json.has_at": has_at,
}
