"""Verifies a log of decisions with nothing but Python, and shares no line with tenetlang: see README.md.

python verify_log.py LOG [--key NAME+NUMBER+BASE64]… [--checkpoint NOTE] [--remembered "SIZE ROOT"]
"""

import argparse
import base64
import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

Row = tuple[int, bytes, bytes, bytes | None]  # index, record, leaf, payload
State = tuple[int, bytes]  # a size and a root
# Ed25519 (RFC 8032) on the curve -x² + y² = 1 + dx²y², points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    product, double = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = right - left, double - product, double + product, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decoded(text: bytes) -> Point | None:
    y, odd = int.from_bytes(text, "little") & (1 << 255) - 1, text[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        return None
    x = P - x if x & 1 != odd else x
    return x, y, 1, x * y % P


def encoded(point: Point) -> bytes:
    x, y = (part * pow(point[2], -1, P) % P for part in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decoded((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    point, scalar = decoded(public), int.from_bytes(signature[32:], "little")
    if point is None or BASE is None or len(signature) != 64 or scalar >= ORDER:
        return False
    digest = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    minus = times(digest, (P - point[0], point[1], 1, P - point[3]))
    return encoded(add(times(scalar, BASE), minus)) == signature[:32]


# Signed notes, and the checkpoints in them.
def checkpoint(note: bytes, keys: list[str]) -> tuple[int, bytes, int]:
    text, blank, signatures = note.decode().rpartition("\n\n")
    origin, size, root, *_ = text.split("\n")
    if not blank or str(int(size)) != size or len(strict(root)) != 32 or not signatures.endswith("\n"):
        raise ValueError("no checkpoint")
    epoch = -1  # the newest key that signed
    for line in signatures[:-1].split("\n"):
        dash, name, encoded_signature = line.split(" ")
        if dash != "—" or len(signature := strict(encoded_signature)) < 5:
            raise ValueError("a line is no signature")
        for place, (owner, _, public) in enumerate(key.split("+", 2) for key in keys):
            number = hashlib.sha256(owner.encode() + b"\n" + strict(public)).digest()[:4]
            if (name, signature[:4]) == (owner, number):
                epoch = max(epoch, place)
                if origin != owner or not verifies(strict(public)[1:], signature[4:], text.encode() + b"\n"):
                    raise ValueError("the signature is wrong")
    if keys and epoch < 0:
        raise ValueError("not signed by a key")
    return int(size), strict(root), epoch


def strict(text: str) -> bytes:
    if base64.b64encode(content := base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError("base64 of another spelling")
    return content


# The log: its checkpoints, and what is recorded; a database, or JSON lines.
def read(log: str) -> tuple[list[bytes], Iterator[Row]]:
    if Path(log).read_bytes()[:1] == b"{":
        return [], map(line_row, Path(log).read_bytes().splitlines(keepends=True))
    with closing(sqlite3.connect(f"{Path(log).absolute().as_uri()}?mode=ro", uri=True)) as database:
        kinds = database.execute("SELECT lower(tbl_name), type FROM sqlite_schema").fetchall()
        ours = {"records", "payloads", "checkpoints", "frontiers"}
        if any(kind in {"view", "trigger"} or (kind == "index" and table in ours) for table, kind in kinds):
            raise ValueError("the database's own definition was changed")
        signed = ("checkpoints", "table") in kinds
        notes = database.execute("SELECT note FROM checkpoints ORDER BY number") if signed else []
        joined = "SELECT idx, record, leaf, payload FROM records LEFT JOIN payloads USING (idx) ORDER BY idx"
        rows: list[Row] = database.execute(joined).fetchall()
        if database.execute("SELECT 1 FROM payloads WHERE idx NOT IN (SELECT idx FROM records)").fetchone():
            rows.append((-1, b"", b"", None))  # a payload of nothing: found below as a record that is out of its place
        return [note for (note,) in notes], iter(rows)


def line_row(line: bytes) -> Row:
    with suppress(ValueError, AttributeError, KeyError, TypeError, RecursionError):
        payload = entry["payload"].encode() if "payload" in (entry := json.loads(line)) else None
        if set(entry) - {"payload"} == {"index", "leaf", "record"} and canonical(entry) + b"\n" == line:
            return int(entry["index"]), entry["record"].encode(), bytes.fromhex(entry["leaf"]), payload
    return -1, b"", b"", None


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def whole(digits: str) -> int:
    if abs(number := int(digits)) >= 2**53:
        raise ValueError("not a number of a record")
    return number


def mistakes(row: Row, previous: str) -> list[str]:
    index, record, leaf, payload = row
    try:
        said = json.loads(record, parse_int=whole, parse_float=whole, parse_constant=whole)
        wrong = {
            "not the one that was hashed": hashlib.sha256(b"\0" + record).digest() != leaf or len(record) > 65_535,
            "not canonical": canonical(said) != record,
            "out of its place": said["index"] != index or (index == 0 and said["kind"] != "log.opened"),
            "of another version": said["v"] != 1,
            "appended to another than the one before it": said["previous"] != previous,
            "without its payload": payload is not None and hashlib.sha256(payload).hexdigest() != said["payload"],
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        wrong = {"no record": True}
    return [f"record {index} is {mistake}" for mistake, found in wrong.items() if found]


def verify(log: str, keys: list[str], kept: list[bytes], remembered: list[State]) -> tuple[list[str], int, bytes]:
    problems, order, states = [], [], list(remembered)
    notes, rows = read(log)
    for number, note in enumerate([*notes, *kept], 1):
        try:
            size, root, epoch = checkpoint(note, keys)
            states.append((size, root))
            order += [(size, epoch)] if number <= len(notes) else []
        except (ValueError, AttributeError) as mistake:
            problems.append(f"checkpoint {number}: {mistake}")
    mixed = any(a > c or b > d for (a, b), (c, d) in pairwise(order)) or (order and order[-1][1] != len(keys) - 1)
    if mixed or (keys and not notes and not kept):
        problems.append("the log: it was never signed, or not in the order of its records and of the keys")
    stack: list[State] = []  # complete trees, the largest first: number of leaves, root
    roots, size, expected, previous = {0: hashlib.sha256().digest()}, 0, 0, "0" * 64
    for row in rows:
        problems += [f"record {expected}: missing, or another is in its place"] if row[0] != expected else []
        if row[0] < expected:
            continue
        problems += mistakes(row, previous)
        tree = (1, hashlib.sha256(b"\0" + row[1]).digest())
        expected, size, previous = row[0] + 1, size + 1, tree[1].hex()
        while stack and stack[-1][0] == tree[0]:
            tree = (tree[0] * 2, hashlib.sha256(b"\1" + stack.pop()[1] + tree[1]).digest())
        stack.append(tree)
        roots[size] = tree[1]
        for _, left in reversed(stack[:-1]):
            roots[size] = hashlib.sha256(b"\1" + left + roots[size]).digest()
    for wanted, root in states:
        if roots.get(wanted) != root:
            problems.append(f"the log: its first {wanted} records are not those that were signed or remembered")
    return problems if size else [*problems, "the log: it is empty"], size, roots[size]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Verifies a log of decisions.")
    parser.add_argument("log")
    parser.add_argument("--key", action="append", default=[], type=lambda key: key.partition("\n")[0])
    parser.add_argument("--checkpoint", action="append", default=[], type=lambda file: Path(file).read_bytes())
    parser.add_argument("--remembered", action="append", default=[], type=str.split)
    given = parser.parse_args()
    try:
        states = [(int(size), bytes.fromhex(root)) for size, root in given.remembered]
        problems, size, root = verify(given.log, given.key, given.checkpoint, states)
    except (ValueError, sqlite3.Error) as mistake:
        problems, size, root = [f"the log: {mistake}"], 0, b""
    state = f"{'changed' if problems else 'sound'}: {size} records"
    print(*problems, state, f"remember: {size} {root.hex()}", sep="\n")
    sys.exit(bool(problems))
