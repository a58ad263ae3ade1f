"""One visit to a page: what it asked for and what it complained of."""

import time
from pathlib import Path

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class Visit:
    """One page in its own context: what it asked for, what it complained of."""

    def __init__(self, browser: object, path: Path, size: dict[str, int], fragment: str = "") -> None:
        self.context = browser.new_context(viewport=size, offline=True)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.refused: list[str] = []
        self.page.on("requestfailed", lambda request: self.refused.append(f"{request.failure} {request.url}"))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.goto(path.as_uri() + fragment)
        if path.name == "index.html":
            self.page.wait_for_selector("html[data-ready]", state="attached")

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *exc: object) -> None:
        self.context.close()


def until(page: object, expression: str, seconds: float = 30) -> None:
    """Ask a page again and again until an expression holds.

    Playwright's `wait_for_function` evaluates inside the page, which our pages forbid (no `unsafe-eval`):
    it works only where the expression holds at the first look.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not within {seconds} s: {expression}"
        page.wait_for_timeout(50)


def settled(page: object, expression: str, seconds: float = 30) -> object:
    """Return what an expression gives once it has given the same for three tenths of a second: a map that has stopped moving."""
    end, seen = time.monotonic() + seconds, []
    while len(seen) < 4 or seen[-4:] != [seen[-1]] * 4:
        assert time.monotonic() < end, f"not at rest within {seconds} s: {expression}"
        seen.append(page.evaluate(expression))
        page.wait_for_timeout(100)
    return seen[-1]
