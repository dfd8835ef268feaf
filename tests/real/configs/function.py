"""python function.py PORT MODULE

Calls the `handler` of a Lambda function with each request, as a gateway would: as an HTTP API does (payload 2.0); below
/v1 as a REST API (1.0); below /base64 with its body encoded; at the path of Invoke with the body as it is.
"""

from __future__ import annotations

import base64
import json
import runpy
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

ONE = threading.Lock()  # an environment serves one request at a time


def event_of(path: str, body: str) -> Any:
    if path.endswith("/invocations"):
        return json.loads(body)
    about: dict[str, Any] = {"requestContext": {"requestId": str(uuid.uuid4())}, "isBase64Encoded": False}
    if path.startswith("/v1/"):
        return {**about, "path": path, "httpMethod": "POST", "body": body}
    if path.startswith("/base64/"):
        return {**about, "rawPath": path, "body": base64.b64encode(body.encode()).decode(), "isBase64Encoded": True}
    return {**about, "version": "2.0", "rawPath": path, "body": body}


class Serving(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        context = SimpleNamespace(aws_request_id=str(uuid.uuid4()))
        headers = {"content-type": "application/json", "x-amzn-requestid": context.aws_request_id}
        try:
            with ONE:
                told = HANDLER(event_of(self.path.partition("?")[0], body), context)
        except ValueError as error:
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            headers["x-amz-function-error"] = "Unhandled"
        if "statusCode" in told:
            self.send(told["statusCode"], told["headers"], told["body"])
        else:
            self.send(200, headers, json.dumps(told))

    def send(self, status: int, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    HANDLER = runpy.run_path(sys.argv[2], run_name="app")["handler"]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Serving).serve_forever()
