r"""A compiled policy for programs that have no tenetlang: one file of another language, made of two parts.

The *runtime* is a fixed text (`javascript/`, `standalone/`), the same for every policy: values, builtins, the reading of
requests, and an evaluator of the decision tree. The *policy* is its JSON form, in that file as one quoted string, which the
runtime parses when it is loaded. No text of a policy ever becomes code: what an author or a document says can be wrong, but it
can't be a statement of the host language. `tests/golden` holds every target to the decisions of the reference evaluator, byte for
byte.

    ir           the JSON form itself (docs/ir.md)
    javascript   an ES module for Node and browsers
    python       a module for Python 3.9 and later that needs only the standard library
"""
