"""python function.py PORT MODULE

Calls the `handler` of a Lambda function with each request, as a gateway would: as an HTTP API does (payload 2.0); below
/v1 as a REST API (1.0); below /base64 with its body encoded; at the path of Invoke with the body as it is. The handler
runs as in Lambda: AWS's own awslambdaric, which this Python has, asks the runtime API for events, which is here too.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

LIMIT = 30  # s of a call
ERROR = "error"

Answer = tuple[bool, bytes]  # whether the handler failed, and what it told


class Environment:
    """The events for the runtime, which serves one at a time, and its answers by the request's id."""

    def __init__(self) -> None:
        self.events = SimpleQueue[tuple[str, Any]]()
        self.answers = dict[str, SimpleQueue[Answer]]()

    def call(self, event: Any) -> tuple[str, bool, Any]:
        identity, answer = str(uuid.uuid4()), SimpleQueue[Answer]()
        self.answers[identity] = answer
        self.events.put((identity, event))
        failed, body = answer.get(timeout=LIMIT)
        return identity, failed, json.loads(body)


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

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers["content-length"]))

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class RuntimeApi(Serving):
    def do_GET(self) -> None:
        identity, event = ENVIRONMENT.events.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": identity,
            "Lambda-Runtime-Deadline-Ms": str(round((time.time() + LIMIT) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "content-type": "application/json",
        }
        self.send(200, headers, json.dumps(event).encode())

    def do_POST(self) -> None:
        *_, identity, kind = self.path.split("/")
        body = self.read()
        if identity == "init":
            sys.stderr.write(body.decode(errors="replace"))
        else:
            ENVIRONMENT.answers.pop(identity).put((kind == ERROR, body))
        self.send(202, {}, b"")


class Gateway(Serving):
    def do_POST(self) -> None:
        identity, failed, told = ENVIRONMENT.call(event_of(self.path.partition("?")[0], self.read().decode()))
        if "statusCode" in told:
            self.send(told["statusCode"], told["headers"], told["body"].encode())
            return
        headers = {"content-type": "application/json", "x-amzn-requestid": identity}
        if failed:
            headers["x-amz-function-error"] = "Unhandled"
        self.send(200, headers, json.dumps(told).encode())


def serve(port: int, module: Path) -> None:
    api = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    api.daemon_threads = True
    threading.Thread(target=api.serve_forever, daemon=True).start()
    settings = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": str(module.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "awslambdaric", f"{module.stem}.handler"]
    subprocess.Popen(command, cwd=module.parent, env=os.environ | settings)  # it ends when its API does
    ThreadingHTTPServer(("127.0.0.1", port), Gateway).serve_forever()


if __name__ == "__main__":
    ENVIRONMENT = Environment()
    serve(int(sys.argv[1]), Path(sys.argv[2]))
