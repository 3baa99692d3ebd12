"""`tenet.toml`, or `[tool.tenet]` of a `pyproject.toml`: the nearest one, looking upward from where the policy lies.

    entry = "acme.support"            # the package that decides, where several could

    [data]
    vendors = "data/vendors.json"     # documents, by the name under which the policy declares them

Nothing is merged: the nearest file is the configuration, whole. Flags come first, then `TENET_ENTRY` and
`TENET_DATA_NAME`, then the file. A key that is not known is an error, since a mistyped setting would silently not apply.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import attrs

FILE_NAME = "tenet.toml"
KNOWN_KEYS = ("entry", "data")


class ConfigurationError(ValueError):
    """A configuration that can't be used: the sentence says which file, and what to do."""


@attrs.frozen
class Configuration:
    """`file` is None where no configuration was found; paths of `data` are absolute."""

    file: Path | None = None
    entry: str | None = None
    data: Mapping[str, Path] = attrs.field(factory=dict)


def find_configuration(start: Path) -> Configuration:
    """The configuration nearest to `start`, a file or a folder; the default one where there is none."""
    folder = start.resolve()
    if not folder.is_dir():
        folder = folder.parent
    for candidate in (folder, *folder.parents):
        own = candidate / FILE_NAME
        if own.is_file():
            return _configuration(own, _read(own))
        shared = candidate / "pyproject.toml"
        if shared.is_file():
            tools = _read(shared).get("tool")
            table = tools.get("tenet") if isinstance(tools, dict) else None
            if isinstance(table, dict):
                return _configuration(shared, table)
    return Configuration()


def with_environment(configuration: Configuration, variables: Mapping[str, str]) -> Configuration:
    """The configuration with what `TENET_ENTRY` and `TENET_DATA_NAME=FILE` say instead."""
    entry = variables.get("TENET_ENTRY") or configuration.entry
    data = dict(configuration.data)
    for name, file in variables.items():
        if name.startswith("TENET_DATA_") and file:
            data[name.removeprefix("TENET_DATA_").lower()] = Path(file).absolute()
    return attrs.evolve(configuration, entry=entry, data=data)


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{file.name}: {error}") from error


def _configuration(file: Path, table: Mapping[str, object]) -> Configuration:
    for key in table:
        if key not in KNOWN_KEYS:
            known = " and ".join(f"`{name}`" for name in KNOWN_KEYS)
            raise ConfigurationError(f"{file.name}: `{key}` is no setting; the settings are {known}")
    entry = table.get("entry")
    if entry is not None and not isinstance(entry, str):
        raise ConfigurationError(f"{file.name}: `entry` is the name of a package, in quotes")
    data = table.get("data", {})
    if not isinstance(data, dict) or not all(isinstance(path, str) for path in data.values()):
        raise ConfigurationError(f"{file.name}: `[data]` gives a file, in quotes, for each name")
    return Configuration(file, entry, {name: file.parent / path for name, path in data.items()})
