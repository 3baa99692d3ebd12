"""Trust policies in the form of C2SP tlog-policy, and the quorum of them."""

from __future__ import annotations

import pytest

from tenetlang.audit import Checkpoint
from tenetlang.audit.checkpoints.cosignature import cosign, cosigning_key
from tenetlang.audit.checkpoints.note import Signature, signing_key
from tenetlang.audit.checkpoints.signatures import sign_checkpoint, with_lines
from tenetlang.audit.checkpoints.trust import MAX_TRUST, Trust, at_least, read_trust, witnessed
from tenetlang.audit.errors import UnusableTrust

LOG = signing_key("example.com/log", b"\x01" * 32)
KEYS = {name: cosigning_key(f"{name}.example/w", name.encode() * 16) for name in ("x1", "x2", "x3", "y1", "y2")}
CHECKPOINT = Checkpoint("example.com/log", 3, b"\x07" * 32)
WITNESSES = "".join(f"witness {name} {key.verifier} https://{name}.example/\n" for name, key in KEYS.items())
POLICY = f"""# who may say that the log is one
log {LOG.verifier} https://example.com/log

{WITNESSES}
\tgroup X 2 x1 x2  x3
group Y any y1 y2
group both all X Y
  quorum both
"""


def note(*names: str) -> bytes:
    return with_lines(sign_checkpoint(CHECKPOINT, LOG, 5), [cosign(CHECKPOINT.text(), KEYS[name], 9) for name in names])


def trust() -> Trust:
    return read_trust(POLICY.encode())


def test_a_policy_says_who_is_trusted() -> None:
    read = trust()
    assert read.logs == (LOG.verifier,)
    first = read.witnesses[0]
    assert (first.name, first.key, first.url) == ("x1", KEYS["x1"].verifier, "https://x1.example/")
    assert [(group.name, group.least, group.members) for group in read.groups] == [
        ("X", 2, ("x1", "x2", "x3")),
        ("Y", 1, ("y1", "y2")),
        ("both", 2, ("X", "Y")),
    ]


@pytest.mark.parametrize(
    ("names", "enough"),
    [
        ("", False),
        ("x1 x2 x3", False),
        ("y1 y2", False),
        ("x1 y1", False),
        ("x1 x3 y2", True),
        ("x1 x2 x3 y1 y2", True),
    ],
)
def test_a_quorum_is_of_groups_of_groups(names: str, enough: bool) -> None:
    found = witnessed([note(*names.split())], trust())
    assert (found.enough, [each.name for each, at in found.signed if at == 9]) == (enough, names.split())


def test_what_several_notes_of_a_checkpoint_carry_is_counted_together() -> None:
    assert witnessed([note("x1", "y1"), note("x2")], trust()).enough


def test_a_wrong_line_counts_for_nothing() -> None:
    line = cosign(CHECKPOINT.text(), KEYS["x1"], 9)
    wrong = Signature(line.name, line.identifier, line.signature[:8] + bytes(64))
    found = witnessed([with_lines(note("x2", "y1"), [wrong])], trust())
    assert (found.enough, [each.name for each in found.wrong]) == (False, ["x1"])


def test_nobody_need_sign_where_the_policy_says_so() -> None:
    assert witnessed([note()], read_trust(b"quorum none\n")).enough


def test_a_single_witness_can_be_the_quorum() -> None:
    read = read_trust(f"witness only {KEYS['y1'].verifier}\nquorum only\n".encode())
    assert (witnessed([note("y1")], read).enough, witnessed([note("y2")], read).enough) == (True, False)


def test_names_may_be_of_any_bytes() -> None:
    read = read_trust(f"witness Zo\u00eb {KEYS['y1'].verifier}\nquorum Zo\u00eb\n".encode())
    assert witnessed([note("y1")], read).enough
    assert read_trust(b"witness \xff " + str(KEYS["y1"].verifier).encode() + b"\nquorum \xff\n").quorum == "\udcff"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "newline"),
        ("quorum none", "newline"),
        ("# nothing\n", "no line `quorum`"),
        ("quorum x1\n", "line 1: no line above defines 'x1'"),
        ("quorum none\nquorum none\n", "line 2: there is a line `quorum` already"),
        ("quorum none \x00\n", "line 1: a control character"),
        ("quorum none\r\n", "a control character"),
        ("quorum\n", "written `quorum NAME`"),
        ("quorums none\n", "begins no line"),
        (f"log {KEYS['x1'].verifier}\nquorum none\n", "line 1: this is the key of a witness"),
        (f"log {LOG.verifier}\nlog {LOG.verifier}\nquorum none\n", "line 2: this log"),
        (f"witness w {LOG.verifier}\nquorum none\n", "line 1: this is the key of a log"),
        (f"witness none {KEYS['x1'].verifier}\nquorum none\n", "'none' has a meaning"),
        (f"witness a {KEYS['x1'].verifier}\nwitness a {KEYS['x2'].verifier}\nquorum none\n", "'a' has a meaning"),
        (f"witness a {KEYS['x1'].verifier}\nwitness b {KEYS['x1'].verifier}\nquorum none\n", "another name"),
        (f"witness a {KEYS['x1'].verifier} https://a more\nquorum none\n", "written `witness"),
        (WITNESSES + "group g all\nquorum none\n", "written `group"),
        (WITNESSES + "group g 4 x1 x2 x3\nquorum none\n", "of 3 members '4' can't"),
        (WITNESSES + "group g 0 x1\nquorum none\n", "'0' can't"),
        (WITNESSES + "group g some x1\nquorum none\n", "'some' can't"),
        (WITNESSES + "group g any x1 x1\nquorum none\n", "count twice"),
        (WITNESSES + "group g any x1\ngroup h any x1\nquorum none\n", "count twice"),
        (WITNESSES + "group g any h\ngroup h any x1\nquorum none\n", "no line above defines 'h'"),
        (WITNESSES + "group g any none\nquorum none\n", "no line above defines 'none'"),
        ("\n" * 2000, "at most 1,024 lines"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UnusableTrust) as refused:
        read_trust(text.encode())
    assert said in str(refused.value)


def test_a_policy_without_end_is_not_read() -> None:
    with pytest.raises(UnusableTrust, match="longer"):
        read_trust(b"#" * (MAX_TRUST + 1))


def test_a_number_of_witnesses_can_be_demanded_without_a_file() -> None:
    keys = [key.verifier for key in KEYS.values()]
    assert witnessed([note("x1", "y1")], at_least(keys, 2)).enough
    assert not witnessed([note("x1", "y1")], at_least(keys, 3)).enough
    assert not witnessed([note("x1", "x2", "x3", "y1")], at_least(keys)).enough
    for wrong in (0, 6):
        with pytest.raises(UnusableTrust):
            at_least(keys, wrong)
    with pytest.raises(UnusableTrust, match="twice"):
        at_least([*keys, keys[0]])
