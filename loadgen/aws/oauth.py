"""OAuth 2 tokens by client credentials (RFC 6749, 4.4): asked of a token URL, which may be slow, wrong, or hostile."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from loadgen.aws.auth import Secret, Token, texts
from loadgen.aws.secrets import File, Variable, sendable
from loadgen.clock import SECOND, wall
from loadgen.errors import TargetError
from loadgen.profile.addresses import WHY, keeps_credentials
from loadgen.profile.connection import PORTS

LIMIT = 10.0  # seconds for a connection, and from then on to the last byte of the answer
ANSWER_LIMIT = 64 * 1024  # bytes
LEAST_LEFT = 60 * SECOND  # of a token's life, when the next is asked for; of a short one a fifth is left
LONGEST = 10 * 365 * 86_400  # seconds that a token may be said to live
ERRORS = frozenset(
    ("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
     "invalid_scope")
)  # fmt: skip
"""What RFC 6749 (5.2) knows of refusals. Any other text of the answer might be an echo of what was sent."""


class TokenUrl:
    """A token URL, asked with the client's id and secret. The token is as good as its answer says.

    `ca` is a PEM file to trust besides the system's authorities; certificates are checked in any case.
    """

    def __init__(
        self, key: str, url: str, client_id: Variable | File, client_secret: Variable | File, scope: str | None = None,
        ca: Path | None = None,
    ) -> None:  # fmt: skip
        self._key, self._url, self._scope, self._ca = key, urlsplit(url), scope, ca
        self._client_id, self._client_secret = client_id, client_secret
        self._in_header = True  # where the client's secret goes: as RFC 6749 prefers it, or in the form
        self._sent: tuple[str, ...] = ()

    def current(self) -> Token:
        client, secret = self._client_id.current().value, self._client_secret.current().value
        self._sent = (client, secret)
        asked = wall()
        status, answer = self._ask(client, secret)
        if status in (400, 401) and _error(answer) in ("invalid_client", "invalid_request", ""):
            self._in_header = not self._in_header  # some take it in one place alone
            other_status, other = self._ask(client, secret)
            if other_status == 200:
                status, answer = other_status, other
            else:
                self._in_header = not self._in_header
        return self._token(status, answer, asked)

    def renew_at(self, secret: Secret) -> int | None:
        """When a fifth of its life is left, though no earlier than a minute before its end."""
        if not secret.expires:
            return None
        now = wall()
        return max(secret.expires - LEAST_LEFT, now + (secret.expires - now) * 4 // 5)

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return texts(secret) + self._sent

    def _ask(self, client: str, secret: str) -> tuple[int, Any]:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._in_header:
            pair = f"{quote_plus(client)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client, "client_secret": secret}
        try:
            return self._post(headers, urlencode(form).encode())
        except ssl.SSLCertVerificationError as error:
            raise self._failure(f"certificate refused: {error.verify_message}") from None
        except TimeoutError:
            raise self._failure(f"no answer within {LIMIT:g} s") from None
        except OSError as error:
            raise self._failure(_cause(error)) from None
        except (http.client.InvalidURL, UnicodeError):
            raise self._failure("it is no URL: percent-encode its path") from None
        except http.client.HTTPException:
            raise self._failure("its answer is not HTTP/1.1") from None

    def _post(self, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        with _connected(self._url.scheme, self._url.hostname or "", self._port, self._ca) as connection:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            content = answer.read(ANSWER_LIMIT + 1)
        if len(content) > ANSWER_LIMIT:
            raise self._failure(f"its answer is longer than {ANSWER_LIMIT // 1024} KiB")
        try:
            return answer.status, json.loads(content)
        except (ValueError, RecursionError):
            return answer.status, None

    def _token(self, status: int, answer: Any, asked: int) -> Token:
        if status != 200:
            error = _error(answer)
            advice = ". Check client_id and client_secret" if status in (400, 401, 403) else ""
            raise self._failure(f"it answered {status}{f' ({error})' if error else ''}{advice}")
        fields = answer if isinstance(answer, dict) else {}
        token, kind = fields.get("access_token"), fields.get("token_type", "Bearer")
        if not isinstance(token, str) or not isinstance(kind, str) or kind.lower() != "bearer":
            raise self._failure("its answer has no bearer token")
        life = _seconds(fields.get("expires_in"))
        return Token(sendable(token, f"{self._key}: the token of {self.shown}"), asked + life * SECOND if life else 0)

    @property
    def _port(self) -> int:
        """Always a number: `http.client` would take the last group of an IPv6 address for it."""
        return self._url.port or PORTS[self._url.scheme]

    @property
    def shown(self) -> str:
        """The URL without its query, in which there may be a secret."""
        return f"{self._url.scheme}://{self._url.netloc}{self._url.path}"

    def _failure(self, why: str) -> TargetError:
        return TargetError(f"{self._key}: no token from {self.shown}: {why}")


def _error(answer: Any) -> str:
    """The refusal's code, if it is one that is known."""
    code = answer.get("error") if isinstance(answer, dict) else None
    return code if isinstance(code, str) and code in ERRORS else ""


def _cause(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(getattr(error, 'reason', None) or 'failed').lower().replace('_', ' ')}"
    return (error.strerror or "connection lost").lower()


def _seconds(written: Any) -> int:
    """How long a token lives, 0 if the answer does not say; some write it as a text."""
    if isinstance(written, str) and written.isascii() and written.isdecimal() and len(written) < 12:
        written = int(written)
    if isinstance(written, bool) or not isinstance(written, int | float) or not 0 < written <= LONGEST:
        return 0
    return max(1, int(written))


@contextmanager
def _connected(scheme: str, host: str, port: int, ca: Path | None) -> Iterator[http.client.HTTPConnection]:
    """A connection that is cut off after LIMIT, however slowly its bytes may drip."""
    secure = scheme == "https"
    connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(host, port)
    sock = socket.create_connection((host, port), LIMIT)
    late: list[None] = []

    def cut_off() -> None:
        late.append(None)
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # TLS's own would say goodbye first, and forget its key

    guard = Timer(LIMIT, cut_off)
    guard.daemon = True
    guard.start()
    try:
        address = sock.getpeername()[0].partition("%")[0]
        if keeps_credentials(address):  # a name may lead anywhere; nothing has been sent
            raise OSError(0, f"{address} is an address {WHY}")
        if secure:
            context = ssl.create_default_context()
            if ca:
                context.load_verify_locations(ca)
            sock = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            sock.do_handshake()
        elif not ip_address(address).is_loopback:
            raise OSError(0, "without TLS it must be on this machine")
        connection.sock = sock
        yield connection
        if late:  # what was read until then may look whole
            raise TimeoutError
    except (OSError, http.client.HTTPException):
        if late:
            raise TimeoutError from None
        raise
    finally:
        guard.cancel()
        connection.close()
        sock.close()
