"""As much of Galaxy's API as the tests need: histories, uploads, runs, answers."""

import json
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

FINISHED = {"ok", "error", "empty", "failed_metadata", "deleted", "paused"}


class Galaxy:
    """A user of a Galaxy server, with a history of their own.

    Parameters
    ----------
    url : str
        Address of the server.
    key : str
        The user's API key.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.history = self.call("POST", "histories", {"name": "tests"})["id"]

    def call(self, method: str, path: str, payload: dict | None = None) -> Any:
        """Send a request with a JSON body, and return the JSON that comes back."""
        headers = {"Content-Type": "application/json"}
        body = None if payload is None else json.dumps(payload).encode()
        return json.loads(self.send(method, path, body, headers))

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        """Send a request and return the bytes that come back."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            data=body,
            method=method,
            headers={"x-api-key": self.key, **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:2000]}") from None

    def upload(self, *files: Path, names: list[str] | None = None, collection: bool = False) -> str:
        """Upload files as datasets, or as one list, under any names; return the last one's id."""
        names = names or [path.name for path in files]
        items = [{"src": "files", "name": name, "ext": "auto", "dbkey": "?"} for name in names]
        if collection:
            target = {
                "destination": {"type": "hdca"}, "collection_type": "list", "name": "samples",
                "elements": items,
            }  # fmt: skip
        else:
            target = {"destination": {"type": "hdas"}, "elements": items}
        fields = {"history_id": self.history, "targets": json.dumps([target])}
        boundary = uuid.uuid4().hex
        head = f"--{boundary}\r\nContent-Disposition: form-data; "
        parts = [
            f'{head}name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()
        ]
        for number, path in enumerate(files):
            name = f'name="files_{number}|file_data"; filename="{number}"'
            parts.append(f"{head}{name}\r\n\r\n".encode() + path.read_bytes() + b"\r\n")
        parts.append(f"--{boundary}--\r\n".encode())
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = json.loads(self.send("POST", "tools/fetch", b"".join(parts), headers))
        self.wait([job["id"] for job in answer["jobs"]])
        made = answer["output_collections"] if collection else answer["outputs"]
        return str(made[-1]["id"])

    def run(self, tool: str, inputs: dict) -> dict:
        """Run a tool, wait for it, and return its job with its outputs by name."""
        payload = {"tool_id": tool, "history_id": self.history, "inputs": flattened(inputs)}
        answer = self.call("POST", "tools", payload)
        job = answer["jobs"][0]["id"]
        self.wait([job])
        details = self.call("GET", f"jobs/{job}?full=true")
        details["made"] = {item["output_name"]: item["id"] for item in answer["outputs"]}
        return details

    def wait(self, jobs: list[str], seconds: float = 300) -> None:
        """Wait until all jobs have ended."""
        until = time.monotonic() + seconds
        for job in jobs:
            while self.call("GET", f"jobs/{job}")["state"] not in FINISHED:
                if time.monotonic() > until:
                    raise AssertionError(f"job {job} has not ended after {seconds:.0f} s")
                time.sleep(0.3)

    def dataset(self, identifier: str) -> dict:
        """Return a dataset once its state is settled."""
        while True:
            found = self.call("GET", f"datasets/{identifier}")
            if found["state"] in FINISHED:
                return found
            time.sleep(0.3)

    def text(self, identifier: str) -> str:
        """Return the content of a dataset."""
        path = f"histories/{self.history}/contents/{identifier}/display"
        return self.send("GET", path, None, {}).decode()


def flattened(inputs: dict, prefix: str = "") -> dict:
    """Write nested inputs as Galaxy's API takes them: ``advanced|source|choice``."""
    flat: dict = {}
    for name, value in inputs.items():
        if isinstance(value, dict) and "src" not in value:
            flat |= flattened(value, f"{prefix}{name}|")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
