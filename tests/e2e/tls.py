"""HTTPS in front of a plain stand-in: a certificate authority of our own, and servers that end TLS, for HTTP/1.1 and HTTP/2."""
import http.client
import os
import socket
import ssl
import subprocess
import threading

import h2.config
import h2.connection
import h2.events

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    def __init__(self, folder):
        self.dir = str(folder)
        self.file = self.path("ca.pem")
        self.openssl("req", "-x509", *EC, "-keyout", self.path("ca.key"), "-out", self.file, "-days", "2", "-subj", "/CN=Test Authority")

    def path(self, name):
        return os.path.join(self.dir, name)

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)

    def context(self, host, protocol):
        """A server's side with a certificate for one host name."""
        key, request, cert, names = (self.path(f"{host}.{kind}") for kind in ("key", "csr", "pem", "ext"))
        with open(names, "w") as f:
            f.write(f"subjectAltName=DNS:{host}\n")
        self.openssl("req", *EC, "-keyout", key, "-out", request, "-subj", f"/CN={host}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", "2",
                     "-extfile", names, "-out", cert)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_alpn_protocols([protocol])
        return context


class Front:
    """Ends TLS in front of http://127.0.0.1:PORT; says how many connections there were and what was agreed on."""

    protocol = "http/1.1"

    def __init__(self, authority, backend, host="localhost"):
        self.backend = int(backend.rstrip("/").rsplit(":", 1)[1])
        self.context = authority.context(host, self.protocol)
        self.agreed, self.refused, self.requests = [], 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.greet, args=(plain,), daemon=True).start()

    def greet(self, plain):
        try:
            tls = self.context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError):
            self.refused += 1
            return
        self.agreed.append(tls.selected_alpn_protocol())
        try:
            self.serve(tls)
        except OSError:
            pass
        finally:
            tls.close()

    def serve(self, tls):
        with socket.create_connection(("127.0.0.1", self.backend)) as plain:
            back = threading.Thread(target=self.pump, args=(plain, tls), daemon=True)
            back.start()
            self.pump(tls, plain)
            back.join()

    def pump(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Http2Front(Front):
    """Speaks HTTP/2 to the client and HTTP/1.1 to the stand-in behind it."""

    protocol = "h2"

    def serve(self, tls):
        h2c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        streams = {}
        h2c.initiate_connection()
        tls.sendall(h2c.data_to_send())
        while data := tls.recv(65536):
            for event in h2c.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    streams[event.stream_id] = (dict(event.headers), bytearray())
                elif isinstance(event, h2.events.DataReceived):
                    streams[event.stream_id][1].extend(event.data)
                    h2c.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self.answer(h2c, event.stream_id, *streams.pop(event.stream_id))
            tls.sendall(h2c.data_to_send())

    def answer(self, h2c, stream, headers, body):
        self.requests += 1
        plain = http.client.HTTPConnection("127.0.0.1", self.backend, timeout=30)
        plain.request(headers[":method"], headers[":path"], bytes(body), {k.title(): v for k, v in headers.items() if k[0] != ":"})
        reply = plain.getresponse()
        given = reply.read()
        h2c.send_headers(stream, [(":status", str(reply.status)), ("content-type", reply.headers["Content-Type"])])
        assert len(given) < 60000  # what a stream's window takes without waiting
        for at in range(0, len(given), 1000):
            h2c.send_data(stream, given[at:at + 1000])
        h2c.end_stream(stream)
        plain.close()
