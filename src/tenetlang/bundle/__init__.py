"""What is shipped: a compiled policy with its documents and tests in one signed file, and how it comes into force.

    building   the file of a checked project                      errors    what can be wrong with a file
    envelope   DSSE: who signed which bytes                       trust     whose signatures count, and how many it takes
    contents   what those bytes hold                              opening   a file, verified and read: `open_bundle`
    active     what decides: an evaluator and how fresh it is     memory    the newest version, and the last good file
    activator  puts one in the place of another while it decides  clock     a clock that nobody can set back

`docs/bundles.md` describes the file and the promises. Lessons of others are in the code where they apply: what rollback, freeze
and mix-and-match are is The Update Framework's (TUF, section 1.5.2); that the lack of a key's name must not be the lack of a check is
OPA's (GHSA-g2pf-6v5v-qcc8).
"""
