import jwt
from jwt import PyJWKSet

from backend.principals import Principal, PrincipalKind
from tests.backend.city import City, read_json
from tests.backend.web.probe import PUBLIC_URL


def test_our_tokens_are_verified_by_the_published_keys(city: City) -> None:
    answer = city.client().get("/v1/keys")
    assert (answer.status_code, answer.headers["Cache-Control"], "ETag" in answer.headers) == (200, "no-cache", True)
    token = city.authorise(Principal(kind=PrincipalKind.CITIZEN, id="0195"))["Authorization"].removeprefix("Bearer ")
    keys = PyJWKSet.from_dict(read_json(answer))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token, key, audience=PUBLIC_URL, options={"verify_iat": False, "verify_exp": False, "verify_nbf": False}
    )
    assert claims["sub"] == "0195"
    assert '"d"' not in answer.text


def test_published_keys_that_have_not_changed_are_not_sent_again(city: City) -> None:
    tag = city.client().get("/v1/keys").headers["ETag"]
    assert city.client().get("/v1/keys", headers={"If-None-Match": tag}).status_code == 304
