"""Addresses and names on a network: `Ip`, `Cidr`, `Host`, `Email` (see `values/network.py` for what is refused and why)."""

from __future__ import annotations

from tenetlang.targets.standalone.faults import ValueFault, bad_input, is_visible, shown

_HOST_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_HOST_DIGITS = frozenset("0123456789")
_HOST_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_LABEL = _HOST_LETTERS | _HOST_DIGITS | {"-"}
_LOCAL_PART = _LABEL | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+/=?^_`{|}~")

_JOINERS = "\u200c\u200d"
"""Zero width, and still letters of Persian and Indic names (RFC 5892, appendix A)."""

_MAPPED = 0xFFFF
"""An IPv6 address whose upper 96 bits have this value stands for an IPv4 address."""


class Ip:
    """An IPv4 or IPv6 address: 4 or 6, and an unsigned number of 32 or 128 bits."""

    __slots__ = ("number", "version")

    def __init__(self, version: int, number: int) -> None:
        self.version = version
        self.number = number

    @property
    def bits(self) -> int:
        """32 or 128."""
        return 32 if self.version == 4 else 128

    @property
    def key(self) -> tuple[int, int]:
        """What orders addresses: IPv4 before IPv6, then the number."""
        return self.version, self.number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ip) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.number.to_bytes(16, "big"))

    def __str__(self) -> str:
        return _ipv4_text(self.number) if self.version == 4 else _ipv6_text(self.number)


class Cidr:
    """A block of addresses: those that share the first `prefix` bits of `network`, whose other bits are zero."""

    __slots__ = ("network", "prefix")

    def __init__(self, network: Ip, prefix: int) -> None:
        self.network = network
        self.prefix = prefix

    @property
    def key(self) -> tuple[int, int, int]:
        """What orders blocks: a block before those inside it."""
        return self.network.version, self.network.number, self.prefix

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cidr) and self.key == other.key

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.network}/{self.prefix}"

    def contains(self, address: Ip) -> bool:
        """Whether the address lies in the block; never, if one is IPv4 and the other IPv6."""
        network = self.network
        return network.version == address.version and (
            (network.number ^ address.number) >> (network.bits - self.prefix) == 0
        )

    def contains_cidr(self, other: Cidr) -> bool:
        """Whether the whole other block lies in this one; a block contains itself."""
        return self.prefix <= other.prefix and self.contains(other.network)

    def overlaps(self, other: Cidr) -> bool:
        """Whether some address lies in both blocks."""
        return self.contains_cidr(other) or other.contains_cidr(self)


class Host(str):
    """A host name of lower-case A-labels, or an IPv4 address as a dotted quad, read by the constructor.

    The host of a URL may also be an IPv6 address in brackets; `Host.of_ip` makes those.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Host:
        return super().__new__(cls, _read_host(text))

    @classmethod
    def of_ip(cls, address: Ip) -> Host:
        """The address as a URL spells it: IPv6 in brackets."""
        return str.__new__(cls, str(address) if address.version == 4 else f"[{address}]")

    @property
    def ip(self) -> Ip | None:
        """The address, where the host is one and not a name."""
        if self[0] == "[":
            return parse_ip(self[1:-1])
        return parse_ip(self) if _ends_in_number(self.rpartition(".")[2]) else None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels from left to right; an IPv6 address is a single one."""
        return (str(self),) if self[0] == "[" else tuple(self.split("."))


class Email(str):
    """An address of electronic mail, read by the constructor: the local part as written, the domain a `Host`."""

    __slots__ = ("domain", "local")

    local: str
    domain: Host

    def __new__(cls, text: str) -> Email:
        local, domain = _read_email(text)
        email = super().__new__(cls, f"{local}@{domain}")
        email.local = local
        email.domain = domain
        return email


def parse_ip(text: str) -> Ip:
    """An address, `192.0.2.1` or `2001:db8::1`; `bad_input` if it is none or programs disagree which one."""
    number = _ipv6_number(text) if ":" in text else _ipv4_number(text)
    if number is None:
        raise bad_input(f"{shown(text)} is not an IP address")
    if ":" not in text:
        return Ip(4, number)
    if number >> 32 == _MAPPED:
        raise bad_input(f"{shown(text)} is an IPv4 address in the form of IPv6, which programs read differently")
    return Ip(6, number)


def parse_cidr(text: str) -> Cidr:
    """A block such as `10.0.0.0/8`; `bad_input` if it is none or has bits set after the prefix."""
    address, slash, digits = text.partition("/")
    if not slash or not 1 <= len(digits) <= 3 or not _is_plain_number(digits):
        raise bad_input(f"{shown(text)} is not a block of addresses such as 10.0.0.0/8")
    network, prefix = parse_ip(address), int(digits)
    if prefix > network.bits:
        raise bad_input(f"{shown(text)} is not a block of addresses: at most {network.bits} bits can be fixed")
    if network.number & ((1 << (network.bits - prefix)) - 1):
        raise bad_input(f"{shown(text)} is not a block of addresses: it has bits set after the first {prefix}")
    return Cidr(network, prefix)


def parse_host(text: str) -> Host:
    """A host name or a dotted quad; `bad_input` if it is neither."""
    return Host(text)


def parse_email(text: str) -> Email:
    """An address such as `ann@example.com`; `bad_input` if it is none that all programs read alike."""
    return Email(text)


# IP


def _is_plain_number(digits: str) -> bool:
    """Whether the text is a number in the one decimal spelling."""
    return _HOST_DIGITS.issuperset(digits) and digits != "" and (digits[0] != "0" or digits == "0")


def _ipv4_number(text: str) -> int | None:
    parts = text.split(".") if len(text) <= 15 else []
    if len(parts) != 4 or not all(_is_plain_number(part) for part in parts):
        return None
    number = 0
    for part in parts:
        if int(part) > 255:
            return None
        number = number << 8 | int(part)
    return number


def _ipv6_number(text: str) -> int | None:
    """The number of a text form of RFC 4291, section 2.2, without a zone."""
    if len(text) > 45:
        return None
    before, gap, after = text.partition("::")
    head = _groups(before, last=not gap)
    tail = _groups(after, last=True) if gap else []
    if head is None or tail is None:
        return None
    zeros = 8 - len(head) - len(tail)
    if (zeros < 1) if gap else (zeros != 0):
        return None
    number = 0
    for group in (*head, *([0] * zeros), *tail):
        number = number << 16 | group
    return number


def _groups(text: str, *, last: bool) -> list[int] | None:
    """The groups of 16 bits on one side of `::`; those that end the address may end in a dotted quad."""
    if not text:
        return []
    groups: list[int] = []
    pieces = text.split(":")
    for position, piece in enumerate(pieces):
        if last and "." in piece and position == len(pieces) - 1:
            quad = _ipv4_number(piece)
            if quad is None:
                return None
            groups += (quad >> 16, quad & 0xFFFF)
        elif 1 <= len(piece) <= 4 and _HOST_HEXADECIMAL.issuperset(piece):
            groups.append(int(piece, 16))
        else:
            return None
    return groups


def _ipv4_text(number: int) -> str:
    return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8, 0))


def _ipv6_text(number: int) -> str:
    """The one form of RFC 5952: lower case, the first longest run of two or more zero groups as `::`."""
    groups = [number >> shift & 0xFFFF for shift in range(112, -16, -16)]
    start, length = 0, 1
    position = 0
    while position < 8:
        end = position
        while end < 8 and groups[end] == 0:
            end += 1
        if end - position > length:
            start, length = position, end - position
        position = end + 1
    spelled = [f"{group:x}" for group in groups]
    if length == 1:
        return ":".join(spelled)
    return f"{':'.join(spelled[:start])}::{':'.join(spelled[start + length :])}"


# Hosts


def _read_host(text: str) -> str:
    if not 1 <= len(text) <= 253:
        raise bad_input(f"{shown(text)} is not a host: it must have 1 to 253 characters")
    if not text.isascii():
        raise bad_input(f"{shown(text)} is not a host: names outside ASCII are written as xn-- labels")
    host = text.lower()
    labels = host.split(".")
    for label in labels:
        if not 1 <= len(label) <= 63 or not _LABEL.issuperset(label) or label[0] == "-" or label[-1] == "-":
            raise bad_input(f"{shown(text)} is not a host")
        if label.startswith("xn--") and not _is_a_label(label):
            raise bad_input(f"{shown(text)} is not a host: {shown(label)} is not what Punycode writes")
    if _ends_in_number(labels[-1]) and _ipv4_number(host) is None:
        raise bad_input(f"{shown(text)} is not a host: some programs would read it as an IPv4 address")
    return host


def _is_a_label(label: str) -> bool:
    """Whether the label is the one that Punycode (RFC 3492) makes of some visible text outside ASCII."""
    encoded = label[4:].encode("ascii")
    try:
        decoded = encoded.decode("punycode")
        return (
            not decoded.isascii()
            and all(is_visible(character) or character in _JOINERS for character in decoded)
            and decoded.encode("punycode") == encoded
        )
    except ValueError:
        return False


def _ends_in_number(label: str) -> bool:
    """Whether a host with this last label is an IPv4 address to parsers that follow the WHATWG URL standard."""
    return _HOST_DIGITS.issuperset(label) or (label[:2] == "0x" and _HOST_HEXADECIMAL.issuperset(label[2:]))


# Email


def _read_email(text: str) -> tuple[str, Host]:
    local, at, name = text.partition("@")
    if not at or "@" in name or not 1 <= len(local) <= 64 or len(text) > 254:
        raise _no_email(text)
    if not _LOCAL_PART.issuperset(local.replace(".", "")) or local[0] == "." or local[-1] == "." or ".." in local:
        raise _no_email(text)
    domain = _domain(text, name)
    if domain.ip is not None:
        raise _no_email(text)
    return local, domain


def _domain(text: str, name: str) -> Host:
    try:
        return Host(name)
    except ValueFault as fault:
        raise bad_input(f"{shown(text)} is not an address of mail: {fault.detail}") from None


def _no_email(text: str) -> ValueFault:
    return bad_input(f"{shown(text)} is not an address of mail such as ann@example.com")
