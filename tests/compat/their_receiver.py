"""A receiver as written for the reference's Whisperer; it runs where dj-whisperer is installed and knows nothing of us.

`python their_receiver.py SECRET`: prints its port. POST: 204 for a genuine event, 401 for any other. GET: what came in.
"""

import hmac
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from whisperer.client import WebhookClient  # type: ignore[import-not-found]

SECRET = sys.argv[1]
taken: list[dict[str, str]] = []
refused: list[str] = []


def is_genuine(*, body: bytes, event_type: str, signature: str) -> bool:
    """Sign the raw body with the sender's own code and compare."""
    client = WebhookClient(event_type=event_type, payload=None)
    client.sign(SECRET, body.decode("utf-8"))
    return hmac.compare_digest(client.headers["X-Whisperer-Signature"].encode(), signature.encode())


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event_type = self.headers["X-Whisperer-Event"]
        signature = self.headers.get("X-Whisperer-Signature", "")
        if not is_genuine(body=body, event_type=event_type, signature=signature):
            refused.append(event_type)
            self.answer(401)
            return
        document = json.loads(body)
        event, payload = document["event"], document["payload"]
        taken.append({"header": event_type, "type": event["type"], "uuid": event["uuid"], "id": str(payload["id"])})
        self.answer(204)

    def do_GET(self) -> None:
        self.answer(200, json.dumps({"taken": taken, "refused": refused}).encode())

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)  # noqa: T201
server.serve_forever()
