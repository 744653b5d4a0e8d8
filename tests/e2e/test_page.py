"""The pages in a real browser, the API under a fuzzer, and what neither may show. AWS is the stand-in."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as EC  # noqa: N812

from browser import browser, complaints, look
from fleet import HEAD, SECRET, Fleet, function
from stage import PATIENCE, ROOT, get, wait_for

PAGES = [
    "/",
    "/objects",
    "/objects/default/Function/resize",
    "/objects/default/Function/count-bases",
    "/objects/default/Release/count-bases",
    "/events",
    "/source",
    "/targets",
]
HOSTILE = "<script>document.title='owned'</script>"
AXE = ROOT / "target" / "npm" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet with something of everything, watched only."""
    folder = tmp_path_factory.mktemp("fleet")
    # Neither a description nor a label, nor a file's name, is anything but text.
    hostile = function("hostile").replace("team: imaging", f'team: "{HOSTILE}"') + f'  description: "{HOSTILE}"\n'
    fleet = Fleet(folder, more={"hostile": hostile})
    try:
        fleet.stage()
        (fleet.folder / "<img src=x onerror=alert(1)>.yaml").write_text(f'{HEAD}"{HOSTILE}": 1\n')
        fleet.hand("hostile", Description=HOSTILE + "!")
        fleet.wait("default/Function/hostile", "drifted")
        wait_for("the file is read", lambda: "<img src=x" in get(fleet.url + "/api/v1/source"))
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chrome]:
    chrome = browser()
    yield chrome
    chrome.quit()


def text(chrome: Chrome, where: str = "main") -> str:
    return chrome.find_element(By.CSS_SELECTOR, where).text


def lines(chrome: Chrome) -> list[str]:
    """The names in the table of objects."""
    found = chrome.find_elements(By.CSS_SELECTOR, "#table tbody th")
    return [it.text.removeprefix("default/Function/") for it in found]


def test_filters_search_and_order_stand_in_the_address(fleet: Fleet, chrome: Chrome) -> None:
    def names(query: str) -> list[str]:
        chrome.get(f"{fleet.url}/objects{query}")
        return lines(chrome)

    assert names("?status=drifted") == ["hostile", "resize", "thumbnails"]
    assert names("?q=RESI") == ["resize"]
    assert names("?q=ticket+7") == ["annotate"]
    assert names("?status=refused,suspended&kind=Function") == ["annotate", "stranger"]
    assert names("?label=team%3Dimaging&cause=config") == ["resize", "thumbnails"]
    assert names("?sort=status")[0] == "annotate"
    assert names("?q=nothing-like-it") == []
    # Pages, one link after the other, show everything once.
    seen = names("?limit=3")
    while chrome.find_elements(By.CSS_SELECTOR, "a[rel=next]"):
        chrome.find_element(By.CSS_SELECTOR, "a[rel=next]").click()
        seen += lines(chrome)
    assert seen == sorted(seen) and len(seen) == 8
    # The form says the same as the address, and writes it.
    chrome.get(f"{fleet.url}/objects?status=drifted")
    assert chrome.find_element(By.ID, "f-status").get_property("value") == "drifted"
    chrome.find_element(By.ID, "q").send_keys("thumb")
    chrome.find_element(By.CSS_SELECTOR, "form button").click()
    wait_for("the form is sent", lambda: "q=thumb" in chrome.current_url)
    assert lines(chrome) == ["thumbnails"] and "status=drifted" in chrome.current_url
    chrome.get(f"{fleet.url}/objects?colour=red")
    assert "Not understood" in text(chrome) and "colour" in text(chrome)


def test_an_object_shows_what_differs_and_no_secret(fleet: Fleet, chrome: Chrome) -> None:
    chrome.get(f"{fleet.url}/objects/default/Function/resize")
    rows = [it.text for it in chrome.find_elements(By.CSS_SELECTOR, "table.diff tbody tr")]
    assert rows == [
        "function /memorySize 1024 512 drift (config)",
        "function /timeout 60 3 drift (config)",
    ]
    history = text(chrome, "section[aria-labelledby=history]")
    assert "drifted" in history and "/memorySize 512 → 1024" in history
    assert "resize.yaml:1" in text(chrome) and SECRET not in chrome.page_source
    link = chrome.find_element(By.PARTIAL_LINK_TEXT, "AWS console").get_attribute("href")
    assert link == "https://us-east-1.console.aws.amazon.com/lambda/home?region=us-east-1#/functions/resize"


def test_a_button_reads_the_object_now(fleet: Fleet, chrome: Chrome) -> None:
    key = "default/Function/resize"
    complaints(chrome)
    chrome.get(f"{fleet.url}/objects/{key}")
    read_at = fleet.ask(f"/api/v1/objects/{key}")["audited"]
    part = chrome.find_element(By.CSS_SELECTOR, "#details dl")
    chrome.find_element(By.ID, "read-now").click()
    wait_for("it is asked for", lambda: text(chrome, "#read-now-says").startswith("Asked for"))
    wait_for("it is read", lambda: fleet.ask(f"/api/v1/objects/{key}")["audited"] > read_at)
    # What it shows is replaced; button, answer and focus stay.
    wait_for("the page is fresh", lambda: EC.staleness_of(part)(chrome))
    assert chrome.switch_to.active_element.get_attribute("id") == "read-now"
    assert text(chrome, "#read-now-says").startswith("Asked for")
    assert not complaints(chrome)
    # Why not is said too.
    chrome.execute_script("document.getElementById('read-now').dataset.object = 'nobody'")
    chrome.find_element(By.ID, "read-now").click()
    wait_for("it is told", lambda: text(chrome, "#read-now-says") == "Not read: there is no object `nobody`")


