import pytest
from app_server import FINISHED
from starlette.datastructures import Headers

from app.server.middleware import content_policy, same_origin


@pytest.mark.parametrize(
    "path",
    ["/", "/healthz", "/api/runs", f"/api/runs/{FINISHED}/frames", "/api/nothing", "/stage/index.js", "/x"],
)
def test_every_answer_has_the_headers(server, path):
    headers = server.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]


def test_the_policy_allows_nothing_from_elsewhere_and_no_inline_scripts():
    policy = dict(part.split(" ", 1) for part in content_policy().split("; "))
    named = {source for source in policy["script-src"].split() if not source.startswith("'sha256-")}
    assert named == {"'self'", "blob:", "'unsafe-eval'"}
    assert "*" not in content_policy()
    assert "http" not in content_policy()
    assert policy["object-src"] == "'none'"


def test_uploads_leave_nothing_behind(server):
    answer = server.request("PUT", "/_stcore/upload_file/session/file", files={"file": ("a.bin", bytes(2**20))})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        (None, "here:1", True),
        ("http://here:1", "here:1", True),
        ("https://HERE:1", "here:1", True),
        ("http://here:2", "here:1", False),
        ("http://there:1", "here:1", False),
        ("http://here:1.evil.example", "here:1", False),
        ("http://evil.example/here:1", "here:1", False),
        ("null", "here:1", False),
        ("", "", False),
        ("http://[::1", "here:1", False),
        ("http://user@here:1", "here:1", False),
    ],
)
def test_only_our_own_origin_is_ours(origin, host, same):
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert same_origin(Headers(headers)) is same
