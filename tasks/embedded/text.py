"""Text of a growing list of tokens: complete characters only, cut at stop texts.

Given a function from token ids to text; used where the text must be known while tokens still come
(streams and stop texts).
"""

from collections.abc import Callable, Sequence

_BROKEN = "\ufffd"


class TextStream:
    """What one completion says so far."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stops: Sequence[str] = ()) -> None:
        self._decode = decode
        self._stops = stops
        # Text that may still turn out to be the start of a stop text is held back.
        self._held_chars = max((len(stop) for stop in stops), default=1) - 1
        self._ids: list[int] = []
        self._context_start = 0
        self._read_end = 0
        self._text = ""
        self._num_taken_chars = 0
        self.stop_reason: str | None = None

    def push(self, token_id: int) -> None:
        """Add a token; `stop_reason` is set when a stop text is complete.

        A token alone may decode differently from the same token after others, so each is read
        together with those just before it.
        """
        self._ids.append(token_id)
        self._append(self._pending(), is_last=False)

    def finish(self) -> None:
        """Take in what was held back as an incomplete character."""
        if self.stop_reason is None:
            self._append(self._pending(), is_last=True)

    def take(self, *, is_last: bool) -> str:
        """The text that is certain and was not taken before."""
        end = len(self._text) - (0 if is_last else self._held_chars)
        start = self._num_taken_chars
        self._num_taken_chars = max(start, end)
        return self._text[start : self._num_taken_chars]

    def _pending(self) -> str:
        known = self._decode(self._ids[self._context_start : self._read_end])
        return self._decode(self._ids[self._context_start :])[len(known) :]

    def _append(self, new: str, *, is_last: bool) -> None:
        if not new or (new.endswith(_BROKEN) and not is_last):
            return
        self._context_start, self._read_end = self._read_end, len(self._ids)
        searched = max(0, len(self._text) - self._held_chars)
        self._text += new
        hits = [(self._text.find(stop, searched), stop) for stop in self._stops]
        found = min((hit for hit in hits if hit[0] >= 0), default=None)
        if found:
            self._text, self.stop_reason = self._text[: found[0]], found[1]