def test_a_release_shows_weights_and_tests(fleet: Fleet, chrome: Chrome) -> None:
    chrome.get(f"{fleet.url}/objects/default/Function/count-bases")
    release = text(chrome, "section[aria-labelledby=release]")
    assert "90 % to version 1, 10 % to version 2" in release
    assert chrome.find_element(By.TAG_NAME, "progress").get_property("value") == 10
    # What says most about the whole is said first.
    assert text(chrome, ".why").startswith("release: Canary")


def test_names_and_messages_are_text_whatever_they_hold(fleet: Fleet, chrome: Chrome) -> None:
    complaints(chrome)
    for path in [*PAGES, "/objects/default/Function/hostile", f"/objects/{urllib.parse.quote(HOSTILE)}", "/objects?q=" + urllib.parse.quote(HOSTILE + '"')]:
        chrome.get(fleet.url + path)
        assert "owned" not in chrome.title or HOSTILE in chrome.title, path
        assert not chrome.find_elements(By.CSS_SELECTOR, "main script, main img, main b > script"), path
        assert SECRET not in chrome.page_source, path
        # A policy that something runs against is told to the console.
        told = [it for it in complaints(chrome) if "404" not in it["message"] and "400" not in it["message"]]
        assert not told, (path, told)
    chrome.get(f"{fleet.url}/objects/default/Function/hostile")
    assert HOSTILE in text(chrome)


def test_without_scripts_everything_is_there(fleet: Fleet) -> None:
    plain = browser(script=False)
    try:
        plain.get(fleet.url + "/objects?status=drifted")
        assert lines(plain) == ["hostile", "resize", "thumbnails"]
        plain.find_element(By.LINK_TEXT, "default/Function/resize").click()
        wait_for("the object's page", lambda: "Live and desired" in text(plain))
        assert not plain.find_element(By.ID, "read-now").is_displayed()
        plain.find_element(By.LINK_TEXT, "Targets").click()
        wait_for("the targets", lambda: "lambda:GetFunction" in text(plain))
    finally:
        plain.quit()


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 400)], ids=["light, wide", "dark, narrow"])
def test_axe_finds_nothing_serious(fleet: Fleet, chrome: Chrome, dark: bool, width: int) -> None:
    look(chrome, dark, (width, 900))
    wrong = []
    for path in [*PAGES, "/objects/nowhere"]:
        chrome.get(fleet.url + path)
        # As a developer's tools do it: the page's own policy lets no other script in.
        chrome.execute_script(AXE.read_text())
        found = chrome.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
        wrong += [
            (path, it["id"], it["help"], [node["target"] for node in it["nodes"]][:3])
            for it in found["violations"]
            if it["impact"] in {"serious", "critical", "moderate"}
        ]
        assert found["passes"], path
        # Nothing is wider than the screen but what scrolls by itself.
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= width, path
    look(chrome, False, (1280, 900))
    assert not wrong


def routes(fleet: Fleet) -> list[str]:
    """Every address that there is, from the API's own description and the menu."""
    document = fleet.ask("/api/v1/openapi.json")
    keys = [it["key"] for it in fleet.ask("/api/v1/objects")["objects"]]
    found = ["/metrics", "/livez", "/readyz", *PAGES]
    for path, methods in document["paths"].items():
        if path.endswith("/stream") or "get" not in methods:
            continue
        found += [path.replace("{key}", key) for key in keys] if "{key}" in path else [path]
    return [*found, *(f"/objects/{key}" for key in keys)]


def test_no_route_shows_a_secret(fleet: Fleet) -> None:
    seen = 0
    for path in routes(fleet):
        answer = get(fleet.url + urllib.parse.quote(path))
        assert answer and SECRET not in answer, path
        seen += 1
    assert seen > 30
    assert SECRET not in fleet.daemon.text()


def test_the_fuzzer_finds_nothing(fleet: Fleet) -> None:
    program = Path(sys.executable).parent / "schemathesis"
    # A stream has no end; its own test follows it.
    what = ["--exclude-path-regex", "stream", "--max-examples", "60", "--seed", "1", "--checks", "all"]
    # Of texts that may stand in a path it throws most away, and takes that for a fault of its own.
    command = [program, "run", f"{fleet.url}/api/v1/openapi.json", *what, "--suppress-health-check", "filter_too_much"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=fleet.folder.parent)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert fleet.daemon.process.poll() is None


