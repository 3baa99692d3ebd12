"""What a request is answered with, before and after it is recorded."""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.decision import Decision
from tenetlang.frozen import frozen


@frozen
class Answer:
    """A decision, the request that it answers (its text where it could not be read), and how long it took."""

    decision: Decision
    request: Mapping[str, object] | bytes
    took_ns: int
    identifier: str | None = None

    def to_json(self, *, trace: bool) -> dict[str, object]:
        """The decision, with the identifier of its record if there is one."""
        shape = self.decision.to_json(trace=trace)
        return shape if self.identifier is None else {**shape, "id": self.identifier}
