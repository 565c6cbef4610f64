"""The prompt and the menu of Boot Servers, as they stand on a client's screen (PXE 2.1 table 2-1, tags 9 and 10)."""

from __future__ import annotations

from enum import Enum, auto

from wireboot.endpoint import Datagram, DatagramDropped
from wireboot.protocols.pxe.client_events import MenuShown, PromptShown
from wireboot.protocols.pxe.errors import CANCELLED, PxeError
from wireboot.protocols.pxe.task import SERVICE, Task
from wireboot.protocols.pxe.vendor_options import AT_ONCE, FOR_EVER, MenuItem, MenuPrompt


class Key(Enum):
    """A key that means something here."""

    F8 = auto()
    M = auto()
    ENTER = auto()
    """Ctrl-M too: a terminal sends the same for both."""
    ESCAPE = auto()
    CTRL_C = auto()
    UP = auto()
    DOWN = auto()
    HOME = auto()
    END = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()
    TAB = auto()
    SPACE = auto()
    BACKSPACE = auto()
    U = auto()
    D = auto()


_OPENS_MENU = {Key.F8, Key.M, Key.ENTER}
_CANCELS = {Key.ESCAPE, Key.CTRL_C}
_UP = {Key.UP, Key.BACKSPACE, Key.U}
_DOWN = {Key.DOWN, Key.TAB, Key.SPACE, Key.D}
_FIRST = {Key.HOME, Key.PAGE_UP}
_LAST = {Key.END, Key.PAGE_DOWN}


class MenuTask(Task[MenuItem]):
    """Counts the prompt down, moves the bar; the item chosen is the result."""

    def __init__(
        self, items: tuple[MenuItem, ...], prompt: MenuPrompt | None, *, chosen: int | None, now: float
    ) -> None:
        """Without a prompt the first item is taken at once, as EDK2 does. `chosen` spares the question."""
        assert items
        super().__init__()
        self._items = items
        self._text = "" if prompt is None else prompt.text
        self._selected = 0
        self._until: float | None = None
        """While the prompt counts down."""
        timeout_s = AT_ONCE if prompt is None else prompt.timeout_s
        if chosen is not None:
            self._take(chosen)
        elif timeout_s == AT_ONCE:
            self._take(0)
        elif timeout_s == FOR_EVER:
            self._show()
        else:
            self._until = now + timeout_s
            self._tell(PromptShown(self._text, self._until))

    def late(self) -> PxeError:
        return CANCELLED.because("nobody chose from the menu")

    def receive_datagram(self, datagram: Datagram, now: float) -> None:  # noqa: ARG002  # an endpoint's form
        self._tell(DatagramDropped(SERVICE, "unexpected while the menu is shown", datagram.peer, datagram.interface))

    def handle_timeout(self, now: float) -> None:
        if self.result is None and self._until is not None and now >= self._until:
            self._take(0)

    def next_timeout(self) -> float | None:
        return self._until if self.result is None else None

    def choose(self, item: int) -> None:
        """As if somebody went to the item of this number, counted from 0, and pressed Enter."""
        if self.result is None:
            self._take(item)

    def press(self, key: Key) -> None:
        if self.result is not None:
            return
        if key in _CANCELS:
            self.result = CANCELLED
        elif self._until is not None:
            if key in _OPENS_MENU:
                self._until = None
                self._show()
        elif key is Key.ENTER:
            self._take(self._selected)
        else:
            self._move(key)

    def _move(self, key: Key) -> None:
        last = len(self._items) - 1
        if key in _UP:
            self._selected = max(self._selected - 1, 0)
        elif key in _DOWN:
            self._selected = min(self._selected + 1, last)
        elif key in _FIRST:
            self._selected = 0
        elif key in _LAST:
            self._selected = last
        else:
            return
        self._show()

    def _show(self) -> None:
        self._tell(MenuShown(self._text, self._items, self._selected))

    def _take(self, item: int) -> None:
        if 0 <= item < len(self._items):
            self.result = self._items[item]
        else:
            self.result = CANCELLED.because(f"the menu has {len(self._items)} items and no number {item}")
