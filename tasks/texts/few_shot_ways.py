"""Ways to label texts after few labelled examples or none: what each makes of a model, and what it learns."""

from tasks.texts import sentence_pairs, verbalizers


class Way:
    """What a way has to know, beside `auto_class`, `template`, `head_class` and `collator`. It holds nothing: `task`
    holds the choices."""

    smooths = False
    trains = True

    def check_model(self, new):
        """Raise ValueError where the weights lack what is asked; `new`: the modules that start at random."""

    def findings(self, splits, task):
        """What to say of the labels' names."""
        return verbalizers.describe_names(splits, task.words)

    def training_rows(self, rows, seed, task):
        return rows

    def settle(self, model, rows, tokenizer, labels, task):
        """Set the weights that no gradient learns."""

    def loss(self, cross_entropy, outputs, labels, context):
        return cross_entropy(outputs, labels, context)


class ZeroShot(Way):
    """`task.way=zero_shot`: an encoder as it comes; each class is the embedding of its label's words."""

    auto_class = "AutoModel"
    trains = False

    def template(self, task):
        """What a text is set into before the model reads it."""
        return verbalizers.TEXT

    def head_class(self, base):
        return sentence_pairs.sentence_encoder(base)

    def collator(self, tokenizer, model, task):
        return sentence_pairs.PairCollator(tokenizer)

    def settle(self, model, rows, tokenizer, labels, task):
        words = verbalizers.label_words(labels, task.words)
        ids = tokenizer(list(words.values()))["input_ids"]
        sentence_pairs.settle_classes(model, ids, list(range(len(labels))), tokenizer)


class Contrastive(ZeroShot):
    """`task.way=contrastive`: such an encoder learns from pairs of examples; each class is the mean of its own."""

    trains = True

    def findings(self, splits, task):
        return []

    def training_rows(self, rows, seed, task):
        return sentence_pairs.pair_rows(rows, task.pairs, seed)

    def settle(self, model, rows, tokenizer, labels, task):
        sentence_pairs.settle_classes(model, rows["input_ids"][:], rows["labels"][:], tokenizer)

    def loss(self, cross_entropy, outputs, labels, context):
        """Of pairs the squared distance of cosine and 0 or 1; of single texts, which validation has, cross entropy."""
        if len(outputs["logits"]) == len(labels):
            return cross_entropy(outputs, labels, context)
        return sentence_pairs.pair_loss(outputs["embeddings"], labels)


class Prompt(Way):
    """`task.way=prompt`: a masked language model scores the words of the labels at the mask of a template."""

    auto_class = "AutoModelForMaskedLM"
    smooths = True

    def check_model(self, new):
        if new:
            raise ValueError(
                f"task.way=prompt asks a masked language model, but the weights lack its head ({', '.join(new)} would "
                "start at random). Take a model that has it, as model=bert-base-uncased, or task.way=contrastive."
            )

    def template(self, task):
        return task.template

    def head_class(self, base):
        return verbalizers.verbalizer(base)

    def collator(self, tokenizer, model, task):
        labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
        words = verbalizers.label_words(labels, task.words)
        return verbalizers.PromptCollator(tokenizer, verbalizers.word_ids(words, task.template, tokenizer))


WAYS = {"contrastive": Contrastive(), "prompt": Prompt(), "zero_shot": ZeroShot()}
