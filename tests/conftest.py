"""Tiny models made on the spot, a way to type a command, and no way out to the Hub or to W&B."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
OFFLINE = {"HF_HUB_OFFLINE": "1", "WANDB_MODE": "offline", "WANDB_SILENT": "true", "TOKENIZERS_PARALLELISM": "false"}
os.environ.update(OFFLINE)
WORDS = "the a of in at to and was is by from with on for said one two it he she . , ? ! - ' s good bad film city river"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A folder with a random BERT of two layers and a WordPiece tokenizer that knows a few words and all letters."""
    return make_tiny_bert(tmp_path_factory.mktemp("tiny_bert"))


def make_tiny_bert(folder, seed=0):
    """Write such a model to `folder`; reads 64 sub-words."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split(), *LETTERS, *(f"##{c}" for c in LETTERS)]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(dict.fromkeys(pieces)), encoding="utf-8")
    tokenizer = BertTokenizer(str(vocabulary), model_max_length=64)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(tiny_bert):
    """The tokenizer of that BERT, for texts; a module of its own may have another one."""
    from stages.processor import load_tokenizer

    return load_tokenizer(tiny_bert, False)


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory):
    """A folder with a random RoBERTa and a small byte-level BPE tokenizer, without prefix space."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaForMaskedLM, RobertaTokenizerFast

    folder = tmp_path_factory.mktemp("tiny_roberta")
    sentences = ["Anna Berg lives in Berlin near the wall", "the city of Paris and the river Seine"] * 20
    bpe = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe.train_from_iterator(sentences, vocab_size=400, special_tokens=special)
    bpe.save(str(folder / "tokenizer.json"))
    tokenizer = RobertaTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), model_max_length=62)
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, pad_token_id=1,
    )  # fmt: skip
    RobertaForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


WRITTEN = ["the cat sat on the mat .", "a dog ran in the city of Berlin .", "我们去北京看河。", "彼は東京に行く。"] * 5
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def byte_tokenizer(folder, ends, **more):
    """Save a small byte-level tokenizer that knows every text; `ends`: whether it puts </s> behind each."""
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "</s>", "<unk>", "<|user|>", "<|assistant|>", "<|system|>"]
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(WRITTEN, vocab_size=400, special_tokens=special, show_progress=False)
    if ends:
        bpe._tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        extra_special_tokens=special[3:], model_input_names=["input_ids", "attention_mask"], **more,
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return tokenizer


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory):
    """A folder with a random T5 of two layers, an encoder-decoder; reads 64 sub-words."""
    return make_tiny_t5(tmp_path_factory.mktemp("tiny_t5"))


def make_tiny_t5(folder):
    """Write such a model to `folder`."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    size = len(byte_tokenizer(folder, True, model_max_length=64))
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=size, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, dropout_rate=0.0,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory):
    """A folder with a random Llama of two layers and a chat template, a decoder-only model; reads 128 sub-words."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny_llama")
    size = len(byte_tokenizer(folder, False, model_max_length=128, chat_template=CHAT))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128, pad_token_id=0, bos_token_id=None, eos_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_gpt2(tmp_path_factory):
    """A folder with a random GPT-2 of two layers, whose positions are absolute, without chat; reads 96 sub-words."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("tiny_gpt2")
    size = len(byte_tokenizer(folder, False, model_max_length=96))
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=size, n_positions=96, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def run_command():
    """`run_command("task=ner", ...)` types `python run.py ...` in a fresh process; -> the finished process."""

    def type_(*words, timeout=300, cwd=PROJECT, stdin=None, **environment):
        command = [sys.executable, str(PROJECT / "run.py"), *map(str, words)]
        environment = {**os.environ, **OFFLINE, **environment}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, cwd=cwd, env=environment, input=stdin
        )

    return type_


@pytest.fixture(scope="session")
def compose_config():
    """`compose_config("task=ner", ...)` -> the checked configuration of these words."""
    from hydra import compose, initialize_config_dir

    import run  # noqa: F401  registers the open groups
    from stages.config import read_config

    def compose_(*words):
        with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
            return read_config(compose("config", [*map(str, words)]), [*map(str, words)])

    return compose_


@pytest.fixture(scope="session")
def finished(compose_config, tiny_bert, tmp_path_factory):
    """`finished("ner")` -> the folder of a small run of that task on its sample; trained once, not to be changed."""
    from run import run_experiment

    @cache
    def train(task):
        root = tmp_path_factory.mktemp("finished")
        words = [f"task={task}", "data=sample", "data.limit=60", "hardware=cpu",
                 f"model.path={tiny_bert}", f"output_root={root}", "tracking=disabled",
                 "optimizer.learning_rate=5e-3", "training.max_steps=12", "batch_size=8",
                 "training.eval_strategy=steps", "training.eval_steps=12", "training.save_strategy=steps"]  # fmt: skip
        return run_experiment(compose_config(*words), words)

    return train


@pytest.fixture
def run_here(compose_config, tmp_path):
    """`run_here("task=ner", ...)` runs an experiment in this process, in tmp_path and untracked; -> its folder."""
    from run import run_experiment

    def run_(*words):
        words = [f"output_root={tmp_path}/runs", "tracking=disabled", "hardware=cpu", *map(str, words)]
        return run_experiment(compose_config(*words), words)

    return run_
