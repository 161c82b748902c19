# S1. The worker trusts no gateway: it checks the token itself, offline, with keys it was given when it registered.
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import jwt

from meridian_worker.engine.devices import OWNER
from meridian_worker.engine.ports import Grant
from meridian_worker.refusal import RefusalError

ISSUER = "meridian"
AUDIENCE = "meridian-gateway"
ALGORITHMS = ["EdDSA", "Ed25519"]
CLOCK_TOLERANCE_S = 5
TOKEN_BYTES_MAX = 4_096
SUBJECT_CHARACTERS_MAX = 64

ROLES = ("owner", "controller", "spectator")
TEXTS = ("tenantId", "region", "pool", "workerId", "workerAddress")
# Claims that are whole numbers, and the least that each may be.
NUMBERS = {"slot": 0, "epoch": 1, "claimByMs": 0, "holdMs": 0, "idleMs": 0, "maxDurationMs": 0}


class TokenReader:
    def __init__(self, worker_id: str, refresh_keys: Callable[[], Awaitable[None]]) -> None:
        """`refresh_keys` asks for newer keys: a token may be signed with one made after this worker registered."""
        self._worker_id = worker_id
        self._refresh_keys = refresh_keys
        self._keys: dict[str | None, jwt.PyJWK] | None = None

    def use_keys(self, jwks_json: str) -> None:
        """A JSON Web Key Set (RFC 7517) from now on. Raises when it is none."""
        self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(jwks_json).keys}

    async def read(self, token: str | None, now_ms: float) -> Grant:
        """Raises RefusalError saying why the token does not let its bearer in."""
        if token is None:
            raise RefusalError("UNAUTHENTICATED", "token_missing", "There is no session token.")
        if len(token) > TOKEN_BYTES_MAX:
            raise _malformed()
        key = self._key_of(token)
        if key is None:
            await self._refresh_keys()
            key = self._key_of(token)
        if key is None:
            raise _forged()
        return self._granted(_claims_of(token, key, now_ms / 1_000))

    def _key_of(self, token: str) -> jwt.PyJWK | None:
        if self._keys is None:
            raise RefusalError("UNAVAILABLE", "worker_not_ready", "The worker has not registered yet.")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _malformed() from None
        return self._keys.get(header.get("kid"))

    def _granted(self, claims: Mapping[str, Any]) -> Grant:
        grant = claims["mer"]
        if grant["workerId"] != self._worker_id:
            message = f"The session token is for worker {grant['workerId']}."
            raise RefusalError("PERMISSION_DENIED", "wrong_worker", message)
        if grant.get("device", OWNER) != OWNER:
            message = "A paired device takes part through its session's gateway, not at a worker."
            raise RefusalError("PERMISSION_DENIED", "role_forbidden", message)
        return Grant(
            session_id=claims["sub"],
            epoch=grant["epoch"],
            width=grant.get("width", 1),
            claim_by_ms=grant["claimByMs"],
            hold_ms=grant["holdMs"],
            idle_ms=grant["idleMs"],
            max_duration_ms=grant["maxDurationMs"],
            credit_ms=grant.get("creditMs"),
        )


def _claims_of(token: str, key: jwt.PyJWK, now_s: float) -> Mapping[str, Any]:
    options: Any = {"require": ["exp"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        claims = jwt.decode(token, key, ALGORITHMS, options, issuer=ISSUER, audience=AUDIENCE)
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError):
        raise _forged() from None
    except jwt.PyJWTError:
        raise _malformed() from None
    expires_s = claims["exp"]
    if not isinstance(expires_s, (int, float)) or not _is_well_formed(claims):
        raise _malformed()
    if now_s - CLOCK_TOLERANCE_S >= expires_s:
        raise RefusalError("UNAUTHENTICATED", "token_expired", "The session token has expired.")
    return claims


def _is_well_formed(claims: Mapping[str, Any]) -> bool:
    subject, grant = claims.get("sub"), claims.get("mer")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX or not isinstance(grant, dict):
        return False
    # What is left out has a default: tokens made before sessions could take several slots have no width.
    if not _is_whole(grant.get("width", 1), 1) or not _is_whole(grant.get("device", OWNER), OWNER):
        return False
    if grant.get("role", "owner") not in ROLES or not _is_whole(grant.get("creditMs", 0), 0):
        return False
    texts = all(isinstance(grant.get(name), str) for name in TEXTS)
    return texts and all(_is_whole(grant.get(name), least) for name, least in NUMBERS.items())


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _forged() -> RefusalError:
    return RefusalError("UNAUTHENTICATED", "token_forged", "The session token is not signed by us.")


def _malformed() -> RefusalError:
    return RefusalError("UNAUTHENTICATED", "token_malformed", "This is not a session token.")
