import asyncio
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from meridian_worker.refusal import RefusalError
from meridian_worker.serve.session_token import TokenReader

KEY, OTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NOW_S = int(time.time())
GRANT = {
    "tenantId": "t",
    "region": "r",
    "pool": "p",
    "workerId": "w",
    "workerAddress": "a:1",
    "slot": 0,
    "epoch": 3,
    "claimByMs": 1,
    "holdMs": 2,
    "idleMs": 3,
    "maxDurationMs": 4,
}


def jwks(**keys: Ed25519PrivateKey) -> str:
    shown = [json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key())) | {"kid": kid} for kid, key in keys.items()]
    return json.dumps({"keys": shown})


def token(key: Any = KEY, kid: str = "one", algorithm: str = "EdDSA", **changes: Any) -> str:
    claims = {"iss": "meridian", "aud": "meridian-gateway", "sub": "ses_1", "exp": NOW_S + 60, "mer": GRANT, **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm, {"kid": kid})


def read(text: str | None, newer: str | None = None) -> Any:
    async def refresh() -> None:
        if newer is not None:
            reader.use_keys(newer)

    reader = TokenReader("w", refresh)
    reader.use_keys(jwks(one=KEY))
    return asyncio.run(reader.read(text, NOW_S * 1_000))


def test_a_token_grants_what_it_says() -> None:
    grant = read(token())
    assert (grant.session_id, grant.epoch, grant.hold_ms, grant.max_duration_ms) == ("ses_1", 3, 2, 4)


def test_a_token_says_how_much_active_time_is_paid_for() -> None:
    assert read(token()).credit_ms is None
    assert read(token(mer=GRANT | {"creditMs": 0})).credit_ms == 0
    for wrong in (-1, "5", None):
        with pytest.raises(RefusalError):
            read(token(mer=GRANT | {"creditMs": wrong}))


def test_a_token_says_how_many_slots_its_session_takes() -> None:
    assert read(token()).width == 1
    assert read(token(mer=GRANT | {"width": 3})).width == 3
    with pytest.raises(RefusalError):
        read(token(mer=GRANT | {"width": 0}))


def test_the_owner_may_say_so() -> None:
    assert read(token(mer=GRANT | {"device": 0, "role": "owner"})).epoch == 3


def test_newer_keys_are_asked_for_once_for_a_key_that_is_not_known() -> None:
    fresh = token(OTHER_KEY, "two")
    assert read(fresh, newer=jwks(two=OTHER_KEY)).epoch == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "token_missing"),
        ("", "token_malformed"),
        ("a.b.c", "token_malformed"),
        ("x" * 5_000, "token_malformed"),
        (token(OTHER_KEY), "token_forged"),
        (token(OTHER_KEY, "two"), "token_forged"),
        (token("s" * 64, algorithm="HS256"), "token_forged"),
        (token(iss="somebody"), "token_malformed"),
        (token(aud="another"), "token_malformed"),
        (token(exp=None), "token_malformed"),
        (token(sub="s" * 65), "token_malformed"),
        (token(mer={**GRANT, "epoch": 0}), "token_malformed"),
        (token(mer={**GRANT, "holdMs": "2"}), "token_malformed"),
        (token(mer="all"), "token_malformed"),
        (token(exp=NOW_S - 6), "token_expired"),
        (token(mer={**GRANT, "workerId": "other"}), "wrong_worker"),
        (token(mer={**GRANT, "device": -1}), "token_malformed"),
        (token(mer={**GRANT, "role": "king"}), "token_malformed"),
        (token(mer={**GRANT, "device": 1, "role": "controller"}), "role_forbidden"),
    ],
)
def test_what_does_not_let_its_bearer_in_says_why(text: str | None, code: str) -> None:
    with pytest.raises(RefusalError) as error:
        read(text)
    assert error.value.refusal.code == code


def test_clocks_may_differ_by_five_seconds() -> None:
    assert read(token(exp=NOW_S - 4)).epoch == 3
