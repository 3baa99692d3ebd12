"""A tool that acts on nothing that was not decided: a server for refunds that refuses every call without a receipt.

    python tool_server.py log.key.pub used.db 8080

It knows the public key of the gate's log and nothing else of it: no policy, no log, no network to the gate. Whoever reaches this
port around the gate gets 403, and so does a receipt for another call, one that was used, and one that is older than a minute.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tenetlang.audit import VerifierKey, load_verifier_key
from tenetlang.audit.errors import AuditError, InvalidReceipt
from tenetlang.audit.receipts import check_receipt
from tenetlang.audit.used_receipts import UsedReceipts, open_used_receipts

LONGEST_BODY = 100_000


class RefundServer(ThreadingHTTPServer):
    """`POST /refund` with the arguments as JSON, and the receipt in the header `Tenet-Receipt`."""

    def __init__(self, port: int, key: VerifierKey, used: UsedReceipts) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.key, self.used = key, used


class Handler(BaseHTTPRequestHandler):
    """One request: first the receipt, then the refund."""

    def do_POST(self) -> None:
        """Checks the receipt against exactly the arguments that will be acted on."""
        assert isinstance(self.server, RefundServer)
        try:
            length = int(self.headers.get("Content-Length", "0"))
            if not 0 < length <= LONGEST_BODY:
                return self.answer(413, "the arguments are missing, or too long")
            arguments = json.loads(self.rfile.read(length), parse_float=Decimal)
            token = self.headers.get("Tenet-Receipt", "")
            if self.path != "/refund" or not isinstance(arguments, dict):
                return self.answer(404, "there is one tool here: POST /refund, with an object of arguments")
            receipt = check_receipt(token, [self.server.key], "refund", arguments, int(time.time()), self.server.used)
        except InvalidReceipt as refusal:
            return self.answer(403, f"{refusal.what}: {refusal}")
        except (ValueError, RecursionError) as mistake:
            return self.answer(400, f"the arguments are no JSON: {mistake}")
        except AuditError as failure:
            return self.answer(503, str(failure))
        return self.answer(200, f"refunded {arguments['amount']} to {arguments['customer']}, record {receipt.index}")

    def answer(self, status: int, text: str) -> None:
        """A line of text."""
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing on standard error."""


if __name__ == "__main__":
    verifier = load_verifier_key(sys.argv[1])
    with open_used_receipts(sys.argv[2]) as used, RefundServer(int(sys.argv[3]), verifier, used) as server:
        print(f"refunds at http://127.0.0.1:{server.server_port}/refund", flush=True)
        server.serve_forever()
