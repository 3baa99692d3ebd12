"""A bundle where a command takes a POLICY: what decides is in it, and so are the sources, if it was built with them.

A command that decides takes the compiled policy, as a gate does; one that looks into the policy takes the sources. Whose signatures
count is said by `--trust`. Where nobody says it the bundle is taken as it is, with a line about that on standard error: a
command shows what would be decided, and lets nothing happen.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenetlang.bundle.naming import is_bundle
from tenetlang.cli.output import remark, terminal, waiting

if TYPE_CHECKING:
    from tenetlang.bundle.opening import Bundle
    from tenetlang.project.cache import Cache
    from tenetlang.project.configuration import Configuration
    from tenetlang.project.loading import Loaded
    from tenetlang.project.project import Project


def loaded_bundle(path: Path, entry: str | None, cache: Cache | None) -> Loaded | None:
    """The policy in the bundle that lies there; None for any other path. Raises `ClickException`."""
    bundle = _bundle(path, cache)
    if bundle is None:
        return None
    from tenetlang.project.loading import Loaded

    if entry is not None and entry != bundle.contents.package:
        raise click.ClickException(
            f"`{path}` is a bundle, and `{bundle.contents.package}` decides in it; choose another package when it is built"
        )
    return Loaded(bundle.policy, bundle.contents.bundle, _configuration(bundle), (path.as_posix(),))


def project_of_bundle(path: Path) -> Project | None:
    """The sources in the bundle that lies there; None for any other path. Raises `ClickException`."""
    bundle = _bundle(path)
    if bundle is None:
        return None
    from tenetlang.project.project import Project
    from tenetlang.text import Text

    texts = [Text(source.name, source.text) for source in bundle.contents.sources if source.text is not None]
    if not texts or len(texts) < len(bundle.contents.sources):
        raise click.ClickException(
            f"`{path}` was built without its sources, which this needs; build it without --no-sources, or name the policy files"
        )
    return Project(tuple(texts), _configuration(bundle))


def _bundle(path: Path, cache: Cache | None = None) -> Bundle | None:
    if not is_bundle(path):
        return None
    from tenetlang.bundle.errors import BundleError
    from tenetlang.bundle.opening import open_bundle, read_bundle_file
    from tenetlang.bundle.trust import load_trust

    said = terminal()
    try:
        data = read_bundle_file(path)
        trust = load_trust(said.trusted, said.threshold) if said.trusted else None
        with waiting("reading"):
            bundle = open_bundle(data, trust, cache=cache)
    except BundleError as problem:
        raise click.ClickException(f"`{path}`: {problem}") from problem
    if trust is None:
        remark(f"not checked: who signed `{path}`; --trust KEY does\n")
    return bundle


def _configuration(bundle: Bundle) -> Configuration:
    """The package that decides and the documents are the bundle's own, and nothing else of a configuration plays a part."""
    from tenetlang.project.configuration import Configuration

    return Configuration(entry=bundle.contents.package, documents=bundle.documents)
