"""How long prompts and completions are, in tokens, where a server does not say."""

from schemas.records import Reply, Request

CHARS_PER_TOKEN = 4
TOKENS_PER_IMAGE = 1_000


def guess_prompt_tokens(request: Request) -> int:
    """Guess how long a prompt is, in tokens."""
    chars = sum(len(message.text) for message in request.messages)
    images = sum(len(message.images) for message in request.messages)
    return chars // CHARS_PER_TOKEN + images * TOKENS_PER_IMAGE


def count_completion_tokens(reply: Reply) -> int:
    """Return the tokens of a completion; guessed from its text where a server does not say."""
    if reply.completion_tokens is not None:
        return reply.completion_tokens
    return (len(reply.text or "") + len(reply.reasoning or "")) // CHARS_PER_TOKEN
