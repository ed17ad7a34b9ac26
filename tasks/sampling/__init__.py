"""The model edge: requests in, replies out, whatever the server does.

`client` is the entry; `wire` is the protocol, pure; `transport` is HTTP; `endpoints` checks a
server before anything is spent; `balancing` picks a server; `retries` says how long to wait.
"""

from tasks.sampling.bounds import TokenBound
from tasks.sampling.client import ModelClient
from tasks.sampling.endpoints import Endpoint
from tasks.sampling.figures import Figures
from tasks.sampling.retries import Patience

__all__ = ["Endpoint", "Figures", "ModelClient", "Patience", "TokenBound"]
