"""The HTTP part: requests with a bounded time and size, and every kind of failure as a named fault."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import tenacity

from pipelines.failures import RegistryRefused, RegistryUnavailable
from pipelines.phrases import in_words
from pipelines.settings import RegistrySettings
from schemas.registered import RegisteredSchema

if TYPE_CHECKING:
    import httpx

ANSWER_BYTES = 2_000_000
REFERENCES = 50
ATTEMPTS = 3
CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_NOT_FOUND, _TOO_MANY, _TIMEOUT, _CONFLICT, _INVALID = 404, 429, 408, 409, 422
_LOGIN = frozenset({401, 403})
_NO_SUCH = range(40_400, 40_500)
"""Codes in the body of a 404 with which a registry says that it has no such schema, subject or version."""

_KEPT = "No message was lost or rejected for it."


class NotThere(LookupError):
    """The registry answers that it has no schema with this id, or no such subject or version."""


@dataclass(frozen=True)
class RegistryClient:
    """The calls that Dateline makes to a schema registry.

    All raise ``RegistryUnavailable`` if the registry does not answer as one within the settings' time, and
    ``RegistryRefused`` if it refuses the login or the request.
    """

    settings: RegistrySettings
    attempts: int = field(default=ATTEMPTS)

    def schema(self, schema_id: int) -> RegisteredSchema:
        """The schema with an id, and those that it refers to. Raises ``NotThere``."""
        return self._whole(self._ask("GET", f"/schemas/ids/{schema_id}"))

    def versions(self, subject: str) -> list[int]:
        """The numbers of a subject's versions. Raises ``NotThere``."""
        answer = self._ask("GET", f"/subjects/{_quoted(subject)}/versions")
        if not isinstance(answer, list) or not all(isinstance(number, int) for number in answer):
            raise self._nonsense("a list of versions is missing")
        return answer

    def version(self, subject: str, number: int) -> tuple[int, RegisteredSchema]:
        """The id and the schema of a version of a subject. Raises ``NotThere``."""
        answer = self._ask("GET", f"/subjects/{_quoted(subject)}/versions/{number}")
        return self._id(answer), self._whole(answer)

    def look_up(self, subject: str, text: str) -> int:
        """The id that a schema has under a subject. Raises ``NotThere``."""
        return self._id(self._ask("POST", f"/subjects/{_quoted(subject)}", {"schema": text}))

    def register(self, subject: str, text: str) -> int:
        """Adds a schema to a subject unless it is there, and returns its id."""
        return self._id(self._ask("POST", f"/subjects/{_quoted(subject)}/versions", {"schema": text}))

    def _whole(self, answer: Any) -> RegisteredSchema:
        """The schema in an answer, with the texts of all schemas that it refers to, also by way of another one."""
        text, kind, waiting = self._parts(answer)
        texts: dict[tuple[str, int], str] = {}
        while waiting:
            subject, number = waiting.pop()
            if (subject, number) in texts:
                continue
            if len(texts) == REFERENCES:
                raise self._nonsense(f"a schema refers to more than {REFERENCES} others")
            try:
                found = self._ask("GET", f"/subjects/{_quoted(subject)}/versions/{number}")
            except NotThere:
                raise self._nonsense(f"a schema refers to version {number} of {subject}, which is missing") from None
            texts[subject, number], _, more = self._parts(found)
            waiting += more
        return RegisteredSchema(text, kind, tuple(texts.values()))

    def _parts(self, answer: Any) -> tuple[str, str, list[tuple[str, int]]]:
        try:
            references = [(str(one["subject"]), int(one["version"])) for one in answer.get("references") or ()]
            text, kind = answer["schema"], answer.get("schemaType") or "AVRO"
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._nonsense("the schema is missing in its answer") from None
        if not isinstance(text, str) or not isinstance(kind, str):
            raise self._nonsense("the schema in its answer is not a text")
        return text, kind, references

    def _id(self, answer: Any) -> int:
        found = answer.get("id") if isinstance(answer, Mapping) else None
        if not isinstance(found, int) or not 0 <= found < 1 << 32:
            raise self._nonsense("the schema's id is missing in its answer")
        return found

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of the answer. Tries again while the registry is unavailable, within the settings' time in all."""
        until = time.monotonic() + self.settings.timeout_s
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RegistryUnavailable),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=1.0),
            stop=tenacity.stop_after_attempt(self.attempts) | _stop_at(until),
            reraise=True,
        )
        return retrying(self._ask_once, method, path, body, until)

    def _ask_once(self, method: str, path: str, body: Mapping[str, Any] | None, until: float) -> Any:
        import httpx

        content = None if body is None else json.dumps(body).encode()
        left = max(until - time.monotonic(), 0.05)
        try:
            with self._http.stream(method, f"{self.settings.url}{path}", content=content, timeout=left) as answer:
                found = self._read(answer, until)
                return self._judged(answer.status_code, found)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as fault:
            raise self._away(in_words(fault)) from fault

    @cached_property
    def _http(self) -> httpx.Client:
        """Made at the first request, because workers are forked from a process that has loaded the decoder."""
        import httpx

        own = self.settings
        try:
            trusted = ssl.create_default_context(cafile=own.ssl_cafile)
            if own.ssl_certfile is not None:
                trusted.load_cert_chain(own.ssl_certfile, own.ssl_keyfile)
        except (OSError, ssl.SSLError) as fault:
            raise RegistryRefused(
                f"The certificates for the schema registry cannot be used ({in_words(fault)}). {_KEPT}\nWhat to do: "
                "correct DATELINE_REGISTRY__SSL_CAFILE, DATELINE_REGISTRY__SSL_CERTFILE or "
                "DATELINE_REGISTRY__SSL_KEYFILE."
            ) from fault
        headers = {"Accept": f"{CONTENT_TYPE}, application/json", "Content-Type": CONTENT_TYPE}
        if own.token is not None:
            headers["Authorization"] = f"Bearer {own.token.get_secret_value()}"
        login = (own.username, own.password.get_secret_value()) if own.username and own.password else None
        seldom = httpx.Limits(max_keepalive_connections=0)  # a registry is asked once for each schema
        return httpx.Client(verify=trusted, headers=headers, auth=login, limits=seldom)

    def _read(self, answer: httpx.Response, until: float) -> bytes:
        found = bytearray()
        for piece in answer.iter_bytes():
            found += piece
            if len(found) > ANSWER_BYTES:
                raise self._nonsense(f"its answer has more than {ANSWER_BYTES:,} bytes")
            if time.monotonic() > until:
                raise self._away(f"its answer was not complete within {self.settings.timeout_s:g} s")
        return bytes(found)

    def _judged(self, status: int, content: bytes) -> Any:
        if status in _LOGIN:
            raise RegistryRefused(
                f"The schema registry at {self.settings.url} refuses the login (HTTP {status}). {_KEPT}\nWhat to do: "
                "check DATELINE_REGISTRY__USERNAME and DATELINE_REGISTRY__PASSWORD, or DATELINE_REGISTRY__TOKEN, and "
                "the rights of that user."
            )
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if status == _NOT_FOUND and isinstance(found, Mapping) and found.get("error_code") in _NO_SUCH:
            raise NotThere(str(found.get("message", "not found"))[:200])
        if status >= 500 or status in {_TOO_MANY, _TIMEOUT}:
            raise self._away(f"it answers HTTP {status}")
        if status in {_CONFLICT, _INVALID}:
            said = str(found.get("message", "")) if isinstance(found, Mapping) else ""
            raise RegistryRefused(
                f"The schema registry at {self.settings.url} refuses the schema (HTTP {status}): {said[:300]} {_KEPT}\n"
                "What to do: compare the subject with Dateline's schema (`dateline schemas check --registry URL`), and "
                "change the subject's compatibility rule, or use another topic."
            )
        if not 200 <= status < 300 or found is None:
            raise self._nonsense(f"HTTP {status} without the JSON of a registry")
        return found

    def _away(self, why: str) -> RegistryUnavailable:
        return RegistryUnavailable(
            f"The schema registry at {self.settings.url} does not answer ({why}), and a schema is not known yet. "
            f"{_KEPT}\nWhat to do: see that the registry runs and can be reached from here, then run it again. If it "
            "is gone for good, list the ids in DATELINE_SCHEMA_IDS and unset DATELINE_REGISTRY__URL."
        )

    def _nonsense(self, why: str) -> RegistryUnavailable:
        return RegistryUnavailable(
            f"What answers at {self.settings.url} is not a schema registry, or a damaged one ({why}). {_KEPT}\nWhat to "
            "do: check DATELINE_REGISTRY__URL. It ends where /subjects and /schemas begin: with Apicurio, in "
            "/apis/ccompat/v7."
        )


def _stop_at(until: float) -> tenacity.stop.stop_base:
    class _Stop(tenacity.stop.stop_base):
        def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
            return time.monotonic() >= until

    return _Stop()


def _quoted(subject: str) -> str:
    return quote(subject, safe="")
