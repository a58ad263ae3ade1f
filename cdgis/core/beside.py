"""A second process that does a share of a long job while this one goes on: same answer, less waiting (decision 0069)."""

import gc
import io
import pickle
import subprocess
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeVar

from cdgis.core.errors import CdgisError
from cdgis.core.freed_memory import share_one_pool

MANY = 200
"""Subjects from which a second process repays the second it takes to start."""
Answer = TypeVar("Answer")
Part = TypeVar("Part")
_SERVE = "import sys; sys.path[:] = {path!r}; from cdgis.core.beside import serve; serve()"
_FAILURES = (OSError, EOFError, ValueError, TypeError, AttributeError, ImportError, IndexError, pickle.PickleError, MemoryError)


class Beside:
    """One process beside this one that answers question after question.

    What it cannot answer, because it was not started, ran out of memory or failed, is done here instead: an error is then
    this process's own.
    """

    def __init__(self) -> None:
        """Start nothing yet: the first question starts the process."""
        self._turns = ThreadPoolExecutor(max_workers=1)
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False
        self._promised: dict[tuple[Hashable, int], tuple[Any, Callable[[], Any]]] = {}
        self._kept: dict[int, tuple[int, Any]] = {}

    def _start(self) -> None:
        self._asked = True
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE.format(path=sys.path)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            self._process = None

    def begin(
        self, function: Callable[..., Answer], *given: Any, here: Callable[[], Answer] | None = None, keep: Any = None
    ) -> Callable[[], Answer]:
        """Begin a module's function with what can be pickled; call what is returned for its answer.

        Parameters
        ----------
        given : taken as it is now; what changes later does not reach the other process.
        here : the same work as this process does it, where it can tell how far it has come.
        keep : one of `given` that the process keeps: later questions, whatever they reach it through, do not send it again.
        """
        here, asked = here or partial(function, *given), self._put(function, given, keep)
        return here if asked is None else partial(_answer_of, asked, here)

    def _put(self, function: Callable[..., Answer], given: tuple[Any, ...], keep: Any) -> "Future[tuple[bool, Answer]] | None":
        """Put a question to the other process's list; None where it cannot be asked."""
        if not self._asked:
            self._start()
        try:
            question = _pickled((function, given, keep), self._kept) if self._process is not None else b""
        except _FAILURES:
            question = b""
        if not question:
            return None
        if keep is not None and id(keep) not in self._kept:
            self._kept[id(keep)] = len(self._kept), keep
        return self._turns.submit(self._ask, [question])

    def offer(
        self, function: Callable[[Any, Part], Answer], about: Any, parts: Sequence[Part], *, here: Callable[[Part], Answer] | None = None
    ) -> list[Callable[[], Answer]]:
        """Offer `function(about, part)` of every part, first first; what the other has not begun when its answer is wanted is done here.

        It keeps `about`. `here` is how this process does a part, where otherwise than by `function`.
        """
        if id(about) not in self._kept:
            self._put(_hold, (about,), about)  # not with a question that may be taken back
        asked = [self._put(function, (about, part), about) for part in parts]
        own = here or partial(function, about)
        return [partial(_taken, question, partial(own, part)) for part, question in zip(parts, asked, strict=True)]

    def share(self, function: Callable[[Any, Part], Answer], about: Any, parts: Sequence[Part]) -> Iterator[Answer]:
        """Yield `function(about, part)` of every part, last first: the other takes from the front, this one from the end.

        So both are busy until the end, however long the other is with what it was asked before.
        """
        yield from (answer() for answer in reversed(self.offer(function, about, parts)))

    def begin_once(self, function: Callable[..., Answer], about: Any, *given: Any) -> Callable[[], Answer]:
        """Begin it as `begin` does, unless it was begun about this very object: then its answer is that one's."""
        key = function, id(about)  # held on to beside its answer, so that no other object has this id
        if key not in self._promised:
            self._promised[key] = about, self.begin(function, about, *given)
        return self._promised[key][1]

    def begun(self, function: Callable[..., Answer], about: Any) -> Answer | None:
        """Return the answer to what `begin_once` began about this very object; None where nobody began it."""
        found = self._promised.get((function, id(about)))
        return None if found is None else found[1]()

    def _ask(self, question: list[bytes]) -> tuple[bool, Any]:
        """Return whether there is an answer, and it; the question is taken out of its list and let go once it is sent."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return False, None
        try:
            _send(self._process.stdin, question.pop())
            answer: tuple[bool, Any] = pickle.loads(_received(self._process.stdout))
            return answer
        except _FAILURES:
            return False, None

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._turns.shutdown()
        for stream in (self._process.stdin, self._process.stdout) if self._process is not None else ():
            if stream is not None:
                _closed(stream)


class Nobody:
    """Nobody beside: what is begun is done when its answer is wanted."""

    def begin(
        self, function: Callable[..., Answer], *given: Any, here: Callable[[], Answer] | None = None, keep: Any = None
    ) -> Callable[[], Answer]:
        """Return what does the work here."""
        return here or partial(function, *given)

    begin_once = begin

    def begun(self, function: Callable[..., Answer], about: Any) -> Answer | None:
        """Return nothing: nobody began it."""
        return None

    def offer(
        self, function: Callable[[Any, Part], Answer], about: Any, parts: Sequence[Part], *, here: Callable[[Part], Answer] | None = None
    ) -> list[Callable[[], Answer]]:
        """Return what does each part here."""
        return [partial(here or partial(function, about), part) for part in parts]

    def share(self, function: Callable[[Any, Part], Answer], about: Any, parts: Sequence[Part]) -> Iterator[Answer]:
        """Yield `function(about, part)` of every part, last first."""
        yield from (function(about, part) for part in reversed(parts))


Other = Beside | Nobody
NOBODY = Nobody()
_open: ContextVar[Beside | None] = ContextVar("beside", default=None)


def within_block() -> bool:
    """Return whether a block is open whose process will go on after the work at hand."""
    return _open.get() is not None


@contextmanager
def beside(*, wanted: bool) -> Iterator[Other]:
    """Work with a second process until the block ends, or without one where it is not wanted or Python is another program's part.

    A block inside another shares the other's process, which has its modules loaded by then.
    """
    if not wanted or not Path(sys.executable or "").stem.lower().startswith("python"):
        yield NOBODY
        return
    if (there := _open.get()) is not None:
        yield there
        return
    other = Beside()
    token = _open.set(other)
    try:
        yield other
    finally:
        _open.reset(token)
        other.close()


def load(*modules: str) -> None:
    """Import modules: for a process that will be asked for what is in them, while this one imports its own."""
    for name in modules:
        import_module(name)


def _hold(about: object) -> None:
    """Take what later questions are about."""


def _answer_of(asked: "Future[tuple[bool, Answer]]", here: Callable[[], Answer]) -> Answer:
    answered, found = asked.result()
    return found if answered else here()


def _taken(asked: "Future[tuple[bool, Answer]] | None", here: Callable[[], Answer]) -> Answer:
    return here() if asked is None or asked.cancel() else _answer_of(asked, here)


def serve() -> None:
    """Answer questions on standard input until it is closed; what libraries print goes nowhere."""
    answers, questions = sys.stdout.buffer, sys.stdin.buffer
    sys.stdout = sys.stderr
    kept: list[Any] = []
    share_one_pool()
    gc.set_threshold(300_000, 20, 100)  # as the command does: most of what is made is rows, which refer to nothing that refers back
    while True:
        try:
            function, given, keep = _unpickled(_received(questions), kept)
        except EOFError:
            return
        if keep is not None and not any(keep is one for one in kept):
            kept.append(keep)
        _send(answers, pickle.dumps(_answered(function, given), protocol=5))
        del given, keep  # not beside those of the next question


def _pickled(question: object, kept: dict[int, tuple[int, Any]]) -> bytes:
    """Return `question` as bytes in which what is kept stands as its number."""
    if not kept:
        return pickle.dumps(question, protocol=5)
    stream = io.BytesIO()
    pickler = _Pickler(stream, protocol=5)
    pickler.kept = kept
    pickler.dump(question)
    return stream.getvalue()


class _Pickler(pickle.Pickler):
    kept: dict[int, tuple[int, Any]]

    def persistent_id(self, obj: Any) -> int | None:
        """Return the number of what is kept, None of all else."""
        found = self.kept.get(id(obj))
        return None if found is None else found[0]


def _unpickled(question: bytes, kept: list[Any]) -> Any:
    unpickler = _Unpickler(io.BytesIO(question))
    unpickler.kept = kept
    return unpickler.load()


class _Unpickler(pickle.Unpickler):
    kept: list[Any]

    def persistent_load(self, pid: Any) -> Any:
        """Return what is kept under that number."""
        return self.kept[pid]


def _answered(function: Callable[..., Any], given: tuple[Any, ...]) -> tuple[bool, Any]:
    """Return the answer; an error is left to whoever asked to come upon again."""
    try:
        return True, function(*given)
    except (CdgisError, *_FAILURES):
        return False, None


def _send(stream: IO[bytes], content: bytes) -> None:
    stream.write(len(content).to_bytes(8, "big"))
    stream.write(content)
    stream.flush()


def _received(stream: IO[bytes]) -> bytes:
    size = stream.read(8)
    content = stream.read(int.from_bytes(size, "big"))
    if len(size) < 8 or len(content) < int.from_bytes(size, "big"):
        raise EOFError
    return content


def _closed(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return
