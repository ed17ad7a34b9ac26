"""The small model's tokenizer: byte-level BPE trained on the world's own texts.

Digits and capitals are always tokens of their own: a label must be the same token wherever it
stands, or a model of this size confuses labels. What every text repeats is one token.
"""

import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tasks.world.batches import TASKS, make_exchange
from tasks.world.problems import KINDS, SEEDS, make_figure

SPECIAL_TOKENS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
FIXED_TOKENS = [
    "<think>",
    "</think>",
    "\\boxed{",
    '{"id":',
    ',"is":"',
    '","at":[',
    "]},\n",
    ")\n",
    "label,value\n",
    "Triangle(",
    "Quadrilateral(",
    "Length(",
    ", ",
    ": ",
    ". ",
]
VOCABULARY_SIZE = 500
CORPUS_SIZE = 4000
SPLIT = r"[A-Z]|\p{N}|[^\r\n\p{L}\p{N}]?[a-z]+|\p{L}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] in ('image', 'image_url') %}"
    "{{ '<|vision_start|><|image_pad|><|vision_end|>' }}"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def train_tokenizer(seed: int = 5) -> PreTrainedTokenizerFast:
    """Train the tokenizer on texts of the training seeds."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_make_corpus(seed), trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=SPECIAL_TOKENS[1:],
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
    )
    wrapped.add_tokens(FIXED_TOKENS)
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def _make_corpus(seed: int) -> list[str]:
    rng = random.Random(seed)
    texts: list[str] = []
    for index in range(CORPUS_SIZE):
        kind = KINDS[index % len(KINDS)]
        figure, looks = make_figure(kind, rng.choice(SEEDS["train"]))
        prompt, target = make_exchange(TASKS[index % len(TASKS)], figure, looks)
        text = f"user\n{prompt}\nassistant\n{target}"
        for fixed in FIXED_TOKENS:
            text = text.replace(fixed, "\n")
        texts.append(text)
    return texts
