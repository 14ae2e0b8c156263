"""A service provider on pysaml2 (Debian: python3-pysaml2), driven by ../saml.test.js.

One process serves several applications, each at /<name>, as the JSON file says that is
its only argument. After a sign-in, /<name>/session shows what the application has heard.
"""
import http.server
import json
import sys
import traceback
import urllib.parse
from http.cookies import SimpleCookie
from xml.etree import ElementTree

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.ident import code
from saml2.metadata import entity_descriptor
from saml2.s_utils import sid
from saml2.sigver import RSACrypto, verify_redirect_signature

BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST, "soap": BINDING_SOAP}
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

# pysaml2 writes a message out of its SOAP envelope anew before it checks the signature, which
# holds only if the prefixes stay what they were.
for prefix, uri in (("saml", "urn:oasis:names:tc:SAML:2.0:assertion"), ("samlp", "urn:oasis:names:tc:SAML:2.0:protocol"),
                    ("ds", "http://www.w3.org/2000/09/xmldsig#")):
    ElementTree.register_namespace(prefix, uri)


class App:
    def __init__(self, conf):
        self.base, self.idp, self.sign = conf["base"], conf["idp"], conf["signed"]
        self.conf = SPConfig().load({
            "entityid": self.base,
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": conf["key"], "cert_file": conf["certificate"],
            "encryption_keypairs": [{"key_file": conf["key"], "cert_file": conf["certificate"]}],
            "allow_unknown_attributes": True,
            "signing_algorithm": RSA_SHA256, "digest_algorithm": SHA256,
            "metadata": {"local": [conf["idp_metadata"]]},
            "service": {"sp": {
                "endpoints": {
                    "assertion_consumer_service": [(self.base + "/acs", BINDING_HTTP_POST)],
                    "single_logout_service": [(self.base + "/slo", BINDING_HTTP_REDIRECT), (self.base + "/slo/post", BINDING_HTTP_POST),
                                              (self.base + "/slo/soap", BINDING_SOAP)],
                },
                "allow_unsolicited": True,
                "authn_requests_signed": conf["signed"],
                "logout_requests_signed": True, "logout_responses_signed": True,
                # An unsigned answer is refused, wherever the signature is expected.
                "want_response_signed": False, "want_assertions_signed": False, "want_assertions_or_response_signed": True,
            }},
        })
        self.client = Saml2Client(config=self.conf)
        self.sessions, self.outstanding, self.result = {}, {}, None

    def metadata(self):
        return str(entity_descriptor(self.conf))

    def login(self, q):
        wishes = {}
        if "force" in q:
            wishes["force_authn"] = "true"
        if "passive" in q:
            wishes["is_passive"] = "true"
        binding = BINDINGS[q.get("binding", "redirect")]
        request, info = self.client.prepare_for_authenticate(
            entityid=self.idp, relay_state="from pysaml2", binding=binding, nameid_format=q.get("format", ""),
            sign=self.sign, sigalg=RSA_SHA256, digest_alg=SHA256, **wishes)
        self.outstanding[request] = "/"
        return info

    def hear(self, form):
        answer = self.client.parse_authn_request_response(form["SAMLResponse"], BINDING_HTTP_POST, self.outstanding)
        info = answer.session_info()
        self.client.users.add_information_about_person(info)  # it leaves this out when the assertion was encrypted
        name, statement = answer.name_id, answer.assertion.authn_statement[0]
        secret = sid()
        self.sessions[secret] = {
            "name": name,
            "shown": {
                "nameid": name.text, "format": name.format, "name_qualifier": name.name_qualifier, "sp_name_qualifier": name.sp_name_qualifier,
                "attributes": {a.name: [v.text for v in a.attribute_value] for s in answer.assertion.attribute_statement for a in s.attribute},
                "class": statement.authn_context.authn_context_class_ref.text, "instant": statement.authn_instant,
                "index": statement.session_index, "in_response_to": answer.in_response_to, "relay_state": form.get("RelayState"),
            },
        }
        return secret

    def end(self, name, indexes):
        gone = [s for s, v in self.sessions.items() if code(v["name"]) == code(name) and (not indexes or v["shown"]["index"] in indexes)]
        for s in gone:
            del self.sessions[s]
        return gone

    def logout(self, q, session):
        """Asks the identity provider. By SOAP its answer is there at once."""
        result = self.client.do_logout(session["name"], [self.idp], "", None, sign=True, expected_binding=BINDINGS[q.get("binding", "redirect")],
                                       sign_alg=RSA_SHA256, digest_alg=SHA256)[self.idp]
        if isinstance(result, tuple):
            return result[1]
        self.end(session["name"], [])
        return self.ended(result)

    def ended(self, response):
        status = response.response.status.status_code
        self.result = {"status": status.value, "sub": status.status_code.value if status.status_code else None}
        return None

    def signed(self, raw):
        """pysaml2 leaves the signature of a redirect to the application."""
        q = {k: v[0] for k, v in urllib.parse.parse_qs(raw, strict_parsing=True).items()}
        certificates = self.client.metadata.certs(self.idp, "any", "signing")
        certificates = [c[1] if isinstance(c, tuple) else c for c in certificates]  # newer versions name them
        if not any(verify_redirect_signature(dict(q), RSACrypto(None), c) for c in certificates):
            raise ValueError("the signature of the redirect is wrong")

    def told(self, message, binding, relay_state=""):
        """A LogoutRequest of the identity provider: the answer to it."""
        request = self.client.parse_logout_request(message, binding)
        if binding != BINDING_HTTP_REDIRECT and not request.message.signature:
            raise ValueError("the LogoutRequest is not signed")
        name = request.message.name_id
        self.end(name, [i.text for i in request.message.session_index])
        signed = binding != BINDING_SOAP  # this version cannot put a signed answer into an envelope
        return self.client.handle_logout_request(message, name, binding, sign=signed, sign_alg=RSA_SHA256, digest_alg=SHA256, relay_state=relay_state)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, body, kind="application/json", headers=()):
        body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send(self, info):
        """What pysaml2 has prepared: a redirect, a page with a form, or a SOAP answer."""
        location = dict(info["headers"]).get("Location")
        if location:
            self.answer(303, "", headers=[("Location", location)])
        elif any(v.startswith("text/html") for _, v in info["headers"]):
            self.answer(200, info["data"], "text/html")
        else:
            self.answer(200, info["data"], "text/xml")

    def do_GET(self):
        self.route({})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.route({"": body} if "xml" in self.headers.get("Content-Type", "") else dict(urllib.parse.parse_qsl(body)))

    def route(self, form):
        path = urllib.parse.urlsplit(self.path)
        _, name, step = path.path.split("/", 2)
        app, q = APPS[name], dict(urllib.parse.parse_qsl(path.query))
        jar = SimpleCookie(self.headers.get("Cookie", ""))
        session = app.sessions.get(jar["pysaml2-" + name].value) if "pysaml2-" + name in jar else None
        try:
            self.take(app, name, step, q, form, session, path.query)
        except Exception as e:  # the test wants to see what the library says
            traceback.print_exc()
            self.answer(403, {"error": "%s: %s" % (type(e).__name__, e)})

    def take(self, app, name, step, q, form, session, raw):
        if step == "metadata":
            self.answer(200, app.metadata(), "application/samlmetadata+xml")
        elif step == "login":
            self.send(app.login(q))
        elif step == "acs":
            self.answer(303, "", headers=[("Location", app.base + "/session"), ("Set-Cookie", "pysaml2-%s=%s; Path=/; HttpOnly" % (name, app.hear(form)))])
        elif step == "session":
            self.answer(200, session["shown"] if session else {})
        elif step == "logout":
            info = app.logout(q, session)
            self.send(info) if info else self.answer(200, app.result)
        elif step == "slo/soap":
            self.send(app.told(form[""], BINDING_SOAP))
        elif step in ("slo", "slo/post"):
            m = form or q
            binding = BINDING_HTTP_POST if form else BINDING_HTTP_REDIRECT
            if not form:
                app.signed(raw)
            if "SAMLRequest" in m:
                self.send(app.told(m["SAMLRequest"], binding, m.get("RelayState", "")))
                return
            response = app.client.parse_logout_request_response(m["SAMLResponse"], binding)
            app.client.handle_logout_response(response)
            if session:
                app.end(session["name"], [])
            app.ended(response)
            self.answer(200, app.result)
        else:
            self.answer(404, {"error": "nothing here"})


with open(sys.argv[1]) as f:
    settings = json.load(f)
APPS = {name: App(conf) for name, conf in settings["apps"].items()}
http.server.ThreadingHTTPServer(("127.0.0.1", settings["port"]), Handler).serve_forever()
