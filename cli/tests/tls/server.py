"""An HTTPS server for localhost that answers every request with the Host it was sent. Prints its port."""

import http.server
import pathlib
import ssl


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        host = self.headers["host"].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(host)))
        self.end_headers()
        self.wfile.write(host)

    def log_message(self, *_):
        pass


here = pathlib.Path(__file__).parent
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(here / "localhost.pem", here / "localhost.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
