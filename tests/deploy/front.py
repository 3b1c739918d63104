"""The real service behind a real nginx with the configuration that is shipped; only paths and ports are others."""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from grp import getgrgid
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from pwd import getpwuid

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from backend.clock import SystemClock
from backend.demo.workplace import Workplace, open_workplace
from backend.storage.migrations import upgrade
from tests.servers import ServerError
from tests.tidy.tree import ROOT

SHIPPED = ROOT / "deploy" / "nginx"
NAME = "credit.example.gov.cn"
HOST = "127.0.0.1"
START_S, STOP_S, PATIENCE_S = 30.0, 25.0, 30.0
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True)
class Service:
    """`shangding serve` on a Unix socket, and what it has logged so far."""

    address: Path
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Front:
    """An nginx before the service, and how a client that trusts its certificate reaches it."""

    port: int
    folder: Path
    trust: ssl.SSLContext = field(repr=False)

    def connect(self, source: str = HOST, *, name: str = NAME) -> ssl.SSLSocket:
        """Connect from the loopback address `source`, shaking hands for `name`."""
        plain = socket.create_connection((HOST, self.port), PATIENCE_S, source_address=(source, 0))
        return self.trust.wrap_socket(plain, server_hostname=name)

    def read_logs(self) -> str:
        """Everything that nginx has written anywhere."""
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("*.log")))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came over the wire; `others` are the bytes of answers that followed it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    others: bytes = b""


def write_request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """Write a request to our name that asks for the connection to be closed after it."""
    told = [f"Host: {NAME}", "Connection: close", *headers]
    return "\r\n".join([line, *told, "", ""]).encode() + body


def ask(front: Front, raw: bytes, source: str = HOST) -> Answer:
    """Send the bytes of a request, or of something like one, and read until the front closes."""
    with front.connect(source) as connection:
        with suppress(ConnectionError, ssl.SSLEOFError):  # an answer may come before all was sent
            connection.sendall(raw)
        received = bytearray()
        with suppress(ConnectionError, ssl.SSLEOFError):
            while part := connection.recv(65536):
                received += part
    return read_answer(bytes(received))


def read_answer(received: bytes) -> Answer:
    """Read the first answer of what was received."""
    head, _, rest = received.partition(b"\r\n\r\n")
    first, _, lines = head.partition(b"\r\n")
    headers = http.client.parse_headers(BytesIO(lines + b"\r\n\r\n"))
    length = int(headers.get("Content-Length", len(rest)))
    return Answer(int(first.split()[1]), headers, rest[:length], rest[length:])


@contextmanager
def running_service(folder: Path, **variables: str) -> Iterator[Service]:
    """Run `shangding serve` with eight threads on a Unix socket in `folder`, over an own SQLite with the schema."""
    place = Workplace(directory=folder, people=1, seed=1, port=8000)
    environ, settings = open_workplace(place, {}, SystemClock().now())
    upgrade(settings.database_url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHANGDING_")}
    address = folder / "shangding.sock"
    command = [sys.executable, "-c", "from backend.cli import main; main()", "serve", "--bind", f"unix:{address}"]
    with place.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env={**kept, **environ, "SHANGDING_TRUSTED_PROXIES": "1", **variables}, stdout=log, stderr=log
        )
    try:
        _wait(process, place.log, lambda: _is_served(address))
        yield Service(address, place.log, process)
    finally:
        _stop(process, signal.SIGTERM)


@contextmanager
def running_front(folder: Path, service: Path, *, sabotage: tuple[str, str] = ("", "")) -> Iterator[Front]:
    """Run nginx with the shipped configuration before the Unix socket `service`.

    `sabotage` is a text of the configuration and what takes its place. Raises ServerError without an nginx.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise ServerError("nginx is not on PATH; install it (Debian: apt-get install -y nginx-light)")
    folder.mkdir()
    certificate = _make_certificate(folder)
    port = _find_port()
    configuration = _write_configuration(folder, port, service, sabotage)
    errors = folder / "start.log"
    with errors.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the program was found on PATH, the options are ours
            [program, "-p", str(folder), "-c", str(configuration), "-g", "daemon off;"], stdout=log, stderr=log
        )
    try:
        _wait(process, errors, lambda: _is_listening(port))
        trust = ssl.create_default_context(cafile=str(certificate))
        yield Front(port, folder, trust)
    finally:
        _stop(process, signal.SIGTERM)


def _write_configuration(folder: Path, port: int, service: Path, sabotage: tuple[str, str]) -> Path:
    """Write the shipped files with paths and ports of this run; a text to replace that is missing is an error."""
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    changes = {
        "listen [::]:443 ssl default_server backlog=4096;": "",
        "listen [::]:443 ssl;": "",
        "listen 443 ssl": f"listen {HOST}:{port} ssl",
        # As root nginx would give its workers to somebody who may not enter the folders of a test.
        "user www-data;": f"user {getpwuid(os.getuid()).pw_name} {getgrgid(os.getgid()).gr_name};",
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;",
        "/var/log/nginx/": f"{folder}/",
        "client_body_temp_path /var/lib/nginx/body;": temporary,
        "proxy_temp_path /var/lib/nginx/proxy;": "",
        "unix:/run/shangding/shangding.sock": f"unix:{service}",
        "/etc/shangding/tls/": f"{folder}/",
        "worker_processes auto;": "worker_processes 2;",
    }
    for path in SHIPPED.glob("*.conf"):
        text = path.read_text("utf-8")
        if path.name == "nginx.conf":
            for old, new in (*changes.items(), sabotage):
                if old not in text:
                    raise LookupError(f"{path} has no {old!r} to put this run's own in place of")
                text = text.replace(old, new) if old else text
        (folder / path.name).write_text(text, "utf-8")
    return folder / "nginx.conf"


def _make_certificate(folder: Path) -> Path:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    path = folder / "fullchain.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def list_passed_headers() -> set[str]:
    """The request headers that the shipped front passes on from its caller."""
    text = (SHIPPED / "nginx.conf").read_text("utf-8")
    return set(re.findall(r"proxy_set_header ([A-Za-z-]+) \$", text))


def _wait(process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[], bool]) -> None:
    until = time.monotonic() + START_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > until:
            raise ServerError(f"a server of the test did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.05)


def _is_served(address: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(address))
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), PATIENCE_S).close()
    except OSError:
        return False
    return True


def _find_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    process.kill()
    process.wait()
