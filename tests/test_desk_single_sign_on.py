"""Signing in by an identity server of this computer: who it truly names gets his account's session; whatever was tampered with, nobody's."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from desk_client import HOST, opened_desk
from desk_databases import database_for
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pydantic import ValidationError
from sqlalchemy import select

from cdgis.core.errors import DeskError
from cdgis.web import accounts
from cdgis.web.case_states import Role
from cdgis.web.desk_options import DeskOptions, SingleSignOn
from cdgis.web.models import Account
from cdgis.web.single_sign_on import COOKIE

SECRET, CLIENT, PASSWORD = "secret of the client", "desk", "Kuan-cheng-2026"
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "a", "use": "sig"}), RSAKey.generate_key(2048, {"kid": "a"})


class Issuer:
    """An OpenID Connect issuer on this computer that says what a test wants said."""

    def __init__(self) -> None:
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                """Say nothing."""

            def do_GET(self):
                """Describe the issuer, or give its keys."""
                self.answered(issuer.about if "well-known" in self.path else KeySet([KEY]).as_dict())

            def do_POST(self):
                """Exchange a code for an identity token, where the client and its proof are right."""
                form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()}
                basic = base64.b64decode(self.headers["authorization"].split()[1]).decode()
                proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
                right = (basic, proof, form["redirect_uri"], form["code"]) == (
                    f"{CLIENT}:{SECRET}", issuer.asked["code_challenge"], issuer.asked["redirect_uri"], "good",
                )  # fmt: skip
                self.answered({"id_token": issuer.token()} if right else {"error": "invalid_grant"}, 200 if right else 400)

            def answered(self, body, status=200):
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.begin()

    def begin(self) -> None:
        """Forget what an earlier test wanted."""
        places = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
        self.about = {"issuer": self.url} | {name: f"{self.url}/{path}" for name, path in places.items()}
        self.later, self.changed, self.key, self.header, self.asked = timedelta(), {}, KEY, {"alg": "RS256", "kid": "a"}, {}

    def clock(self) -> datetime:
        return datetime.now().astimezone() + self.later

    def token(self) -> str:
        now = int(self.clock().timestamp())
        claims = {"iss": self.url, "aud": CLIENT, "preferred_username": "li", "nonce": self.asked["nonce"], "iat": now, "exp": now + 300}
        claims = {name: value for name, value in (claims | self.changed).items() if value is not None}
        if self.header["alg"] in ("none", "HS256"):  # by hand: the library refuses to make such a thing
            parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (self.header, claims)]
            seal = hmac.new(self.key, b".".join(parts), hashlib.sha256).digest() if self.header["alg"] == "HS256" else b""
            return b".".join([*parts, base64.urlsafe_b64encode(seal).rstrip(b"=")]).decode()
        return jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])


@pytest.fixture(scope="module")
def issuer():
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def office(tmp_path_factory, issuer):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESK_SSO_SECRET", SECRET)
        root = tmp_path_factory.mktemp("sso") / "w"
        sso = SingleSignOn(issuer=issuer.url, client_id=CLIENT, client_secret="${DESK_SSO_SECRET}", title="市统一认证")
        app, _ = opened_desk(root, token="", clock=issuer.clock, options=DeskOptions(database=database_for(root), sso=sso))
        desk = app.state.desk
        for login in ("li", "gone"):
            accounts.add_account(desk, login=login, name="李", roles=[Role.APPLICANT], password=PASSWORD, who="测试")
        yield app
        desk.close()


@pytest.fixture
def visit(office, issuer):
    issuer.begin()
    return TestClient(office, base_url=f"http://{HOST}", follow_redirects=False, headers={"host": HOST})


def begun(visit, issuer):
    """Go to the issuer as a browser is sent there; return the address that leads back."""
    sent = visit.get("/login/sso")
    assert sent.status_code == 303 and sent.headers["location"].startswith(issuer.about["authorization_endpoint"])
    issuer.asked = {name: value[0] for name, value in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    return "/login/sso/back?" + urlencode({"code": "good", "state": issuer.asked["state"]})


def is_in(visit):
    return visit.get("/api/cases").status_code == 200


def test_who_the_issuer_names_has_the_session_of_his_account(visit, issuer, office):
    assert "用市统一认证登录" in visit.get("/login").text and not is_in(visit)
    place = begun(visit, issuer)
    kept = next(cookie for cookie in visit.cookies.jar if cookie.name == COOKIE)
    assert kept.path == "/login/sso" and issuer.asked["code_challenge_method"] == "S256" and SECRET not in kept.value
    answer = visit.get(place)
    assert answer.status_code == 200 and "url=/" in answer.text and "SameSite=strict" in answer.headers["set-cookie"]
    assert is_in(visit) and "李" in visit.get("/").text and COOKIE not in {cookie.name for cookie in visit.cookies.jar}
    assert not is_in(TestClient(office, base_url=f"http://{HOST}", headers={"host": HOST}))
    assert visit.get(place).status_code == 403  # a sign-in ends once


TAMPERED = {
    "another audience": {"aud": "other"}, "two audiences": {"aud": [CLIENT, "other"]}, "another issuer": {"iss": "https://else.example"},
    "another sign-in's": {"nonce": "x"}, "none of a sign-in": {"nonce": None}, "run out": {"exp": 1}, "without end": {"exp": None},
    "nobody here": {"preferred_username": "nobody"}, "no name": {"preferred_username": None}, "a list of names": {"preferred_username": ["li"]},
    "without audience": {"aud": None}, "of the future": {"iat": 4_000_000_000}, "a name like SQL": {"preferred_username": "li' OR '1'='1"},
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_token_that_says_something_else_lets_nobody_in(visit, issuer, name):
    place = begun(visit, issuer)
    issuer.changed = TAMPERED[name]
    answer = visit.get(place)
    assert answer.status_code == 403 and 'role="alert"' in answer.text and not is_in(visit)


@pytest.mark.parametrize("how", ["another key", "none", "the public key as a secret", "the client's secret"])
def test_token_not_signed_by_the_issuers_key_lets_nobody_in(visit, issuer, how):
    place = begun(visit, issuer)
    issuer.key = {"another key": OTHER, "the public key as a secret": KEY.as_pem(private=False), "the client's secret": SECRET.encode()}.get(how, KEY)
    issuer.header = {"alg": {"another key": "RS256", "none": "none"}.get(how, "HS256"), "kid": "a"}
    assert visit.get(place).status_code == 403 and not is_in(visit)


def test_answer_that_belongs_to_no_sign_in_begun_here_lets_nobody_in(visit, issuer, office):
    place = begun(visit, issuer)
    stranger = TestClient(office, base_url=f"http://{HOST}", follow_redirects=False, headers={"host": HOST})
    assert stranger.get(place).status_code == 403  # another browser's
    assert visit.get(place.replace("state=", "state=x")).status_code == 403
    for change in (lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), lambda text: "x" + text, lambda _: "", lambda _: "a.b.c.9.d"):
        place = begun(visit, issuer)
        sealed = next(cookie.value for cookie in visit.cookies.jar if cookie.name == COOKIE)
        visit.cookies.clear()
        visit.cookies.set(COOKIE, change(sealed), domain="127.0.0.1", path="/login/sso")
        assert visit.get(place).status_code == 403 and not is_in(visit)
    place = begun(visit, issuer)
    assert visit.get("/login/sso/back?error=access_denied&state=" + issuer.asked["state"]).status_code == 403
    assert visit.get(begun(visit, issuer).replace("code=good", "code=bad")).status_code == 502 and not is_in(visit)


def test_sign_in_that_took_too_long_has_to_begin_again(visit, issuer):
    place = begun(visit, issuer)
    issuer.later = timedelta(minutes=11)
    answer = visit.get(place)
    assert answer.status_code == 403 and "超过 10 分钟" in answer.text and not is_in(visit)


@pytest.mark.parametrize("changed", [
    {"issuer": "https://else.example"}, {"token_endpoint": "http://else.example/token"}, {"jwks_uri": None},
    {"authorization_endpoint": "https://li:x@else.example/"},
])  # fmt: skip
def test_issuer_that_describes_itself_otherwise_is_not_asked(visit, issuer, changed):
    issuer.about |= changed
    answer = visit.get("/login/sso")
    assert answer.status_code == 502 and "与 desk.toml 写的不符" in answer.text


def test_issuer_that_is_away_is_told_and_passwords_go_on_working(visit, issuer, office):
    issuer.about = ["no object"]
    assert visit.get("/login/sso").status_code == 502 and "密码登录" in visit.get("/login/sso").text
    accounts.sign_in(office.state.desk, "li", PASSWORD, "token-of-a-password-0123456789")


def test_closed_account_is_nobodys(visit, issuer, office):
    desk = office.state.desk
    with desk.database.writing() as session:
        session.scalar(select(Account).where(Account.login == "gone")).active = False
    place = begun(visit, issuer)
    issuer.changed = {"preferred_username": "gone"}
    assert visit.get(place).status_code == 403 and not is_in(visit)


def test_desk_without_it_has_no_such_page_and_a_missing_secret_is_told_at_the_start(tmp_path, monkeypatch):
    app, _ = opened_desk(tmp_path / "w", token="")
    client = TestClient(app, base_url=f"http://{HOST}", follow_redirects=False, headers={"host": HOST})
    assert client.get("/login/sso").status_code == 404 and "登录</a>" not in client.get("/login").text
    app.state.desk.close()
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    sso = SingleSignOn(issuer="https://id.example", client_id="x", client_secret="${NO_SUCH_SECRET}")
    with pytest.raises(DeskError, match="NO_SUCH_SECRET"):
        opened_desk(tmp_path / "w", token="", options=DeskOptions(database=database_for(tmp_path / "w"), sso=sso))


@pytest.mark.parametrize("issuer_url", ["http://id.example", "ftp://id.example", "https://u:p@id.example", "https://id.example/?a=1", "id.example"])
def test_issuer_must_be_safely_reached(issuer_url):
    with pytest.raises((ValidationError, DeskError)):
        SingleSignOn(issuer=issuer_url, client_id="x", client_secret="${A}")
