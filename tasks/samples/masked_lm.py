"""Running text for masked language modelling: the same entries as for causal language modelling."""

from tasks.samples.causal_lm import generate as generate
