"""Tokens forged out of honest ones, by the attacks that token readers have fallen to."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256K1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from tests.backend.gateways.signing import make_key, paste, sign
from tests.backend.web.probe import PUBLIC_URL

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256
MEGABYTE = 1024 * 1024
STRANGER, CURVE_384, CURVE_K1 = make_key(), generate_private_key(SECP384R1()), generate_private_key(SECP256K1())
EDWARDS, RSA = Ed25519PrivateKey.generate(), generate_rsa_key(65537, 2048)
EVERY_SCOPE = "access:read account:read account:write clients:write metrics:read records:read records:write score:read"
Claims = dict[str, Any]


class Forger:
    """Forges tokens out of an honest one: `key` is the genuine key, `header` and `claims` are what it says."""

    def __init__(self, honest: str, key: Any) -> None:  # noqa: ANN401 - keys of all kinds
        self.honest, self.key = honest, key
        self.header: Claims = jwt.get_unverified_header(honest)
        self.claims: Claims = jwt.decode(honest, options={"verify_signature": False})
        self.parts = honest.split(".")
        self.content = ".".join(self.parts[:2])
        self.signature = base64.urlsafe_b64decode(self.parts[2] + "==")
        self.pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def numbers(self) -> tuple[int, int]:
        """The two numbers of the signature, r and s."""
        return int.from_bytes(self.signature[:32]), int.from_bytes(self.signature[32:])

    def sign(self, *, key: Any = None, **header: Any) -> str:  # noqa: ANN401 - forged on purpose
        """The honest claims, with another header or key; a header of None is left out."""
        named = {name: value for name, value in (self.header | header).items() if value is not None}
        return sign(key or self.key, self.claims, **named)

    def say(self, **claims: Any) -> str:  # noqa: ANN401 - forged on purpose
        """Other claims under the genuine key; None takes one out."""
        return sign(self.key, self.claims | claims, **self.header)

    def paste(self, signature: bytes, **header: Any) -> str:  # noqa: ANN401 - forged on purpose
        """The honest claims under a signature of ours."""
        return paste(self.header | header, self.claims, signature)

    def attach(self, signature: bytes) -> str:
        """The honest text, to the letter, under another signature."""
        return f"{self.content}.{encode(signature)}"

    def later(self, seconds: float, name: str) -> str:
        """One of the moments at a distance from that of issue."""
        return self.say(**{name: self.claims["iat"] + seconds})

    def share(self, secret: bytes, alg: str = "HS256") -> str:
        """Signed with a shared secret that everybody can know."""
        content = paste(self.header | {"alg": alg}, self.claims, b"").rstrip(".")
        return f"{content}.{encode(hmac.digest(secret, content.encode(), f'sha{alg[2:]}'))}"

    def sign_raw(self, key: Any) -> str:  # noqa: ANN401 - a key of the wrong curve
        """The honest text signed by a key of another curve, which calls itself ES256."""
        return self.attach(pair(*decode_dss_signature(key.sign(self.content.encode(), ECDSA(SHA256())))))

    def say_twice(self, name: str, last: object) -> str:
        """Claims in which one comes twice; the last one counts (RFC 7519, section 4)."""
        payload = f"{json.dumps(self.claims)[:-1]}, {json.dumps({name: last})[1:]}".encode()
        return jwt.PyJWS().encode(payload, self.key, "ES256", headers=self.header)


Forge = Callable[[Forger], str]


def encode(content: bytes) -> str:
    """Bytes as a part of a token."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def pair(first: int, second: int) -> bytes:
    """Two numbers as a raw signature."""
    return first.to_bytes(32) + second.to_bytes(32)


def _name_none(alg: str, forger: Forger) -> str:
    return forger.paste(b"", alg=alg)


def _name_key(key_id: str, forger: Forger) -> str:
    return forger.sign(kid=key_id)


def _take_algorithm_twice(forger: Forger) -> str:
    header = f"{json.dumps(forger.header)[:-1]}, {json.dumps({'alg': 'none'})[1:]}"
    return f"{encode(header.encode())}.{forger.parts[1]}."


