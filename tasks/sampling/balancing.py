"""Which of a model's servers takes the next request: the least loaded that is not failing."""

from collections.abc import Sequence
from dataclasses import dataclass

from yarl import URL

from tasks.sampling.endpoints import hide_credentials
from tasks.sampling.retries import Patience


@dataclass(slots=True)
class Server:
    """One URL of the endpoint."""

    url: URL
    shown: str
    in_flight: int = 0
    num_sent: int = 0
    num_outages: int = 0
    """In a row; a server that has had one is first asked one request at a time again."""
    resting_until: float = 0.0
    """Until then it is asked only when all others rest too."""

    def rank(self, now: float) -> tuple[bool, bool, int, int]:
        """Return what makes it less fit for the next request, the weightiest first."""
        is_tried = self.num_outages > 0 and self.in_flight > 0
        return self.resting_until > now, is_tried, self.in_flight, self.num_sent

    def rest(self, now: float, patience: Patience, retry_after: float | None) -> None:
        """Leave it out for a while that grows with every outage in a row."""
        self.num_outages += 1
        self.resting_until = now + patience.rest_seconds(self.num_outages, retry_after)


def make_servers(base_urls: Sequence[str]) -> list[Server]:
    """Make the servers of an endpoint."""
    return [
        Server(URL(f"{url.rstrip('/')}/chat/completions"), hide_credentials(url))
        for url in base_urls
    ]


def pick_server(servers: Sequence[Server], now: float) -> Server:
    """Return the fittest of one or more servers."""
    if len(servers) == 1:
        return servers[0]
    return min(servers, key=lambda server: server.rank(now))
