"""`tenet bundle`: look into the files that gates follow, verify them, sign them, and go back to one."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.cli import statuses
from tenetlang.cli.build_bundle import failed, write_bundle
from tenetlang.cli.commands import Group
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import complain, remark, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.bundle.memory import Memory
    from tenetlang.bundle.opening import Bundle
    from tenetlang.bundle.trust import Trust

TRUST = click.option(
    "--trust",
    "trusted",
    metavar="VERIFIER",
    multiple=True,
    envvar="TENET_TRUST",
    help="A key that may sign bundles, or a file that holds it; may be repeated; or TENET_TRUST.",
)
THRESHOLD = click.option(
    "--threshold",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="So many different trusted keys must have signed.",
)


@click.group("bundle", cls=Group)
def command() -> None:
    """Look into bundles, verify and sign them. `tenet build` makes them.

    \b
    tenet bundle show policy.bundle
    tenet bundle verify policy.bundle --trust policies.key.pub
    """  # noqa: D301  # the backspace is what Click wants


@command.command(
    "show",
    short_help="Show what is in a bundle.",
    epilog=ending(["tenet bundle show policy.bundle --format json"], [(0, "shown; no signature was checked")]),
)
@click.argument("file", type=ANYWHERE)
@FORMAT
def show(file: Path, style: str) -> int:
    """Show what is in the bundle FILE, and who it says has signed it. Nobody's signature is checked; `verify` does that."""
    data = _read(file)
    bundle = _opened(file, data, None)
    shape = _shape(bundle, data)
    if style == "json":
        say_json(shape)
        return statuses.FINE
    say(_lines(bundle, shape))
    return statuses.FINE


@command.command(
    "verify",
    short_help="Verify a bundle as a gate does before it decides by it.",
    epilog=ending(
        [
            "tenet bundle verify policy.bundle --trust policies.key.pub",
            "tenet bundle verify policy.bundle --trust a.pub --trust b.pub --threshold 2",
        ],
        [(0, "a gate that has nothing newer would decide by it"), (1, "no gate would, and the reason is told")],
    ),
)
@click.argument("file", type=ANYWHERE)
@TRUST
@THRESHOLD
@FORMAT
def verify(file: Path, trusted: tuple[str, ...], threshold: int, style: str) -> int:
    """Verify the bundle FILE as a gate does before it decides by it: signatures, form, digests, its end, and its own tests.

    That it is newer than what was in force is for each gate to say, which remembers that.
    """
    from tenetlang.bundle.active import activated
    from tenetlang.bundle.clock import SteadyClock
    from tenetlang.bundle.errors import BundleError
    from tenetlang.bundle.opening import open_bundle

    trust = _trust(trusted, threshold)
    if trust is None:
        raise click.UsageError("say whose signatures count with --trust; `show` shows a bundle without")
    data = _read(file)
    now = SteadyClock()()
    try:
        with waiting("verifying"):
            bundle = open_bundle(data, trust, now)
            active = activated(bundle)
    except BundleError as refused:
        if style == "json":
            say_json({"ok": False, "because": str(refused)})
        complain(f"`{file}`: {refused}")
        return statuses.FOUND
    stale = active.stale(now)
    signers = [key.short for key in bundle.signed_by]
    if style == "json":
        say_json({"ok": True, "stale": stale, **_shape(bundle, data), "verified": signers})
        return statuses.FINE
    contents = bundle.contents
    say(f"ok: version {contents.version} of {contents.package}, signed by {', '.join(signers)}\n")
    say(f"{len(contents.tests)} of its tests pass here\n")
    if stale is not None:
        say(f"stale: it {stale}; records of its decisions say so\n")
    return statuses.FINE


@command.command(
    "sign",
    short_help="Sign a bundle that somebody built.",
    epilog=ending(["tenet bundle sign policy.bundle --key security.key"], [(0, "signed")]),
)
@click.argument("file", type=ANYWHERE)
@click.option("--key", type=ANYWHERE, metavar="FILE", required=True, help="The key to sign with.")
def sign(file: Path, key: Path) -> int:
    """Sign the bundle FILE beside those who signed it before, so that gates can demand more than one.

    Look at it first (`show`, `verify`, and `tenet diff` of its sources): a signature says that you did.
    """
    from tenetlang.audit import load_signing_key
    from tenetlang.bundle.building import countersigned
    from tenetlang.bundle.errors import BundleError

    signing = load_signing_key(key)
    try:
        data = countersigned(_read(file), signing)
    except BundleError as problem:
        raise failed(problem) from problem
    write_bundle(file, data)
    remark(f"`{file}` is signed by {signing.verifier.short}\n")
    return statuses.FINE


