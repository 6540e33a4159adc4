"""A node in between: passes on what a real node answers, and puts light blocks of its own in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

from gridnode.chain.light_block import LightBlock, LightBlocks
from gridnode.codec.records import decode, encode

Lie = Callable[[LightBlock], LightBlock | None]
"""What becomes of each light block that passes; None: it is left out."""


@contextmanager
def lying(url: str, lie: Lie) -> Iterator[str]:
    """URL of a server that lies about the node at `url`; ended afterwards."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Ask the node, change light blocks, answer."""
            answer = httpx.get(url + self.path, timeout=30)
            content = answer.content
            if answer.status_code == 200 and "/light/" in self.path:
                blocks = [lie(block) for block in decode(LightBlocks, content).blocks]
                content = encode(LightBlocks(tuple(block for block in blocks if block is not None)))
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
