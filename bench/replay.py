"""Back-testing: how many recorded requests are decided again in a second.

    python bench/replay.py [RECORDS] [--table RECORDS] [--log RECORDS] [--folder FOLDER]

Made are RECORDS requests as JSON lines (one million unless said), a log of them (a hundred thousand), and a Parquet table (as many
as lines); a policy of twelve rules decides them, by the evaluator with one process and with all cores, and by DuckDB. Each is
one run: they take long enough, and the ratios hold.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import duckdb

from tenetlang import pipeline
from tenetlang.audit import Surroundings
from tenetlang.cli.answer import Answer
from tenetlang.cli.recording import open_recorder
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.project.project import standard_library
from tenetlang.replay.constants import folding
from tenetlang.replay.items import line_items, log_items
from tenetlang.replay.run import Version, replay
from tenetlang.replay.tables import replay_table
from tenetlang.targets.sql.conditions import Fold
from tenetlang.text import Text

POLICY = """package gate
request agent: { id: string, team: "support" | "finance" | "platform", roles: set[string] }
tool refund(customer: string, amount: decimal, currency: "USD" | "EUR")
tool mail.send(to: list[email], subject: string)
tool file.read(path: path)
reviewers desk { who {"ann", "bob"}; quorum 1; within 30m; else deny }
allow small if { tool is refund; args.amount <= 50.00; "support" in agent.roles }
allow medium if { tool is refund; args.amount <= 500.00; agent.team == "finance" }
escalate large to desk if { tool is refund; args.amount > 500.00; args.amount <= 5000.00 }
deny huge if { tool is refund; args.amount > 5000.00 }
deny listed if { tool is refund; args.customer in {"c13", "c77", "c666"} }
deny foreign if { tool is refund; args.currency == "EUR"; agent.team != "finance" }
allow inside if { tool is mail.send; every address in args.to { address.domain == "acme.com" } }
deny outside if { tool is mail.send; some address in args.to; address.domain != "acme.com"; address.domain != "acme.org" }
escalate partner to desk if { tool is mail.send; some address in args.to { address.domain == "acme.org" } }
deny shouting if { tool is mail.send; args.subject matches `[A-Z !]+` }
allow docs if { tool is file.read; args.path like "/srv/docs/**" }
deny secrets if { tool is file.read; args.path like "/**/secret*" }
"""

ROWS = """
SELECT ['refund', 'mail.send', 'file.read'][1 + i % 3] AS tool,
  CASE WHEN i % 3 = 0 THEN 'c' || drawn(i, 1000) END AS args__customer,
  CASE WHEN i % 3 = 0 THEN CAST(CAST(drawn(i * 7, 600000) AS DECIMAL(18, 2)) * 0.01 AS DECIMAL(30, 12)) END AS args__amount,
  CASE WHEN i % 3 = 0 THEN ['USD', 'USD', 'EUR'][1 + drawn(i * 11, 3)] END AS args__currency,
  CASE WHEN i % 3 = 1 THEN ['ann@acme.com', 'u' || drawn(i, 50) || ['@acme.com', '@acme.org', '@x.net'][1 + drawn(i * 3, 3)]] END
    AS args__to,
  CASE WHEN i % 3 = 1 THEN ['Refund of c1', 'READ THIS!', 'Notes'][1 + drawn(i * 5, 3)] END AS args__subject,
  CASE WHEN i % 3 = 2 THEN ['/srv/docs/a', '/etc/', '/srv/docs/secret'][1 + drawn(i * 13, 3)] || 'f' || (i % 100) || '.txt' END
    AS args__path,
  'a' || (i % 20) AS agent__id, ['support', 'finance', 'platform'][1 + drawn(i * 17, 3)] AS agent__team,
  ['support'] AS agent__roles