_ALGORITHMS = ("none", "None", "NONE", "nOnE", " none", "", "null", "0", "ES256 ", "es256")
_KEY_IDS = (
    "../../../../dev/null",
    "/dev/null",
    "file:///dev/null",
    "t1' OR '1'='1",
    "t1'; DROP TABLE subject; --",
    "t1\0",
    "T1",
    " t1",
    "k" * 3_000,
    "http://127.0.0.1/jwks.json",
    "$(id)",
    "",
)
_HEADERS: Mapping[str, Forge] = {
    **{f"alg {alg!r}": partial(_name_none, alg) for alg in _ALGORITHMS},
    **{f"kid {key_id:.24}": partial(_name_key, key_id) for key_id in _KEY_IDS},
    "alg none with a signature": lambda forger: forger.paste(forger.signature, alg="none"),
    "an algorithm twice": _take_algorithm_twice,
    "HS256 with the public PEM": lambda forger: forger.share(forger.pem),
    "HS512 with the public PEM": lambda forger: forger.share(forger.pem, "HS512"),
    "HS384 with nothing": lambda forger: forger.share(b"", "HS384"),
    "HS256 with the key id": lambda forger: forger.share(str(forger.header["kid"]).encode()),
    "no kid": lambda forger: forger.sign(kid=None),
    "kid a list": lambda forger: forger.paste(forger.signature, kid=[forger.header["kid"]]),
    "jku": lambda forger: forger.sign(key=STRANGER, jku="http://127.0.0.1:1/jwks.json"),
    "x5u": lambda forger: forger.sign(key=STRANGER, x5u="http://127.0.0.1:1/x.pem"),
    "x5c": lambda forger: forger.sign(key=STRANGER, x5c=["MIIB"]),
    "jwk": lambda forger: forger.sign(key=STRANGER, jwk=ECAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)),
    "crit": lambda forger: forger.paste(forger.signature, crit=["b64"], b64=False),
    "crit of nothing": lambda forger: forger.sign(crit=[]),
    "zip": lambda forger: forger.sign(zip="DEF"),
    "no typ": lambda forger: forger.sign(typ=None),
    "typ JOSE": lambda forger: forger.sign(typ="JOSE"),
    "typ in capitals": lambda forger: forger.sign(typ=str(forger.header["typ"]).swapcase()),
    "deep header": lambda forger: f"{encode(b'[' * 2_000)}.{forger.parts[1]}.{forger.parts[2]}",
}
_SIGNATURES: Mapping[str, Forge] = {
    "no signature": lambda forger: f"{forger.content}.",
    "two parts": lambda forger: forger.content,
    "a stranger's key": lambda forger: forger.sign(key=STRANGER),
    "ES384": lambda forger: forger.sign(key=CURVE_384, alg="ES384"),
    "ES256 on another curve": lambda forger: forger.sign_raw(CURVE_K1),
    "EdDSA": lambda forger: forger.sign(key=EDWARDS, alg="EdDSA"),
    "RS256": lambda forger: forger.sign(key=RSA, alg="RS256"),
    "r = s = 0": lambda forger: forger.attach(bytes(64)),
    "r = s = 1": lambda forger: forger.attach(pair(1, 1)),
    "r = s = order": lambda forger: forger.attach(pair(ORDER, ORDER)),
    "r + order": lambda forger: forger.attach(pair((forger.numbers[0] + ORDER) % 2**256, forger.numbers[1])),
    "r and s exchanged": lambda forger: forger.attach(pair(*reversed(forger.numbers))),
    "DER": lambda forger: forger.attach(encode_dss_signature(*forger.numbers)),
    "63 bytes": lambda forger: forger.attach(forger.signature[:63]),
    "65 bytes": lambda forger: forger.attach(forger.signature + b"\0"),
    "signature of another token": lambda forger: f"{forger.content}.{forger.say(jti='other').split('.')[2]}",
    "claims changed": lambda forger: ".".join(
        [forger.parts[0], forger.say(scope=EVERY_SCOPE, jti="other").split(".")[1], forger.parts[2]]
    ),
    "cut in the middle": lambda forger: forger.honest[: len(forger.honest) // 2],
    "one megabyte": lambda forger: forger.sign(padding="a" * MEGABYTE),
    "one megabyte of dots": lambda _: "." * MEGABYTE,
    "five parts": lambda forger: f"{forger.honest}.a.b",
}
_CLAIMS: Mapping[str, Forge] = {
    "exp twice, the last one past": lambda forger: forger.say_twice("exp", 1),
    "aud twice, the last one another's": lambda forger: forger.say_twice("aud", "https://library.example"),
    "aud of another": lambda forger: forger.say(aud="https://library.example"),
    "aud with a path": lambda forger: forger.say(aud=f"{PUBLIC_URL}/v1"),
    "aud among others": lambda forger: forger.say(aud=[PUBLIC_URL, "https://library.example"]),
    "aud with a slash": lambda forger: forger.say(aud=PUBLIC_URL + "/"),
    "aud in capitals": lambda forger: forger.say(aud=PUBLIC_URL.upper()),
    "no aud": lambda forger: forger.say(aud=None),
    "iss of another": lambda forger: forger.say(iss="https://evil.example"),
    "iss with a dot": lambda forger: forger.say(iss=f"{forger.claims['iss']}."),
    "no iss": lambda forger: forger.say(iss=None),
    "no sub": lambda forger: forger.say(sub=None),
    "sub a number": lambda forger: forger.say(sub=7),
    "sub with NUL": lambda forger: forger.say(sub=f"{forger.claims['sub']}\0"),
    "no exp": lambda forger: forger.say(exp=None),
    "exp past": lambda forger: forger.later(-3_600, "exp"),
    "exp a text": lambda forger: forger.say(exp="9999999999"),
    "exp without end": lambda forger: forger.say(exp=float("inf")),
    "exp huge": lambda forger: forger.say(exp=1e300, nbf=1e299),
    "nbf to come": lambda forger: forger.later(61, "nbf"),
    "iat to come": lambda forger: forger.say(iat=forger.claims["iat"] + 61, exp=forger.claims["exp"] + 61),
    "no iat": lambda forger: forger.say(iat=None),
    "iat NaN": lambda forger: forger.say(iat=float("nan")),
    "no jti": lambda forger: forger.say(jti=None),
}
FORGERIES: Mapping[str, Forge] = {**_HEADERS, **_SIGNATURES, **_CLAIMS}
# What the same provider signs for others, and what it does not vouch for.
TICKET_FORGERIES: Mapping[str, Forge] = {
    "the typ of an access token": lambda forger: forger.sign(typ="at+jwt"),
    "the typ of an id token": lambda forger: forger.sign(typ="id+jwt"),
    "the typ of nothing in particular": lambda forger: forger.sign(typ="JWT"),
    "no assurance": lambda forger: forger.say(assurance=None),
    "an assurance by phone": lambda forger: forger.say(assurance="phone"),
    "a lifetime of a day": lambda forger: forger.later(86_400, "exp"),
    "no id number": lambda forger: forger.say(id_number=None),
    "an id number that is none": lambda forger: forger.say(id_number="410102199003071234"),
    "an id number and more": lambda forger: forger.say(id_number=f"{forger.claims['id_number']} "),
    "id numbers in a list": lambda forger: forger.say(id_number=[forger.claims["id_number"]]),
}
# What a machine could sign, and no assertion for us may say.
ASSERTION_FORGERIES: Mapping[str, Forge] = {
    "the typ of an access token": lambda forger: forger.sign(typ="at+jwt"),
    "another client as subject": lambda forger: forger.say(sub="019a0000-0000-7000-8000-000000000000"),
    "another client as issuer and subject": lambda forger: forger.say(
        iss="019a0000-0000-7000-8000-000000000000", sub="019a0000-0000-7000-8000-000000000000"
    ),
    "a lifetime of a day": lambda forger: forger.later(86_400, "exp"),
}
