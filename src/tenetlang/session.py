"""Checking nearly the same files again: what an editor does after each change, and `--watch`.

A session gives what the pipeline gives, to the letter: program, digest, findings and their order. It remembers two things,
each a function of what it is remembered by:

- a file's syntax tree, by the file's name and content;
- what the rules and tests of unchanged files were lowered to, as long as nothing else that is declared has changed
  (`program/recall.py` says why that is enough).

All that rules have to do with each other, and all findings but those of the syntax, are worked out anew each time. Of a file or
package that is gone nothing is kept.

    session = Session(library)
    texts = session.same(texts)            # those that are known, as the same objects
    compiled = session.check(session.parse(texts))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from tenetlang.pipeline import Compiled, Parsed, check_parsed, parse_texts
from tenetlang.program.recall import NOTHING, Memories
from tenetlang.report.finding import Finding
from tenetlang.syntax.parse import parse
from tenetlang.syntax.tree import File
from tenetlang.text import Text


@attrs.define(eq=False)
class Session:
    """What is remembered between two checks. `library` has the standard packages. Not to be shared between threads."""

    library: Mapping[str, Text]
    _texts: dict[tuple[str, str], Text] = attrs.field(factory=dict)
    _files: dict[Text, tuple[File, tuple[Finding, ...]]] = attrs.field(factory=dict)
    _memories: dict[str | None, Memories] = attrs.field(factory=dict)
    _checked: set[str | None] = attrs.field(factory=set)

    def same(self, texts: Sequence[Text]) -> tuple[Text, ...]:
        """The texts, those with a known name and content as the objects that are known.

        Places of findings point to texts, and two texts that look alike are two texts.
        """
        found = tuple(self._texts.pop((text.name, text.content), text) for text in texts)
        self._texts = {(text.name, text.content): text for text in found}
        return found

    def parse(self, texts: Sequence[Text]) -> Parsed:
        """`parse_texts` of what `same` gave, each text once."""
        known, self._files = self._files, {}
        self._memories = {entry: self._memories[entry] for entry in self._checked}
        self._checked.clear()

        def read(text: Text) -> tuple[File, tuple[Finding, ...]]:
            found = known.get(text) or parse(text)
            self._files[text] = found
            return found

        return parse_texts(texts, self.library, read)

    def check(self, parsed: Parsed, entry: str | None = None, today: str | None = None) -> Compiled:
        """`check_parsed` of what `parse` gave; once or more, with different entries."""
        compiled = check_parsed(parsed, entry, today, self._memories.get(entry, NOTHING))
        self._memories[entry] = compiled.memories
        self._checked.add(entry)
        return compiled
