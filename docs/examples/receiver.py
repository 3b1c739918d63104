r"""A receiver of webhooks: it takes an event that is genuine, fresh and not seen before, and refuses everything else.

Needs cryptography. Run it behind your TLS front, which hands on the body and the headers as they came:

    curl -o keys.json https://score.example/v1/keys     # again each hour, and when a key id is not known
    python receiver.py --keys keys.json --url https://shop.example/shangding --memory events.sqlite --port 8080

`--url` is the address as it was registered: the signature covers it. Each new event is printed as a line of JSON; there
your own work begins, with a query: an event only says that it is time to ask.
"""

import argparse
import base64
import json
import re
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

LARGEST_BYTES = 64 * 1024
LONGEST_AGE_S, SKEW_S = 60, 5
# What must be signed, in this order (RFC 9421): who would leave one out could change it.
COMPONENTS = ("@method", "@target-uri", "content-digest", "content-type", "shangding-event-id")
_INPUT = re.compile(r'sig=(\((?P<components>[a-z@" -]*)\)(?P<parameters>(;[a-z]+=("[!#-:<-\[\]-~]*"|[0-9]{1,15}))*))')
_SIGNATURE = re.compile(r"sig=:([A-Za-z0-9+/]{86}==):")


@dataclass(frozen=True)
class Receiver:
    """What the receiver knows: its own address, the keys by their ids (a JWK set), and which events it has."""

    url: str
    keys: Mapping[str, Mapping[str, str]]
    memory: sqlite3.Connection

    def find_flaw(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
        """Say what is wrong with a POST, or None where it is genuine and fresh; the names of headers are in small."""
        given = _INPUT.fullmatch(headers.get("signature-input", ""))
        signed = _SIGNATURE.fullmatch(headers.get("signature", ""))
        if given is None or signed is None:
            return "no signature"
        said = dict(part.split("=", 1) for part in given["parameters"].split(";")[1:])
        created, expires, seconds = _read_number(said, "created"), _read_number(said, "expires"), now.timestamp()
        key = self.keys.get(said.get("keyid", "").strip('"'))
        digest = base64.b64encode(sha256(body).digest()).decode()
        flaws = {
            "covers another list than ours": given["components"] != " ".join(f'"{name}"' for name in COMPONENTS),
            "was made for something else": said.get("tag") != '"shangding-webhook"',
            "is not ES256": said.get("alg") != '"ecdsa-p256-sha256"',
            "is too old, or a clock is wrong": not seconds - LONGEST_AGE_S <= created <= seconds + SKEW_S,
            "has ended": expires < seconds,
            "is about another body": headers.get("content-digest") != f"sha-256=:{digest}:",
            "names an unknown key: fetch the keys anew": key is None,
        }
        found = next((flaw for flaw, is_there in flaws.items() if is_there), None)
        if found is not None or key is None:
            return found
        values = {**headers, "@method": "POST", "@target-uri": self.url}  # ours, whatever a header is called
        lines = [f'"{name}": {values.get(name, "")}' for name in COMPONENTS]
        content = "\n".join([*lines, f'"@signature-params": {given[1]}'])
        return None if _holds(key, base64.b64decode(signed[1]), content.encode()) else "does not hold"

    def keep(self, event_id: str, body: bytes) -> bool:
        """Keep an event, on disk before it is answered; False when it came before."""
        with self.memory:
            added = self.memory.execute("INSERT OR IGNORE INTO event VALUES (?, ?)", (event_id, body))
        return added.rowcount == 1


def _read_number(said: Mapping[str, str], name: str) -> int:
    text = said.get(name, "")
    return int(text) if text.isdigit() else 0


def _holds(key: Mapping[str, str], signature: bytes, content: bytes) -> bool:
    x, y = (int.from_bytes(base64.urlsafe_b64decode(f"{key[name]}=="), "big") for name in ("x", "y"))
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        public.verify(encode_dss_signature(r, s), content, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def open_memory(path: str) -> sqlite3.Connection:
    """Open the file in which events are kept."""
    memory = sqlite3.connect(path, check_same_thread=False)
    memory.execute("CREATE TABLE IF NOT EXISTS event (event_id TEXT PRIMARY KEY, body BLOB)")
    return memory


def read_keys(text: str) -> dict[str, dict[str, str]]:
    """Read our published key set."""
    return {key["kid"]: key for key in json.loads(text)["keys"]}


def make_server(receiver: Receiver, port: int) -> HTTPServer:
    """Make the server; it answers 204 to what is genuine, repeats too, and 401 to everything else."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > LARGEST_BYTES:
                self.answer(413)
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            flaw = receiver.find_flaw(headers, body, datetime.now(UTC))
            if flaw is None and receiver.keep(headers["shangding-event-id"], body):
                sys.stdout.write(f"{body.decode()}\n")
                sys.stdout.flush()
            self.answer(204 if flaw is None else 401)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: what strangers send belongs into no log."""

    return HTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Receive events.")
    for name in ("--keys", "--url", "--memory"):
        parser.add_argument(name, required=True)
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    keys = read_keys(Path(given.keys).read_text(encoding="utf-8"))
    with closing(open_memory(given.memory)) as memory, suppress(KeyboardInterrupt):
        make_server(Receiver(given.url, keys, memory), given.port).serve_forever()


if __name__ == "__main__":
    main()
