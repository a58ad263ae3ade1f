"""People at their browsers who complain of anything strange."""

from desk_client import TOKEN


class Person:
    """Somebody at the desk: a page, and what it complained of or asked elsewhere."""

    def __init__(self, browser, size, port, session=""):
        address = f"http://127.0.0.1:{port}"
        self.context = browser.new_context(viewport=size, locale="zh-CN")
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.strange: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: None if request.url.startswith((address, "data:", "blob:")) else self.strange.append(request.url))
        self.page.set_default_timeout(30_000)
        if session:
            self.context.add_cookies([{"name": f"cdgis_desk_{port}", "value": session, "url": address}])
        self.page.goto(address if session else f"{address}/enter?token={TOKEN}")

    def new_case(self):
        self.page.click("#new")
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        self.context.close()
        if kind is None:
            assert (self.complaints, self.strange) == ([], [])
