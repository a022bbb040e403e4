"""Writes a tokenizer of whole words into a folder: the peers want one, and none can be fetched."""
import sys
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

words = [f"w{i}" for i in range(10)]
words += [a + b + c for a in "bcdfghjklmnpqrstvz" for b in "aeiou" for c in "bcdfghklmnprst"]
vocab = {"[UNK]": 0, "[EOS]": 1}
for word in words:
    vocab[word] = len(vocab)
tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", eos_token="[EOS]")
fast.save_pretrained(sys.argv[1])
