r"""A compiled policy as one SELECT over a table of requests, for logs that have outgrown one machine's evaluator.

    policy ──→ columns     what the table holds: one column for each part of a request that is a scalar or a list of them
           ──→ conditions  each rule's conditions as SQL, as far as SQL says the same
           ──→ select      validity, the rules that hold as bits, the verdict, and whether SQL may decide this row at all

**What SQL can't say exactly it does not say.** Two things may stop it. *When it is built*: a condition that has no exact
counterpart (a URL's parts, a sum of decimals, a pattern that another engine reads differently) is not lowered; the build names
the rule and the reason, and each row on which that rule could still hold is marked `tenet_needs_evaluator`. *In a row*: an
error inside a rule, a value of a parsed type that is not in its plainest spelling, nested objects, approvals, very large values:
the row is marked as well. A marked row has no verdict in SQL, and the evaluator decides it. So a row has the evaluator's verdict or
none.

*NULL.* A column is NULL where the request does not have that part. In the language an absent part is never read: flow typing
has proved that a guard comes before it. In SQL both sides are computed and the guard is `FALSE AND NULL`, which is FALSE; so
conditions may be NULL only where the guard settles the matter, and each rule is closed with `COALESCE(…, FALSE)`. Nothing
lowered can raise: SQL engines evaluate in whatever order they like, and one row's overflow would end the whole query. Arithmetic
is therefore done in a wider type, and what leaves the narrow one becomes NULL and marks the row.

*Values.* `int` is BIGINT, `decimal` DECIMAL(30, 12), which holds exactly what a request may bring; `time` and `duration` are
BIGINT nanoseconds; strings compare by code point wherever a database compares UTF-8 by bytes. Patterns are written anew from their
syntax, without anchors, flags or classes that engines read differently.
"""
