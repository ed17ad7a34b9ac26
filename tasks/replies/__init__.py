"""Replies that models gave, kept by content: what was once paid for is never asked again.

`store` is the entry; a `journal` writes segments where the folder lies (a local disk, an object
store); `segments` frames records; `index` finds them; `format` says what a key and a record are.
"""

from tasks.replies.format import outrun_key, reply_key
from tasks.replies.store import ReplyStore, ReplyStoreError

__all__ = ["ReplyStore", "ReplyStoreError", "outrun_key", "reply_key"]
