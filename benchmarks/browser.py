"""A headless Chromium, driven by the DevTools protocol over a pair of pipes: nothing to install but the browser."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LIMIT = 60  # seconds for one answer


def find():
    """Path of a browser, or None: GRAPHEMB_BROWSER names one, else the usual commands are tried."""
    if os.name != "posix":
        return None  # the pipes want the file descriptors 3 and 4
    return os.environ.get("GRAPHEMB_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page: `evaluate` its JavaScript, press keys, click, look. What it complains of is in `errors`."""

    def __init__(self, out, into, scale):
        self._out, self._into, self._number, self._read = out, into, 0, b""
        self.errors, self.requests = [], []
        target = self.send("Target.createTarget", session=None, url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", session=None, targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        self.resize(1280, 800, scale)

    def resize(self, width, height, scale=1):
        """The size of the window, and device pixels in one of CSS."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=False)

    def send(self, method, session=True, **parameters):
        """One command, and its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = self._session
        os.write(self._into, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._heard(answer)

    def _next(self):
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._out], [], [], LIMIT)
            part = os.read(self._out, 1 << 20) if ready else b""
            if not part:
                raise RuntimeError("the browser has gone" if ready else f"no answer of the browser in {LIMIT} s")
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def _heard(self, event):
        method, told = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    def open(self, path, fragment=""):
        """Show a file, from scratch, and wait until the explorer says it is ready."""
        self.send("Page.navigate", url="about:blank")
        self.requests.clear()
        self.send("Page.navigate", url=path.as_uri() + fragment)
        self.until("document.documentElement?.dataset.ready === 'yes'")
        self.drawn()

    def evaluate(self, expression):
        """The value of a JavaScript expression, of a promise when it is kept."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", expression))
        return answer["result"].get("value")

    def until(self, condition):
        """Wait for a JavaScript condition."""
        end = time.monotonic() + LIMIT
        while not self._holds(condition):
            if time.monotonic() > end:
                raise RuntimeError(f"{condition} did not come true in {LIMIT} s; the page says {self.errors}")

    def _holds(self, condition):
        try:
            return self.evaluate(condition)
        except RuntimeError as error:
            if "context" in str(error):  # of a page that is just being left
                return False
            raise

    def drawn(self):
        """Wait for two frames: what was asked for before is then on the screen."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def press(self, key):
        """One key: a name such as "Enter", or a character."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, text=text,
                  windowsVirtualKeyCode={"Enter": 13, "Escape": 27}.get(key, 0))
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def write(self, text):
        """Text into what has the focus."""
        self.send("Input.insertText", text=text)

    def mouse(self, kind, x, y, **more):
        """A mouse event at a place of the page, in CSS pixels."""
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y):
        """A click of the left button."""
        self.mouse("mouseMoved", x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def screenshot(self):
        """The page as a PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])


def _as_three_and_four(*ends):
    import fcntl

    high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in ends]  # out of each other's way first
    for number, end in zip((3, 4), high, strict=True):
        os.dup2(end, number)


@contextlib.contextmanager
def page(program, *options, scale=1):
    """A page in a browser of its own, which ends with the block."""
    to_browser, into = os.pipe()
    out, from_browser = os.pipe()
    held = []  # 3 and 4 must be taken, or Popen itself might use them
    while not held or held[-1] < 4:
        held.append(os.open(os.devnull, os.O_RDONLY))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-sandbox",
                   "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
                   "--force-color-profile=srgb", "--enable-unsafe-swiftshader", *options]
        started = subprocess.Popen(command, preexec_fn=lambda: _as_three_and_four(to_browser, from_browser),
                                   close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (to_browser, from_browser, *held):
            os.close(end)
        try:
            shown = Page(out, into, scale)
            yield shown
            with contextlib.suppress(RuntimeError):
                shown.send("Browser.close", session=None)
        finally:
            os.close(into)
            os.close(out)
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