FROM range({count}) AS made(i)
"""
DRAWN = "CREATE MACRO drawn(x, n) AS CAST(hash(x) % n AS BIGINT)"

LINE = """
SELECT json_object('tool', tool, 'args', json_merge_patch('{{}}', json_object('customer', args__customer, 'amount', CAST(args__amount AS DOUBLE),
  'currency', args__currency, 'to', args__to, 'subject', args__subject, 'path', args__path)),
  'agent', json_object('id', agent__id, 'team', agent__team, 'roles', agent__roles)) FROM read_parquet('{table}')
"""


def policy() -> tuple[Version, Fold]:
    program = pipeline.compile_texts([Text("gate.tenet", POLICY)], standard_library()).program
    assert program is not None
    return Version(pipeline.decision_tree(program), {}), folding(program, {})


def timed(name: str, count: int, run: Callable[[], object]) -> None:
    began = time.perf_counter()
    run()
    seconds = time.perf_counter() - began
    print(f"{name:<44} {count:>12,} {seconds:>9.1f} s {count / seconds:>12,.0f}/s", flush=True)


def make_table(file: Path, count: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(DRAWN)
        connection.execute(f"COPY ({ROWS.format(count=count)}) TO '{file}' (FORMAT parquet)")


def make_lines(table: Path, file: Path) -> None:
    with duckdb.connect() as connection, file.open("w", encoding="utf-8") as opened:
        cursor = connection.execute(LINE.format(table=table))
        while rows := cursor.fetchmany(10_000):
            opened.writelines(f"{line}\n" for (line,) in rows)


def make_log(lines: Path, file: Path, version: Version, count: int) -> None:
    evaluator = Evaluator(version.policy, version.documents)
    recorder = open_recorder(file, Surroundings(intermediate=version.policy.version))
    for batch in batches(lines, count):
        requests = [json.loads(line) for line in batch]
        recorder.record([Answer(evaluator.decide(request), request, 1000) for request in requests])
    recorder.close()
    assert recorder.failure is None, recorder.failure


def batches(lines: Path, count: int) -> Iterator[list[bytes]]:
    with lines.open("rb") as opened:
        left = islice(opened, count)
        while batch := list(islice(left, 500)):
            yield batch


def replay_lines(version: Version, file: Path, jobs: int) -> None:
    with file.open("rb") as opened:
        found = replay(version, line_items(opened), jobs=jobs)
    assert found.counts["problems"] == 0


def replay_log(version: Version, file: Path, jobs: int) -> None:
    found = replay(version, log_items(str(file)), jobs=jobs)
    assert found.counts["identical"] == found.counts["replayed"] > 0, found.counts


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("records", type=int, nargs="?", default=1_000_000)
    asked.add_argument("--table", type=int)
    asked.add_argument("--log", type=int, default=100_000)
    asked.add_argument("--folder")
    options = asked.parse_args()
    cores = os.cpu_count() or 1
    version, fold = policy()
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        make_table(folder / "lines.parquet", options.records)
        make_lines(folder / "lines.parquet", folder / "requests.jsonl")
        for jobs in sorted({1, cores}):
            timed(
                f"evaluator, JSON lines, {jobs} process(es)",
                options.records,
                partial(replay_lines, version, folder / "requests.jsonl", jobs),
            )
        if options.log:
            make_log(folder / "requests.jsonl", folder / "log.db", version, options.log)
            for jobs in sorted({1, cores}):
                timed(
                    f"evaluator, a log, byte for byte, {jobs} process(es)",
                    options.log,
                    partial(replay_log, version, folder / "log.db", jobs),
                )
        table = options.table or options.records
        make_table(folder / "table.parquet", table)

        def by_query() -> None:
            found = replay_table(version, fold, str(folder / "table.parquet"), jobs=cores)
            assert (found.by_query, found.fallbacks) == (table, ()), (found.by_query, found.fallbacks)

        timed(f"DuckDB, Parquet, {cores} threads", table, by_query)


if __name__ == "__main__":
    main()
