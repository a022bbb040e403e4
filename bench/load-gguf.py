"""Writes a llama model of random weights as GGUF: real work for a real server, and no download."""
import sys
import numpy as np
import gguf

path, layers, width, heads, ffn = sys.argv[1], 2, 128, 4, 256
rng = np.random.default_rng(1)
tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
types = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
types += [gguf.TokenType.BYTE] * 256
for first in "abcdefghijklmnopqrstuvwxyz":
    for second in "aeiou":
        tokens.append("\u2581" + first + second)
        types.append(gguf.TokenType.NORMAL)
vocab = len(tokens)
writer = gguf.GGUFWriter(path, "llama")
writer.add_name("random")
writer.add_context_length(512)
writer.add_embedding_length(width)
writer.add_block_count(layers)
writer.add_feed_forward_length(ffn)
writer.add_head_count(heads)
writer.add_head_count_kv(heads)
writer.add_rope_dimension_count(width // heads)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_vocab_size(vocab)
writer.add_tokenizer_model("llama")
writer.add_token_list(tokens)
writer.add_token_scores([-float(at) for at in range(vocab)])
writer.add_token_types(types)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_unk_token_id(0)


def random(name, *shape):
    writer.add_tensor(name, rng.standard_normal(shape, dtype=np.float32) * 0.05)


random("token_embd.weight", vocab, width)
for layer in range(layers):
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        random(f"blk.{layer}.{name}.weight", width, width)
    random(f"blk.{layer}.ffn_gate.weight", ffn, width)
    random(f"blk.{layer}.ffn_up.weight", ffn, width)
    random(f"blk.{layer}.ffn_down.weight", width, ffn)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(width, dtype=np.float32))
writer.add_tensor("output_norm.weight", np.ones(width, dtype=np.float32))
# Only words are ever chosen: a byte alone is no text, and an end would cut answers short.
output = rng.standard_normal((vocab, width), dtype=np.float32)
output[: 3 + 256] = 0
writer.add_tensor("output.weight", output)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
