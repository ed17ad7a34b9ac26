"""The error model: one kind for each way in which people and programs react.

A failed request is no exception at all: it is a `Reply` with a status, and its row says why.
"""


class ServerError(RuntimeError):
    """A model server cannot go on with this shard; Prefect retries the shard."""


class AccessError(RuntimeError):
    """A model server refuses this run (no such server or model, 401, 403); nobody retries it."""


class ContractError(ValueError):
    """Data or parameters are wrong; a person must mend them, so nobody retries."""


class RecipeError(ContractError):
    """A recipe or a command-line override is wrong; the command exits 2 before anything runs."""


class SourceError(ContractError):
    """A source cannot be read as its recipe says; the command exits 2 before anything runs."""


class WorkspaceBusyError(RuntimeError):
    """Another run holds this partition of the workspace."""


class WorkerError(RuntimeError):
    """A process of ours that worked on a part of the data died."""
