"""Decides recorded requests again.

    items ── chunks ──→ workers: decide, compare ──→ summaries, merged in order ──→ Summary

A log that only its writer can read proves little: a record may be in good order and say nonsense. But deciding is a function
of the compiled policy, the documents and the request, and the record names all three. So whoever has them can decide
again, and by the *recorded* policy must get the recorded decision and the recorded trace; a record that differs was not made by
that policy. By *another* policy it is a back-test: what this policy would have changed, on requests that were really made.

`items.py` reads logs and lines, as bytes. `compare.py` decides one item and says what came of it. `summary.py` counts, and
`run.py` has the processes. The answer is the same whatever their number: chunks are cut by the input alone, and their summaries
are merged in its order.
"""
