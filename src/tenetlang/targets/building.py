"""The targets by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tenetlang.decision_tree.tree import Policy
from tenetlang.targets.intermediate import intermediate
from tenetlang.targets.javascript import javascript
from tenetlang.targets.python import python

Target: TypeAlias = Callable[[Policy], str]

TARGETS: Final[Mapping[str, Target]] = {"ir": intermediate, "javascript": javascript, "python": python}
"""For each target what makes its file's text, which is ASCII."""
