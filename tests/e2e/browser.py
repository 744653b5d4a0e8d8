"""A real browser: Chromium, driven through ChromeDriver."""

from __future__ import annotations

from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]


def browser(script: bool = True, dark: bool = False, size: tuple[int, int] = (1280, 900)) -> Chrome:
    """A browser of its own; without scripts, it runs none of a page's own."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    # What a page complains of, its own policy's refusals among them.
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=ChromeService("/usr/bin/chromedriver"))
    # A page that waits for a connection is never there.
    chrome.set_page_load_timeout(30)
    look(chrome, dark, size)
    return chrome


def look(chrome: Chrome, dark: bool, size: tuple[int, int]) -> None:
    """Light or dark, on a screen of this size."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def complaints(chrome: Chrome) -> list[Any]:
    """What the console says since it was last asked."""
    return [it for it in chrome.get_log("browser") if it["level"] in {"SEVERE", "WARNING"}]
