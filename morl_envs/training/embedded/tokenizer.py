"""The student's tokenizer: common words whole, pieces of others, digits one by one, and a chat format of three marks.

Merges of byte pairs (BPE; Sennrich et al. 2016) keep every step on the way to a word, which is a third of a small
vocabulary. Here they give the pieces only; the rest of the vocabulary is words, and a text is cut into as few tokens as
it can be. A word that is one token can be copied in one step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["CHAT_TEMPLATE", "train_tokenizer"]

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SPECIAL = ("<|end|>", "<|user|>", "<|assistant|>")
_SHARE_OF_PIECES = 0.25  # of the vocabulary, the 256 bytes among them


def train_tokenizer(texts: Iterable[str], vocabulary_size: int, folder: Path) -> Any:
    """Train on `texts`, save to `folder`, and return it as transformers reads it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    cut = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    words = Counter(word for text in texts for word, _ in cut.pre_tokenize_str(text))
    tokens = dict.fromkeys([*_SPECIAL, *_pieces(words, round(vocabulary_size * _SHARE_OF_PIECES))])
    for word, _ in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        if len(tokens) == vocabulary_size:
            break
        tokens[word] = None
    # all equally likely, so that the likeliest way to cut a text is the one of fewest tokens
    shortest = Tokenizer(models.Unigram([(token, -1.0) for token in tokens]))
    shortest.pre_tokenizer, shortest.decoder = cut, decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=shortest, eos_token=_SPECIAL[0], pad_token=_SPECIAL[0])
    fast.add_special_tokens({"additional_special_tokens": list(_SPECIAL[1:])})
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def _pieces(words: Counter[str], n: int) -> list[str]:
    """The `n` first tokens of a BPE of `words`, all bytes to begin with."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=n, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    bpe.train_from_iterator((" ".join([word] * count) for word, count in words.items()), trainer)
    return sorted(bpe.get_vocab(), key=bpe.get_vocab().__getitem__)
