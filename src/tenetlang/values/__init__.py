"""The values of the Tenet language while a policy runs: numbers, times, addresses, paths, versions, collections.

This is the lowest layer. The compiler reads the literals of a policy with the functions that read a request,
so `address == "a@b.c"` compares two things that went through one parser; that is what makes the comparison
mean anything. Nothing here knows of syntax, types, rules or files.

    faults       ValueFault: why a value could not be read or computed
    numbers      int (64 bits, checked) and decimal (exact, base 10)
    times        Time and Duration, whole nanoseconds
    network      Ip, Cidr, Host, Email
    urls         Url
    paths        Path, POSIX and lexical
    versions     Semver
    parsing      the types that are parsed from text, by name
    collections  Record, Map, and the values of type `json`
    order        the canonical order, in which sets and maps iterate
    render       a value as JSON, as text for people, as Tenet source
    reading      bytes or Python objects of a request, strictly

Which Python type stands for which type of the language:

    bool bool   int int   string str   decimal decimal.Decimal   list tuple   set frozenset
    record Record   map Map   the others: the class of the same name

Three rules hold throughout. A parsed value is a `str` or `int` of its own class that compares and hashes as
its one canonical spelling, so a table of constants is a plain dict. Whatever two programs could read
differently is no value at all. And text that came from outside is read by hand-written scans that look at
each character a bounded number of times, never by an engine that backtracks.
"""
