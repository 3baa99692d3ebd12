"""A policy as a library user holds it: loaded once, asked for decisions.

policy = load("policies/")
decision = policy.decide({"tool": "refund", "args": {…}, "agent": {…}})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from tenetlang.bundle.naming import is_bundle
from tenetlang.decision import Decision
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.requests import DataError
from tenetlang.project.loading import Broken, Loaded, load_policy
from tenetlang.project.project import ProjectError, read_documents

if TYPE_CHECKING:
    from tenetlang.report.diagnostic import Diagnostic


class PolicyError(ValueError):
    """A policy that can't be loaded. `findings` say what is wrong and where; empty where the files can't be read at all."""

    def __init__(self, message: str, findings: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class Policy:
    """Decides requests. Safe to share between threads; holds no state that a decision changes."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    @property
    def digest(self) -> str:
        """`sha256:…` over the decision tree: what the records call the bundle."""
        return self._evaluator.digest

    def decide(self, request: object) -> Decision:
        """The decision on a request given as Python values. Never raises: what is no request is denied."""
        return self._evaluator.decide(request)

    def decide_json(self, data: bytes | str) -> Decision:
        """The decision on a request given as JSON text, read strictly. Never raises."""
        return self._evaluator.decide_json(data)

    def ask(self, name: str, request: object) -> object:
        """The value of an exported definition (`acme.support.risk`) for a request, as JSON values.

        None where the definition is limited to other tools. Raises `LookupError` for a name that is not exported and
        `ValueError` for an invalid request or an error inside the definition.
        """
        return self._evaluator.ask(name, request)


def load(
    path: str | PathLike[str],
    *,
    data: Mapping[str, object] | None = None,
    entry: str | None = None,
    cache: bool = False,
    trust: Sequence[str] = (),
    threshold: int = 1,
) -> Policy:
    """The policy in a file or folder, checked and compiled; or in the file that `tenet build` made, verified.

    `data` are the documents as JSON values, by the names that the policy declares; without it they are read from the
    files that `tenet.toml` names. `entry` is the package that decides, where that is not clear. `cache`: look for the compiled
    policy where the commands keep theirs, and keep it there (docs/command-line.md says where).

    A bundle is signed by `threshold` of the keys that are trusted, each given as its text or its file, has not ended, passes its own
    tests, and brings its documents along. It is the one that lies there now; `Guard` follows the file, and lets none be rolled
    back. Raises `PolicyError`.
    """
    if is_bundle(Path(path)):
        return _bundled(Path(path), entry, data, trust, threshold)
    try:
        loaded = _loaded(Path(path), entry, cache=cache)
        documents = read_documents(loaded.configuration.data) if data is None else data
        return Policy(Evaluator(loaded.policy, documents, digest=loaded.digest))
    except (ProjectError, DataError) as error:
        raise PolicyError(str(error)) from error


def _bundled(
    path: Path, entry: str | None, data: Mapping[str, object] | None, trust: Sequence[str], threshold: int
) -> Policy:
    import time

    from tenetlang.audit.errors import AuditError
    from tenetlang.bundle.active import activated
    from tenetlang.bundle.errors import BundleError, OtherPackage
    from tenetlang.bundle.opening import open_bundle, read_bundle_file
    from tenetlang.bundle.trust import load_trust

    if not trust:
        raise PolicyError(
            f"`{path}` is a bundle: say whose signatures count with `trust`, the keys or files that hold them"
        )
    try:
        bundle = open_bundle(read_bundle_file(path), load_trust(trust, threshold), time.time_ns())
        if entry is not None and entry != bundle.contents.package:
            raise OtherPackage(f"`{bundle.contents.package}` decides in it, and not `{entry}`")
        evaluator = activated(bundle, prepare=False).evaluator
        return Policy(evaluator if data is None else evaluator.with_documents(data))
    except (BundleError, AuditError, DataError) as error:
        raise PolicyError(f"`{path}`: {error}") from error


def _loaded(path: Path, entry: str | None, *, cache: bool) -> Loaded:
    kept = None
    if cache:
        import os

        from tenetlang.project.cache import open_cache

        kept = open_cache(os.environ)
    try:
        return load_policy([path], entry, cache=kept)
    except Broken as broken:
        from tenetlang.report.words import describe

        found = tuple(describe(finding) for finding in broken.findings)
        errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
        first = f": {errors[0].headline} ({errors[0].labels[0].span.place})" if errors else ""
        message = f"the policy has {len(errors)} error{'' if len(errors) == 1 else 's'}{first}"
        raise PolicyError(message, found) from broken
