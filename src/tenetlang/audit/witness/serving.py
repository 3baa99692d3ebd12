"""A witness on HTTP: one path, one method (`serving.py` speaks the protocol and bounds what is asked)."""

from __future__ import annotations

from collections.abc import Callable

from tenetlang.audit.errors import AuditError
from tenetlang.audit.witness.answers import MAX_REQUEST, Answer
from tenetlang.serving import Limits, Request, Respond, Response, plain

PATH = "/add-checkpoint"
LIMITS = Limits(body=MAX_REQUEST)


def responding(judge: Callable[[bytes], Answer], say: Callable[[str], None] = lambda _: None) -> Respond:
    """Answers requests by `judge`; `say` gets a line about each."""

    def respond(request: Request) -> Response:
        if request.target.partition("?")[0] != PATH:
            response, said = plain(404), "Not Found"
        elif request.method != "POST":
            response, said = plain(405, ("Allow", "POST")), "Method Not Allowed"
        else:
            answer = _judged(judge, request.body)
            response, said = Response(answer.status, answer.body, answer.kind), answer.said
        say(f"{response.status} {said}")
        return response

    return respond


def _judged(judge: Callable[[bytes], Answer], body: bytes) -> Answer:
    try:
        return judge(body)
    except AuditError as mistake:
        return Answer(503, b"the witness can't answer now\n", str(mistake))
    except Exception as mistake:  # noqa: BLE001  # the edge: nothing is signed, and the next request is answered
        return Answer(500, b"the witness failed\n", f"{type(mistake).__name__}: {mistake}")