@command.command(
    "back",
    short_help="Let a gate go back to an older bundle.",
    epilog=ending(
        [
            'tenet bundle back v3.bundle --log decisions.db --trust policies.key.pub --because "v4 denies refunds"',
            'tenet bundle back v3.bundle --memory state/ --trust policies.key.pub --because "v4 denies refunds"',
        ],
        [(0, "it may go back"), (1, "nothing newer was in force there")],
    ),
)
@click.argument("file", type=ANYWHERE)
@click.option("--log", type=ANYWHERE, metavar="LOG", help="The log of the gate, which remembers versions.")
@click.option(
    "--memory", type=ANYWHERE, metavar="FOLDER", help="The folder in which a gate without a log remembers them."
)
@click.option("--because", metavar="TEXT", required=True, help="Why; it is recorded when the bundle comes into force.")
@click.option("--by", metavar="NAME", help="Who says so; the user of the system if nothing is said.")
@TRUST
@THRESHOLD
def back(
    file: Path,
    log: Path | None,
    memory: Path | None,
    because: str,
    by: str | None,
    trusted: tuple[str, ...],
    threshold: int,
) -> int:
    """Let a gate go back to FILE, a bundle older than the one that was in force there, and to no other.

    Then put the file where the gate looks. The newest version stays remembered: what was left behind does not come in
    again, and the next version has to be higher.
    """
    from tenetlang.bundle.errors import RolledBack
    from tenetlang.bundle.memory import Return, go_back

    if (log is None) == (memory is None):
        raise click.UsageError("say where the gate remembers versions: --log LOG or --memory FOLDER")
    if not because.strip() or by == "":
        raise click.UsageError("--because and --by are not empty: they are recorded")
    trust = _trust(trusted, threshold)
    if trust is None:
        raise click.UsageError("say whose signatures count with --trust: an older bundle is verified as any other")
    bundle = _opened(file, _read(file), trust)
    contents = bundle.contents
    leave = Return(contents.version, bundle.identity, by or _user(), because)
    with _memory(log, memory) as remembering:
        try:
            go_back(remembering, contents.package, leave)
        except RolledBack as problem:
            complain(str(problem))
            return statuses.FOUND
    remark(f"version {contents.version} of {contents.package} may come into force again; put it where the gate looks\n")
    return statuses.FINE


@contextmanager
def _memory(log: Path | None, folder: Path | None) -> Iterator[Memory]:
    from tenetlang.bundle.memory import FolderMemory, LogMemory

    if folder is not None:
        yield FolderMemory(folder)
    elif log is not None:
        from tenetlang.audit import Log
        from tenetlang.audit.writer import Writer

        with Writer(Log.open(log, create=False), marked=False) as writer:
            yield LogMemory(writer.do)


def _trust(keys: tuple[str, ...], threshold: int) -> Trust | None:
    """Whom to trust; None where nobody is named. Raises `ClickException`."""
    from tenetlang.bundle.errors import BundleError
    from tenetlang.bundle.trust import load_trust

    if not keys:
        return None
    try:
        return load_trust(keys, threshold)
    except BundleError as problem:
        raise click.UsageError(str(problem)) from problem


def _read(file: Path) -> bytes:
    from tenetlang.bundle.errors import BundleError
    from tenetlang.bundle.opening import read_bundle_file

    try:
        return read_bundle_file(file)
    except BundleError as problem:
        raise click.ClickException(f"`{file}`: {problem}") from problem


def _opened(file: Path, data: bytes, trust: Trust | None) -> Bundle:
    from tenetlang.bundle.errors import BundleError
    from tenetlang.bundle.opening import open_bundle

    try:
        with waiting("reading"):
            return open_bundle(data, trust)
    except BundleError as problem:
        raise click.ClickException(f"`{file}`: {problem}") from problem


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return "unknown"


# --------------------------------------------------------------------------------------------------------- what is shown


def _shape(bundle: Bundle, data: bytes) -> dict[str, object]:
    from tenetlang.bundle.envelope import read_envelope

    contents = bundle.contents
    return {
        "package": contents.package,
        "version": contents.version,
        "bundle": contents.bundle,
        "identity": bundle.identity,
        "created": contents.created,
        "expires": contents.expires,
        "hard_expires": contents.hard_expires,
        "made_by": contents.made_by,
        "says_signed_by": [signature.keyid for signature in read_envelope(data).signatures],
        "documents": [{"name": document.name, "digest": document.digest} for document in contents.documents],
        "sources": [
            {"name": source.name, "digest": source.digest, "text": source.text is not None}
            for source in contents.sources
        ],
        "tests": len(contents.tests),
        "left_out": contents.left_out,
    }


def _lines(bundle: Bundle, shape: dict[str, object]) -> str:
    contents = bundle.contents
    keyids = shape["says_signed_by"]
    assert isinstance(keyids, list)
    ends = [
        f"stale from {contents.expires}" if contents.expires else "never stale",
        f"denies from {contents.hard_expires}" if contents.hard_expires else "never ends",
    ]
    rows = [
        ("policy", f"{contents.package}, version {contents.version}"),
        ("bundle", contents.bundle),
        ("identity", bundle.identity),
        ("made", f"{contents.created} by {contents.made_by}"),
        ("good", "; ".join(ends)),
        ("signed", ", ".join(keyids) or "by nobody"),
        *(("document", f"{document.name}  {document.digest}") for document in contents.documents),
        *(("source", f"{source.name}  {source.digest}") for source in contents.sources),
        ("tests", f"{len(contents.tests)}, and {contents.left_out} that stayed behind"),
    ]
    shown = [f"{name:<10}{visible(text)}" for name, text in rows]
    return "\n".join([*shown, "not checked: signatures; `tenet bundle verify --trust KEY` checks them"]) + "\n"
