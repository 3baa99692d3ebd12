"""An agent whose refunds go through a gate, and what happens to one that tries to do without.

tenet audit keygen log.key --name example.com/refunds
python tool_server.py log.key.pub used.db 8080 &
python agent.py log.key http://127.0.0.1:8080/refund
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tenetlang.guard import Denied, Guard

HERE = Path(__file__).parent


def send(url: str, arguments: Mapping[str, object], receipt: str) -> str:
    """What the tool answers."""
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=10)
    try:
        connection.request("POST", place.path, json.dumps(arguments), {"Tenet-Receipt": receipt})
        answer = connection.getresponse()
        return f"{answer.status} {answer.read().decode().strip()}"
    finally:
        connection.close()


def main(key: str, url: str) -> None:
    """One refund as it should be, and four that should not."""
    with Guard.open(HERE / "shop.tenet", log="decisions.db", key=key, receipts=True) as guard:
        arguments = {"customer": "c1", "amount": 20}
        with guard.call("refund", arguments, agent="a1", user="u7") as permit:
            receipt = permit.receipt or ""
            print("through the gate:     ", permit.result(send(url, arguments, receipt)))
        print("the same once more:   ", send(url, arguments, receipt))
        print("without a receipt:    ", send(url, arguments, ""))
        with guard.call("refund", arguments, agent="a1", user="u7") as permit:
            more = {**arguments, "amount": 2000}
            print("with more than decided:", permit.result(send(url, more, permit.receipt or "")))
        try:
            guard.call("refund", {**arguments, "amount": 2000}, agent="a1", user="u7")
        except Denied as denied:
            print("asked for:            ", denied.reason)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