class Stream:
    """Follows `/api/v1/events/stream`."""

    def __init__(self, url: str, last: str | None = None) -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        headers = {"Last-Event-ID": last} if last is not None else {}
        self.connection.request("GET", "/api/v1/events/stream", headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200

    def next(self, kind: str) -> tuple[str, dict]:
        """The next one of a kind: its id, and what it says."""
        seen: dict[str, str] = {}
        # Comments keep the connection alive, so that alone would wait for ever.
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, f"no {kind} in the stream"
            line = self.answer.readline().decode().rstrip("\n")
            if line:
                name, _, value = line.partition(":")
                seen[name] = value.strip()
            elif seen.get("event") == kind:
                return seen.get("id", ""), json.loads(seen["data"])
            else:
                seen = {}

    def about(self, subject: str, reason: str) -> tuple[str, dict]:
        """The next event of this kind about somebody."""
        while True:
            found, event = self.next("event")
            assert event["id"] == found
            if (event["subject"], event["reason"]) == (subject, reason):
                return found, event

    def close(self) -> None:
        self.connection.close()


def test_drift_comes_and_goes_before_ones_eyes(tmp_path: Path, chrome: Chrome) -> None:
    fleet = Fleet(tmp_path)
    try:
        fleet.wait_synced()
        stream = Stream(fleet.url)
        chrome.get(fleet.url + "/objects/default/Function/resize")
        assert "No field differs" in text(chrome)
        fleet.daemon.stop()
        # The page says that what it shows may be old, and goes on when there is somebody again.
        wait_for("it is told", lambda: "no connection" in text(chrome, "#connection"))
        stream.close()
        address = fleet.url.removeprefix("http://")
        fleet.daemon = fleet.evenkeel.daemon(fleet.folder, fleet.log, "--listen", address, "--mode", "observe")
        fleet.wait_synced()
        stream = Stream(fleet.url)
        fleet.hand("resize", MemorySize=2048)
        first, event = stream.about("default/Function/resize", "Drifted")
        assert event["type"] == "Warning" and event["message"].endswith("/memorySize: 512 → 2048")
        stream.next("rows")
        wait_for("drift shows", lambda: "/memorySize" in text(chrome) and "drifted" in text(chrome, "h1"))
        # Somebody puts it back.
        fleet.hand("resize", MemorySize=512)
        wait_for("drift is gone", lambda: "No field differs" in text(chrome) and "synced" in text(chrome, "h1"))
        assert "corrected" in text(chrome, "section[aria-labelledby=history]")
        # Whoever was cut off goes on where he was; whoever comes from another life is told so.
        stream.close()
        again = Stream(fleet.url, first)
        second, event = again.about("default/Function/resize", "Corrected")
        assert second != first and event["count"] == 1
        again.close()
        for strange in ["1-1", "x", first + "9"]:
            other = Stream(fleet.url, strange)
            other.next("reset")
            other.close()
        history = fleet.ask("/api/v1/history/default/Function/resize")["changes"]
        assert [it["what"] for it in history][:2] == ["corrected", "drifted"]
        assert history[1]["fields"] == [{"path": "/memorySize", "before": "512", "after": "2048"}]
    finally:
        fleet.stop()


def test_what_is_asked_wrongly_is_told(fleet: Fleet) -> None:
    for query in ["limit=0", "limit=x", "status=blue", "sort=size", "cursor=7", "label=x", "colour=red", "kind=Lambda", "limit=1&limit=2"]:
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"{fleet.url}/api/v1/objects?{query}")
        assert refused.value.code == 400
        assert query.split("=")[0] in json.load(refused.value)["error"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(fleet.url + "/api/v1/objects/default/Function/nowhere")
    assert refused.value.code == 404 and "nowhere" in json.load(refused.value)["error"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(fleet.url + "/api/v1/objects/default/Release/count-bases")
    assert refused.value.code == 404
    assert "`release` is a facet of `default/Function/count-bases`" in json.load(refused.value)["error"]
    brief = fleet.ask("/api/v1/objects?facets=false")
    assert not any("facets" in it for it in brief["objects"])
    whole = fleet.ask("/api/v1/objects/default/Function/count-bases")
    statuses = {it["name"]: it["status"] for it in whole["facets"]}
    assert statuses["function"] == "synced" and (whole["status"], whole["facet"]) == ("pending", "release")


def test_status_and_explain_say_the_same(fleet: Fleet) -> None:
    def says(*words: str) -> tuple[int, str]:
        run = fleet.evenkeel.call(*words, "--url", fleet.url)
        return run.returncode, run.stdout + run.stderr

    code, said = says("status", "resize")
    assert code == 1 and "/memorySize: 1024 → 512  (drift)" in said and "HISTORY" in said
    code, said = says("status", "-o", "wide")
    assert code == 1 and "resize.yaml:1" in said and "MANIFEST" in said
    code, said = says("explain", "resize")
    assert code == 1 and "/timeout: 60 → 3 (another party changed it in AWS)" in said
    code, said = says("explain", "fastq-quality")
    assert code == 0 and "default/Function/fastq-quality is synced" in said
    code, said = says("explain", "stranger")
    assert code == 1 and "What to do: `policy.adopt`" in said
    code, said = says("explain", "nowhere")
    assert code == 2 and "there is no object `nowhere`" in said
