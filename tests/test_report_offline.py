import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from report_fixtures import ATTACKS

import cdgis.report
from cdgis.core.errors import ReportError
from cdgis.report.files.inline_assets import (
    content_policy,
    inline_code,
    json_for_script,
    leaflet_script,
    leaflet_style,
    static_text,
    template_text,
)
from cdgis.report.site.page import EARLY_SCRIPT, OUR_SCRIPTS

STATIC = Path(cdgis.report.__file__).parent / "static"


@pytest.mark.parametrize("text", [*ATTACKS, "<!-- x", "a&b", "\u2029"])
def test_json_for_script_cannot_leave_its_element_and_reads_back_the_same(text: str) -> None:
    written = str(json_for_script({"name": text, text: [text]}))
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {"name": text, text: [text]}


def test_json_for_script_refuses_numbers_that_are_no_json() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        json_for_script({"x": float("nan")})


@pytest.mark.parametrize("text", ["a</script>b", "x </STYLE", "<!-- y"])
def test_inline_code_refuses_text_that_closes_its_element(text: str) -> None:
    with pytest.raises(ReportError, match="提前结束所在元素"):
        inline_code(text)


def test_content_policy_allows_the_given_scripts_only() -> None:
    digest = base64.b64encode(sha256(b"alert(1)").digest()).decode()
    assert f"script-src 'sha256-{digest}';" in content_policy(["alert(1)"])
    assert content_policy(["alert(2)"]) != content_policy(["alert(1)"])
    assert content_policy([]).startswith("default-src 'none'; script-src 'none';")


def test_leaflet_comes_with_its_notice_and_asks_for_no_other_file() -> None:
    assert "Leaflet 1.9" in leaflet_script()[:200] and "sourceMappingURL" not in leaflet_script()
    assert "url(" not in leaflet_style()
    assert "Redistributions in binary form" in template_text("leaflet_licence.txt")


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.glob("*.js")))
def test_own_scripts_put_no_data_into_markup_and_keep_nothing(name: str) -> None:
    ways_in = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "Function(")
    for way in (*ways_in, "localStorage", "sessionStorage", "document.cookie", "indexedDB"):
        assert way not in static_text(name)


def test_every_own_script_is_named_by_a_page() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in STATIC.parent.rglob("*.py"))
    assert {EARLY_SCRIPT, *OUR_SCRIPTS} <= {path.name for path in STATIC.glob("*.js")}
    assert [path.name for path in STATIC.glob("*.js") if f'"{path.name}"' not in sources] == []


def test_content_policy_lets_images_in_from_the_named_host_alone() -> None:
    assert "img-src data: https://*.example.org;" in content_policy([], image_hosts=["https://*.example.org"])
    assert "https:" not in content_policy(["x"])
