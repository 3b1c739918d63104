"""The example that departments are given does what it says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.serving import make_server

from backend.clock import SystemClock
from backend.context import EXTENSION
from tests.backend.city import City
from tests.backend.clients.machines import make_department
from tests.tidy.tree import ROOT

EXAMPLE = re.compile(r"<!-- example: token -->\n```python\n(.*?)```", re.DOTALL)


@contextmanager
def served(city: City) -> Iterator[str]:
    """Serve the application at an address of this machine that is its public one; give that address."""
    server = make_server("127.0.0.1", 0, city.app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    settings = replace(city.context.settings, public_url=address)
    city.app.extensions[EXTENSION] = replace(city.context, settings=settings)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_example_of_the_page_gets_a_token(city: City) -> None:
    city.clock.move(SystemClock().now() - city.now())
    machine = make_department(city)
    pem = machine.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (example,) = EXAMPLE.findall((ROOT / "docs/for-departments.md").read_text("utf-8"))
    names: dict[str, Any] = {}
    exec(compile(example, "docs/for-departments.md", "exec"), names)  # noqa: S102 - the page is ours
    with served(city) as address:
        token = names["get_token"](address, str(machine.client_id), machine.key_id, pem)
    assert city.context.tokens.read(token, city.now()).client == str(machine.client_id)
