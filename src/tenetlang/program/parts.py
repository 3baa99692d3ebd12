"""The parts of parsed types: what may be written after the dot of an `email`, a `url`, a `path` …

One table. Each part is the attribute of that name of the run-time value (`tenetlang.values`); where its type is optional, the
attribute may be None, which is absence.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.program.types import (
    BOOL,
    CIDR,
    EMAIL,
    HOST,
    INT,
    IP,
    PATH,
    SEMVER,
    STRING,
    URL,
    ListType,
    OptionalType,
    Scalar,
    Type,
)

PARTS: Mapping[Scalar, Mapping[str, Type]] = {
    EMAIL: {"local": STRING, "domain": HOST},
    HOST: {"labels": ListType(STRING), "ip": OptionalType(IP)},
    URL: {
        "scheme": STRING,
        "host": HOST,
        "port": OptionalType(INT),
        "path": STRING,
        "segments": ListType(STRING),
        "query": STRING,
        "fragment": STRING,
    },
    PATH: {
        "name": STRING,
        "extension": STRING,
        "parent": PATH,
        "segments": ListType(STRING),
        "absolute": BOOL,
    },
    IP: {"version": INT},
    CIDR: {"network": IP, "prefix": INT},
    SEMVER: {"major": INT, "minor": INT, "patch": INT, "prerelease": STRING},
}
"""By type, the parts by name with their types."""
