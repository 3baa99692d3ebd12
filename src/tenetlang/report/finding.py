"""What a stage has to say about a policy, as data.

A stage that notices something makes a `Finding`: the name of the check, the places, and the facts in the author's
own terms (names, types, values). It writes no sentence. `tenetlang.report.words` turns findings into `Diagnostic`s
by the catalogue, and the renderers turn those into text, JSON, SARIF and GitHub annotations.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.frozen import field, frozen
from tenetlang.text import Span


@frozen
class Finding:
    """One mistake, or one remark.

    `check` names an entry of the catalogue (kebab-case), `variant` one of its wordings. `details` are the values that
    the wording needs, each a string that is shown as it is. `also` are further places, each with the name of the role
    that it plays in the wording; at most three are shown. `rules` are the author's rules concerned. `witness` is a
    request, as JSON values, that shows the matter, with `documents` by `package.name`, which hold what it needs of them.
    """

    check: str
    at: Span
    details: Mapping[str, str] = field(factory=dict)
    variant: str = ""
    also: tuple[tuple[str, Span], ...] = ()
    rules: tuple[str, ...] = ()
    witness: Mapping[str, object] | None = None
    documents: Mapping[str, object] = field(factory=dict)
